//! What bots do: pure, seeded state machines. They see little and want one thing at a time.
//!
//! The same seed and the same senses give the same acts. Nothing here knows a clock or a connection.

use std::sync::Arc;

use client::Performed;
use deeds::tables::Tables;
use protocol::things::{Agree, Deed, Offer, Offered};
use world::{Gait, Heading, Motion, Position, UNITS_PER_METRE};

use crate::config::{BehaviourConfig, Chatter, CheatSpeed, CheatTeleport, Commute, ConfigError, Gather, Span, Wander};
use crate::folk::{Doing, Folk, Sight, Wrong};
use crate::random::Random;

/// How near a commuter comes to an end before it turns: 3 m.
const ARRIVED_UNITS: i64 = 3 * UNITS_PER_METRE as i64;
/// Milliseconds between two acts of a bot that does nothing.
const NOTHING_MS: u64 = 60_000;

/// What a bot knows when it acts.
#[derive(Clone, Copy, Debug)]
pub struct Senses<'a> {
    /// Where it is, as its client predicts.
    pub at: Position,
    /// Where it first arrived.
    pub home: Position,
    /// Where the first bot of the run arrived.
    pub meeting: Position,
    /// Whether the server has put it elsewhere since its last act.
    pub corrected: bool,
    /// What it sees of things; only who does something to them needs it.
    pub sight: Option<Sight<'a>>,
}

/// What a bot does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Nothing.
    Nothing,
    /// It moves on like this.
    Steer(Motion),
    /// It claims to be there.
    Claim(Position, Motion),
    /// It says a line.
    Say(String),
    /// It changes its tint.
    Dress(u8),
    /// It does a deed.
    Do(Deed),
    /// It does a deed, and says so twice at once under the same id.
    Twice(Deed),
    /// It says a deed under an id that was used.
    DoAs {
        /// The id.
        request: u32,
        /// The deed.
        deed: Deed,
    },
    /// It offers a trade.
    Offer(Offer),
    /// It agrees to one.
    Agree(Agree),
    /// It goes on at another node.
    Elsewhere,
}

/// A behaviour that bots can be made of. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Behaviour {
    name: Arc<str>,
    config: Arc<BehaviourConfig>,
}

impl Behaviour {
    /// A behaviour by name or path, see [`BehaviourConfig::load`].
    ///
    /// # Errors
    /// As there.
    pub fn load(name: &str) -> Result<Self, ConfigError> {
        Ok(Self { name: name.into(), config: Arc::new(BehaviourConfig::load(name)?) })
    }

    /// A behaviour of a checked configuration.
    #[must_use]
    pub fn new(name: &str, config: BehaviourConfig) -> Self {
        Self { name: name.into(), config: Arc::new(config) }
    }

    /// The name it was loaded by.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the server is expected to correct such a bot all the time.
    #[must_use]
    pub fn cheats(&self) -> bool {
        matches!(*self.config, BehaviourConfig::CheatSpeed(_) | BehaviourConfig::CheatTeleport(_))
    }

    /// Whether such a bot does something to things, so that it must see everything.
    #[must_use]
    pub fn does_deeds(&self) -> bool {
        self.acts_every().is_some()
    }

    /// Milliseconds between two acts of one that does something to things.
    fn acts_every(&self) -> Option<Span> {
        match &*self.config {
            BehaviourConfig::Gatherer(c) => Some(c.act_every_ms),
            BehaviourConfig::Builder(c) => Some(c.act_every_ms),
            BehaviourConfig::Trader(c) => Some(c.act_every_ms),
            BehaviourConfig::Thief(c) => Some(c.act_every_ms),
            BehaviourConfig::Retrier(c) => Some(c.act_every_ms),
            BehaviourConfig::Idle(_)
            | BehaviourConfig::Wander(_)
            | BehaviourConfig::Commute(_)
            | BehaviourConfig::Gather(_)
            | BehaviourConfig::CheatSpeed(_)
            | BehaviourConfig::CheatTeleport(_)
            | BehaviourConfig::Chatter(_) => None,
        }
    }
}

/// One bot's mind.
#[derive(Clone, Debug)]
pub struct Mind {
    behaviour: Behaviour,
    random: Random,
    folk: Option<Folk>,
    /// Which end a commuter walks to, and in which direction the other end lies.
    outward: bool,
    heading: Heading,
    /// Milliseconds until a chatterer's next line and next tint.
    speak_in_ms: u64,
    dress_in_ms: u64,
}

impl Mind {
    /// The mind of bot `index` in a run with this seed, in a world with these tables.
    #[must_use]
    pub fn new(behaviour: Behaviour, tables: &Arc<Tables>, seed: u64, index: u64) -> Self {
        let mut random = Random::new(seed, index);
        let heading = any_heading(&mut random);
        let (speak_in_ms, dress_in_ms) = match &*behaviour.config {
            BehaviourConfig::Chatter(c) => (draw(&mut random, c.speak_every_ms), draw(&mut random, c.dress_every_ms)),
            _ => (0, 0),
        };
        let folk = Folk::of(&behaviour.config, tables);
        Self { behaviour, random, folk, outward: true, heading, speak_in_ms, dress_in_ms }
    }

    /// Milliseconds until the first act, drawn so that bots do not act in step.
    pub fn first_in_ms(&mut self) -> u64 {
        let random = &mut self.random;
        if let Some(every) = self.behaviour.acts_every() {
            return random.between(0, every.most);
        }
        match &*self.behaviour.config {
            BehaviourConfig::Wander(c) => random.between(0, c.turn_every_ms.most),
            BehaviourConfig::Commute(c) => random.between(0, c.steer_every_ms.most),
            BehaviourConfig::Gather(c) => random.between(0, c.turn_every_ms.most),
            BehaviourConfig::CheatSpeed(c) => random.between(0, c.claim_every_ms.most),
            BehaviourConfig::CheatTeleport(c) => random.between(0, c.leap_every_ms.most),
            BehaviourConfig::Chatter(c) => random.between(0, c.turn_every_ms.most),
            BehaviourConfig::Idle(_)
            | BehaviourConfig::Gatherer(_)
            | BehaviourConfig::Builder(_)
            | BehaviourConfig::Trader(_)
            | BehaviourConfig::Thief(_)
            | BehaviourConfig::Retrier(_) => NOTHING_MS,
        }
    }

    /// The next act, and milliseconds from now to the one after.
    pub fn act(&mut self, senses: &Senses<'_>) -> (Act, u64) {
        if let Some(every) = self.behaviour.acts_every() {
            return self.do_things(every, senses);
        }
        let config = Arc::clone(&self.behaviour.config);
        match &*config {
            BehaviourConfig::Wander(c) => self.wander(c, senses),
            BehaviourConfig::Commute(c) => self.commute(c, senses),
            BehaviourConfig::Gather(c) => self.gather(c, senses),
            BehaviourConfig::CheatSpeed(c) => self.cheat_speed(c, senses),
            BehaviourConfig::CheatTeleport(c) => self.cheat_teleport(c, senses),
            BehaviourConfig::Chatter(c) => self.chatter(c, senses),
            BehaviourConfig::Idle(_)
            | BehaviourConfig::Gatherer(_)
            | BehaviourConfig::Builder(_)
            | BehaviourConfig::Trader(_)
            | BehaviourConfig::Thief(_)
            | BehaviourConfig::Retrier(_) => (Act::Nothing, NOTHING_MS),
        }
    }

    /// A deed was answered. Returns what should never have been.
    pub fn performed(&mut self, told: &Performed) -> Vec<Wrong> {
        let mut wrongs = Vec::new();
        self.folk.iter_mut().for_each(|folk| folk.performed(told, &mut wrongs));
        wrongs
    }

    /// Somebody offers a trade; what it does about it at once.
    pub fn offered(&mut self, sight: &Sight<'_>, offered: &Offered) -> Option<Act> {
        self.folk.as_mut()?.offered(sight, offered, &mut self.random)
    }

    /// Somebody agreed to an offer of its own; what it does about it at once.
    pub fn agreed(&mut self, offer: &Offer) -> Option<Act> {
        self.folk.as_mut()?.agreed(offer)
    }

    fn do_things(&mut self, every: Span, senses: &Senses<'_>) -> (Act, u64) {
        let next_ms = draw(&mut self.random, every);
        let (Some(folk), Some(sight)) = (&mut self.folk, &senses.sight) else { return (Act::Nothing, next_ms) };
        let Doing { act, within_ms } = folk.act(sight, &mut self.random);
        (act, next_ms.min(within_ms))
    }

    fn wander(&mut self, c: &Wander, senses: &Senses<'_>) -> (Act, u64) {
        let gait = self.random.pick(&c.gaits).map_or(Gait::Walk, |g| Gait::from(*g));
        let rests = self.random.percent(c.rest_percent) && !senses.corrected;
        let gait = if rests { Gait::Stand } else { gait };
        let next = draw(&mut self.random, c.turn_every_ms);
        (Act::Steer(Motion::new(self.stay_near(senses.at, senses.home, c.radius_m), gait)), next)
    }

    fn commute(&mut self, c: &Commute, senses: &Senses<'_>) -> (Act, u64) {
        let far_end = ahead(senses.home, self.heading, units(c.distance_m));
        let goal = if self.outward { far_end } else { senses.home };
        // Who was stopped at a shore takes it for the end of the way, and goes elsewhere next time.
        let arrived = within(senses.at, goal, ARRIVED_UNITS);
        if arrived || senses.corrected {
            self.outward = !self.outward;
            if senses.corrected && self.outward {
                self.heading = any_heading(&mut self.random);
            }
            let rest = draw(&mut self.random, c.wait_ms);
            let motion = Motion::new(heading_to(senses.at, goal), Gait::Stand);
            return (Act::Steer(motion), rest.max(c.steer_every_ms.least));
        }
        let motion = Motion::new(heading_to(senses.at, goal), c.gait.into());
        (Act::Steer(motion), draw(&mut self.random, c.steer_every_ms))
    }

    fn gather(&mut self, c: &Gather, senses: &Senses<'_>) -> (Act, u64) {
        let place = c.place_m.map_or(senses.meeting, |[x, y]| Position::metres(x, y));
        let next = draw(&mut self.random, c.turn_every_ms);
        let there = within(senses.at, place, i64::from(units(c.radius_m)));
        let motion = match (there, senses.corrected) {
            (true, _) => Motion::new(any_heading(&mut self.random), Gait::Walk),
            (false, true) => Motion::new(any_heading(&mut self.random), c.gait.into()),
            (false, false) => Motion::new(heading_to(senses.at, place), c.gait.into()),
        };
        (Act::Steer(motion), next)
    }

    fn cheat_speed(&mut self, c: &CheatSpeed, senses: &Senses<'_>) -> (Act, u64) {
        let next = draw(&mut self.random, c.claim_every_ms);
        let sprint = Gait::Sprint.units_per_second().unsigned_abs();
        let distance = u64::from(sprint) * u64::from(c.speed_percent) * next / 100_000;
        let heading = self.stay_near(senses.at, senses.home, 100);
        let distance = i32::try_from(distance).unwrap_or(i32::MAX);
        (Act::Claim(ahead(senses.at, heading, distance), Motion::new(heading, Gait::Sprint)), next)
    }

    fn cheat_teleport(&mut self, c: &CheatTeleport, senses: &Senses<'_>) -> (Act, u64) {
        let next = draw(&mut self.random, c.leap_every_ms);
        let leap_m = u32::try_from(draw(&mut self.random, c.leap_m)).unwrap_or(u32::MAX);
        let heading = any_heading(&mut self.random);
        (Act::Claim(ahead(senses.at, heading, units(leap_m)), Motion::new(heading, Gait::Walk)), next)
    }

    /// Whatever is due first: a line, a tint, or a turn.
    fn chatter(&mut self, c: &Chatter, senses: &Senses<'_>) -> (Act, u64) {
        let next = draw(&mut self.random, c.turn_every_ms);
        self.speak_in_ms = self.speak_in_ms.saturating_sub(next);
        self.dress_in_ms = self.dress_in_ms.saturating_sub(next);
        let act = if self.speak_in_ms == 0 {
            self.speak_in_ms = draw(&mut self.random, c.speak_every_ms);
            Act::Say(self.random.pick(&c.lines).cloned().unwrap_or_default())
        } else if self.dress_in_ms == 0 {
            self.dress_in_ms = draw(&mut self.random, c.dress_every_ms);
            Act::Dress(self.random.between(0, 15) as u8)
        } else {
            Act::Steer(Motion::new(self.stay_near(senses.at, senses.home, c.radius_m), Gait::Walk))
        };
        (act, next)
    }

    /// Any direction, or back to `home` for who is too far from it.
    fn stay_near(&mut self, at: Position, home: Position, radius_m: u32) -> Heading {
        let anywhere = any_heading(&mut self.random);
        if within(at, home, i64::from(units(radius_m))) { anywhere } else { heading_to(at, home) }
    }
}

pub(crate) fn draw(random: &mut Random, span: Span) -> u64 {
    random.between(span.least, span.most)
}

pub(crate) fn any_heading(random: &mut Random) -> Heading {
    Heading::new(random.between(0, u64::from(Heading::COUNT) - 1) as u8)
}

fn units(metres: u32) -> i32 {
    i32::try_from(metres).unwrap_or(i32::MAX).saturating_mul(UNITS_PER_METRE)
}

fn difference(from: Position, to: Position) -> (i64, i64) {
    (i64::from(to.x) - i64::from(from.x), i64::from(to.y) - i64::from(from.y))
}

pub(crate) fn heading_to(from: Position, to: Position) -> Heading {
    let (dx, dy) = difference(from, to);
    Heading::towards(dx, dy)
}

fn within(at: Position, place: Position, distance: i64) -> bool {
    let (dx, dy) = difference(at, place);
    let square = |v: i64| i128::from(v) * i128::from(v);
    square(dx) + square(dy) <= square(distance)
}

pub(crate) fn ahead(from: Position, heading: Heading, distance: i32) -> Position {
    let (ux, uy) = heading.direction();
    let part = |u: i32| {
        let product = i64::from(u) * i64::from(distance) / 4096;
        product.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
    };
    from.offset(part(ux), part(uy))
}
