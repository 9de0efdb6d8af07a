//! `kill -9` of a process that writes, and what a crash of the machine may leave of the last write.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::child::Running;
use store_fjall::FjallStore;

use crate::fixture::{Folder, block_on, config, open, read};

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let folder = Folder::new();
    let mut least: BTreeMap<u64, u64> = BTreeMap::new();
    for round in 0..4 {
        let acknowledged = Running::start("child::counts_up", &folder.0).kill_after(200 + round * 37);
        for (name, number) in acknowledged {
            least.insert(name, number);
        }
        let store = open(&folder.0);
        block_on(async {
            for (name, number) in &mut least {
                let found = read(&store, name).await.expect("it was acknowledged");
                assert!((*number..=*number + 1).contains(&found), "{name} is {found}, {number} was acknowledged");
                // The one that was under way when it died may have happened.
                *number = found;
            }
        });
    }
    assert_eq!(least.len(), 8);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target)
        } else {
            fs::copy(entry.path(), target).map(drop).expect("a copy")
        }
    }
}

/// The journal that was written last.
fn journal(folder: &Path) -> PathBuf {
    let files = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let journals = files.filter(|path| path.extension().is_some_and(|extension| extension == "jnl"));
    journals.max_by_key(|path| (path.as_os_str().len(), path.clone())).expect("there is a journal")
}

/// How many of the first documents are there, if the store can be opened. A panic is none of its answers.
fn openable(folder: &Path, most: u64) -> Option<u64> {
    FjallStore::open(folder, config()).ok().map(drop).map(|()| prefix(folder, most))
}

/// How many of the documents 0, 1, 2 … are there; none may be there beyond a missing one.
fn prefix(folder: &Path, most: u64) -> u64 {
    let store = open(folder);
    block_on(async {
        let mut count = 0;
        for n in 0..most {
            if let Some(found) = read(&store, n).await {
                assert_eq!((found, count), (n, n), "a document behind a missing one");
                count += 1;
            }
        }
        count
    })
}

#[test]
fn a_torn_tail_costs_only_what_is_torn() {
    let folder = Folder::new();
    let acknowledged = Running::start("child::writes_on", &folder.0).kill_after(60).len() as u64;
    let bytes = fs::read(journal(&folder.0)).expect("the journal");
    let end = bytes.iter().rposition(|byte| *byte != 0).expect("something was written") + 1;
    // What is done to the journal; how many of the last documents that may cost.
    type Tear = fn(&mut Vec<u8>, usize);
    let tears: [(&str, Tear, u64); 6] = [
        ("nothing", |_, _| {}, 0),
        ("garbage behind the end", |bytes, end| bytes[end..end + 500].fill(0xa5), 0),
        ("the last byte is missing", |bytes, end| bytes.truncate(end - 1), 2),
        ("the last 30 bytes are missing", |bytes, end| bytes.truncate(end - 30), 2),
        ("zeros instead of the last 20 bytes", |bytes, end| bytes[end - 20..end].fill(0), 2),
        ("zeros in the middle of the last write", |bytes, end| bytes[end - 60..end - 30].fill(0), 2),
    ];
    for (what, tear, costs) in tears {
        let torn = Folder::new();
        copy(&folder.0, &torn.0);
        let mut changed = bytes.clone();
        tear(&mut changed, end);
        fs::write(journal(&torn.0), changed).expect("the journal");
        // One may be written and not said yet, one said in half a line.
        let found = prefix(&torn.0, acknowledged + 3);
        assert!((acknowledged - costs..=acknowledged + 2).contains(&found), "{what}: {found} of {acknowledged}");
        // And it goes on from there.
        let store = open(&torn.0);
        let applied = block_on(store::Store::execute(&store, crate::fixture::insert("new", 1)));
        assert!(matches!(applied, store::Reply::Applied { .. }), "{what}: {applied:?}");
    }
}

#[test]
fn a_flipped_bit_is_cut_off_or_named() {
    let folder = Folder::new();
    let acknowledged = Running::start("child::writes_on", &folder.0).kill_after(20).len() as u64;
    let bytes = fs::read(journal(&folder.0)).expect("the journal");
    let end = bytes.iter().rposition(|byte| *byte != 0).expect("something was written") + 1;
    let mut named = 0;
    for back in (1..150).step_by(19) {
        let torn = Folder::new();
        copy(&folder.0, &torn.0);
        let mut changed = bytes.clone();
        changed[end - back] ^= 0x40;
        fs::write(journal(&torn.0), changed).expect("the journal");
        match openable(&torn.0, acknowledged + 2) {
            Some(found) => assert!(found + 3 >= acknowledged, "{back} from the end: {found} of {acknowledged}"),
            None => named += 1,
        }
    }
    println!("{named} of 8 were refused, the others cut off");
}
