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
use crate::report::Counts;
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
        /// Nobody can reach the directory, while a node starts again and the record of another one vanishes.
        DirectoryGone = "directory_gone",
        /// The directory is slow, while the same happens.
        DirectorySlow = "directory_slow",
        /// A node hears nothing new from the directory, while the same happens.
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
        /// Sessions are moved away from a node and to it, all the time.
        Handover = "handover",
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

/// Kinds whose cells come first: alone, then in pairs.
const FIRST_KINDS: usize = 27;
/// Milliseconds from the beginning of a storm to the first kind, from and to.
const FIRST_AFTER_MS: [u64; 2] = [300, 1_500];
/// Milliseconds from there to the second, from and to.
const SECOND_AFTER_MS: [u64; 2] = [0, 2_500];
/// Of the players, one in so many is struck by a fault of clients.
const ONE_CLIENT_IN: u32 = 2;
/// Milliseconds for which the node is down whose return the directory has to tell, and for which the record of another
/// one is gone.
const DOWN_MS: u64 = 800;
/// Where the store is gone for most of a storm, what else it does it does so many times as often while it is there.
const RARE_TIMES: u32 = 3;
/// But no more often than this, as scenario files may say.
const MOST_PER_MILLE: u32 = 900;
/// From the host of the first storm so many further is one that no kind strikes in any storm.
const BYSTANDER: u64 = 3;

impl Cell {
    /// All of them: the kinds alone, then the pairs, and after these the cells of kinds that were thought of later, so that
    /// each cell keeps its number. Two of one kind are a pair where they can strike two hosts.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let (first_kinds, later_kinds) = Ill::ALL.split_at(FIRST_KINDS);
        let mut cells: Vec<Self> = first_kinds.iter().map(|ill| Self { first: *ill, second: None }).collect();
        for (n, first) in first_kinds.iter().enumerate() {
            cells.extend(first.pairs_with(&first_kinds[n..]));
        }
        for (n, later) in later_kinds.iter().enumerate() {
            cells.push(Self { first: *later, second: None });
            cells.extend(later.pairs_with(&Ill::ALL[..=FIRST_KINDS + n]));
        }
        cells
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
            } else if self.has(Ill::StoreGone) {
                *per_mille = (*per_mille * RARE_TIMES).min(MOST_PER_MILLE);
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
                let drawn = (host + 1 + dice.below(nodes.max(2) - 1)) % nodes;
                let bystander = (base + BYSTANDER) % nodes;
                // Later a host that died in the first storm may be down still, and a link to it shows nothing.
                let surely_up = storm > 0 && self.has(Ill::Crash) && bystander != host;
                let end = if surely_up { bystander } else { drawn };
                let faults = ill.faults(host as u16, end as u16, scenario, dice);
                plan.extend(faults.into_iter().map(|fault| Planned { at_ms, lasts_ms, fault }));
                if ill.speaks_of_others() {
                    let [restarts, bystands] =
                        [base + 2 + 2 * storm as u64, base + BYSTANDER].map(|n| (n % nodes) as u16);
                    for fault in [Fault::Restart(restarts), Fault::LeaseLost(bystands)] {
                        plan.push(Planned { at_ms: at_ms + 200, lasts_ms: DOWN_MS, fault });
                    }
                }
                at_ms += dice.between(SECOND_AFTER_MS[0], SECOND_AFTER_MS[1]);
            }
        }
        plan.sort_by_key(|planned| planned.at_ms);
        plan
    }

    /// Which of its kinds never fired.
    pub(crate) fn unfired(self, fired: &FaultCount, counts: &Counts) -> Vec<Ill> {
        let idle = |ill: &Ill| ill.proof().iter().any(|kind| fired.get(*kind) == 0);
        self.ills().filter(|ill| idle(ill) || *ill == Ill::Handover && !self.handed_over(counts)).collect()
    }

    /// Whether handovers began, and if nothing else strikes, came to their end.
    fn handed_over(self, counts: &Counts) -> bool {
        counts.handovers_begun > 0 && (self.second.is_some() || counts.handovers_done > 0)
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
            | Self::StoreCut
            | Self::Handover => true,
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

    /// How it strikes, if it is a link the one to `end`; not at all where it is the weather of the whole storm.
    fn faults(self, host: u16, end: u16, scenario: &Scenario, dice: &mut Dice) -> Vec<Fault> {
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
            Self::Handover => vec![Fault::Rehoming(host)],
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

    /// Whether it can only be seen where others come and go: then a node that nothing else strikes in this storm starts
    /// again, and the record of one that nothing strikes in any storm vanishes for a moment.
    fn speaks_of_others(self) -> bool {
        matches!(self, Self::DirectoryGone | Self::DirectorySlow | Self::DirectoryStale)
    }

    /// The pairs of it with others, without that of itself where it cannot strike twice.
    fn pairs_with(self, others: &[Self]) -> impl Iterator<Item = Cell> {
        let others = others.iter().filter(move |second| **second != self || self.has_a_host());
        others.map(move |second| Cell { first: self, second: Some(*second) })
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
            Self::DirectorySlow => &[FaultKind::DirectorySlow, FaultKind::NewsLate],
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
            Self::Handover => &[FaultKind::Rehoming, FaultKind::HandOver],
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

    #[test]
    fn cells_of_the_directory_have_news_that_no_fault_can_hold_off() {
        let scenario = Scenario::parse(
            "name = \"m\"\nmatrix = true\n[world]\nnodes = 4\n[course]\nseconds = 72\nstorm_s = 10\nheal_s = 17\ncalm_s = 6",
        );
        let scenario = scenario.expect("valid");
        let almanac = Almanac::new(&scenario);
        let of_the_directory = |cell: &Cell| cell.ills().any(Ill::speaks_of_others);
        for (n, cell) in Cell::all().into_iter().enumerate().filter(|(_, cell)| of_the_directory(cell)) {
            for seed in (0..3).map(|round| n as u64 + 1 + round * Cell::all().len() as u64) {
                let plan = cell.plan(&scenario, &almanac, &mut Dice::new(seed, 1));
                let always_up = |host: u16| {
                    let down = [Fault::Crash(host), Fault::Restart(host), Fault::Suspension(host), Fault::Pause(host)];
                    plan.iter().all(|planned| !down.contains(&planned.fault))
                };
                let news = plan.iter().filter(|p| p.lasts_ms == DOWN_MS);
                let news: Vec<&Planned> =
                    news.filter(|p| matches!(p.fault, Fault::LeaseLost(host) if always_up(host))).collect();
                assert!(news.len() >= 2, "{cell}, seed {seed}: {plan:?}");
            }
        }
    }

    #[test]
    fn a_cell_of_handovers_shows_nothing_unless_they_happen() {
        let named = |name: &str| Cell::all().into_iter().find(|cell| cell.to_string() == name).expect("there is one");
        let (alone, paired) = (named("handover"), named("handover + loss"));
        let mut fired = FaultCount::of(FaultKind::ALL);
        [FaultKind::Rehoming, FaultKind::HandOver, FaultKind::Loss].into_iter().for_each(|kind| fired.note(kind));
        let counts = |begun, done| Counts { handovers_begun: begun, handovers_done: done, ..Counts::default() };
        let handover = vec![Ill::Handover];
        for (cell, begun, done, unfired) in [
            (alone, 0, 0, handover.clone()),
            (alone, 1, 0, handover.clone()),
            (alone, 1, 1, vec![]),
            (paired, 0, 0, handover.clone()),
            (paired, 1, 0, vec![]),
        ] {
            assert_eq!(cell.unfired(&fired, &counts(begun, done)), unfired, "{cell}, {begun} begun, {done} done");
        }
        // Nobody was there whom a node could have been told to hand over.
        let nobody = FaultCount::of(FaultKind::ALL);
        assert_eq!(alone.unfired(&nobody, &counts(1, 1)), handover);
    }

    #[test]
    fn new_kinds_leave_the_cells_of_old_ones_where_they_were() {
        let cells: Vec<String> = Cell::all().iter().map(Cell::to_string).collect();
        let (pairs, last) = (FIRST_KINDS, 390);
        let expected = [(0, "crash"), (pairs, "crash + crash"), (last, "client_stall + twin"), (last + 1, "handover")];
        expected.into_iter().for_each(|(n, name)| assert_eq!(cells[n], name, "cell {n}"));
    }
}
