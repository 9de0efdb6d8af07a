//! The workspace as cargo sees it: its crates and what each declares to depend on.

use anyhow::Context;
use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::workspace;

/// A crate of the workspace.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its folder, from the root of the repository.
    pub dir: String,
    /// Everything it declares, of this workspace and of others, optional or not, on any platform.
    pub depends: Vec<Dependency>,
}

impl Member {
    /// Its manifest, from the root of the repository.
    pub fn manifest(&self) -> String {
        format!("{}/Cargo.toml", self.dir)
    }
}

/// One declared dependency.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The package's own name, however it is renamed.
    pub name: String,
    /// True when only tests, examples and benches see it.
    pub only_in_tests: bool,
}

/// Asks cargo.
pub fn read() -> anyhow::Result<Vec<Member>> {
    let root = workspace::root();
    let metadata = MetadataCommand::new().manifest_path(root.join("Cargo.toml")).no_deps().exec()?;
    metadata.workspace_packages().into_iter().map(|package| member(package, &metadata.workspace_root)).collect()
}

fn member(package: &cargo_metadata::Package, root: &cargo_metadata::camino::Utf8Path) -> anyhow::Result<Member> {
    let dir = package.manifest_path.parent().and_then(|dir| dir.strip_prefix(root).ok());
    let dir = dir.with_context(|| format!("{} is outside of the workspace", package.manifest_path))?;
    let depends = package.dependencies.iter().map(|dependency| Dependency {
        name: dependency.name.clone(),
        only_in_tests: dependency.kind == DependencyKind::Development,
    });
    Ok(Member { name: package.name.to_string(), dir: dir.to_string(), depends: depends.collect() })
}

/// A member for tests: `uses` by name, a leading `test:` for a dev-dependency.
#[cfg(test)]
pub fn planted(name: &str, uses: &[&str]) -> Member {
    let depends = uses.iter().map(|name| Dependency {
        name: name.trim_start_matches("test:").to_owned(),
        only_in_tests: name.starts_with("test:"),
    });
    Member { name: name.to_owned(), dir: format!("crates/{name}"), depends: depends.collect() }
}
