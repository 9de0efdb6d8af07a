//! The kinds of trouble that a run counts: the faults that its plan strikes with, and what the weather does on its own.

use crate::names::{Tally, names};
use crate::scenario::Scenario;

names! {
    /// A kind of fault. A suite in which one never fired has not shown that it is survived.
    FaultKind {
        /// A node died with its memory.
        Crash = "crash",
        /// A node stood still.
        Pause = "pause",
        /// A machine was suspended: it kept its memory, and lost its connections and what came meanwhile.
        Suspension = "suspension",
        /// A node's wall clock stood still.
        ClockStill = "clock_still",
        /// A node's wall clock jumped ahead, and back again.
        ClockAhead = "clock_ahead",
        /// A node's wall clock was set back, and put right again.
        ClockBack = "clock_back",
        /// A link was cut both ways.
        Cut = "cut",
        /// A link was cut one way.
        OneWayCut = "one_way_cut",
        /// The direct lane of a link was cut one way.
        DirectCut = "direct_cut",
        /// A link was slow both ways.
        SlowLink = "slow_link",
        /// The directory was out of reach of everybody.
        DirectoryGone = "directory_gone",
        /// The directory told everybody everything late.
        DirectorySlow = "directory_slow",
        /// A node heard nothing new from the directory.
        DirectoryStale = "directory_stale",
        /// The record of a node vanished, and the node lived.
        LeaseLost = "lease_lost",
        /// A client's connection broke.
        ClientCut = "client_cut",
        /// A client stopped reading.
        ClientStall = "client_stall",
        /// Somebody else logged into a player's account.
        Twin = "twin",
        /// A node was cut off from the store.
        StoreCut = "store_cut",
        /// A node was told to hand a session over.
        HandOver = "hand_over",
        /// A node died with its memory and started again soon, so that the directory had something to tell.
        Restart = "restart",
        /// Sessions were told to move away from a node and to it, all the time.
        Rehoming = "rehoming",
        /// Nobody could reach the store.
        StoreGone = "store_gone",
        /// A message met a cut link.
        LostInACut = "lost_in_a_cut",
        /// A direct message met a cut lane.
        LostInADirectCut = "lost_in_a_direct_cut",
        /// A message met a slow link.
        Slowed = "slowed",
        /// News of the directory, or a node that wanted to join, had to wait.
        NewsHeldBack = "news_held_back",
        /// News of the directory came late.
        NewsLate = "news_late",
        /// A message was lost.
        Loss = "loss",
        /// A message was held up, so that others overtook it.
        HeldUp = "held_up",
        /// A message came twice.
        Twice = "twice",
        /// A node had to hold back what a client did not read.
        ClientBlocked = "client_blocked",
        /// A player whose node died stayed away for a while.
        PlayerGaveUp = "player_gave_up",
        /// A request met a store that could not be reached.
        StoreOutOfReach = "store_out_of_reach",
        /// A request was answered late.
        StoreSlow = "store_slow",
        /// A request was answered only after a good part of the time that a node waits.
        StoreCrawl = "store_crawl",
        /// A write lost against nobody.
        StoreConflict = "store_conflict",
        /// A request was not carried out, and the node was told so.
        StoreNotApplied = "store_not_applied",
        /// A write took effect, and the node was not told.
        StoreUnknownApplied = "store_unknown_applied",
        /// A write took no effect, and the node was not told.
        StoreUnknownNotApplied = "store_unknown_not_applied",
        /// A write took effect after it had been given up.
        StoreLate = "store_late",
    }
}

/// How often each kind of fault fired.
pub type FaultCount = Tally<FaultKind>;

impl FaultKind {
    /// Whether a scenario asks for it, so that a suite of it is worth nothing where it never fires.
    #[must_use]
    pub fn is_asked_for(self, scenario: &Scenario) -> bool {
        let (faults, network, store) = (&scenario.faults, &scenario.network, &scenario.store);
        if self == Self::HandOver {
            return scenario.handover.ordered > 0;
        }
        let rate = match self {
            // Only cells of the matrix ask for it.
            Self::HandOver | Self::Rehoming | Self::Restart => 0,
            Self::Crash | Self::PlayerGaveUp => faults.crashes,
            Self::Pause => faults.pauses,
            Self::Cut => faults.cuts,
            Self::OneWayCut => faults.one_way_cuts,
            Self::LostInACut => faults.cuts + faults.one_way_cuts,
            Self::DirectCut | Self::LostInADirectCut => faults.direct_cuts,
            Self::ClientCut => faults.client_cuts,
            Self::ClientStall | Self::ClientBlocked => faults.client_stalls,
            Self::Twin => faults.twins,
            Self::StoreCut | Self::StoreOutOfReach => faults.store_cuts,
            Self::Loss => network.loss_per_mille,
            Self::HeldUp => network.held_up_per_mille,
            Self::Twice => network.twice_per_mille,
            Self::StoreSlow => u32::from(store.delay_ms[1] > 1),
            Self::StoreConflict => store.conflict_per_mille,
            Self::StoreNotApplied => store.fail_per_mille,
            Self::StoreUnknownApplied | Self::StoreUnknownNotApplied => store.unknown_per_mille,
            Self::StoreLate => store.unknown_per_mille + store.late_per_mille,
            Self::StoreCrawl => store.slow_per_mille,
            Self::Suspension => faults.suspensions,
            Self::ClockStill => faults.clocks_still,
            Self::ClockAhead => faults.clocks_ahead,
            Self::ClockBack => faults.clocks_back,
            Self::SlowLink | Self::Slowed => faults.slow_links,
            Self::DirectoryGone => faults.directory_gone,
            Self::DirectorySlow => faults.directory_slow,
            Self::DirectoryStale => faults.directory_stale,
            Self::LeaseLost => faults.leases_lost,
            Self::StoreGone => faults.store_gone,
            // They need somebody to come or go at the same time.
            Self::NewsHeldBack | Self::NewsLate => 0,
        };
        // Each seed of a matrix is a cell, which is held against what it asks for.
        !scenario.matrix && scenario.course.storm_s > 0 && rate > 0
    }
}
