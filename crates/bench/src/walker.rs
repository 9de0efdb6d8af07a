//! How the people of a bench walk: a new heading with each input, so that each input changes what others see.
//!
//! A walker keeps its place by the same integer rules as the server, so that what it claims is where the server has it.

use world::{Gait, Heading, Motion, Pace, Position};

use crate::dice::Dice;
use crate::scene::Scene;

/// So many steps ahead a walker looks for walls.
const LOOK_AHEAD_STEPS: i32 = 6;

/// One walker.
#[derive(Clone, Copy, Debug)]
pub struct Walker {
    /// Where it claims to be.
    pub at: Position,
    /// How it goes on from there.
    pub motion: Motion,
    gait: Gait,
    dice: Dice,
}

impl Walker {
    /// Standing at its home.
    #[must_use]
    pub fn new(home: Position, gait: Gait, n: usize) -> Self {
        let dice = Dice::new(0x77_61_6c_6b ^ ((n as u64) << 32));
        Self { at: home, motion: Motion::new(Heading::new(n as u8), Gait::Stand), gait, dice }
    }

    /// Walks one tick and turns. What it then claims differs from what it claimed before.
    pub fn step(&mut self, scene: &Scene, pace: &Pace) {
        let (vx, vy) = pace.velocity(self.motion);
        self.at = self.at.offset(vx, vy);
        let turn = [30, 31, 1, 2][self.dice.below(4) as usize];
        let heading = Heading::new(self.motion.heading.index() + turn);
        self.motion = Motion::new(self.way_round(heading, scene, pace), self.gait);
    }

    /// The heading, or the next one around at which the way is open; towards the middle if none is.
    fn way_round(&mut self, heading: Heading, scene: &Scene, pace: &Pace) -> Heading {
        let open = |heading: Heading| {
            let (vx, vy) = pace.velocity(Motion::new(heading, self.gait));
            let ahead = |steps: i32| scene.is_open(self.at.offset(vx * steps, vy * steps));
            ahead(1) && ahead(LOOK_AHEAD_STEPS / 2) && ahead(LOOK_AHEAD_STEPS)
        };
        let sideways = (0..Heading::COUNT).map(|n| Heading::new(heading.index() + 5 * n));
        let former = self.motion.heading;
        let middle = scene.middle();
        let home = || Heading::towards(i64::from(middle.x - self.at.x), i64::from(middle.y - self.at.y));
        let found = sideways.filter(|h| *h != former).find(|h| open(*h)).unwrap_or_else(home);
        if found == former && self.motion.gait == self.gait { Heading::new(found.index() + 1) } else { found }
    }

    /// The server has put it elsewhere.
    pub fn put_right(&mut self, at: Position, motion: Motion) {
        (self.at, self.motion) = (at, motion);
    }
}
