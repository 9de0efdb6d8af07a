//! The rules of walking: how fast on which ground, and where not at all.
//!
//! [`Rules`] judges; it moves nobody. A node asks [`Rules::settle`] when a client claims a place, and
//! [`Rules::advance`] for everybody who moves, at every tick. It knows no props: nobody is stopped by a tree.
//!
//! Invariants: nobody who obeys is ever corrected on open ground; nobody comes onto forbidden ground from allowed
//! ground; and who stands on forbidden ground nevertheless may always go back towards allowed ground.

use crate::island::{Biome, CELL_UNITS};
use crate::motion::{Gait, Motion, Pace, Segment};
use crate::reach::{Allowed, Reach};
use crate::space::Position;
use crate::terrain::Terrain;
use crate::time::{Millis, Tick};

/// A path is looked at every half cell, 1 m.
pub const STEP_UNITS: u32 = CELL_UNITS as u32 / 2;
/// A path longer than this is not looked at, in units: 40 m, more than anybody may claim at once.
pub const MAX_PATH_UNITS: u32 = 40 * crate::space::UNITS_PER_METRE as u32;
/// How far around somebody on forbidden ground the nearest allowed cell is looked for, in cells: 16 m. Beyond that the
/// way leads to the island's first landing place.
pub const RESCUE_CELLS: i32 = 8;

/// The limits for one kind of mover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The fastest gait on dry ground.
    pub top_on_land: Gait,
    /// The fastest gait in shallow water, and out of deep water for whoever got there by mistake.
    pub top_in_water: Gait,
}

/// Why somebody was not let go on as he wished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// The place is further than anybody could have come.
    TooFar,
    /// Deep water lies in the way.
    DeepWater,
    /// The island ends there.
    OutOfBounds,
    /// The gait is too fast for the ground.
    TooFast,
}

/// Whether a straight path is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// All of it.
    Free,
    /// Up to a place.
    Blocked {
        /// The last place on the path that was free, at worst its beginning.
        at: Position,
        /// What is in the way.
        why: Why,
    },
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Accepted,
    /// It holds in part. The client is to be corrected.
    Clamped(Why),
}

/// Where somebody is and how he goes on, after a claim was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The place.
    pub position: Position,
    /// The motion from there.
    pub motion: Motion,
    /// Whether that is what was claimed.
    pub verdict: Verdict,
}

/// A change of motion that the ground forces upon a mover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The segment to go on with, from the tick that was asked about.
    pub segment: Segment,
    /// What forced it.
    pub why: Why,
}

impl Default for Rules {
    fn default() -> Self {
        Self::ON_FOOT
    }
}

impl Rules {
    /// People.
    pub const ON_FOOT: Self = Self { top_on_land: Gait::Sprint, top_in_water: Gait::Walk };
    /// Animals and who rides them.
    pub const MOUNTED: Self = Self { top_on_land: Gait::Gallop, top_in_water: Gait::Walk };

    /// The fastest gait on this ground.
    #[must_use]
    pub fn top(&self, biome: Biome) -> Gait {
        if biome.is_dry() { self.top_on_land } else { self.top_in_water }
    }

    /// The gait, or the fastest that this ground allows.
    #[must_use]
    pub fn clamp_gait(&self, biome: Biome, gait: Gait) -> Gait {
        gait.min(self.top(biome))
    }

    /// A full allowance of distance for somebody who was put at a place.
    #[must_use]
    pub fn reach(&self, at: Position, now: Millis) -> Reach {
        Reach::new(at, self.top_on_land, now)
    }

    /// Whether somebody may go straight from `from` to `to`. From forbidden ground only the way back is free: towards
    /// the nearest allowed ground, and not onto forbidden ground again.
    pub fn permits(&self, terrain: &mut Terrain, from: Position, to: Position) -> Passage {
        let length = from.distance(to);
        if length > MAX_PATH_UNITS {
            return Passage::Blocked { at: from, why: Why::TooFar };
        }
        let steps = length.div_ceil(STEP_UNITS);
        let mut rescue = obstacle(terrain, from).map(|_| Rescue::new(terrain, from));
        let mut at = from;
        for step in 1..=steps {
            let next = from.part_way(to, step, steps);
            match obstacle(terrain, next) {
                None => rescue = None,
                Some(_) if rescue.as_mut().is_some_and(|r| r.approaches(next)) => {}
                Some(why) => return Passage::Blocked { at, why },
            }
            at = next;
        }
        Passage::Free
    }

    /// Judges a client's claim to be at `claimed` and to go on with `motion`, when the authority has him at `current`
    /// (extrapolated to `now` since the last claim was settled). Total: any position may be claimed.
    pub fn settle(
        &self,
        terrain: &mut Terrain,
        reach: &mut Reach,
        now: Millis,
        current: Position,
        claimed: Position,
        motion: Motion,
    ) -> Settled {
        let anchor = reach.anchor();
        // Who comes from land or is on land has run; who was in the water all along has waded.
        let top = self.top(terrain.biome_at(anchor)).max(self.top(terrain.biome_at(current)));
        reach.travel(current, top, now);
        let far = reach.affords(current, claimed, top);
        let goal = match far {
            Ok(()) => claimed,
            Err(Allowed(units)) => current.part_way(claimed, units, current.distance(claimed)),
        };
        let (position, blocked) = match self.way(terrain, anchor, current, goal) {
            Passage::Free => (goal, None),
            Passage::Blocked { at, why } => (at, Some(why)),
        };
        reach.settle(current, position, top);
        let gait = self.clamp_gait(terrain.biome_at(position), motion.gait);
        let why = far.err().map(|_| Why::TooFar).or(blocked).or((gait != motion.gait).then_some(Why::TooFast));
        let motion = Motion::new(motion.heading, gait);
        Settled {
            position,
            motion: if blocked.is_some() { motion.stopped() } else { motion },
            verdict: why.map_or(Verdict::Accepted, Verdict::Clamped),
        }
    }

    /// Whether the ground forces somebody to change his motion at `tick`: he stops before deep water and bounds, and
    /// slows down in shallow water. A few look-ups in the cache; call it for each mover at each tick.
    pub fn advance(&self, terrain: &mut Terrain, segment: &Segment, tick: Tick, pace: &Pace) -> Option<Turn> {
        if segment.motion.gait == Gait::Stand || tick <= segment.since {
            return None;
        }
        let before = last_allowed(terrain, segment, tick - 1, pace);
        let (from, here) = (segment.at(before, pace), segment.at(before + 1, pace));
        let (from, motion, why) = match self.permits(terrain, from, here) {
            Passage::Blocked { at, why } => (at, segment.motion.stopped(), why),
            Passage::Free => {
                let gait = self.clamp_gait(terrain.biome_at(here), segment.motion.gait);
                (here, Motion::new(segment.motion.heading, gait), Why::TooFast)
            }
        };
        (motion != segment.motion).then_some(Turn { segment: Segment { from, since: tick, motion }, why })
    }

    /// A claim is reached from where the authority has the mover, or else from where both last agreed: the client has
    /// gone straight from there, and the extrapolation may stand on the far side of a cove.
    fn way(&self, terrain: &mut Terrain, anchor: Position, current: Position, goal: Position) -> Passage {
        let direct = self.permits(terrain, current, goal);
        match direct {
            Passage::Blocked { .. } if self.permits(terrain, anchor, goal) == Passage::Free => Passage::Free,
            _ => direct,
        }
    }
}

/// The last tick up to `tick` at which the mover stood on allowed ground; `tick` for who set out from forbidden ground.
/// It is `tick` itself unless somebody slept: then ticks were not asked about, and the shore lies further back.
fn last_allowed(terrain: &mut Terrain, segment: &Segment, tick: Tick, pace: &Pace) -> Tick {
    let mut last = tick;
    while obstacle(terrain, segment.at(last, pace)).is_some() {
        if last <= segment.since || obstacle(terrain, segment.from).is_some() {
            return tick;
        }
        last = last - 1;
    }
    last
}

/// What forbids a place, if anything does.
fn obstacle(terrain: &mut Terrain, p: Position) -> Option<Why> {
    if !terrain.island().bounds().contains(p) {
        return Some(Why::OutOfBounds);
    }
    (terrain.biome_at(p) == Biome::DeepWater).then_some(Why::DeepWater)
}

/// The way back of somebody on forbidden ground: each step must be nearer to its goal than the one before.
struct Rescue {
    goal: Position,
    distance: i64,
}

impl Rescue {
    fn new(terrain: &mut Terrain, from: Position) -> Self {
        let goal = nearest_allowed(terrain, from).unwrap_or_else(|| terrain.island().spawn_points()[0]);
        Self { goal, distance: from.distance_squared(goal) }
    }

    fn approaches(&mut self, next: Position) -> bool {
        let distance = next.distance_squared(self.goal);
        let nearer = distance < self.distance;
        self.distance = distance;
        nearer
    }
}

/// The middle of the nearest allowed cell within [`RESCUE_CELLS`], of equal ones the northernmost.
fn nearest_allowed(terrain: &mut Terrain, from: Position) -> Option<Position> {
    let middle = |v: i32| v.div_euclid(CELL_UNITS).saturating_mul(CELL_UNITS).saturating_add(CELL_UNITS / 2);
    let centre = Position::new(middle(from.x), middle(from.y));
    let cells = -RESCUE_CELLS..=RESCUE_CELLS;
    let mut nearest: Option<(i64, Position)> = None;
    for (row, col) in cells.clone().flat_map(|row| cells.clone().map(move |col| (row, col))) {
        let cell = centre.offset(col * CELL_UNITS, row * CELL_UNITS);
        let distance = from.distance_squared(cell);
        if nearest.is_none_or(|(least, _)| distance < least) && obstacle(terrain, cell).is_none() {
            nearest = Some((distance, cell));
        }
    }
    nearest.map(|(_, cell)| cell)
}
