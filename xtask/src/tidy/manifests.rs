//! Every crate inherits what the workspace decides, and every pure crate carries the shared clippy.toml.

use std::path::Path;

use anyhow::Context;
use toml::{Table, Value};

use super::Finding;
use super::house;
use super::members::Member;
use super::tree::Tree;

/// What the manifests of pure crates' lints are copied from.
const PURE_CLIPPY: &str = "xtask/pure-clippy.toml";

/// Keys of `[package]` that the workspace decides.
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license", "publish"];

/// Reads the manifest and the clippy.toml of every member, and the lint table of the workspace.
pub fn check(tree: &Tree, members: &[Member]) -> Vec<Finding> {
    let mut findings = lint_table(tree);
    findings.extend(members.iter().flat_map(|member| inheritance(tree, member)));
    findings.extend(members.iter().filter_map(|member| clippy_copy(tree, member)));
    findings
}

/// Copies the shared clippy.toml into every pure crate.
pub fn write_generated(root: &Path, members: &[Member]) -> anyhow::Result<()> {
    let shared = std::fs::read(root.join(PURE_CLIPPY)).with_context(|| format!("reading {PURE_CLIPPY}"))?;
    for member in members.iter().filter(|member| is_pure(member)) {
        let copy = root.join(&member.dir).join("clippy.toml");
        std::fs::write(&copy, &shared).with_context(|| format!("writing {}", copy.display()))?;
    }
    Ok(())
}

fn is_pure(member: &Member) -> bool {
    house::find(house::ROOMS, &member.name).is_some_and(house::Room::is_pure)
}

fn lint_table(tree: &Tree) -> Vec<Finding> {
    let path = "Cargo.toml";
    let table: Table = tree.text(path).and_then(|text| text.parse().ok()).unwrap_or_default();
    let unsafe_code = dig(&table, &["workspace", "lints", "rust", "unsafe_code"]).and_then(Value::as_str);
    let forbidden = unsafe_code == Some("forbid");
    let message = "[workspace.lints.rust] must say unsafe_code = \"forbid\"";
    if forbidden { Vec::new() } else { vec![Finding::of(path, message)] }
}

fn inheritance(tree: &Tree, member: &Member) -> Vec<Finding> {
    let path = member.manifest();
    let Some(Ok(table)) = tree.text(&path).map(str::parse::<Table>) else {
        return vec![Finding::of(&path, "cannot be read as TOML")];
    };
    let inherits = |keys: &[&str]| dig(&table, keys).and_then(Value::as_bool) == Some(true);
    let mut findings = Vec::new();
    if !inherits(&["lints", "workspace"]) {
        findings.push(Finding::of(&path, "does not take the lints of the workspace: [lints] workspace = true"));
    }
    let own = INHERITED.iter().filter(|key| !inherits(&["package", key, "workspace"]));
    findings.extend(own.map(|key| Finding::of(&path, format!("[package] {key}.workspace = true is missing"))));
    findings
}

fn clippy_copy(tree: &Tree, member: &Member) -> Option<Finding> {
    let path = format!("{}/clippy.toml", member.dir);
    let copy = tree.bytes(&path);
    let same = copy.is_some() && copy == tree.bytes(PURE_CLIPPY);
    let message = format!("is not the copy of {PURE_CLIPPY} that a pure crate carries: cargo xtask tidy --fix");
    (is_pure(member) && !same).then(|| Finding::of(&path, message))
}

fn dig<'a>(table: &'a Table, keys: &[&str]) -> Option<&'a Value> {
    let (last, tables) = keys.split_last()?;
    tables.iter().try_fold(table, |table, key| table.get(*key)?.as_table())?.get(*last)
}

#[cfg(test)]
mod tests {
    use super::super::members::planted;
    use super::*;

    const ROOT: &str = "[workspace.lints.rust]\nunsafe_code = \"forbid\"";
    const GOOD: &str = "[package]\nname = 'node'\nversion.workspace = true\nedition.workspace = true\n\
        rust-version.workspace = true\nlicense.workspace = true\npublish.workspace = true\n[lints]\nworkspace = true";

    fn check_member(name: &str, root: &str, manifest: &str, clippy: &str, expected: &[&str]) {
        let dir = format!("crates/{name}");
        let (manifest_path, clippy_path) = (format!("{dir}/Cargo.toml"), format!("{dir}/clippy.toml"));
        let tree = Tree::planted(&[
            ("Cargo.toml", root),
            (PURE_CLIPPY, "shared"),
            (&manifest_path, manifest),
            (&clippy_path, clippy),
        ]);
        let findings = check(&tree, &[planted(name, &[])]);
        let said: Vec<&str> = findings.iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(said, expected, "{findings:?}");
    }

    #[test]
    fn a_good_member() {
        check_member("node", ROOT, GOOD, "shared", &[]);
        check_member("host", ROOT, GOOD, "its own", &[]);
    }

    #[test]
    fn planted_faults() {
        check_member("node", "", GOOD, "shared", &["Cargo.toml"]);
        check_member("node", ROOT, GOOD, "other", &["crates/node/clippy.toml"]);
        check_member("node", ROOT, &GOOD.replace("[lints]", "[other]"), "shared", &["crates/node/Cargo.toml"]);
        check_member(
            "host",
            ROOT,
            &GOOD.replace("edition.workspace = true", "edition = '2021'"),
            "",
            &["crates/host/Cargo.toml"],
        );
        check_member("host", ROOT, "not toml", "", &["crates/host/Cargo.toml"]);
    }
}
