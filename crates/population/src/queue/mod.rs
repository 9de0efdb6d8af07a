//! The queue in front of the world: places, ranks, true waiting times, and a rate of admission that health decides.
//!
//! [`Line`] is the pure machine. [`QueuePort`] is the door that login nodes use; [`MemoryQueue`] is its in-memory form.
//! A [`Place`] is what a client keeps to get its place back; signing and checking it is the shell's ([`Seal`]).

mod governor;
mod lane;
mod line;
mod place;
mod port;
mod rank;
mod wait;

pub use governor::{Governor, Health, Mood};
pub use line::{Admission, Line, LineSettings, NoPlace, Standing};
pub use place::{Class, PLACE_BYTES, Place, Seal};
pub use port::{MemoryQueue, PendingAnswer, QueueAnswer, QueuePort, QueueRequest};
pub use rank::RankSet;
pub use wait::estimate_ms;
