//! Walking to a place and stopping there.

use world::{Gait, Heading, Motion, Position, UNITS_PER_METRE};

use super::{Doing, Sight};
use crate::behaviour::{Act, any_heading, heading_to};
use crate::random::Random;

/// Who is nearer than this goes slowly, so as not to run past: 5 m.
const SLOW_UNITS: u32 = 5 * UNITS_PER_METRE as u32;
/// The shortest time to the next look, in milliseconds.
const LOOK_MS: u64 = 100;
/// How long somebody who looks for something goes in one direction, in milliseconds.
const ROAM_MS: (u64, u64) = (3_000, 9_000);

/// How somebody walks.
#[derive(Clone, Debug)]
pub(super) struct Legs {
    gait: Gait,
    radius_units: u32,
    walking: bool,
    heading: Heading,
    roam_until_ms: u64,
}

impl Legs {
    pub(super) fn new(gait: Gait, radius_m: u32) -> Self {
        let radius_units = radius_m.saturating_mul(UNITS_PER_METRE as u32);
        Self { gait, radius_units, walking: false, heading: Heading::default(), roam_until_ms: 0 }
    }

    /// Goes on to within `near` units of a place. `None`: it stands there.
    pub(super) fn to(&mut self, sight: &Sight<'_>, place: Position, near: u32) -> Option<Doing> {
        let distance = sight.at.distance(place);
        if distance <= near {
            return self.stop();
        }
        self.walking = true;
        self.heading = heading_to(sight.at, place);
        let gait = if distance < SLOW_UNITS { Gait::Walk } else { self.gait };
        let speed = u64::from(gait.units_per_second().unsigned_abs()).max(1);
        // Half of what is left: the ground slows people down, and nobody is to walk past.
        let within_ms = (u64::from(distance - near) * 1_000 / speed / 2).max(LOOK_MS);
        Some(Doing { act: Act::Steer(Motion::new(self.heading, gait)), within_ms })
    }

    /// Stops. `None`: it stands.
    pub(super) fn stop(&mut self) -> Option<Doing> {
        let was = std::mem::take(&mut self.walking);
        let motion = Motion::new(self.heading, Gait::Stand);
        was.then_some(Doing { act: Act::Steer(motion), within_ms: LOOK_MS })
    }

    /// Goes anywhere, about home.
    pub(super) fn roam(&mut self, sight: &Sight<'_>, random: &mut Random) -> Doing {
        if sight.now_ms >= self.roam_until_ms || sight.stopped {
            self.roam_until_ms = sight.now_ms + random.between(ROAM_MS.0, ROAM_MS.1);
            let far = sight.at.distance(sight.home) > self.radius_units;
            self.heading = if far { heading_to(sight.at, sight.home) } else { any_heading(random) };
        }
        self.walking = true;
        Doing::now(Act::Steer(Motion::new(self.heading, self.gait)))
    }

    /// Whether a place is within the radius about home.
    pub(super) fn may_go(&self, sight: &Sight<'_>, place: Position) -> bool {
        sight.home.distance(place) <= self.radius_units
    }
}
