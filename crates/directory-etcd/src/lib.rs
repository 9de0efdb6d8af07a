//! The directory in etcd: hosts register under a lease and find each other by one watch.
//!
//! | key under `/tombolo/<world>/` | value | lives |
//! | --- | --- | --- |
//! | `numbers/<name>` | the host's number, decimal | for ever |
//! | `lives/<number>` | the newest life that was claimed, decimal | for ever |
//! | `hosts/<number>` | the host's record, JSON | as long as its lease |
//!
//! A claim raises `lives/<number>`, and every write of a record demands that its life is the one written there: that is
//! how a newer life fences off an older one. Records are written on changes of state only. After an outage everything
//! is made anew (lease if it ran out, watch, keep-alive) and a fresh read is compared with what was told, so nothing
//! is lost whatever was compacted meanwhile. It is discovery and not a lock: who may act for a player is decided in the
//! store.
//!
//! The main type is [`EtcdDirectory`]. Invariant: no call without a deadline; whatever etcd does, `claim`, `join` and
//! `update` answer, and a membership goes on trying until it is left.

mod claim;
mod config;
mod directory;
mod keeper;
mod keys;
mod link;
mod membership;
mod record;
mod registration;
mod session;

pub use config::{EtcdConfig, EtcdTls, EtcdUser};
pub use directory::EtcdDirectory;
