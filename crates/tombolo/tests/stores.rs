//! The store's commands, on a folder that nobody uses and on one that is being served.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::fixture::{TextFile, tombolo};

/// A folder that goes when this does.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("tombolo-store-{}-{name}", std::process::id())))
    }

    fn path(&self) -> String {
        self.0.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// `tombolo store serve` on a free port; killed in the end.
struct Serving(Child);

impl Serving {
    fn start(folder: &Folder) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tombolo"));
        command.args(["store", "serve", "--listen", "127.0.0.1:0", "--data", &folder.path()]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the binary starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("it says where");
        assert!(line.contains("serving the store in"), "{line}");
        Self(child)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const DUMP: &str = r#"{"tombolo_store":1}
{"key":"avatar/anna","version":7,"document":{"schema":1,"entity":5,"epoch":2,"holder":"1.1/1/1","seq":3,"tint":9,"window":[],"next_request":1,"forgotten":0}}
{"key":"page/1","version":9,"document":{"schema":2,"traces":[1,2.5,null],"newer":{"a":"ä"}}}
{"end":2}
"#;

/// The documents of a dump, without their versions.
fn documents(dump: &str) -> Vec<(Value, Value)> {
    let lines = dump.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter(|line| line.get("key").is_some()).map(|line| (line["key"].clone(), line["document"].clone())).collect()
}

#[test]
fn a_store_is_loaded_served_dumped_and_checked() {
    let folder = Folder::new("whole");
    let (data, dump) = (folder.path(), TextFile::new("dump.jsonl", DUMP));
    let loaded = tombolo(&format!("store load --data {data} --from {}", dump.0.display()));
    assert_eq!((loaded.code, loaded.json()["loaded"].as_u64()), (Some(0), Some(2)), "{loaded:?}");
    for served in [false, true] {
        let _serving = served.then(|| Serving::start(&folder));
        let dumped = tombolo(&format!("store dump --data {data}"));
        assert_eq!((dumped.code, documents(&dumped.out)), (Some(0), documents(DUMP)), "served {served}: {dumped:?}");
        let checked = tombolo(&format!("store check --data {data}"));
        let counts = checked.json();
        assert_eq!((checked.code, &counts["documents"], &counts["faults"]), (Some(0), &2.into(), &0.into()));
        let again = tombolo(&format!("store load --data {data} --from {}", dump.0.display()));
        assert_eq!(again.code, Some(2), "{again:?}");
        let why = if served { "another process" } else { "load into an empty folder" };
        assert!(again.err.contains(why), "{again:?}");
    }
    // The one that served it was killed: nothing is lost, and the folder is free again.
    let file = Folder::new("dump");
    let dumped = tombolo(&format!("store dump --data {data} --to {}", file.path()));
    assert_eq!((dumped.code, dumped.out.as_str()), (Some(0), ""), "{dumped:?}");
    assert_eq!(documents(&std::fs::read_to_string(&file.0).expect("a dump")), documents(DUMP));
    let twice = tombolo(&format!("store dump --data {data} --to {}", file.path()));
    assert!(twice.code == Some(2) && twice.err.contains("it exists"), "{twice:?}");
    std::fs::remove_file(&file.0).expect("it was there");
}

#[test]
fn a_dump_that_is_not_whole_is_not_loaded() {
    let folder = Folder::new("none");
    let cases = [
        (DUMP.replace("{\"end\":2}\n", ""), "cut off"),
        (DUMP.replace("\"schema\":2", "\"schema\":\"two\""), "no line of a dump"),
        (DUMP.replace("\"tombolo_store\":1", "\"tombolo_store\":9"), "format 9"),
        (DUMP.replace("\"seq\":3", "\"seq\":-3"), "avatar/anna"),
    ];
    for (index, (text, why)) in cases.into_iter().enumerate() {
        let file = TextFile::new(&format!("bad-{index}.jsonl"), &text);
        let loaded = tombolo(&format!("store load --data {} --from {}", folder.path(), file.0.display()));
        assert_eq!(loaded.code, Some(2), "{loaded:?}");
        assert!(loaded.err.contains(why), "{why}: {loaded:?}");
        assert!(!folder.0.exists(), "nothing was made");
    }
    let missing = tombolo(&format!("store check --data {}", folder.path()));
    assert!(missing.code == Some(2) && missing.err.contains("no such folder"), "{missing:?}");
}

#[test]
fn a_world_in_a_folder_is_remembered() {
    let folder = Folder::new("dev");
    for round in 1..=2 {
        let words = "dev --nodes 2 --bots 6 --for 3s --json --listen 127.0.0.1:0";
        let ended = tombolo(&format!("{words} --data {}", folder.path()));
        assert_eq!((ended.code, &ended.json()["violations"]), (Some(0), &0.into()), "{ended:?}");
        let checked = tombolo(&format!("store check --data {}", folder.path()));
        assert_eq!(checked.code, Some(0), "{checked:?}");
        let dumped = tombolo(&format!("store dump --data {}", folder.path()));
        let avatars: Vec<_> = documents(&dumped.out)
            .into_iter()
            .filter(|(key, _)| key.as_str().unwrap().starts_with("avatar/"))
            .collect();
        assert_eq!(avatars.len(), 6, "{dumped:?}");
        // The same six came back: each session raised the epoch that the one before had left.
        let least = avatars.iter().filter_map(|(_, document)| document["epoch"].as_u64()).min();
        assert!(least >= Some(round), "round {round}: {avatars:?}");
    }
}

/// Ada gathered two wood and knows of it.
const BOOKS: &str = r#"{"tombolo_store":1}
{"key":"avatar/ada","version":3,"document":{"schema":1,"epoch":1,"holder":"h","seq":2,"rev":2,"window":[{"request":1,"content":5,"code":0,"reply":{"gained":[["wood",2]],"lost":[],"trace":null}}],"next_request":2,"forgotten":0,"bag":{"wood":2},"tally":{"made":{"wood":2}}}}
{"end":1}
"#;
const TOLD: &str = r#"{"account":"ada","entity":7,"request":1,"deed":"gather","code":0,"gained":[["wood",2]]}
"#;

#[test]
fn a_store_is_held_to_what_clients_were_told() {
    let told = TextFile::new("told.jsonl", TOLD);
    let cases = [
        ("well", BOOKS.to_owned(), Some(0), [1, 0, 0, 0]),
        ("forgot", BOOKS.replace("\"request\":1,", "\"request\":9,"), Some(1), [1, 1, 1, 0]),
        ("one-more", BOOKS.replace("{\"wood\":2},\"tally\"", "{\"wood\":3},\"tally\""), Some(1), [1, 0, 0, 1]),
        ("cut-off", BOOKS.replace("{\"end\":1}\n", ""), Some(1), [1, 0, 0, 0]),
    ];
    for (name, dump, code, expected) in cases {
        let dump = TextFile::new(&format!("books-{name}.jsonl"), &dump);
        let ended = tombolo(&format!("store ledger --from {} --receipts {}", dump.0.display(), told.0.display()));
        let found = ended.json();
        let figures = ["acknowledged", "missing", "doubled", "imbalance"].map(|key| found[key].as_u64());
        assert_eq!((ended.code, figures), (code, expected.map(Some)), "{name}: {ended:?}");
    }
    let none = tombolo("store ledger");
    assert!(none.code == Some(2) && none.err.contains("--data"), "{none:?}");
    let missing = tombolo("store ledger --from no-such.jsonl");
    assert!(missing.code == Some(2) && missing.err.contains("--from no-such.jsonl"), "{missing:?}");
}
