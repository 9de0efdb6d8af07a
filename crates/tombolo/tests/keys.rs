//! Keys for the links: making them, and what `tombolo node` says of files that do not fit.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::fixture::tombolo;

#[test]
fn a_pair_is_made_once_and_nobody_else_may_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mesh.keys");
    let make = |more: &str| tombolo(&format!("node-keys --name node-1 --out {} {more}", file.display()));
    let first = make("");
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(first.out.trim().len() == 64 + " node-1".len() && first.out.trim().ends_with(" node-1"), "{first:?}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let kept = fs::read_to_string(&file).unwrap();
    assert!(kept.contains(&first.out[..64]), "{kept}");
    let again = make("");
    assert!(again.code == Some(2) && again.err.contains("--replace"), "{again:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), kept);
    assert_eq!(make("--replace").code, Some(0));
    assert_ne!(fs::read_to_string(&file).unwrap(), kept);
}

#[test]
fn files_of_keys_and_certificates_are_checked_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let made = tombolo(&format!("node-keys --name node-1 --out {}", path("keys")));
    let own = made.out.trim();
    let check = |accepted: &str, clients: &str| {
        fs::write(path("accepted"), accepted).unwrap();
        let text = format!(
            "[host]\nname = \"node-1\"\n[mesh]\nkeys = {:?}\naccepted = {:?}\n{clients}\n\
             [directory]\netcd = [\"http://127.0.0.1:9\"]\n[store]\nshared = \"127.0.0.1:9\"\n",
            path("keys"),
            path("accepted")
        );
        fs::write(path("node.toml"), text).unwrap();
        tombolo(&format!("node --check --config {}", path("node.toml")))
    };
    let good = check(own, "");
    assert_eq!(good.code, Some(0), "{good:?}");
    let tls = format!("[clients.tls]\ncertificate = {:?}\nkey = {:?}", path("keys"), path("none"));
    for (accepted, clients, said) in [
        ("", "", &["own key is not in it", own][..]),
        ("nonsense", "", &["accepted:1: ", "64 hexadecimal digits"]),
        (own, &tls, &["clients.tls: ", "none", "name a PEM file"]),
    ] {
        let ended = check(accepted, clients);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        said.iter().for_each(|part| assert!(ended.err.contains(part), "{part} in {ended:?}"));
    }
}
