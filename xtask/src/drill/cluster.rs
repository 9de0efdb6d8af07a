//! The processes of a drill: everything is done by `scripts/cluster`, as a person would.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// The first port of the drill's cluster, so that it does not meet one that somebody plays on.
const PORT: u16 = 21_700;

/// A running cluster with a directory and ports of its own. When this goes, in whatever way, the cluster goes too.
pub struct Cluster {
    folder: PathBuf,
    settings: Vec<(String, String)>,
    guardian: Child,
}

impl Cluster {
    /// Starts it, after ending one that an earlier drill may have left.
    pub fn up(nodes: u16) -> Result<Self> {
        Self::up_with(nodes, &[])
    }

    /// The same, with these settings of `scripts/cluster` as well.
    pub fn up_with(nodes: u16, settings: &[(&str, String)]) -> Result<Self> {
        let folder = workspace::root().join("target/drill/cluster");
        let guardian = guard(&folder).context("starting the guardian of the drill")?;
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let cluster = Self { folder, settings, guardian };
        cluster.call(&["down"])?;
        // What an earlier drill remembered or logged must not help or hide anything.
        if cluster.folder.exists() {
            std::fs::remove_dir_all(&cluster.folder).context("removing what the last drill left")?;
        }
        let nodes = nodes.to_string();
        cluster.call(&["up", "--nodes", &nodes])?;
        Ok(cluster)
    }

    /// `scripts/cluster` with these words. Fails if it does.
    pub fn call(&self, words: &[&str]) -> Result<()> {
        let settings = self.settings.iter().map(|(name, value)| (name, value));
        finish(script(&self.folder).envs(settings).args(words), &words.join(" "))
    }

    /// A file or folder of its own.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The process of a node.
    pub fn pid_of(&self, node: u16) -> Result<u32> {
        let file = self.folder.join(format!("node-{node}.pid"));
        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let pid: u32 = text.split_whitespace().next().unwrap_or_default().parse().context("no process id")?;
        if !PathBuf::from(format!("/proc/{pid}")).exists() {
            bail!("node-{node} has ended");
        }
        Ok(pid)
    }

    /// Where a node takes clients.
    pub fn clients_of(node: u16) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, PORT + node))
    }

    /// Where a node's map is.
    pub fn map_of(node: u16) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, PORT + 80 + node))
    }

    /// The binary that the cluster runs.
    pub fn binary(&self) -> Result<PathBuf> {
        let file = self.folder.join("binary");
        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        Ok(PathBuf::from(text.trim()))
    }

    /// Where the logs are.
    pub fn logs(&self) -> String {
        self.folder.strip_prefix(workspace::root()).unwrap_or(&self.folder).display().to_string()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The guardian sees the end of its input, ends the cluster, and ends.
        drop(self.guardian.stdin.take());
        let _ = self.guardian.wait();
    }
}

fn finish(command: &mut Command, words: &str) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().context("scripts/cluster")?;
    if !output.status.success() {
        bail!("scripts/cluster {words}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

fn script(folder: &std::path::Path) -> Command {
    let mut command = Command::new(workspace::root().join("scripts/cluster"));
    command.env("TOMBOLO_CLUSTER_DIR", folder).env("TOMBOLO_CLUSTER_PORT", PORT.to_string());
    command
}

/// A process in a session of its own that ends the cluster as soon as the drill is gone, even by a kill: then its input
/// ends.
fn guard(folder: &std::path::Path) -> Result<Child> {
    let down = script(folder);
    let mut command = Command::new("setsid");
    command.args(["bash", "-c", r#"cat >/dev/null; exec "$0" down"#]).arg(down.get_program());
    command.envs(down.get_envs().filter_map(|(key, value)| Some((key, value?))));
    Ok(command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
}
