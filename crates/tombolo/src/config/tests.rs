//! The file in the tree is valid and complete, and mistakes are named with their key and the remedy.

use super::*;

const FILE: &str = include_str!("../../../../config/node.toml");

#[test]
fn the_file_in_the_tree_says_the_defaults() {
    let config = NodeConfig::parse("config/node.toml", FILE).unwrap();
    let minimal = NodeConfig::parse(
        "minimal",
        "[host]\nname = \"node-1\"\n[directory]\netcd = [\"http://127.0.0.1:2379\"]\n[store]\nshared = \"127.0.0.1:7790\"\n[map]\nlisten = \"127.0.0.1:7780\"",
    );
    assert_eq!(format!("{config:?}"), format!("{:?}", minimal.unwrap()));
}

#[test]
fn mistakes_are_named() {
    let cases = [
        ("name = \"node-1\"", "nmae = \"node-1\"", "did you mean `name`?"),
        ("tick_hz = 10", "tick_hz = 11", "world.tick_hz: 11 is none of"),
        ("tick_hz = 10", "tick_hz = \"ten\"", "invalid type"),
        ("size_chunks = 24", "size_chunks = 4", "world.size_chunks: 4 is not 8 to 512"),
        ("size_chunks = 24", "sise_chunks = 24", "did you mean `size_chunks`?"),
        ("name = \"node-1\"", "name = \"node 1\"", "host.name"),
        ("[store]", "[stroe]", "did you mean `store`?"),
        ("half = \"a\"", "half = \"c\"", "unknown variant `c`"),
        ("deadline_ms = 2000", "deadline_ms = 1", "store.deadline_ms"),
        ("# keys = ", "keys = ", "mesh.accepted: mesh.keys and mesh.accepted go together"),
        ("# accepted = ", "accepted = ", "mesh.keys: mesh.keys and mesh.accepted go together"),
    ];
    for (right, wrong, expected) in cases {
        assert!(FILE.contains(right), "{right}");
        let error = NodeConfig::parse("config/node.toml", &FILE.replacen(right, wrong, 1)).unwrap_err().to_string();
        assert!(error.contains(expected), "{wrong}: {error}");
        assert!(error.contains("config/node.toml"), "{error}");
    }
}
