//! The states of a session. Each owns only the data that is valid in it.

use protocol::WireError;
use protocol::client::Welcome;
use protocol::{Incarnation, PROTOCOL_OLDEST, PROTOCOL_VERSION};
use world::{EntityId, Millis, Position, Tick, TickRate};

use crate::clock::ServerClock;
use crate::event::WakeReason;
use crate::limits::{FIRST_PING_EVERY_MS, FIRST_PINGS, PING_EVERY_MS, SILENCE_MS, SWEEP_MS};
use crate::picture::Picture;
use crate::prediction::Prediction;
use crate::walk::Walk;

/// Where a client stands with the world.
#[derive(Debug)]
pub(crate) enum Session {
    /// Nobody has asked to join.
    Idle,
    /// A connection was asked for.
    Connecting {
        /// When to give up.
        until: Millis,
    },
    /// The hello was sent.
    Greeting {
        /// When to give up.
        until: Millis,
    },
    /// In the world.
    Playing(Box<Play>),
    /// The connection was lost.
    BackingOff {
        /// When to try again.
        until: Millis,
    },
    /// Over for good.
    Stopped,
}

/// What a client reads of what it sees.
#[derive(Debug)]
pub(crate) enum View {
    /// All of it.
    Full(Picture),
    /// Headers only.
    Headers(Walk),
}

/// One session in the world.
#[derive(Debug)]
pub(crate) struct Play {
    pub(crate) welcome: Welcome,
    pub(crate) epoch: u32,
    pub(crate) rate: TickRate,
    pub(crate) clock: ServerClock,
    pub(crate) prediction: Prediction,
    pub(crate) view: View,
    pub(crate) newest: Tick,
    /// The reset with which another node begins was not seen yet.
    pub(crate) awaits_reset: bool,
    pub(crate) began: Millis,
    pub(crate) heard: Millis,
    ping_at: Millis,
    pings: u32,
    sweep_at: Millis,
}

impl Play {
    /// Begins what a welcome announces.
    pub(crate) fn new(now: Millis, welcome: Welcome, epoch: u32, full: bool) -> Result<Self, WireError> {
        if !(PROTOCOL_OLDEST..=PROTOCOL_VERSION).contains(&welcome.version) {
            return Err(WireError::Invalid("protocol version"));
        }
        let rate = TickRate::new(welcome.tick_hz).ok_or(WireError::Invalid("tick rate"))?;
        let clock = ServerClock::new(now, Millis(welcome.server_ms));
        let tick = rate.tick_at(clock.at(now));
        let prediction = Prediction::new(rate, Position::new(welcome.x, welcome.y), tick);
        let view = if full {
            View::Full(Picture::new(now, EntityId(welcome.entity), welcome.view_far.max(welcome.view_near)))
        } else {
            View::Headers(Walk::default())
        };
        Ok(Self {
            welcome,
            epoch,
            rate,
            clock,
            prediction,
            view,
            newest: Tick(0),
            awaits_reset: false,
            began: now,
            heard: now,
            ping_at: now,
            pings: 0,
            sweep_at: now + SWEEP_MS,
        })
    }

    /// Another node goes on with it. The picture and the prediction stay; its first words bring everything anew.
    pub(crate) fn hand_over(&mut self, now: Millis, welcome: Welcome, epoch: u32) -> Result<(), WireError> {
        if !(PROTOCOL_OLDEST..=PROTOCOL_VERSION).contains(&welcome.version) {
            return Err(WireError::Invalid("protocol version"));
        }
        let same = (welcome.entity, welcome.tick_hz, welcome.island)
            == (self.welcome.entity, self.welcome.tick_hz, self.welcome.island);
        if !same {
            return Err(WireError::Invalid("welcome of another session"));
        }
        self.welcome = welcome;
        self.awaits_reset = true;
        self.heard = now;
        (self.ping_at, self.pings) = (now, 0);
        self.stay(epoch);
        Ok(())
    }

    /// It goes on at this epoch, after a while in which nothing was sent.
    pub(crate) fn stay(&mut self, epoch: u32) {
        self.epoch = epoch;
        self.prediction.restate();
    }

    pub(crate) fn entity(&self) -> EntityId {
        EntityId(self.welcome.entity)
    }

    pub(crate) fn node(&self) -> Incarnation {
        Incarnation(self.welcome.node)
    }

    /// The server's tick as far as known.
    pub(crate) fn tick(&self, now: Millis) -> Tick {
        self.rate.tick_at(self.clock.at(now)).max(self.newest)
    }

    pub(crate) fn picture(&self) -> Option<&Picture> {
        match &self.view {
            View::Full(picture) => Some(picture),
            View::Headers(_) => None,
        }
    }

    pub(crate) fn is_silent(&self, now: Millis) -> bool {
        now.since(self.heard) >= SILENCE_MS
    }

    /// Whether a ping is due; if so, the next one is planned.
    pub(crate) fn ping_due(&mut self, now: Millis) -> bool {
        let due = self.ping_at <= now;
        if due {
            self.pings = self.pings.saturating_add(1);
            self.ping_at = now + if self.pings < FIRST_PINGS { FIRST_PING_EVERY_MS } else { PING_EVERY_MS };
        }
        due
    }

    /// Whether a sweep is due; if so, the next one is planned.
    pub(crate) fn sweep_due(&mut self, now: Millis) -> bool {
        let due = self.sweep_at <= now;
        if due {
            self.sweep_at = now + SWEEP_MS;
        }
        due
    }

    /// The earliest of what this session waits for.
    pub(crate) fn next_wakeup(&self, frozen: bool) -> (Millis, WakeReason) {
        let picture = self.picture();
        let sweep = picture.map(|_| (self.sweep_at, WakeReason::Sweep));
        let expiry = picture.and_then(Picture::next_expiry).map(|at| (at, WakeReason::Picture));
        let input = self.prediction.next_due().filter(|_| !frozen).map(|at| (at, WakeReason::Input));
        let always = (self.ping_at, WakeReason::Ping).min((self.heard + SILENCE_MS, WakeReason::Silence));
        [sweep, expiry, input].into_iter().flatten().fold(always, Ord::min)
    }
}
