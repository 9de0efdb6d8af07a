//! Whom a client believes: the authorities of a file, or those of the machine.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::{ClientConfig, RootCertStore};

use crate::error::TlsError;
use crate::identity::certificates;
use crate::provider;

/// The authorities that a client believes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Trust(pub(crate) Arc<ClientConfig>);

impl Trust {
    /// Believes the certificates of a PEM file and nobody else.
    ///
    /// # Errors
    /// The file cannot be read, or there is no certificate in it that can be used.
    pub fn in_file(file: &Path) -> Result<Self, TlsError> {
        let pem = fs::read(file).map_err(|source| TlsError::Unreadable { file: file.into(), source })?;
        let mut roots = RootCertStore::empty();
        for certificate in certificates(file, &pem)? {
            let added = roots.add(certificate);
            added.map_err(|e| TlsError::Unusable { file: file.into(), reason: e.to_string() })?;
        }
        Self::of(roots)
    }

    /// Believes whom this machine believes.
    ///
    /// # Errors
    /// It believes nobody.
    pub fn of_this_machine() -> Result<Self, TlsError> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            let why = found.errors.first().map(|e| format!(" ({e})")).unwrap_or_default();
            return Err(TlsError::NoRoots(why));
        }
        Self::of(roots)
    }

    fn of(roots: RootCertStore) -> Result<Self, TlsError> {
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        Ok(Self(Arc::new(config)))
    }
}
