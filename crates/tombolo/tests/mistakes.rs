//! A mistake is one message that names what is wrong and what to do, exit code 2, and nothing left behind.

use std::net::TcpListener;

use crate::fixture::{Ended, TextFile, root, silent_address, taken_port, tombolo};

fn check(words: &str, named: &[&str]) {
    let ended = tombolo(words);
    let Ended { code, out, err } = &ended;
    assert_eq!(*code, Some(2), "{words}: {ended:?}");
    assert!(out.is_empty() && err.matches("error:").count() == 1, "{words} has one message: {ended:?}");
    for name in named {
        assert!(err.contains(name), "{words} names {name:?}: {err}");
    }
}

#[test]
fn options_that_cannot_be() {
    check("dve", &["'dve'", "--help"]);
    check("dev --noes 3", &["--noes", "--nodes"]);
    check("dev --nodes 0", &["--nodes 0", "1 to 32"]);
    check("dev --tick-hz 11", &["--tick-hz 11", "5, 8, 10, 20, 25, 40"]);
    check("dev --island 4", &["--island", "8 to 512"]);
    check("dev --view 3,1", &["--view", "1,2"]);
    check("dev --for 20", &["--for", "20s"]);
    check("dev --listen here", &["--listen", "'here'"]);
    check("dev --bots 100000 --listen 127.0.0.1:0", &["--bots", "ulimit -n"]);
    check("dev --listen 127.0.0.1:65535 --nodes 2 --no-map", &["--listen", "65535"]);
    check("bots --connect nowhere", &["--connect nowhere", "127.0.0.1:7700"]);
    check("bots --connect 127.0.0.1:1 --count 0", &["0 bots", "1 to 100000"]);
    check("store serve --listen 0.0.0.0:7790", &["--listen 0.0.0.0:7790", "loopback"]);
}

#[test]
fn names_that_nobody_has() {
    for command in ["dev", "bots --connect 127.0.0.1:1"] {
        check(&format!("{command} --behaviour wandr"), &["--behaviour", "`wandr`", "wander"]);
        check(&format!("{command} --behaviour no-such.toml"), &["--behaviour", "no-such.toml"]);
    }
    check("dev --plant leaky-interst", &["--plant leaky-interst", "leaky-interest", "--plant list"]);
    check("dev --plant nothing-like-it", &["--plant nothing-like-it", "--plant list"]);
}

#[test]
fn files_that_cannot_be_used() {
    check("node --config no-such.toml", &["no-such.toml", "config/node.toml"]);
    check("simulate no-such.toml", &["no-such.toml"]);
    let text = std::fs::read_to_string(root().join("config/node.toml")).expect("it is in the tree");
    let cases = [
        ("tick_hz = 10", "tick_hs = 10", &["`tick_hs`", "did you mean `tick_hz`?"][..]),
        ("[store]", "[stroe]", &["did you mean `store`?"]),
        ("size_chunks = 24", "size_chunks = 4", &["world.size_chunks", "8 to 512"]),
        ("contract = \"on\"", "contracts = \"on\"", &["`contracts`", "did you mean `contract`?"]),
        ("contract = \"on\"", "contract = \"maybe\"", &["contract", "`on` or `off`"]),
        ("step_2_movers = 600", "step_2_movers = 100", &["crowd", "must be at least 1 and grow"]),
        ("budget_kib_s = 64", "budget_kib_s = 0", &["crowd", "a budget of 0 bytes"]),
        ("deadline_ms = 2000", "deadline_ms = \"soon\"", &["deadline_ms", "invalid type"]),
    ];
    for (index, (right, wrong, named)) in cases.into_iter().enumerate() {
        assert!(text.contains(right), "{right}");
        let file = TextFile::new(&format!("{index}.toml"), &text.replacen(right, wrong, 1));
        let path = file.0.display().to_string();
        check(&format!("node --config {path}"), &[named, &[path.as_str()]].concat());
    }
}

#[test]
fn ports_that_somebody_has() {
    let (_holder, taken) = taken_port();
    check(&format!("dev --listen {taken} --no-map"), &[&taken, "in use", "choose another"]);
    check(&format!("store serve --listen {taken}"), &[&taken, "in use", "choose another"]);
}

#[test]
fn a_map_that_cannot_be_served_leaves_no_node_behind() {
    let (_holder, taken) = taken_port();
    let listen = silent_address();
    check(&format!("dev --nodes 1 --listen {listen} --map {taken}"), &["--map", &taken, "--no-map"]);
    TcpListener::bind(&listen).expect("the node's port is free again");
}

#[test]
fn a_store_that_does_not_answer_is_named_by_its_key() {
    let text = std::fs::read_to_string(root().join("config/node.toml")).expect("it is in the tree");
    let silent = silent_address();
    let file = TextFile::new("silent-store.toml", &text.replace("127.0.0.1:7790", &silent));
    let listen = silent_address();
    check(&format!("node --config {} --listen {listen} --map none", file.0.display()), &["store.shared", &silent]);
}

#[test]
#[cfg(not(feature = "couchbase"))]
fn a_binary_without_couchbase_says_so_with_the_remedy() {
    let text = std::fs::read_to_string(root().join("config/node.toml")).expect("it is in the tree");
    let couchbase = "kind = \"couchbase\"\n[store.couchbase]\nconnect = \"couchbase://127.0.0.1\"\nbucket = \"world\"\n\
        user = \"tombolo\"\npassword = \"swordfish\"\n";
    let text = text.replace("deadline_ms = 2000\n", "").replace("kind = \"shared\"", "");
    let file = TextFile::new("couchbase.toml", &text.replace("[map]", &format!("{couchbase}[map]")));
    let named = ["store.kind", "built without Couchbase", "--features couchbase"];
    check(&format!("node --config {} --listen {} --map none", file.0.display(), silent_address()), &named);
    check(&format!("store serve --config {} --listen 127.0.0.1:0", file.0.display()), &named);
}
