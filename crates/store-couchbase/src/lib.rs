//! Documents in a Couchbase cluster: the store's port over the official SDK.
//!
//! What the SDK lacks is here: a deadline for every request, a bound on what is under way, an honest `Unknown`, and an
//! end for a connection that has fallen silent. Of Couchbase it uses whole documents and their CAS only: no query, no
//! transaction of several documents, no expiry.
//!
//! The SDK is behind the feature `sdk`. Without it [`CouchbaseStore::open`] says [`CouchbaseError::NotBuilt`]; the
//! rules ([`CouchbaseConfig`], outcomes, deadlines) are built and tested in any case, against the trait that the SDK is
//! kept behind.
//!
//! Invariant: a request ends within its deadline whatever server and network do, and with the truth. A write is
//! `NotApplied` or `Conflict` only if a server, or this process before sending it, said so; all else is `Unknown`.

#![cfg_attr(not(any(feature = "sdk", test)), expect(dead_code, reason = "only the SDK asks for most of it"))]

mod client;
mod config;
mod counters;
mod kv;
mod ledger;
mod outcome;
#[cfg(feature = "sdk")]
mod sdk;
mod session;

pub use client::{CouchbaseError, CouchbaseStore};
pub use config::{ConfigError, CouchbaseConfig, Credentials, DOCUMENT_BYTES, Durability, Secret};
pub use counters::Counts;
