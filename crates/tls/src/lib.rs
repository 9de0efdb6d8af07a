//! TLS between a client and its node: certificates from files, trust from files, and the bytes in between.
//!
//! The main type is [`Session`], one end of one connection. It is a machine of bytes: what came from the socket goes in,
//! plain bytes and sealed bytes come out, and whoever holds it decides when to read and to write. So a gateway keeps its
//! one write for each client and tick, and a connection without TLS pays nothing. There is no socket, no task and no
//! waiting in this crate; [`Identity`] and [`Trust`] read files, at the start and when they are told to.
//!
//! TLS 1.3, and 1.2 for engines that know no better, by rustls on ring. No client certificates, no resumption, no early
//! data: what a client sends is never a replay, and a session of another node would not be known here anyway.

mod error;
mod identity;
mod session;
mod trust;

#[cfg(test)]
mod tests;

pub use error::TlsError;
pub use identity::{Identity, Renewal};
pub use session::{Received, Session};
pub use trust::Trust;

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

/// The one provider of ciphers, named wherever one is needed: which others the build brings does not matter.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
