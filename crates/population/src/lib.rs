//! Who may go where, and when: the allocator of islands and the queue in front of it, as pure policy.
//!
//! Every arrival passes the [`Allocator`]: login, voyage, revival, warp and "to my friend". It promises seats on
//! islands, opens islands ahead of need, puts empty ones to sleep, and gives a reason for whatever it decides. The
//! [`Line`] is the queue: classes, rank, waiting time and kept places, and a [`Governor`] ties admission to health.
//! [`naive`] holds the policies that failed elsewhere, behind the same [`Policy`] trait, for comparison.
//!
//! Nothing here knows sockets, clocks or nodes: the shell and the simulator hand in time, reports and store replies.
//!
//! Invariant: an island never holds more people and live promises than its hard cap, whichever leader died, because
//! every promise is covered by seats that the island's document granted before ([`seats`]).

pub mod allocator;
pub mod arrival;
pub mod audit;
pub mod decision;
pub mod ids;
pub mod io;
pub mod limits;
pub mod naive;
pub mod plan;
pub mod plant;
pub mod queue;
pub mod seats;
#[cfg(test)]
mod tests;
mod window;

pub use allocator::{Allocator, Settings};
pub use arrival::{Arrival, Together, Way};
pub use audit::{Audit, Violation};
pub use decision::{Decision, Landing, LifeReason, Reason, Seat, Stance};
pub use ids::{AskId, OpId, PersonId, PromiseId, Term};
pub use io::{Effect, Input, Order, Policy, WakeReason};
pub use plan::{Band, IslandPlan, Phase, PlanError};
pub use plant::{Plant, Planted};
pub use queue::{Governor, Line};
