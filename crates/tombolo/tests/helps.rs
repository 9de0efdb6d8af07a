//! Every command explains itself, with an example that names it.

use crate::fixture::tombolo;

#[test]
fn every_command_has_an_example() {
    for command in ["dev", "node", "play", "bots", "simulate", "store", "store serve", "store ledger"] {
        let ended = tombolo(&format!("{command} --help"));
        let (_, examples) = ended.out.split_once("Example").unwrap_or_else(|| panic!("no example: {}", ended.out));
        assert!(examples.contains(&format!("tombolo {command}")), "{examples}");
        assert_eq!(ended.code, Some(0), "{command}");
    }
    let ended = tombolo("--help");
    assert!(ended.out.contains("Start with:  tombolo dev") && ended.code == Some(0), "{ended:?}");
}

#[test]
fn the_version_is_the_packages() {
    assert_eq!(tombolo("--version").out.trim(), concat!("tombolo ", env!("CARGO_PKG_VERSION")));
}
