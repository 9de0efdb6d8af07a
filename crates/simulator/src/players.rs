//! The players: real clients, steered by dice.

use client::{Client, ClientConfig, ClientInput, State};
use world::{Gait, Heading, Island, Millis, Motion, Position, UNITS_PER_METRE};

use crate::dice::Dice;
use crate::scenario::Players;

/// Milliseconds of a rest that some take.
const REST_MS: u64 = 28_000;

/// One player and its client.
#[derive(Debug)]
pub(crate) struct Player {
    pub(crate) name: String,
    pub(crate) client: Client,
    /// The link that the client uses, or waits for.
    pub(crate) link: Option<u64>,
    /// The second one, beside it, while it is handed over.
    pub(crate) beside: Option<u64>,
    pub(crate) dice: Dice,
    pub(crate) joined_at: Millis,
    pub(crate) welcomed_at: Option<Millis>,
    /// It stops for good when it is told to leave: a twin.
    pub(crate) guest: bool,
    /// It stands where it is until then.
    resting_until: Millis,
    home: Position,
    lives: u64,
    addresses: Vec<String>,
}

/// What a player decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Steer(Motion),
    Dress(u8),
    Speak(String),
}

impl Player {
    pub(crate) fn new(name: String, addresses: Vec<String>, home: Position, dice: Dice) -> Self {
        let mut player = Self {
            client: Client::new(ClientConfig::new(name.clone(), addresses.clone(), 0)),
            name,
            link: None,
            beside: None,
            dice,
            joined_at: Millis(0),
            welcomed_at: None,
            guest: false,
            resting_until: Millis(0),
            home,
            lives: 0,
            addresses,
        };
        player.begin_anew();
        player
    }

    /// A new client program for the same account, as if the player had started it again.
    pub(crate) fn begin_anew(&mut self) {
        self.lives += 1;
        let seed = self.dice.below(u64::MAX);
        let first = self.dice.below(self.addresses.len() as u64) as usize;
        self.addresses.rotate_left(first);
        self.client = Client::new(ClientConfig::new(self.name.clone(), self.addresses.clone(), seed));
        self.link = None;
        self.beside = None;
        self.welcomed_at = None;
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.client.state() == State::Stopped
    }

    pub(crate) fn is_playing(&self) -> bool {
        self.client.state() == State::Playing
    }

    /// What to do next.
    pub(crate) fn decide(&mut self, now: Millis, players: &Players) -> Option<Decision> {
        let at = self.client.position(now)?;
        if now < self.resting_until {
            return None;
        }
        let chance = self.dice.below(1000) as u32;
        if chance < players.deed_per_mille {
            return Some(Decision::Dress(self.dice.below(256) as u8));
        }
        if chance < players.deed_per_mille + players.speech_per_mille {
            return Some(Decision::Speak(format!("{} says {}", self.name, self.dice.below(1000))));
        }
        if self.dice.per_mille(150) {
            // The last message before a long silence is the one whose loss is hardest to find.
            if self.dice.per_mille(120) {
                self.resting_until = now + REST_MS;
            }
            return Some(Decision::Steer(Motion::default()));
        }
        let range = u64::from(players.range_m) * UNITS_PER_METRE.unsigned_abs() as u64;
        let away = |dice: &mut Dice| dice.between(0, 2 * range) as i64 - range as i64;
        let goal = (i64::from(self.home.x) + away(&mut self.dice), i64::from(self.home.y) + away(&mut self.dice));
        let heading = Heading::towards(goal.0 - i64::from(at.x), goal.1 - i64::from(at.y));
        let gaits = [Gait::Walk, Gait::Jog, Gait::Run, Gait::Sprint, Gait::Sprint];
        let gait = self.dice.pick(&gaits).copied().unwrap_or_default();
        Some(Decision::Steer(Motion::new(heading, gait)))
    }

    /// The input that carries a decision out.
    pub(crate) fn act(&mut self, now: Millis, decision: &Decision) {
        match decision {
            Decision::Steer(motion) => self.client.handle(now, ClientInput::Steer(*motion)),
            Decision::Dress(tint) => self.client.handle(now, ClientInput::Dress(*tint)),
            Decision::Speak(text) => self.client.handle(now, ClientInput::Speak(text)),
        }
    }
}

/// Where the players' walks begin: all around one landing place, so that they meet.
pub(crate) fn home(island: &Island) -> Position {
    island.spawn(0)
}
