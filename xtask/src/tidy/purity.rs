//! Pure crates mention no clock, I/O, thread, async, ambient randomness, floating point or hash order.
//!
//! This is the second net. The first is the compiler's: clippy.toml bans by resolved name, [`super::closure`] bans what
//! is linked. This one reads tokens, also of code that is configured out, and is the only one that sees floating point.
//! What only tests see is free.

use std::collections::BTreeSet;

use super::Finding;
use super::house::{self, Purity};
use super::members::Member;
use super::tokens::{self, Mention, What};
use super::tree::Tree;

/// Paths that start so are not pure. One word alone is not pure at any place of a path.
const IMPURE_PATHS: &[(&[&str], &str)] = &[
    (&["std", "time", "Instant"], CLOCK),
    (&["std", "time", "SystemTime"], CLOCK),
    (&["std", "time", "UNIX_EPOCH"], CLOCK),
    (&["std", "time", "*"], CLOCK),
    (&["time", "Instant"], CLOCK),
    (&["Instant", "now"], CLOCK),
    (&["SystemTime"], CLOCK),
    (&["std", "thread"], "no threads: the shell owns them"),
    (&["std", "net"], "no I/O: addresses as data are in core::net"),
    (&["std", "fs"], IO),
    (&["std", "os"], IO),
    (&["std", "process"], IO),
    (&["std", "env"], "no ambient input: configuration is handed in"),
    (&["std", "io", "stdin"], IO),
    (&["std", "io", "stdout"], IO),
    (&["std", "io", "stderr"], IO),
    (&["tokio"], IO),
    (&["async"], NO_ASYNC),
    (&["await"], NO_ASYNC),
    (&["HashMap"], HASH_ORDER),
    (&["HashSet"], HASH_ORDER),
    (&["hash_map"], HASH_ORDER),
    (&["hash_set"], HASH_ORDER),
    (&["RandomState"], RANDOM),
    (&["OsRng"], RANDOM),
    (&["ThreadRng"], RANDOM),
    (&["thread_rng"], RANDOM),
    (&["getrandom"], RANDOM),
    (&["from_os_rng"], RANDOM),
    (&["from_entropy"], RANDOM),
    (&["f32"], FLOAT),
    (&["f64"], FLOAT),
];

/// Macros that write to the process's streams.
const IMPURE_MACROS: &[&str] = &["print", "println", "eprint", "eprintln"];

const CLOCK: &str = "no clock: time is handed in";
const IO: &str = "no I/O: the shell moves bytes";
const NO_ASYNC: &str = "nothing waits: a machine is handled, polled and woken";
const HASH_ORDER: &str = "hash order differs from run to run: use BTreeMap or BTreeSet";
const RANDOM: &str = "no ambient randomness: one seeded generator is handed in";
const FLOAT: &str = "no floating point: results would differ between targets";

/// Reads the sources of every pure crate.
pub fn check(tree: &Tree, members: &[Member]) -> Vec<Finding> {
    members.iter().flat_map(|member| check_member(tree, member)).collect()
}

fn check_member(tree: &Tree, member: &Member) -> Vec<Finding> {
    let free: &[&str] = match house::find(house::ROOMS, &member.name).map(|room| room.purity) {
        Some(Purity::Pure) => &[],
        Some(Purity::PureBut(modules)) => modules,
        Some(Purity::Driven) | None => return Vec::new(),
    };
    let source = format!("{}/src/", member.dir);
    let files: Vec<(&str, Vec<Mention>)> = tree
        .rust()
        .filter(|(path, _)| path.starts_with(&source))
        // A file that does not read is reported with the leftovers.
        .filter_map(|(path, text)| Some((path, tokens::read(text).ok()?)))
        .collect();
    let mut passed_over: BTreeSet<String> = free.iter().map(|module| format!("{source}{module}")).collect();
    passed_over.extend(files.iter().flat_map(|(path, mentions)| test_modules(path, mentions)));
    let read = files.iter().filter(|(path, _)| !passed_over.iter().any(|module| belongs_to(path, module)));
    read.flat_map(|(path, mentions)| mentions.iter().filter_map(|mention| impure(path, mention))).collect()
}

/// The modules that a file declares for tests only, as paths without `.rs`.
fn test_modules(path: &str, mentions: &[Mention]) -> Vec<String> {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let folder = match file {
        "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
        _ => format!("{folder}/{}", file.trim_end_matches(".rs")),
    };
    let declared = mentions.iter().filter(|mention| mention.in_test).filter_map(|mention| match &mention.what {
        What::Module(name) => Some(format!("{folder}/{name}")),
        What::Path(_) | What::Macro(_) | What::Attribute(_) | What::Float(_) => None,
    });
    declared.collect()
}

fn belongs_to(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

fn impure(path: &str, mention: &Mention) -> Option<Finding> {
    if mention.in_test {
        return None;
    }
    let (name, why) = match &mention.what {
        What::Path(said) => (said.join("::"), impure_path(said)?),
        What::Macro(name) if IMPURE_MACROS.contains(&name.as_str()) => (format!("{name}!"), IO),
        What::Float(text) => (text.clone(), FLOAT),
        What::Macro(_) | What::Attribute(_) | What::Module(_) => return None,
    };
    Some(Finding::at(path, mention.line, format!("`{name}` in a pure crate: {why}")))
}

fn impure_path(said: &[String]) -> Option<&'static str> {
    let returns_float = |word: &String| word.ends_with("_f32") || word.ends_with("_f64");
    let listed = IMPURE_PATHS.iter().find(|(words, _)| match words {
        [word] => said.iter().any(|part| part == word),
        _ => said.len() >= words.len() && said.iter().zip(*words).all(|(part, word)| part == word),
    });
    listed.map(|(_, why)| *why).or_else(|| said.iter().any(returns_float).then_some(FLOAT))
}

#[cfg(test)]
mod tests {
    use super::super::members::planted;
    use super::super::places_of;
    use super::*;

    fn check_in(member: &str, files: &[(&str, &str)], expected: &[&str]) {
        let findings = check(&Tree::planted(files), &[planted(member, &[])]);
        assert_eq!(places_of(&findings), expected, "{findings:?}");
    }

    /// One line in the source of `node`: is it pure?
    fn check_line(line: &str, pure: bool) {
        let expected: &[&str] = if pure { &[] } else { &["crates/node/src/lib.rs:1"] };
        let mut found = places_of(&check(&Tree::planted(&[("crates/node/src/lib.rs", line)]), &[planted("node", &[])]));
        found.dedup();
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn every_planted_impurity_is_found() {
        for line in [
            "use std::time::Instant;",
            "use std::{time::{Duration, SystemTime}};",
            "use std::time::*;",
            "use std::time; fn f() { time::Instant::now(); }",
            "fn f() { std::thread::sleep(d) }",
            "use std::net::TcpStream;",
            "use std::fs;",
            "fn f() { std::io::stdin(); }",
            "fn f() { std::env::var(\"HOME\"); }",
            "use tokio::sync::mpsc;",
            "async fn f() {}",
            "fn f() { g().await }",
            "use std::collections::{BTreeMap, HashMap};",
            "type A = std::collections::HashSet<u8>;",
            "fn f(a: u32) -> f32 { a as f32 }",
            "const A: u32 = (1.5 * 2.0) as u32;",
            "fn f(d: Duration) { d.as_secs_f64(); }",
            "fn f() { println!(\"a\") }",
            "use rand::rngs::OsRng;",
        ] {
            check_line(line, false);
        }
    }

    #[test]
    fn what_is_pure_stays_pure() {
        for line in [
            "use std::time::Duration;",
            "use std::{fmt, io};",
            "use core::net::SocketAddr;",
            "use std::collections::{BTreeMap, BTreeSet};",
            "// std::time::Instant, f32 and HashMap are not for us",
            "const A: &str = \"tokio f64\";",
            "struct Instant(u64); impl Instant { fn since(self) {} }",
            "fn f() { pair.0.1; env!(\"CARGO_PKG_NAME\"); }",
            "#[cfg(test)] mod tests { use std::collections::HashMap; }",
        ] {
            check_line(line, true);
        }
    }

    #[test]
    fn only_pure_crates_are_read() {
        check_in("host", &[("crates/host/src/lib.rs", "use std::fs;")], &[]);
        check_in("node", &[("crates/node/tests/main.rs", "use std::fs;")], &[]);
    }

    #[test]
    fn the_connection_of_the_client_is_free_and_nothing_else_of_it() {
        check_in(
            "client",
            &[
                ("crates/client/src/tcp.rs", "use tokio::net::TcpStream;"),
                ("crates/client/src/tcp/read.rs", "use tokio::io;"),
                ("crates/client/src/tcpdump.rs", "use tokio::io;"),
                ("crates/client/src/picture.rs", "use std::time::Instant;"),
            ],
            &["crates/client/src/picture.rs:1", "crates/client/src/tcpdump.rs:1"],
        );
    }

    #[test]
    fn files_that_only_tests_see_are_free() {
        check_in(
            "world",
            &[
                ("crates/world/src/lib.rs", "mod land;\n#[cfg(test)]\nmod golden;"),
                ("crates/world/src/golden.rs", "use std::fs;"),
                ("crates/world/src/land.rs", "#[cfg(test)]\nmod tests;"),
                ("crates/world/src/land/tests.rs", "use std::collections::HashSet;"),
                ("crates/world/src/land/water.rs", "use std::fs;"),
            ],
            &["crates/world/src/land/water.rs:1"],
        );
    }
}
