//! The stand-in of a Couchbase as a process, to try a cluster on it where there is no real one:
//!
//! ```text
//! cargo run -p store-couchbase --example standin -- 11210 2
//! ```
//!
//! with the port of its first node and the number of its nodes. It keeps documents in memory and forgets them.

#[path = "../tests/standin/mod.rs"]
#[allow(dead_code, unused_imports, reason = "tests make use of the rest")]
mod standin;

use std::process::ExitCode;
use std::time::Duration;

use standin::{BUCKET, Setup, StandIn, USER};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|argument| argument.parse::<u16>());
    let (port, nodes) = match (numbers.next(), numbers.next(), numbers.next()) {
        (Some(Ok(port @ 1024..=32_000)), None, None) => (port, 1),
        (Some(Ok(port @ 1024..=32_000)), Some(Ok(nodes @ 1..=9)), None) => (port, nodes),
        _ => {
            eprintln!("error: expected a port, 1024 to 32000, and perhaps a number of nodes, 1 to 9");
            return ExitCode::from(2);
        }
    };
    let setup = Setup { nodes: nodes.into(), port, sync: Duration::from_millis(1), ..Setup::default() };
    let standin = StandIn::start_as(setup).await;
    println!("{} bucket {BUCKET}, user {}, password {} (Ctrl-C)", standin.connect(), USER.0, USER.1);
    // Whether it can listen for Ctrl-C or not, there is nothing more to do.
    let _ = tokio::signal::ctrl_c().await;
    println!("{} writes", standin.history().len());
    ExitCode::SUCCESS
}
