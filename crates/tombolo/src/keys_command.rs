//! `tombolo node-keys`: the key pair of a host, and the line for the list of accepted keys.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use mesh_zeromq::{AcceptedKeys, KeyPair};

use crate::certificate::write_secret;
use crate::failure::{Failure, Outcome};

/// Time between two looks at the list.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Options of `tombolo node-keys`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tombolo node-keys --name node-1 --out /etc/tombolo/mesh.keys\n\n\
    It prints one line, the public key and the name, for the file of accepted keys on all hosts.")]
pub struct KeysArgs {
    /// Whose they are; it stands behind the key in the list
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Where the pair goes; a file that exists is left alone
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace a file that exists: the host gets a new key
    #[arg(long)]
    replace: bool,
}

/// Runs the command.
pub fn run(args: KeysArgs) -> Outcome {
    node::ports::directory::check_name(&args.name).map_err(|e| Failure::usage(format!("--name: {e}")))?;
    if args.out.exists() && !args.replace {
        let file = args.out.display();
        return Err(Failure::usage(format!(
            "--out {file}: it exists; --replace makes a new key, which the other hosts must accept first"
        )));
    }
    let pair = KeyPair::generate().map_err(Failure::run)?;
    write_secret(&args.out, &pair.to_text())
        .map_err(|e| Failure::usage(format!("--out {}: {e}", args.out.display())))?;
    println!("{} {}", pair.public, args.name);
    Ok(ExitCode::SUCCESS)
}

/// Reads the list again every few seconds, for ever. What cannot be read is said once, and the old list stays.
pub async fn keep_fresh(accepted: Arc<AcceptedKeys>) {
    let mut said = String::new();
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        match accepted.renew() {
            Ok(changed) => {
                said.clear();
                if changed {
                    tracing::info!(keys = accepted.count(), "the list of accepted keys has changed");
                }
            }
            Err(error) => {
                let error = error.to_string();
                if error != said {
                    tracing::error!(error, "the list of accepted keys is not renewed; the old one stays in force");
                    said = error;
                }
            }
        }
    }
}
