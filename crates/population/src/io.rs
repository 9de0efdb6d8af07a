//! What goes into a policy and what comes out: closed sets, one verb each way.

use store::{Reply, Request};
use world::{Chunk, IslandId, Millis};

use crate::arrival::Arrival;
use crate::decision::{Decision, LifeReason};
use crate::ids::{AskId, OpId, PersonId, PromiseId, Term};
use crate::plan::{IslandPlan, Phase};

/// What a policy is told. Reports may be late, repeated, lost and out of order.
#[derive(Clone, Debug)]
pub enum Input {
    /// Time has passed; see [`Policy::next_wakeup`].
    Wake,
    /// Somebody asks for seats. Every arrival does.
    Ask {
        /// The shell's number for it.
        ask: AskId,
        /// Who and how.
        arrival: Arrival,
    },
    /// The asker is gone. No answer is wanted; a promise already made runs out by itself.
    Withdraw {
        /// Which asking.
        ask: AskId,
    },
    /// A node let somebody in by a ticket.
    Arrived {
        /// The ticket's promise.
        promise: PromiseId,
        /// Where.
        island: IslandId,
    },
    /// A node says that a seat is empty for good: logout, end of the reconnect window, or the end of a voyage.
    Left {
        /// The seat.
        promise: PromiseId,
        /// Where.
        island: IslandId,
        /// When, by the node's clock.
        at: Millis,
    },
    /// A count of all people who hold a seat on an island. Whoever held one at `taken_at` is counted at least once;
    /// somebody between two nodes rather twice than never.
    Census {
        /// Where.
        island: IslandId,
        /// The count.
        people: u32,
        /// The moment of which it tells: the earliest of its parts.
        taken_at: Millis,
    },
    /// A chunk has reached step 4 of the crowd ladder, or is below it again. Repeated while it lasts.
    Crowd {
        /// Where.
        island: IslandId,
        /// The chunk.
        chunk: Chunk,
        /// Whether people are to be kept away.
        crowded: bool,
    },
    /// People are expected: admissions, a festival, a campaign.
    Expect {
        /// How many.
        people: u32,
        /// Until when they will have come.
        by: Millis,
    },
    /// How many wait in the queue.
    Waiting {
        /// All classes.
        people: u64,
    },
    /// Hosts hold an island up.
    Ready {
        /// Which.
        island: IslandId,
    },
    /// A plan, new or changed.
    Plan(IslandPlan),
    /// An operator's order.
    Order {
        /// For which island.
        island: IslandId,
        /// What.
        order: Order,
    },
    /// The store answered.
    Stored {
        /// Which request.
        op: OpId,
        /// How.
        reply: Reply,
    },
}

/// What an operator may order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Raise it and keep it up until need decides again.
    Open,
    /// Let nobody in any more, and sleep when empty.
    Close,
    /// As `Close`, and archive when empty.
    Archive,
}

/// What a policy wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// An answer. A party that is split gets one for each part; every person who asked is named in exactly one.
    Answer {
        /// To which asking.
        ask: AskId,
        /// For whom.
        people: Vec<PersonId>,
        /// What.
        decision: Decision,
    },
    /// A request to the store.
    Store {
        /// The policy's number for it.
        op: OpId,
        /// What.
        request: Request,
    },
    /// Have hosts hold the island up, and say [`Input::Ready`]. May be repeated.
    Raise {
        /// Which.
        island: IslandId,
        /// By whom. Hosts remember the highest term.
        term: Term,
    },
    /// The island is empty and may be let go. Hosts ignore it after a `Raise` of a higher term: the answer that told an
    /// old leader of its last write may have been slow.
    LayDown {
        /// Which.
        island: IslandId,
        /// By whom.
        term: Term,
        /// Whether for ever.
        archive: bool,
    },
    /// Send a census of the island.
    Count {
        /// Which.
        island: IslandId,
    },
    /// For logs, the map and reports: an island changed its phase. `Asleep` and `Archived` are said when they are
    /// stored, so that a leader that was deposed unnoticed says neither.
    Life {
        /// Which.
        island: IslandId,
        /// From.
        from: Phase,
        /// To.
        to: Phase,
        /// Why.
        reason: LifeReason,
    },
    /// Another leader has written; this one is over and answers everybody with `Deposed`.
    StepDown {
        /// The other's term.
        to: Term,
    },
}

/// Why a policy wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WakeReason {
    /// Promises expire, writes are repeated, islands change.
    Beat,
}

/// A policy as the shell and the simulator drive it.
pub trait Policy {
    /// Takes in what happened. Time never runs backwards for a policy: an earlier `now` counts as the latest one.
    fn handle(&mut self, now: Millis, input: Input);
    /// The next thing to do, if any.
    fn poll_effect(&mut self) -> Option<Effect>;
    /// When time itself is news, and why.
    fn next_wakeup(&self) -> Option<(Millis, WakeReason)>;
    /// Seats that it would give to strangers now: what the queue may let in.
    fn room(&self) -> u64;
    /// People and promises on all islands, by its count.
    fn counted(&self) -> u64;
    /// Tickets that are out, by its count.
    fn promised(&self) -> u64;
}
