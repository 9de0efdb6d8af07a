//! The ground of the world: identifiers, fixed-point space, time in ticks, motion, islands and the rules of walking.
//!
//! This crate holds the rules that every other crate agrees on. It deliberately knows no sockets, clocks or storage:
//! `protocol` encodes these types, `node` moves them. The one thing with bytes of its own is a chunk's [`Baseline`].
//! Everything is integer arithmetic, so that a position computed by a server, a ghost and a client is the same
//! position, bit for bit, on every target.
//!
//! Invariant: a function here is a pure function of its arguments.

pub mod baseline;
pub mod cells;
pub mod digest;
pub mod ecology;
pub mod ids;
pub mod island;
pub mod motion;
pub mod plant;
pub mod reach;
pub mod rules;
pub mod space;
pub mod terrain;
pub mod time;

pub use baseline::{Baseline, BaselineError};
pub use cells::{CELL_UNITS, Cell, SubCell};
pub use digest::Digest;
pub use ids::{EntityId, Epoch, Hop, IslandId};
pub use island::{Biome, GeneratorVersion, Ground, Island, IslandPlan, PlanError};
pub use motion::{Gait, Heading, Motion, Pace, Segment};
pub use plant::{Plant, Planted};
pub use reach::{Allowed, Reach};
pub use rules::{Passage, Rules, Settled, Turn, Verdict, Why};
pub use space::{CHUNK_UNITS, Chunk, Position, UNITS_PER_METRE};
pub use terrain::Terrain;
pub use time::{Millis, Tick, TickRate};
