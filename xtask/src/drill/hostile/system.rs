//! What the drill makes for the cluster, and what it reads of the system: keys and certificates, ports and memory.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

/// Keys and certificates of a drill's cluster, and the settings that name them.
pub struct Secrets {
    folder: PathBuf,
    per_address: u32,
    /// The key of all its links.
    pub public_key: [u8; 32],
    /// What a client of TLS says first.
    pub client_hello: Vec<u8>,
}

impl Secrets {
    /// Makes them in a folder.
    pub fn make(folder: &Path, bots: u32) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let folder = folder.canonicalize()?;
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
        fs::write(folder.join("certificate.pem"), made.cert.pem())?;
        fs::write(folder.join("key.pem"), made.signing_key.serialize_pem())?;
        let pair = zmq::CurveKeyPair::new().context("libzmq has no CURVE")?;
        let hex = |key: [u8; 32]| key.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let (public, secret) = (hex(pair.public_key), hex(pair.secret_key));
        // One pair for all nodes: they share one configuration file.
        fs::write(folder.join("mesh.keys"), format!("public {public}\nsecret {secret}\n"))?;
        fs::write(folder.join("mesh.accepted"), format!("{public} all\n"))?;
        let extra = format!(
            "\n[clients.tls]\ncertificate = {:?}\nkey = {:?}\nrequired = false\n\n[mesh]\nkeys = {:?}\naccepted = {:?}\n",
            folder.join("certificate.pem"),
            folder.join("key.pem"),
            folder.join("mesh.keys"),
            folder.join("mesh.accepted")
        );
        fs::write(folder.join("extra.toml"), extra)?;
        // Players have one address; attackers may not have as much room as all of them together.
        Ok(Self { folder, per_address: bots + 64, public_key: pair.public_key, client_hello: client_hello()? })
    }

    /// What `scripts/cluster` is told.
    pub fn settings(&self) -> [(&'static str, String); 2] {
        [
            ("TOMBOLO_CLUSTER_EXTRA", self.folder.join("extra.toml").display().to_string()),
            ("TOMBOLO_CLUSTER_PER_ADDRESS", self.per_address.to_string()),
        ]
    }
}

/// The first words of a client that speaks TLS.
fn client_hello() -> Result<Vec<u8>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let mut connection = ClientConnection::new(Arc::new(config), ServerName::try_from("127.0.0.1")?)?;
    let mut bytes = Vec::new();
    connection.write_tls(&mut bytes)?;
    Ok(bytes)
}

/// The most memory that a process has had, in MiB.
pub fn peak_mib(pid: u32) -> Result<u64> {
    let status =
        fs::read_to_string(format!("/proc/{pid}/status")).with_context(|| format!("process {pid} has ended"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024)
}

/// The TCP ports on which a process listens.
pub fn listening(pid: u32) -> Result<BTreeSet<u16>> {
    let mut sockets = BTreeSet::new();
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))? {
        // A descriptor may be gone before we look.
        let Ok(link) = fs::read_link(entry?.path()) else { continue };
        let link = link.to_string_lossy().into_owned();
        sockets.extend(link.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']')).map(str::to_owned));
    }
    let mut ports = BTreeSet::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let Ok(text) = fs::read_to_string(table) else { continue };
        for line in text.lines().skip(1) {
            ports.extend(listener(line, &sockets)?);
        }
    }
    Ok(ports)
}

/// The port of a line of the kernel's table, if it is one of these sockets and listens.
fn listener(line: &str, sockets: &BTreeSet<String>) -> Result<Option<u16>> {
    const LISTENS: &str = "0A";
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (Some(local), Some(state), Some(inode)) = (fields.get(1), fields.get(3), fields.get(9)) else {
        return Ok(None);
    };
    if *state != LISTENS || !sockets.contains(*inode) {
        return Ok(None);
    }
    let port = local.rsplit_once(':').ok_or_else(|| anyhow!("{local} is no address"))?.1;
    Ok(Some(u16::from_str_radix(port, 16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_ports_and_memory_are_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let own = std::process::id();
        assert!(listening(own).expect("a table").contains(&port));
        drop(listener);
        assert!(!listening(own).expect("a table").contains(&port));
        assert!(peak_mib(own).expect("memory") < 10_000);
    }

    #[test]
    fn the_first_words_of_tls_are_a_record() {
        let hello = client_hello().expect("a hello");
        assert!(hello.starts_with(&[22, 3, 1]) && hello.len() > 100);
    }
}
