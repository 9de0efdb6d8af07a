//! A full disk: reads only, a clear word, nothing lost, and writes again once there is room. On a small disk in memory,
//! in a child with mounts of its own; where that is not allowed the test says so and is skipped.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;
use store::{Reply, Request, Store};
use store_fjall::{Condition, FjallConfig, FjallStore};

use crate::child::{command, folder};
use crate::fixture::{Folder, block_on, config, document, insert, key, open, read};

const MIB: u64 = 1 << 20;

/// Runs a child with a disk of 24 MiB.
fn on_small_disk(test: &str) {
    let folder = Folder::new();
    std::fs::create_dir_all(&folder.0).expect("a folder");
    let mount = "mount -t tmpfs -o size=24m tmpfs \"$STORE_FJALL_CHILD\"";
    let mut probe = Command::new("unshare");
    probe.args(["--mount", "sh", "-c", mount]).env("STORE_FJALL_CHILD", &folder.0).stderr(Stdio::null());
    if !probe.status().is_ok_and(|status| status.success()) {
        println!("SKIPPED: no right to mount a small disk (root and unshare are needed)");
        return;
    }
    let script = format!("{mount} && exec \"$0\" \"$@\"");
    let ended = command(&["unshare", "--mount", "sh", "-c", &script], test, &folder.0).output().expect("it starts");
    let text = String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success() && text.contains("all is well"), "{text}");
}

/// Something large that is in the way for a while.
fn ballast(folder: &Path) -> std::path::PathBuf {
    let file = folder.join("ballast");
    std::fs::write(&file, vec![1_u8; 6 * MIB as usize]).expect("there is room");
    file
}

/// Writes documents of 32 KiB until one is not applied; how many were, and the last answer.
async fn fill(store: &FjallStore) -> (u64, Reply) {
    for n in 0.. {
        let large = document(&json!({ "n": n, "x": "x".repeat(32 * 1024) }));
        match store.execute(Request::Insert { key: key(n), document: large }).await {
            Reply::Applied { .. } => {}
            other => return (n, other),
        }
    }
    unreachable!("no disk is endless")
}

async fn assert_all_there(store: &FjallStore, count: u64) {
    for n in 0..count {
        assert_eq!(read(store, n).await, Some(n));
    }
}

#[test]
fn a_disk_that_becomes_full_is_left_alone() {
    on_small_disk("full::becomes_full");
}

#[test]
fn becomes_full() {
    let Some(folder) = folder() else { return };
    let ballast = ballast(&folder);
    let store =
        FjallStore::open(&folder.join("store"), FjallConfig { reserve_bytes: 4 * MIB, ..config() }).expect("open");
    block_on(async {
        let (count, last) = fill(&store).await;
        assert!(count > 20, "only {count} documents");
        assert_eq!(last, Reply::NotApplied);
        assert!(matches!(store.condition(), Condition::Full { .. }), "{:?}", store.condition());
        assert!(store.condition().to_string().contains("4 MiB are needed"), "{}", store.condition());
        assert_all_there(&store, count).await;
        assert_eq!(store.execute(insert("more", 1)).await, Reply::NotApplied);
        std::fs::remove_file(ballast).expect("it was there");
        let applied = store.execute(insert("more", 1)).await;
        assert!(matches!(applied, Reply::Applied { .. }), "{applied:?}");
        assert_eq!(store.condition(), Condition::Well);
    });
    println!("all is well");
}

#[test]
fn a_disk_that_fails_a_write_loses_nothing() {
    on_small_disk("full::fails_a_write");
}

#[test]
fn fails_a_write() {
    let Some(folder) = folder() else { return };
    let ballast = ballast(&folder);
    let path = folder.join("store");
    let store = open(&path);
    let count = block_on(async {
        let (count, last) = fill(&store).await;
        assert!(count > 20, "only {count} documents");
        // Nobody can tell whether a write that failed is on the disk.
        assert_eq!(last, Reply::Unknown);
        assert_eq!(store.execute(insert("more", 1)).await, Reply::NotApplied);
        assert!(matches!(store.condition(), Condition::Failed(_)), "{:?}", store.condition());
        assert_all_there(&store, count).await;
        count
    });
    drop(store);
    std::fs::remove_file(ballast).expect("it was there");
    let store = open(&path);
    block_on(async {
        assert_all_there(&store, count).await;
        let applied = store.execute(insert("more", 1)).await;
        assert!(matches!(applied, Reply::Applied { .. }), "{applied:?}");
    });
    println!("all is well");
    // It is not closed: the engine may find no room to tidy up.
    std::mem::forget(store);
    std::thread::sleep(Duration::from_millis(10));
}
