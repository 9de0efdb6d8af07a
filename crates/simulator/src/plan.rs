//! The plan of a run: when it storms, and which fault strikes whom when. Drawn from the seed before the run begins.

use std::fmt;

use crate::dice::Dice;
use crate::faults::FaultKind;
use crate::scenario::Scenario;

/// A fault, by the indices of whom it strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A node dies; it comes back with its memory gone.
    Crash(u16),
    /// A node dies, and never stays away for long.
    Restart(u16),
    /// A node stands still.
    Pause(u16),
    /// A machine is suspended; it keeps its memory.
    Suspension(u16),
    /// A node's wall clock stands still.
    ClockStill(u16),
    /// A node's wall clock goes ahead by so many milliseconds.
    ClockAhead(u16, u32),
    /// A node's wall clock is set back by so many milliseconds.
    ClockBack(u16, u32),
    /// A link is cut both ways.
    Cut(u16, u16),
    /// A link is cut from the first to the second.
    OneWayCut(u16, u16),
    /// The direct lane is cut from the first to the second.
    DirectCut(u16, u16),
    /// A link is slow both ways.
    SlowLink(u16, u16),
    /// The directory is out of reach.
    DirectoryGone,
    /// The directory is slow.
    DirectorySlow,
    /// A node hears nothing new from the directory.
    DirectoryStale(u16),
    /// The record of a node that lives is gone for a while.
    LeaseLost(u16),
    /// A client's connection breaks.
    ClientCut(u32),
    /// A client stops reading.
    ClientStall(u32),
    /// Somebody else logs into a client's account.
    Twin(u32),
    /// A node cannot reach the store.
    StoreCut(u16),
    /// A node is told to hand a client's session over to another node.
    HandOver(u32, u16),
    /// Sessions are told to move away from a node and to it, all the time.
    Rehoming(u16),
    /// Nobody can reach the store.
    StoreGone,
}

impl Fault {
    /// Its kind in reports.
    #[must_use]
    pub fn kind(self) -> FaultKind {
        match self {
            Self::Crash(_) => FaultKind::Crash,
            Self::Restart(_) => FaultKind::Restart,
            Self::Pause(_) => FaultKind::Pause,
            Self::Suspension(_) => FaultKind::Suspension,
            Self::ClockStill(_) => FaultKind::ClockStill,
            Self::ClockAhead(..) => FaultKind::ClockAhead,
            Self::ClockBack(..) => FaultKind::ClockBack,
            Self::SlowLink(..) => FaultKind::SlowLink,
            Self::DirectoryGone => FaultKind::DirectoryGone,
            Self::DirectorySlow => FaultKind::DirectorySlow,
            Self::DirectoryStale(_) => FaultKind::DirectoryStale,
            Self::LeaseLost(_) => FaultKind::LeaseLost,
            Self::StoreGone => FaultKind::StoreGone,
            Self::Cut(..) => FaultKind::Cut,
            Self::OneWayCut(..) => FaultKind::OneWayCut,
            Self::DirectCut(..) => FaultKind::DirectCut,
            Self::ClientCut(_) => FaultKind::ClientCut,
            Self::ClientStall(_) => FaultKind::ClientStall,
            Self::Twin(_) => FaultKind::Twin,
            Self::StoreCut(_) => FaultKind::StoreCut,
            Self::HandOver(..) => FaultKind::HandOver,
            Self::Rehoming(_) => FaultKind::Rehoming,
        }
    }

    /// Whether all whom it strikes exist in a scenario.
    #[must_use]
    pub fn fits(self, scenario: &Scenario) -> bool {
        let (nodes, clients) = (scenario.world.nodes, scenario.players.count);
        match self {
            Self::Crash(node)
            | Self::Restart(node)
            | Self::Rehoming(node)
            | Self::Pause(node)
            | Self::StoreCut(node)
            | Self::Suspension(node)
            | Self::ClockStill(node)
            | Self::ClockAhead(node, _)
            | Self::ClockBack(node, _)
            | Self::DirectoryStale(node)
            | Self::LeaseLost(node) => node < nodes,
            Self::Cut(a, b) | Self::OneWayCut(a, b) | Self::DirectCut(a, b) | Self::SlowLink(a, b) => {
                a < nodes && b < nodes
            }
            Self::DirectoryGone | Self::DirectorySlow | Self::StoreGone => true,
            Self::ClientCut(client) | Self::ClientStall(client) | Self::Twin(client) => client < clients,
            Self::HandOver(client, node) => client < clients && node < nodes,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crash(node) => write!(f, "node {node} dies"),
            Self::Restart(node) => write!(f, "node {node} dies and starts again"),
            Self::Pause(node) => write!(f, "node {node} stands still"),
            Self::Suspension(node) => write!(f, "the machine of node {node} is suspended"),
            Self::ClockStill(node) => write!(f, "the clock of node {node} stands still"),
            Self::ClockAhead(node, ms) => write!(f, "the clock of node {node} jumps {ms} ms ahead"),
            Self::ClockBack(node, ms) => write!(f, "the clock of node {node} is set back by {ms} ms"),
            Self::SlowLink(a, b) => write!(f, "messages between nodes {a} and {b} are slow"),
            Self::DirectoryGone => write!(f, "nobody can reach the directory"),
            Self::DirectorySlow => write!(f, "the directory tells everything late"),
            Self::DirectoryStale(node) => write!(f, "node {node} hears nothing new from the directory"),
            Self::LeaseLost(node) => write!(f, "the record of node {node} vanishes, and it lives"),
            Self::StoreGone => write!(f, "nobody can reach the store"),
            Self::Cut(a, b) => write!(f, "nodes {a} and {b} are cut off from each other"),
            Self::OneWayCut(from, to) => write!(f, "nothing arrives from node {from} at node {to}"),
            Self::DirectCut(from, to) => write!(f, "nothing direct arrives from node {from} at node {to}"),
            Self::ClientCut(client) => write!(f, "the connection of player {client} breaks"),
            Self::ClientStall(client) => write!(f, "player {client} does not read"),
            Self::Twin(client) => write!(f, "somebody else logs in as player {client}"),
            Self::StoreCut(node) => write!(f, "node {node} cannot reach the store"),
            Self::HandOver(client, node) => write!(f, "player {client} is to be handed over to node {node}"),
            Self::Rehoming(node) => write!(f, "sessions move away from node {node} and to it"),
        }
    }
}

/// A fault and its time, in milliseconds from the beginning of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// When it strikes.
    pub at_ms: u64,
    /// For how long.
    pub lasts_ms: u64,
    /// What.
    pub fault: Fault,
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>7} ms  {} ({} ms)", self.at_ms, self.fault, self.lasts_ms)
    }
}

/// The weather of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    /// No faults, and everything has healed: the checkers are strict.
    Strict,
    /// No faults, but not everything has healed.
    Healing,
    /// Faults.
    Storm,
}

/// When it storms.
#[derive(Clone, Debug)]
pub(crate) struct Almanac {
    arrive_ms: u64,
    storm_ms: u64,
    heal_ms: u64,
    calm_ms: u64,
}

impl Almanac {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let c = &scenario.course;
        Self {
            arrive_ms: c.arrive_s * 1000,
            storm_ms: c.storm_s * 1000,
            heal_ms: c.heal_s * 1000,
            calm_ms: c.calm_s.max(1) * 1000,
        }
    }

    /// The weather so many milliseconds after the beginning.
    pub(crate) fn weather(&self, at_ms: u64) -> Weather {
        if at_ms < self.arrive_ms {
            return Weather::Healing;
        }
        let into = (at_ms - self.arrive_ms) % (self.storm_ms + self.heal_ms + self.calm_ms);
        if into < self.storm_ms {
            Weather::Storm
        } else if into < self.storm_ms + self.heal_ms {
            Weather::Healing
        } else {
            Weather::Strict
        }
    }

    /// When the storms of a run of so many milliseconds begin, those that end within it.
    pub(crate) fn storms(&self, length_ms: u64) -> Vec<u64> {
        let round = self.storm_ms + self.heal_ms + self.calm_ms;
        let begins = (0..).map(|n| self.arrive_ms + n * round);
        if self.storm_ms == 0 { Vec::new() } else { begins.take_while(|at| at + self.storm_ms <= length_ms).collect() }
    }

    /// Milliseconds of storm left at a moment, 0 outside of one.
    pub(crate) fn storm_left(&self, at_ms: u64) -> u64 {
        if self.weather(at_ms) != Weather::Storm {
            return 0;
        }
        self.storm_ms - (at_ms - self.arrive_ms) % (self.storm_ms + self.heal_ms + self.calm_ms)
    }
}

/// Kinds that draw their number in every scenario. Later ones draw nothing where they are not asked for, and come last,
/// so that the seeds of scenarios without them stay what they are.
const FIRST_KINDS: usize = 9;

/// Draws whom a fault strikes.
type DrawFault = fn(&Scenario, &mut Dice) -> Fault;

/// Draws all faults of a run, in the order of time.
pub(crate) fn draw(scenario: &Scenario, almanac: &Almanac, dice: &mut Dice) -> Vec<Planned> {
    let f = &scenario.faults;
    let seconds = scenario.course.seconds;
    let storms: Vec<u64> = (0..seconds * 10).map(|d| d * 100).filter(|at| almanac.storm_left(*at) > 0).collect();
    let storm_s = storms.len() as u64 / 10;
    let kinds: [(u32, DrawFault); 19] = [
        (f.crashes, |s, d| Fault::Crash(node(s, d))),
        (f.pauses, |s, d| Fault::Pause(node(s, d))),
        (f.cuts, |s, d| pair(s, d, Fault::Cut)),
        (f.one_way_cuts, |s, d| pair(s, d, Fault::OneWayCut)),
        (f.direct_cuts, |s, d| pair(s, d, Fault::DirectCut)),
        (f.client_cuts, |s, d| Fault::ClientCut(client(s, d))),
        (f.client_stalls, |s, d| Fault::ClientStall(client(s, d))),
        (f.twins, |s, d| Fault::Twin(client(s, d))),
        (f.store_cuts, |s, d| Fault::StoreCut(node(s, d))),
        (f.suspensions, |s, d| Fault::Suspension(node(s, d))),
        (f.clocks_still, |s, d| Fault::ClockStill(node(s, d))),
        (f.clocks_ahead, |s, d| Fault::ClockAhead(node(s, d), jump(s, d))),
        (f.clocks_back, |s, d| Fault::ClockBack(node(s, d), jump(s, d))),
        (f.slow_links, |s, d| pair(s, d, Fault::SlowLink)),
        (f.directory_gone, |_, _| Fault::DirectoryGone),
        (f.directory_slow, |_, _| Fault::DirectorySlow),
        (f.directory_stale, |s, d| Fault::DirectoryStale(node(s, d))),
        (f.leases_lost, |s, d| Fault::LeaseLost(node(s, d))),
        (f.store_gone, |_, _| Fault::StoreGone),
    ];
    let mut plan = Vec::new();
    for (n, (per_minute, fault)) in kinds.into_iter().enumerate() {
        if per_minute == 0 && n >= FIRST_KINDS {
            continue;
        }
        // The part of a fault that is left over strikes by chance.
        let milli = u64::from(per_minute) * storm_s * 1000 / 60;
        let count = milli / 1000 + u64::from(dice.below(1000) < milli % 1000);
        for _ in 0..count {
            let Some(at_ms) = dice.pick(&storms).copied() else { break };
            let at_ms = at_ms + dice.below(100);
            let lasts = dice.between(f.lasts_ms[0], f.lasts_ms[1]);
            plan.push(Planned { at_ms, lasts_ms: lasts.min(almanac.storm_left(at_ms)), fault: fault(scenario, dice) });
        }
    }
    // Handovers in any weather: in a calm nobody may notice them.
    let handovers = u64::from(scenario.handover.ordered) * seconds / 60;
    for _ in 0..handovers {
        let at_ms = scenario.course.arrive_s * 1_000 + dice.below(seconds * 1_000);
        let fault = Fault::HandOver(client(scenario, dice), node(scenario, dice));
        plan.push(Planned { at_ms, lasts_ms: 0, fault });
    }
    plan.sort_by_key(|p| p.at_ms);
    plan
}

fn node(scenario: &Scenario, dice: &mut Dice) -> u16 {
    dice.below(u64::from(scenario.world.nodes)) as u16
}

fn client(scenario: &Scenario, dice: &mut Dice) -> u32 {
    dice.below(u64::from(scenario.players.count)) as u32
}

/// By how many milliseconds a clock jumps.
pub(crate) fn jump(scenario: &Scenario, dice: &mut Dice) -> u32 {
    let [low, high] = scenario.faults.clock_jump_ms;
    dice.between(low, high) as u32
}

fn pair(scenario: &Scenario, dice: &mut Dice, fault: fn(u16, u16) -> Fault) -> Fault {
    let nodes = u64::from(scenario.world.nodes);
    let from = dice.below(nodes);
    let other = dice.below(nodes.saturating_sub(1).max(1));
    let to = (from + 1 + other) % nodes;
    fault(from as u16, to as u16)
}
