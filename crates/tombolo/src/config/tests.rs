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
        ("affinity = 60", "affinity = 101", "placement.affinity: 101 is not 0 to 100"),
        ("deadline_ms = 2000", "deadline_ms = 1", "store.deadline_ms"),
        ("kind = \"shared\"", "kind = \"couch\"", "unknown variant `couch`"),
        ("kind = \"shared\"", "kind = \"couchbase\"", "store.kind: \"couchbase\" needs the section [store.couchbase]"),
        ("shared = \"127.0.0.1:7790\"", "", "store.shared: name the address"),
        ("kind = \"shared\"", "kind = \"fjall\"", "store.data: name the folder"),
        ("# serve = ", "serve = ", "store.serve: only a store of kind \"fjall\""),
        ("greeting_ms = 5000", "greeting_ms = 5", "clients.limits: greeting_ms: 5 is not 100 to 600000"),
        ("bytes = [16384, 81920]", "bytes = [16384, 80]", "byte_burst must be at least 4096"),
        ("speak = [4, 16]", "speak = [0, 16]", "kinds.speak must be at least 1"),
        ("speak = [4, 16]", "speak = [4]", "invalid length 1"),
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

/// The file in the tree with its Couchbase in use.
fn with_couchbase() -> String {
    let (before, section) = FILE.split_once("# [store.couchbase]").expect("it is in the file");
    let (section, after) = section.split_once("\n[map]").expect("the map follows");
    let keys: Vec<&str> =
        section.lines().filter_map(|line| line.strip_prefix("# ")).filter(|l| l.contains(" = ")).collect();
    let keys = keys.join("\n").replace("password = \"...\"", "");
    let before = before.replace("kind = \"shared\"", "kind = \"couchbase\"");
    format!("{before}[store.couchbase]\n{keys}\n[map]{after}")
}

#[test]
fn couchbase_in_the_tree_can_be_used() {
    let config = NodeConfig::parse("config/node.toml", &with_couchbase()).unwrap();
    let section = config.store.couchbase.expect("a section");
    assert_eq!((section.in_flight, section.connections, section.scope.as_str()), (256, 1, "_default"));
    // Its defaults are what the comments say.
    let minimal = "connect = \"couchbases://cb1.example.org,cb2.example.org\"\nbucket = \"tombolo\"\nuser = \"tombolo\"\n\
        password_env = \"TOMBOLO_COUCHBASE_PASSWORD\"\nauthority = \"/etc/tombolo/couchbase-ca.pem\"\n";
    let minimal: store::CouchbaseSection = toml::from_str(minimal).unwrap();
    assert_eq!(format!("{section:?}"), format!("{minimal:?}"));
}

#[test]
fn mistakes_with_couchbase_are_named() {
    let cases = [
        ("bucket = \"tombolo\"", "bukcet = \"tombolo\"", "did you mean `bucket`?"),
        ("bucket = \"tombolo\"", "bucket = \"my world\"", "store.couchbase.bucket"),
        ("couchbases://cb1", "http://cb1", "store.couchbase.connect: write couchbase://HOST"),
        ("couchbases://cb1", "couchbase://cb1", "store.couchbase.authority: an authority signs certificates"),
        (
            "durability = \"majority\"",
            "durability = \"most\"",
            "unknown variant `most`, expected one of `none`, `majority`",
        ),
        ("in_flight = 256", "in_flight = 0", "store.couchbase.in_flight: 0 is not 1 to 4096"),
        ("connections = 1", "connections = 99", "store.couchbase.connections: 99 is not 1 to 16"),
        ("password_env = \"TOMBOLO_COUCHBASE_PASSWORD\"", "", "store.couchbase.password_env: name the environment"),
        ("user = \"tombolo\"", "user = \"tombolo\"\npassword = \"swordfish\"", "exclude each other"),
        ("user = \"tombolo\"", "user = \"tombolo\"\npassword = \"swordfish\"\nsope = 1", "did you mean `scope`?"),
    ];
    for (right, wrong, expected) in cases {
        let text = with_couchbase();
        let (before, section) = text.split_once("[store.couchbase]").expect("a section");
        assert!(section.contains(right), "{right}");
        let text = format!("{before}[store.couchbase]{}", section.replacen(right, wrong, 1));
        let error = NodeConfig::parse("couchbase.toml", &text).unwrap_err().to_string();
        assert!(error.contains(expected), "{wrong}: {error}");
        assert!(!error.contains("swordfish"), "{error}");
    }
}

#[test]
fn a_password_in_the_wrong_place_is_not_shown() {
    for (line, expected) in [
        ("password = \"sw\u{f6}rdfish\"", "there is no key `password` here"),
        ("  password=\"sw\u{f6}rdfish\"  # mine", "there is no key `password` here"),
        ("password_env = [\"sw\u{f6}rdfish\"]", "invalid type"),
        ("password = \"sw\u{f6}rdfish", "invalid basic string"),
    ] {
        let text = FILE.replace("[directory]", &format!("[directory]\n{line}"));
        let error = NodeConfig::parse("node.toml", &text).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("***"), "{line}: {error}");
        assert!(!error.contains("rdfish"), "{error}");
    }
}

#[test]
fn what_a_host_shows_of_its_configuration_has_no_password() {
    let text = with_couchbase().replace("password_env = \"TOMBOLO_COUCHBASE_PASSWORD\"", "password = \"swordfish\"");
    let shown = format!("{:#?}", NodeConfig::parse("couchbase.toml", &text).unwrap());
    assert!(shown.contains("(hidden)") && !shown.contains("swordfish"), "{shown}");
}

#[test]
fn a_password_comes_from_the_environment_when_it_is_needed() {
    let missing = with_couchbase().replace("TOMBOLO_COUCHBASE_PASSWORD", "NO_SUCH_VARIABLE_OF_TOMBOLO");
    let config = NodeConfig::parse("couchbase.toml", &missing).unwrap();
    let error = config.store.choice().err().expect("it is not set");
    assert_eq!(error, "store.couchbase.password_env: NO_SUCH_VARIABLE_OF_TOMBOLO is not set");
}

#[test]
fn a_store_in_a_folder_is_served_on_loopback_only() {
    let own = |serve: &str| {
        let text = FILE.replace("kind = \"shared\"", "kind = \"fjall\"").replace("# data = ", "data = ");
        NodeConfig::parse("f", &text.replace("# serve = \"127.0.0.1:7790\"", serve))
    };
    assert!(own("serve = \"127.0.0.1:7790\"").unwrap().store.serve.is_some());
    assert!(matches!(own("").unwrap().store.choice(), Ok(StoreChoice::Fjall(..))));
    let error = own("serve = \"0.0.0.0:7790\"").unwrap_err().to_string();
    assert!(error.contains("store.serve") && error.contains("loopback"), "{error}");
}

/// Whatever is spoiled in a file: the answer names the file, and what is accepted can be acted on.
#[test]
fn fuzz_config() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let spoiled = fuzz::edited(&mut fuzz::Tape::new(bytes), FILE.as_bytes());
        match NodeConfig::parse("a file", &String::from_utf8_lossy(&spoiled)) {
            Ok(config) => drop((config.host(), config.mesh(None), config.store.choice().is_ok())),
            Err(error) => assert!(error.to_string().contains("a file"), "{error}"),
        }
    });
}
