//! What can be wrong with files and with bytes.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a file or a connection cannot be used. Nothing was changed by the attempt.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{}: {source}; name a PEM file that this process may read", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file does not hold what is looked for in it.
    #[error("{}: there is no {what} in it; expected PEM, a block that begins with {begins}", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
        /// What is missing.
        what: &'static str,
        /// The first line of the block.
        begins: &'static str,
    },
    /// A file holds it, but not in a form that can be used.
    #[error("{}: {reason}", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// The key is another certificate's.
    #[error(
        "the key in {} is not the one of the first certificate in {}; the certificate of the server comes first, \
         those that signed it behind it",
        key.display(), certificate.display()
    )]
    Mismatch {
        /// The file of the certificates.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// The machine has no authorities of its own.
    #[error(
        "no authority is known on this machine{0}; name the one that signed the server's certificate with a CA file"
    )]
    NoRoots(String),
    /// What the server is called cannot stand in a certificate.
    #[error("`{0}` is neither a host name nor an address, so no certificate can be for it")]
    Name(String),
    /// The other side does not keep to TLS, or is not who it should be.
    #[error("{0}")]
    Link(#[from] rustls::Error),
}

impl From<TlsError> for io::Error {
    fn from(error: TlsError) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}
