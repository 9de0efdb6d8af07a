//! A certificate for a world on this machine, so that TLS can be tried without an authority. Not for players: nobody
//! but who is given the file believes it.

use std::fs;
use std::io::Write;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use gateway::Tls;
use tls::{Identity, Trust};

use crate::failure::Failure;

/// Both sides of a world whose certificate is its own authority.
pub struct Secure {
    /// The nodes' side.
    pub tls: Tls,
    /// The clients' side.
    pub trust: Trust,
}

impl Secure {
    /// Makes a certificate for `localhost`, the loopback addresses and `address`, in `certificate.pem` and `key.pem` of a
    /// folder. What is there is replaced.
    pub fn make(folder: &Path, address: IpAddr) -> Result<Self, Failure> {
        let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned(), address.to_string()];
        names.sort_unstable();
        names.dedup();
        let made = rcgen::generate_simple_self_signed(names).map_err(|e| Failure::run(format!("--tls: {e}")))?;
        let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
        let written = fs::create_dir_all(folder)
            .and_then(|()| fs::write(&certificate, made.cert.pem()))
            .and_then(|()| write_secret(&key, &made.signing_key.serialize_pem()));
        written.map_err(|e| Failure::usage(format!("--tls {}: {e}", folder.display())))?;
        let identity = Identity::load(&certificate, &key).map_err(|e| Failure::run(format!("--tls: {e}")))?;
        let trust = Trust::in_file(&certificate).map_err(|e| Failure::run(format!("--tls: {e}")))?;
        Ok(Self { tls: Tls { identity: Arc::new(identity), required: true }, trust })
    }
}

/// Writes a file that nobody else may read, whoever could read what was there.
pub fn write_secret(file: &Path, text: &str) -> std::io::Result<()> {
    match fs::remove_file(file) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut open = fs::OpenOptions::new();
    open.write(true).create_new(true).mode(0o600).open(file)?.write_all(text.as_bytes())
}
