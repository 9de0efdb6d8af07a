//! Faults that the ledger must find: what a worse store would do, and one receipt of what never happened.
//!
//! Those of the store are planted at a kill, while nobody has the folder open: its documents are dumped, spoiled, and
//! loaded again.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::drill::cluster::Cluster;

/// A fault to be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Plant {
    /// The store comes back as it was some seconds before it was killed: it acknowledged what it had not written
    Rollback,
    /// An avatar's last deed is undone, books and all, and nobody remembers it
    Forget,
    /// An avatar has something twice, and its tally says so
    Twice,
    /// A thing is in a bag that nobody made
    Mint,
    /// A client was told of a deed that never happened
    Receipt,
}

impl Plant {
    /// Whether it is planted in the store.
    pub fn is_of_store(self) -> bool {
        self != Self::Receipt
    }
}

/// Writes down how the store is now, for a plant that goes back to it.
pub fn remember(cluster: &Cluster, plant: Option<Plant>) -> Result<()> {
    if plant == Some(Plant::Rollback) {
        dump(cluster)?;
    }
    Ok(())
}

/// Spoils the store, whose process was killed.
pub fn plant(plant: Plant, cluster: &Cluster) -> Result<()> {
    if plant != Plant::Rollback {
        dump(cluster)?;
    }
    let file = cluster.path("planted.jsonl");
    let text = std::fs::read_to_string(&file).context("the dump to be spoiled")?;
    std::fs::write(&file, spoiled(plant, &text)?).context("the spoiled dump")?;
    std::fs::remove_dir_all(cluster.path("store")).context("removing the store")?;
    let data = cluster.path("store");
    tombolo(cluster, &["store", "load", "--data", &data.display().to_string(), "--from", &file.display().to_string()])
}

/// Adds a receipt of what never happened.
pub fn spoil(plant: Plant, receipts: &Path) -> Result<()> {
    ensure!(plant == Plant::Receipt, "{plant:?} is planted in the store");
    let text = std::fs::read_to_string(receipts).context("the receipts")?;
    let last = text.lines().last().context("there are no receipts")?;
    let mut receipt: Value = serde_json::from_str(last).context("the last receipt")?;
    let request = receipt["request"].as_u64().unwrap_or(0) + 1_000;
    receipt["request"] = json!(request);
    (receipt["code"], receipt["deed"]) = (json!(0), json!("gather"));
    receipt["gained"] = json!([["wood", 1]]);
    std::fs::write(receipts, format!("{text}{receipt}\n")).context("the receipts")
}

fn dump(cluster: &Cluster) -> Result<()> {
    let (data, file) = (cluster.path("store"), cluster.path("planted.jsonl"));
    if file.exists() {
        std::fs::remove_file(&file).context("the dump of before")?;
    }
    tombolo(cluster, &["store", "dump", "--data", &data.display().to_string(), "--to", &file.display().to_string()])
}

fn tombolo(cluster: &Cluster, words: &[&str]) -> Result<()> {
    let output = Command::new(cluster.binary()?).args(words).stdin(Stdio::null()).output().context("tombolo store")?;
    if !output.status.success() {
        bail!("tombolo {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// A dump with a fault in it.
fn spoiled(plant: Plant, dump: &str) -> Result<String> {
    let change: fn(&mut Value) -> bool = match plant {
        Plant::Rollback => return Ok(dump.to_owned()),
        Plant::Forget => forget,
        Plant::Twice => twice,
        Plant::Mint => mint,
        Plant::Receipt => bail!("a receipt is not planted in the store"),
    };
    let (mut lines, mut done) = (Vec::new(), false);
    for line in dump.lines() {
        let mut value: Value = serde_json::from_str(line).context("a line of the dump")?;
        let is_avatar = value["key"].as_str().is_some_and(|key| key.starts_with("avatar/"));
        if is_avatar && !done {
            done = change(&mut value["document"]);
        }
        lines.push(value.to_string());
    }
    ensure!(done, "no avatar is fit for the plant {plant:?}; play longer");
    Ok(lines.join("\n") + "\n")
}

/// Undoes the last deed if it gathered.
fn forget(avatar: &mut Value) -> bool {
    let Some(window) = avatar["window"].as_array() else { return false };
    let Some(last) = window.last().cloned() else { return false };
    let gained = last["reply"]["gained"].as_array().and_then(|gained| gained.first()).cloned().unwrap_or_default();
    let lost = last["reply"]["lost"].as_array().is_none_or(Vec::is_empty);
    let (Some(item), Some(amount)) = (gained[0].as_str(), gained[1].as_u64()) else { return false };
    let fit = |of: &Value| of[item].as_u64().is_some_and(|held| held >= amount);
    if !lost || !fit(&avatar["bag"]) || !fit(&avatar["tally"]["made"]) || !last["reply"]["trace"].is_null() {
        return false;
    }
    for path in ["/bag", "/tally/made"] {
        if let Some(held) = avatar.pointer_mut(path).and_then(|book| book.get_mut(item)) {
            *held = json!(held.as_u64().unwrap_or(0) - amount);
        }
    }
    if avatar["bag"][item] == 0
        && let Some(bag) = avatar["bag"].as_object_mut()
    {
        bag.remove(item);
    }
    avatar["window"].as_array_mut().is_some_and(|window| window.pop().is_some())
}

/// Gives it what its tally says it made of an item once more.
fn twice(avatar: &mut Value) -> bool {
    let Some((item, amount)) = first(&avatar["tally"]["made"]) else { return false };
    let held = avatar["bag"][&item].as_u64().unwrap_or(0);
    avatar["bag"][&item] = json!(held + amount);
    avatar["tally"]["made"][&item] = json!(amount * 2);
    true
}

/// Puts something into a bag.
fn mint(avatar: &mut Value) -> bool {
    let Some((item, amount)) = first(&avatar["bag"]) else { return false };
    avatar["bag"][&item] = json!(amount + 1);
    true
}

fn first(book: &Value) -> Option<(String, u64)> {
    let (item, amount) = book.as_object()?.iter().next()?;
    Some((item.clone(), amount.as_u64()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = r#"{"tombolo_store":1}
{"key":"avatar/ada","version":1,"document":{"schema":1,"window":[],"bag":{}}}
{"key":"avatar/bob","version":3,"document":{"schema":1,"window":[{"request":4,"content":1,"code":0,"reply":{"gained":[["wood",2]],"lost":[],"trace":null}}],"bag":{"wood":2},"tally":{"made":{"wood":3},"gone":{"wood":1}}}}
{"end":2}
"#;

    fn bob(plant: Plant) -> Value {
        let text = spoiled(plant, DUMP).expect("bob is fit for it");
        assert_eq!(text.lines().count(), 4);
        serde_json::from_str::<Value>(text.lines().nth(2).expect("bob")).expect("JSON")["document"].clone()
    }

    #[test]
    fn each_plant_changes_the_first_avatar_that_is_fit_for_it() {
        assert_eq!(spoiled(Plant::Rollback, DUMP).expect("as it was"), DUMP);
        let forgot = bob(Plant::Forget);
        let kept = (&forgot["window"], &forgot["bag"], &forgot["tally"]["made"]["wood"]);
        assert_eq!(kept, (&json!([]), &json!({}), &json!(1)));
        let twice = bob(Plant::Twice);
        assert_eq!((&twice["bag"]["wood"], &twice["tally"]["made"]["wood"]), (&json!(5), &json!(6)));
        assert_eq!(bob(Plant::Mint)["bag"]["wood"], 3);
        let poor = DUMP.replace("wood", "").replace("[[\"\",2]]", "[]").replace("{\"\":2}", "{}");
        assert!(spoiled(Plant::Mint, &poor).is_err());
    }
}
