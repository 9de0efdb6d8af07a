//! The console: a live map of a running world and the operators' read-only HTTP interface.
//!
//! A [`Source`] says what the world looks like now; [`Console`] serves it on a loopback address as a web page, as
//! JSON, as a feed over a WebSocket and as Prometheus metrics. The page is embedded in the binary and fetches nothing
//! from elsewhere. The crate knows nothing of nodes, stores or meshes: whoever composes the world implements `Source`.
//!
//! | path | answers |
//! | --- | --- |
//! | `/` | the live map; its parts lie beside it |
//! | `/api/snapshot` | a [`Snapshot`] as JSON |
//! | `/api/terrain` | the ground of the island, in the form that [`Terrain`]'s module describes |
//! | `/live` | a WebSocket: five snapshots a second in a short form of JSON, made for the page |
//! | `/metrics` | Prometheus text, names `tombolo_*` |
//! | `/healthz` | `ok` while it serves |
//!
//! It deliberately changes nothing. Every route answers GET alone, and nothing that a watcher sends reaches the source.
//!
//! Invariant: what a watcher can cost is bounded (see [`limits`]). The source is asked at most ten times a second
//! however many people look, and not at all while nobody does.

mod assets;
mod feed;
mod guard;
pub mod limits;
mod listener;
mod live;
mod metrics;
mod server;
mod snapshot;
mod terrain;

pub use guard::HostRule;
pub use server::{Console, ConsoleError};
pub use snapshot::{
    ChunkView, Cluster, Counters, EntityView, Event, IslandView, LinkView, NodeIndex, NodeState, NodeView, Presence,
    Severity, Snapshot, Source, Things,
};
pub use terrain::{Swatch, Terrain, TerrainError};
