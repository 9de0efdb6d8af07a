//! Every vendored file has an entry in `third_party/MANIFEST.toml` with its origin, licence and hash.
//!
//! ```toml
//! [[file]]
//! path = "uplot/uPlot.iife.min.js"   # under third_party/
//! version = "1.6.32"
//! licence = "MIT"                    # an SPDX expression
//! source = "npm uplot 1.6.32, dist/uPlot.iife.min.js"
//! sha256 = "0123..."
//! ```

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use toml::Value;

use super::Finding;
use super::tree::Tree;

const FOLDER: &str = "third_party/";
const MANIFEST: &str = "third_party/MANIFEST.toml";
const KEYS: &[&str] = &["path", "version", "licence", "source", "sha256"];

/// Holds the folder against its manifest, both ways.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let entries = match entries(tree.text(MANIFEST).unwrap_or_default()) {
        Ok(entries) => entries,
        Err(message) => return vec![Finding::of(MANIFEST, message)],
    };
    let vendored = tree.paths().filter(|path| path.starts_with(FOLDER) && *path != MANIFEST);
    let unlisted = vendored.filter(|path| !entries.contains_key(*path));
    let mut findings: Vec<Finding> = unlisted
        .map(|path| Finding::of(path, format!("has no entry in {MANIFEST}: add its licence and hash")))
        .collect();
    findings.extend(entries.iter().filter_map(|(path, sha256)| mismatch(tree, path, sha256)));
    findings
}

fn mismatch(tree: &Tree, path: &str, sha256: &str) -> Option<Finding> {
    let Some(bytes) = tree.bytes(path) else {
        return Some(Finding::of(MANIFEST, format!("{path} is listed but is not there")));
    };
    let is: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    (is != sha256).then(|| Finding::of(path, format!("its sha256 is {is}, {MANIFEST} says {sha256}")))
}

/// Path from the root to hash. An error when an entry lacks a key.
fn entries(manifest: &str) -> Result<BTreeMap<String, String>, String> {
    let manifest: toml::Table = manifest.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let files = manifest.get("file").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    files.iter().map(entry).collect()
}

fn entry(file: &Value) -> Result<(String, String), String> {
    let get = |key: &str| file.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    match KEYS.iter().find(|key| get(key).is_none()) {
        Some(missing) => Err(format!("the entry of {} lacks `{missing}`", get("path").unwrap_or("a file"))),
        None => {
            Ok((format!("{FOLDER}{}", get("path").unwrap_or_default()), get("sha256").unwrap_or_default().to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH_OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn check_folder(manifest: &str, files: &[(&str, &str)], expected: &[&str]) {
        let manifest = manifest.replace("HASH", HASH_OF_ABC);
        let mut all = vec![(MANIFEST, manifest.as_str())];
        all.extend(files);
        let findings = check(&Tree::planted(&all));
        let said: Vec<&str> = findings.iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(said, expected, "{findings:?}");
    }

    const ENTRY: &str = "[[file]]\npath='a.js'\nversion='1'\nlicence='MIT'\nsource='npm a 1'\nsha256='HASH'";

    #[test]
    fn the_folder_and_its_manifest_agree() {
        check_folder(ENTRY, &[("third_party/a.js", "abc")], &[]);
        check_folder("", &[], &[]);
    }

    #[test]
    fn planted_disagreements_are_found() {
        check_folder(ENTRY, &[("third_party/a.js", "abd")], &["third_party/a.js"]);
        check_folder(ENTRY, &[("third_party/a.js", "abc"), ("third_party/b.js", "")], &["third_party/b.js"]);
        check_folder(ENTRY, &[], &[MANIFEST]);
        check_folder(&ENTRY.replace("licence='MIT'\n", ""), &[("third_party/a.js", "abc")], &[MANIFEST]);
        check_folder("[[file", &[], &[MANIFEST]);
    }

    #[test]
    fn a_folder_without_a_manifest_is_found() {
        assert_eq!(check(&Tree::planted(&[("third_party/a.js", "abc")])).len(), 1);
    }
}
