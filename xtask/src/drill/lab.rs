//! A small network of its own for a drill: each process in a network namespace, one bridge between them, and the drill
//! with its players beside the bridge.
//!
//! ```text
//!            bridge 10.77.0.1: the drill and the players
//!      +--------+--------+--------+--------+
//!    etcd     store    node-1   node-2   node-3 ...
//!  10.77.0.2 10.77.0.3 10.77.0.11     .12      .13
//! ```
//!
//! All of it is inside of one process, network and mount namespace, whose first process is the drill itself (see
//! [`door`]). When that ends, in whatever way, the kernel ends every process in it, and takes back the networks, the
//! rules and the files in memory. So nothing can be left behind, also not by a kill -9.
//!
//! Main type: [`Lab`]. Invariant: nothing here has a name outside of it but the folder of the logs.

mod cuts;
pub mod door;
mod net;
mod process;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::bounds;
use super::watch::Look;
pub use cuts::{Cut, Way};
use process::Process;

/// Where players enter a node, where its map is, and where the store and etcd are asked.
const CLIENTS_PORT: u16 = 7700;
const MAP_PORT: u16 = 7780;
const STORE_PORT: u16 = 7790;
const ETCD_PORT: u16 = 2379;
const ETCD_PEER_PORT: u16 = 2380;
/// Files in memory that vanish with the lab: the names of the namespaces, and etcd's data.
const MEMORY: &str = "/run";
/// Where the records of hosts are (`directory-etcd`, keys).
const RECORDS: &str = "/tombolo/tombolo/hosts/";
/// Time between two looks whether a process serves.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// A process and its namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The directory.
    Etcd,
    /// The store.
    Store,
    /// A host of one node.
    Node(u16),
}

impl Place {
    /// Its address on the bridge.
    pub fn address(self) -> Ipv4Addr {
        match self {
            Self::Etcd => Ipv4Addr::new(10, 77, 0, 2),
            Self::Store => Ipv4Addr::new(10, 77, 0, 3),
            Self::Node(node) => Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 77, 0, 10)) + u32::from(node)),
        }
    }

    fn at(self, port: u16) -> SocketAddr {
        SocketAddrV4::new(self.address(), port).into()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Etcd => f.write_str("etcd"),
            Self::Store => f.write_str("store"),
            Self::Node(node) => write!(f, "node-{node}"),
        }
    }
}

/// The processes of a drill, and the network between them.
pub struct Lab {
    binary: PathBuf,
    logs: PathBuf,
    running: BTreeMap<Place, Process>,
}

impl Lab {
    /// Builds the network and starts everything. The caller must be in namespaces of its own.
    pub fn open(binary: &Path, logs: &Path, nodes: u16) -> Result<Self> {
        net::build(&places(nodes)).context("building the network of the drill")?;
        // A copy, so that a build meanwhile does not change what starts again.
        let copy = Path::new(MEMORY).join("tombolo");
        fs::copy(binary, &copy).context("copying the binary")?;
        let mut lab = Self { binary: copy, logs: logs.to_owned(), running: BTreeMap::new() };
        // A node ends at once if what it needs is not there.
        lab.restart(Place::Etcd)?;
        lab.restart(Place::Store)?;
        let nodes: Vec<Place> = (1..=nodes).map(Place::Node).collect();
        nodes.iter().try_for_each(|node| lab.start(*node))?;
        nodes.iter().try_for_each(|node| lab.await_service(*node))?;
        Ok(lab)
    }

    /// Where players enter a node.
    pub fn clients_of(node: u16) -> String {
        Place::Node(node).at(CLIENTS_PORT).to_string()
    }

    /// Where a node's map is.
    pub fn map_of(node: u16) -> SocketAddr {
        Place::Node(node).at(MAP_PORT)
    }

    /// The binary that it runs.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// Starts a process and waits until it serves.
    pub fn restart(&mut self, place: Place) -> Result<()> {
        self.start(place)?;
        self.await_service(place)
    }

    /// kill -9.
    pub fn kill(&mut self, place: Place) -> Result<()> {
        self.running.remove(&place).with_context(|| format!("{place} does not run"))?.kill()
    }

    /// SIGSTOP.
    pub fn pause(&self, place: Place) -> Result<()> {
        self.process(place)?.signal("STOP")
    }

    /// SIGCONT.
    pub fn resume(&self, place: Place) -> Result<()> {
        self.process(place)?.signal("CONT")
    }

    /// Fails if a process that should run has ended by itself.
    pub fn check(&mut self) -> Result<()> {
        for (place, process) in &mut self.running {
            if let Some(status) = process.ended()? {
                bail!("{place} has ended by itself: {status}");
            }
        }
        Ok(())
    }

    /// How many hosts have a record in the directory.
    pub fn registered(&self) -> Result<usize> {
        let mut command = Command::new("etcdctl");
        command.args(["--endpoints", &format!("http://{}", Place::Etcd.at(ETCD_PORT)), "--command-timeout", "3s"]);
        command.args(["get", RECORDS, "--prefix", "--keys-only"]).env("ETCDCTL_API", "3");
        let output = command.stdin(Stdio::null()).output().context("etcdctl")?;
        ensure!(output.status.success(), "etcdctl: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(String::from_utf8_lossy(&output.stdout).lines().filter(|line| line.starts_with(RECORDS)).count())
    }

    fn process(&self, place: Place) -> Result<&Process> {
        self.running.get(&place).with_context(|| format!("{place} does not run"))
    }

    fn start(&mut self, place: Place) -> Result<()> {
        let words = match place {
            Place::Etcd => etcd(),
            Place::Store => self.store(),
            Place::Node(_) => self.node(place)?,
        };
        let log = self.logs.join(format!("{place}.log"));
        let log = File::options().create(true).append(true).open(&log).with_context(|| log.display().to_string())?;
        self.running.insert(place, Process::start(place, &words, log)?);
        Ok(())
    }

    /// It listens on loopback only, because it is for one machine; its namespace leads others there.
    fn store(&self) -> Vec<String> {
        let listen = SocketAddrV4::new(Ipv4Addr::LOCALHOST, STORE_PORT).to_string();
        [self.binary.to_string_lossy().into_owned()]
            .into_iter()
            .chain(words("store serve --listen"))
            .chain([listen])
            .collect()
    }

    fn node(&self, place: Place) -> Result<Vec<String>> {
        let file = self.logs.join(format!("{place}.toml"));
        fs::write(&file, config(place)).with_context(|| file.display().to_string())?;
        let file = file.to_string_lossy().into_owned();
        Ok(vec![self.binary.to_string_lossy().into_owned(), "node".to_owned(), "--config".to_owned(), file])
    }

    fn await_service(&mut self, place: Place) -> Result<()> {
        let deadline = Instant::now() + bounds::JOINED;
        while !serves(place) {
            self.check()?;
            if Instant::now() >= deadline {
                bail!("{place} does not serve after {} s", bounds::JOINED.as_secs());
            }
            sleep(ASK_EVERY);
        }
        Ok(())
    }
}

/// All processes, each after those that it needs.
fn places(nodes: u16) -> Vec<Place> {
    [Place::Etcd, Place::Store].into_iter().chain((1..=nodes).map(Place::Node)).collect()
}

fn serves(place: Place) -> bool {
    let listens = |port| TcpStream::connect_timeout(&place.at(port), bounds::ANSWER).is_ok();
    match place {
        Place::Etcd => listens(ETCD_PORT),
        Place::Store => listens(STORE_PORT),
        Place::Node(node) => Look::at(node, Lab::map_of(node)).is_ok(),
    }
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split_whitespace().map(str::to_owned)
}

fn etcd() -> Vec<String> {
    let (clients, peers) = (Place::Etcd.at(ETCD_PORT), Place::Etcd.at(ETCD_PEER_PORT));
    words(&format!(
        "etcd --name tombolo --data-dir {MEMORY}/etcd --logger zap --log-level warn \
         --listen-client-urls http://{clients} --advertise-client-urls http://{clients} \
         --listen-peer-urls http://{peers} --initial-advertise-peer-urls http://{peers} \
         --initial-cluster tombolo=http://{peers}"
    ))
    .collect()
}

fn config(place: Place) -> String {
    let (own, clients, map) = (place.address(), place.at(CLIENTS_PORT), place.at(MAP_PORT));
    let (etcd, store) = (Place::Etcd.at(ETCD_PORT), Place::Store.at(STORE_PORT));
    format!(
        "# Written by cargo xtask drill. All keys: config/node.toml\n\
         [host]\nname = \"{place}\"\n\n\
         [clients]\nlisten = \"{clients}\"\n# All players of a drill have one address.\nper_address = 5000\n\n\
         [mesh]\nlisten = \"{own}\"\n\n\
         [directory]\netcd = [\"http://{etcd}\"]\n\n\
         [store]\nshared = \"{store}\"\n\n\
         [map]\nlisten = \"{map}\"\nhosts = [\"{own}\"]\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_an_address_of_its_own() {
        let addresses: std::collections::BTreeSet<_> = places(9).into_iter().map(Place::address).collect();
        assert_eq!(addresses.len(), 11);
        assert_eq!(Lab::clients_of(3), "10.77.0.13:7700");
    }
}
