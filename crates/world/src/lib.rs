//! The ground of the world: identifiers, fixed-point space, time in ticks, motion and islands.
//!
//! This crate holds the rules that every other crate agrees on. It deliberately knows no bytes, sockets, clocks or
//! storage: `protocol` encodes these types, `node` moves them. Everything is integer arithmetic, so that a position
//! computed by a server, a ghost and a client is the same position, bit for bit, on every target.
//!
//! Invariant: a function here is a pure function of its arguments.

pub mod digest;
pub mod ids;
pub mod island;
pub mod motion;
pub mod plant;
pub mod space;
pub mod time;

pub use digest::Digest;
pub use ids::{EntityId, Epoch, Hop, IslandId};
pub use island::{Biome, GeneratorVersion, Ground, Island, IslandPlan, PlanError};
pub use motion::{Gait, Heading, Motion, Pace, Segment};
pub use plant::{Plant, Planted};
pub use space::{CHUNK_UNITS, Chunk, Position, UNITS_PER_METRE};
pub use time::{Millis, Tick, TickRate};
