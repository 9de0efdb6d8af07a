//! No file names a place that exists on one machine only: a home, a build folder, a mirror of a registry.

use super::Finding;
use super::tree::Tree;

/// Folders of somebody's machine.
const MACHINE_PATHS: &[&str] = &[
    "/work/",  // tidy-allow: the pattern itself
    "/root/",  // tidy-allow: the pattern itself
    "/home/",  // tidy-allow: the pattern itself
    "/Users/", // tidy-allow: the pattern itself
];

/// Hosts that package managers talk to. They belong into the settings of a machine.
const REGISTRY_HOSTS: &[&str] = &[
    "index.crates.io",        // tidy-allow: the pattern itself
    "static.crates.io",       // tidy-allow: the pattern itself
    "registry.npmjs.org",     // tidy-allow: the pattern itself
    "registry.yarnpkg.com",   // tidy-allow: the pattern itself
    "pypi.org/simple",        // tidy-allow: the pattern itself
    "files.pythonhosted.org", // tidy-allow: the pattern itself
    "proxy.golang.org",       // tidy-allow: the pattern itself
];

/// What cargo writes for the public registry, whichever mirror was asked.
const PUBLIC_REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Reads every text file of the repository.
pub fn check(tree: &Tree) -> Vec<Finding> {
    // Licences of others are kept to the letter.
    let ours = tree.texts().filter(|(path, _)| !path.starts_with("third_party/"));
    ours.flat_map(|(path, text)| check_file(path, text)).collect()
}

fn check_file(path: &str, text: &str) -> Vec<Finding> {
    let file = path.rsplit('/').next().unwrap_or(path);
    let numbered = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    numbered.filter_map(|(number, line)| Some(Finding::at(path, number, complaint(file, line)?))).collect()
}

fn complaint(file: &str, line: &str) -> Option<String> {
    if let Some(found) = MACHINE_PATHS.iter().find(|pattern| starts_a_path(line, pattern)) {
        return Some(format!("`{found}` is a place on one machine: take it from an argument or the environment"));
    }
    if let Some(found) = REGISTRY_HOSTS.iter().find(|pattern| line.contains(**pattern)) {
        return Some(format!("`{found}` is the host of a registry: it belongs into the settings of a machine"));
    }
    match file {
        "Cargo.lock" if line.starts_with("source = ") && !line.contains(PUBLIC_REGISTRY) => {
            Some(format!("a source other than {PUBLIC_REGISTRY}"))
        }
        "package-lock.json" if line.contains("\"resolved\": \"http") => {
            Some("the host of a registry: set `omit-lockfile-registry-resolved=true` in .npmrc".to_owned())
        }
        _ => None,
    }
}

/// True when the pattern stands at the start of a path and not within one, as in `tests/home/`.
fn starts_a_path(line: &str, pattern: &str) -> bool {
    let within = |before: &str| before.ends_with(|char: char| char.is_alphanumeric() || "_-.".contains(char));
    line.match_indices(pattern).any(|(at, _)| !within(&line[..at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `line` may hold `{}` where the planted text goes, so that this file holds no such place itself.
    fn check_line(path: &str, line: &str, planted: &str, clean: bool) {
        let line = line.replace("{}", planted);
        let findings = check(&Tree::planted(&[(path, &line)]));
        assert_eq!(findings.is_empty(), clean, "{path}: {line}: {findings:?}");
    }

    #[test]
    fn places_of_one_machine() {
        for pattern in MACHINE_PATHS {
            check_line("scripts/dev", "cd {}x", pattern, false);
            check_line("README.md", "see `{}x`", pattern, false);
            check_line("README.md", "see tests{}x and https://a.org{}", pattern, true);
            check_line("third_party/a/LICENSE", "{}x", pattern, true);
        }
    }

    #[test]
    fn hosts_of_registries() {
        for pattern in REGISTRY_HOSTS {
            check_line("tests/map/.npmrc", "registry=https://{}/", pattern, false);
        }
        check_line("README.md", "see https://{}/tokio", "crates.io/crates", true);
    }

    #[test]
    fn lock_files_name_no_mirror() {
        check_line("Cargo.lock", "source = \"{}\"", PUBLIC_REGISTRY, true);
        check_line("Cargo.lock", "source = \"{}\"", "registry+https://mirror.example/index", false);
        check_line("tests/map/package-lock.json", "  \"resolved\": \"{}\"", "https://mirror.example/a.tgz", false);
        check_line("tests/map/package-lock.json", "  \"integrity\": \"{}\"", "sha512-abc", true);
    }
}
