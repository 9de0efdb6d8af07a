//! Who a server is: a certificate and its key, from two files that may be replaced while it runs.

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::{InconsistentKeys, ServerConfig};

use crate::error::TlsError;
use crate::provider;

/// A certificate and its key. Sessions that have begun keep those that they began with.
#[derive(Debug)]
pub struct Identity {
    certificate: PathBuf,
    key: PathBuf,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    config: Arc<ServerConfig>,
    /// Of the files as they were last looked at, good or not.
    seen: u64,
}

/// What a look at the files brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// They are as they were.
    Unchanged,
    /// New sessions get the new certificate.
    Renewed,
}

impl Identity {
    /// Reads a certificate with those that signed it, and its key, from PEM files; one file may hold both.
    ///
    /// # Errors
    /// A file cannot be read or used, or the key is another certificate's.
    pub fn load(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Result<Self, TlsError> {
        let (certificate, key) = (certificate.into(), key.into());
        let files = Files::read(&certificate, &key)?;
        let current = Current { config: files.config(&certificate, &key)?, seen: files.digest() };
        Ok(Self { certificate, key, current: Mutex::new(current) })
    }

    /// Looks at the files again. A change that cannot be used is an error once, not at every look; meanwhile, and when
    /// only one of the two was replaced so far, the old certificate stays.
    ///
    /// # Errors
    /// As [`Self::load`]; the old certificate stays in use.
    pub fn renew(&self) -> Result<Renewal, TlsError> {
        let read = Files::read(&self.certificate, &self.key);
        let seen = read.as_ref().map_or(0, Files::digest);
        if std::mem::replace(&mut self.current().seen, seen) == seen {
            return Ok(Renewal::Unchanged);
        }
        let config = read?.config(&self.certificate, &self.key)?;
        self.current().config = config;
        Ok(Renewal::Renewed)
    }

    /// The file of the certificate, for messages.
    #[must_use]
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current().config)
    }

    fn current(&self) -> std::sync::MutexGuard<'_, Current> {
        // Nobody panics between two halves of a change.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes of the two files.
struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Files {
    fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let read = |file: &Path| fs::read(file).map_err(|source| TlsError::Unreadable { file: file.into(), source });
        Ok(Self { certificate: read(certificate)?, key: read(key)? })
    }

    /// Tells one state of the files from another; never 0, which stands for files that cannot be read.
    fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        hasher.write_usize(self.certificate.len());
        hasher.write(&self.certificate);
        hasher.write(&self.key);
        hasher.finish().max(1)
    }

    fn config(&self, certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
        let chain = certificates(certificate, &self.certificate)?;
        let secret = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| TlsError::Missing {
            file: key.into(),
            what: "private key without a password",
            begins: "-----BEGIN PRIVATE KEY-----",
        })?;
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, secret);
        let mut config = config.map_err(|error| match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                TlsError::Mismatch { certificate: certificate.into(), key: key.into() }
            }
            rustls::Error::General(reason) => TlsError::Unusable { file: key.into(), reason },
            other => TlsError::Unusable { file: certificate.into(), reason: other.to_string() },
        })?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }
}

/// All certificates of a PEM file, at least one.
pub(crate) fn certificates(file: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) | Err(_) => {
            Err(TlsError::Missing { file: file.into(), what: "certificate", begins: "-----BEGIN CERTIFICATE-----" })
        }
    }
}
