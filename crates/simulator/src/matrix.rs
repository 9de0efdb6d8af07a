//! The matrix of faults: every kind alone, and every kind with every other, each a cell of its own.
//!
//! A scenario with `matrix = true` is a walk through it: seed 1 is the first cell, seed 2 the second, and after the last it
//! begins again with other chances. A cell switches off all that a scenario has of other kinds, and plans two storms. In
//! the first both kinds strike the same host, or ends of links, records and clients of it, at once; in the second two
//! different ones. A cell in which one of its kinds never fired has shown nothing, and fails.
//!
//! Main type: [`Cell`].

use std::fmt;

use crate::dice::Dice;
use crate::faults::{FaultCount, FaultKind};
use crate::names::names;
use crate::plan::{Almanac, Fault, Planned, jump};
use crate::scenario::Scenario;

names! {
    /// A kind of fault as the matrix has it: what strikes, and whom.
    Ill {
        /// A node dies with its memory.
        Crash = "crash",
        /// A machine is suspended, and keeps its memory.
        Suspension = "suspension",
        /// A node stands still.
        Pause = "pause",
        /// A node's wall clock stands still.
        ClockStill = "clock_still",
        /// A node's wall clock jumps ahead and back.
        ClockAhead = "clock_ahead",
        /// A node's wall clock is set back.
        ClockBack = "clock_back",
        /// A link is cut both ways.
        Cut = "cut",
        /// A link is cut one way.
        OneWayCut = "one_way_cut",
        /// The direct lane of a link is cut.
        DirectCut = "direct_cut",
        /// A link is slow.
        SlowLink = "slow_link",
        /// Messages between nodes are lost.
        Loss = "loss",
        /// Messages are held up, so that others overtake them.
        HeldUp = "held_up",
        /// Messages come twice.
        Twice = "twice",
        /// Nobody can reach the directory, while a node starts again.
        DirectoryGone = "directory_gone",
        /// The directory is slow, while a node starts again.
        DirectorySlow = "directory_slow",
        /// A node hears nothing new from the directory, while another starts again.
        DirectoryStale = "directory_stale",
        /// The record of a node vanishes, and it lives.
        LeaseLost = "lease_lost",
        /// A node cannot reach the store.
        StoreCut = "store_cut",
        /// Nobody can reach the store.
        StoreGone = "store_gone",
        /// The store is slow.
        StoreSlow = "store_slow",
        /// The store does not say what it did.
        StoreUnknown = "store_unknown",
        /// The store does late what it was thought not to do.
        StoreLate = "store_late",
        /// The store lets writes lose against nobody.
        StoreConflict = "store_conflict",
        /// The store refuses.
        StoreFails = "store_fails",
        /// Clients lose their connections.
        ClientCut = "client_cut",
        /// Clients do not read.
        ClientStall = "client_stall",
        /// Others log into the accounts of players.
        Twin = "twin",
    }
}

/// A cell: one kind of fault, or two at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    first: Ill,
    second: Option<Ill>,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.second {
            None => write!(f, "{}", self.first),
            Some(second) => write!(f, "{} + {second}", self.first),
        }
    }
}

/// Milliseconds from the beginning of a storm to the first kind, from and to.
const FIRST_AFTER_MS: [u64; 2] = [300, 1_500];
/// Milliseconds from there to the second, from and to.
const SECOND_AFTER_MS: [u64; 2] = [0, 2_500];
/// Of the players, one in so many is struck by a fault of clients.
const ONE_CLIENT_IN: u32 = 2;
/// Milliseconds for which the node is down whose return the directory has to tell.
const DOWN_MS: u64 = 800;

impl Cell {
    /// All of them: the kinds alone, then the pairs. Two of one kind are a pair where they can strike two hosts.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let alone = Ill::ALL.iter().map(|ill| Self { first: *ill, second: None });
        let pairs = Ill::ALL.iter().enumerate().flat_map(|(n, first)| {
            let others = Ill::ALL[n..].iter().filter(move |second| *second != first || first.has_a_host());
            others.map(move |second| Self { first: *first, second: Some(*second) })
        });
        alone.chain(pairs).collect()
    }

    /// The cell of a seed, if the scenario is a matrix.
    #[must_use]
    pub fn of(scenario: &Scenario, seed: u64) -> Option<Self> {
        let all = Self::all();
        let index = seed.wrapping_sub(1) % all.len() as u64;
        scenario.matrix.then(|| all[index as usize])
    }

    /// Its kinds.
    pub fn ills(self) -> impl Iterator<Item = Ill> {
        [Some(self.first), self.second].into_iter().flatten()
    }

    fn has(self, ill: Ill) -> bool {
        self.ills().any(|own| own == ill)
    }

    /// The scenario with the weather of this cell alone: network and store do nothing else.
    pub(crate) fn scenario(self, scenario: &Scenario) -> Scenario {
        let mut own = scenario.clone();
        let (network, store) = (&mut own.network, &mut own.store);
        let weather = [
            (Ill::Loss, &mut network.loss_per_mille),
            (Ill::HeldUp, &mut network.held_up_per_mille),
            (Ill::Twice, &mut network.twice_per_mille),
            (Ill::StoreSlow, &mut store.slow_per_mille),
            (Ill::StoreUnknown, &mut store.unknown_per_mille),
            (Ill::StoreLate, &mut store.late_per_mille),
            (Ill::StoreConflict, &mut store.conflict_per_mille),
            (Ill::StoreFails, &mut store.fail_per_mille),
        ];
        for (ill, per_mille) in weather {
            if !self.has(ill) {
                *per_mille = 0;
            }
        }
        own
    }

    /// Whom its kinds strike when: once in each storm.
    pub(crate) fn plan(self, scenario: &Scenario, almanac: &Almanac, dice: &mut Dice) -> Vec<Planned> {
        let mut plan = Vec::new();
        let nodes = u64::from(scenario.world.nodes);
        let base = dice.below(nodes);
        for (storm, from_ms) in almanac.storms(scenario.course.seconds * 1_000).into_iter().enumerate() {
            // The first storm strikes one host, the second two others: the first may still be down.
            let host = (base + storm as u64) % nodes;
            let other = if storm % 2 == 0 { host } else { (host + 1) % nodes };
            let mut strikes = vec![(self.first, host), (self.second.unwrap_or(self.first), other)];
            if self.second.is_none() {
                strikes.truncate(1);
            }
            if dice.below(2) == 1 {
                strikes.reverse();
            }
            let mut at_ms = from_ms + dice.between(FIRST_AFTER_MS[0], FIRST_AFTER_MS[1]);
            for (ill, host) in strikes {
                let lasts = dice.between(scenario.faults.lasts_ms[0], scenario.faults.lasts_ms[1]);
                let lasts_ms = lasts.min(almanac.storm_left(at_ms));
                let faults = ill.faults(host as u16, scenario, dice);
                plan.extend(faults.into_iter().map(|fault| Planned { at_ms, lasts_ms, fault }));
                if let Some(fault) = ill.witness(host as u16, scenario) {
                    plan.push(Planned { at_ms: at_ms + 200, lasts_ms: DOWN_MS, fault });
                }
                at_ms += dice.between(SECOND_AFTER_MS[0], SECOND_AFTER_MS[1]);
            }
        }
        plan.sort_by_key(|planned| planned.at_ms);
        plan
    }

    /// Which of its kinds never fired.
    pub(crate) fn unfired(self, fired: &FaultCount) -> Vec<Ill> {
        self.ills().filter(|ill| ill.proof().iter().any(|kind| fired.get(*kind) == 0)).collect()
    }
}

impl Ill {
    /// Whether it strikes one host, or something of one host.
    fn has_a_host(self) -> bool {
        match self {
            Self::Crash
            | Self::Suspension
            | Self::Pause
            | Self::ClockStill
            | Self::ClockAhead
            | Self::ClockBack
            | Self::Cut
            | Self::OneWayCut
            | Self::DirectCut
            | Self::SlowLink
            | Self::DirectoryStale
            | Self::LeaseLost
            | Self::StoreCut => true,
            Self::Loss
            | Self::HeldUp
            | Self::Twice
            | Self::DirectoryGone
            | Self::DirectorySlow
            | Self::StoreGone
            | Self::StoreSlow
            | Self::StoreUnknown
            | Self::StoreLate
            | Self::StoreConflict
            | Self::StoreFails
            | Self::ClientCut
            | Self::ClientStall
            | Self::Twin => false,
        }
    }

    /// How it strikes; not at all where it is the weather of the whole storm.
    fn faults(self, host: u16, scenario: &Scenario, dice: &mut Dice) -> Vec<Fault> {
        let nodes = scenario.world.nodes;
        // The end of a link is drawn from all others.
        let end = (host + 1 + dice.below(u64::from(nodes.max(2) - 1)) as u16) % nodes;
        match self {
            Self::Crash => vec![Fault::Crash(host)],
            Self::Suspension => vec![Fault::Suspension(host)],
            Self::Pause => vec![Fault::Pause(host)],
            Self::ClockStill => vec![Fault::ClockStill(host)],
            Self::ClockAhead => vec![Fault::ClockAhead(host, jump(scenario, dice))],
            Self::ClockBack => vec![Fault::ClockBack(host, jump(scenario, dice))],
            Self::Cut => vec![Fault::Cut(host, end)],
            // From it in half of all cases, to it in the others.
            Self::OneWayCut if dice.below(2) == 0 => vec![Fault::OneWayCut(host, end)],
            Self::OneWayCut => vec![Fault::OneWayCut(end, host)],
            Self::DirectCut => vec![Fault::DirectCut(host, end), Fault::DirectCut(end, host)],
            Self::SlowLink => vec![Fault::SlowLink(host, end)],
            Self::DirectoryGone => vec![Fault::DirectoryGone],
            Self::DirectorySlow => vec![Fault::DirectorySlow],
            Self::DirectoryStale => vec![Fault::DirectoryStale(host)],
            Self::LeaseLost => vec![Fault::LeaseLost(host)],
            Self::StoreCut => vec![Fault::StoreCut(host)],
            Self::StoreGone => vec![Fault::StoreGone],
            Self::ClientCut => clients(scenario, dice, Fault::ClientCut),
            Self::ClientStall => clients(scenario, dice, Fault::ClientStall),
            Self::Twin => clients(scenario, dice, Fault::Twin),
            Self::Loss
            | Self::HeldUp
            | Self::Twice
            | Self::StoreSlow
            | Self::StoreUnknown
            | Self::StoreLate
            | Self::StoreConflict
            | Self::StoreFails => Vec::new(),
        }
    }

    /// What must happen besides, so that there is anything to see: the directory tells of comings and goings only.
    fn witness(self, host: u16, scenario: &Scenario) -> Option<Fault> {
        let speaks_of_others = matches!(self, Self::DirectoryGone | Self::DirectorySlow | Self::DirectoryStale);
        speaks_of_others.then(|| Fault::Crash((host + 2) % scenario.world.nodes))
    }

    /// What must have been counted if it fired.
    fn proof(self) -> &'static [FaultKind] {
        match self {
            Self::Crash => &[FaultKind::Crash],
            Self::Suspension => &[FaultKind::Suspension],
            Self::Pause => &[FaultKind::Pause],
            Self::ClockStill => &[FaultKind::ClockStill],
            Self::ClockAhead => &[FaultKind::ClockAhead],
            Self::ClockBack => &[FaultKind::ClockBack],
            Self::Cut => &[FaultKind::Cut, FaultKind::LostInACut],
            Self::OneWayCut => &[FaultKind::OneWayCut, FaultKind::LostInACut],
            Self::DirectCut => &[FaultKind::DirectCut],
            Self::SlowLink => &[FaultKind::SlowLink, FaultKind::Slowed],
            Self::Loss => &[FaultKind::Loss],
            Self::HeldUp => &[FaultKind::HeldUp],
            Self::Twice => &[FaultKind::Twice],
            Self::DirectoryGone => &[FaultKind::DirectoryGone, FaultKind::NewsHeldBack],
            Self::DirectorySlow => &[FaultKind::DirectorySlow],
            Self::DirectoryStale => &[FaultKind::DirectoryStale, FaultKind::NewsHeldBack],
            Self::LeaseLost => &[FaultKind::LeaseLost],
            Self::StoreCut => &[FaultKind::StoreCut, FaultKind::StoreOutOfReach],
            Self::StoreGone => &[FaultKind::StoreGone, FaultKind::StoreOutOfReach],
            Self::StoreSlow => &[FaultKind::StoreCrawl],
            Self::StoreUnknown => &[FaultKind::StoreUnknownNotApplied],
            Self::StoreLate => &[FaultKind::StoreLate],
            Self::StoreConflict => &[FaultKind::StoreConflict],
            Self::StoreFails => &[FaultKind::StoreNotApplied],
            Self::ClientCut => &[FaultKind::ClientCut],
            Self::ClientStall => &[FaultKind::ClientStall],
            Self::Twin => &[FaultKind::Twin],
        }
    }
}

/// Several players, each struck alike.
fn clients(scenario: &Scenario, dice: &mut Dice, fault: fn(u32) -> Fault) -> Vec<Fault> {
    let first = dice.below(u64::from(ONE_CLIENT_IN)) as u32;
    (0..scenario.players.count).filter(|client| client % ONE_CLIENT_IN == first).map(fault).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_is_alone_in_one_cell_and_with_every_other_in_one() {
        let names: BTreeSet<String> = Cell::all().iter().map(Cell::to_string).collect();
        assert_eq!(names.len(), Cell::all().len(), "no cell is there twice");
        for first in Ill::ALL {
            assert!(names.contains(first.name()));
            for second in Ill::ALL.iter().filter(|second| *second != first || first.has_a_host()) {
                let either = [format!("{first} + {second}"), format!("{second} + {first}")];
                assert!(either.iter().any(|name| names.contains(name)), "{first} and {second} never meet");
            }
        }
    }

    #[test]
    fn a_cell_plans_its_own_kinds_in_every_storm() {
        let scenario =
            Scenario::parse("name = \"m\"\nmatrix = true\n[course]\nseconds = 90\nstorm_s = 10").expect("valid");
        let almanac = Almanac::new(&scenario);
        for seed in 1..=Cell::all().len() as u64 {
            let cell = Cell::of(&scenario, seed).expect("it is a matrix");
            let plan = cell.plan(&cell.scenario(&scenario), &almanac, &mut Dice::new(seed, 1));
            assert!(plan.iter().all(|planned| planned.fault.fits(&scenario)), "{cell}");
            for ill in cell.ills().filter(|ill| ill.has_a_host()) {
                let own = plan.iter().filter(|planned| ill.proof().contains(&planned.fault.kind())).count();
                assert!(own >= almanac.storms(90_000).len(), "{cell}: {plan:?}");
            }
        }
        assert_eq!(Cell::of(&scenario, 1), Cell::of(&scenario, 1 + Cell::all().len() as u64));
    }
}
