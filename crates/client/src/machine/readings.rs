//! What an application may read of a client at any time. Nothing here changes anything.

use protocol::client::Welcome;
use protocol::things::Bag;
use protocol::{Incarnation, Splitter};
use world::{EntityId, Millis, Position, Tick};

use super::Client;
use crate::baselines::Baselines;
use crate::checks::Checks;
use crate::clock::ServerClock;
use crate::config::State;
use crate::picture::Picture;
use crate::prediction::Prediction;
use crate::requests::Requests;
use crate::session::{Play, Session};
use crate::sink::Counts;

impl Client {
    /// Where the client stands.
    #[must_use]
    pub fn state(&self) -> State {
        match self.session {
            Session::Idle => State::Idle,
            Session::Connecting { .. } => State::Connecting,
            Session::Greeting { .. } => State::Greeting,
            Session::Playing(_) => State::Playing,
            Session::BackingOff { .. } => State::BackingOff,
            Session::Stopped => State::Stopped,
        }
    }

    /// What the newest welcome said.
    #[must_use]
    pub fn welcome(&self) -> Option<&Welcome> {
        self.play().map(|p| &p.welcome)
    }

    /// The own avatar.
    #[must_use]
    pub fn entity(&self) -> Option<EntityId> {
        self.play().map(Play::entity)
    }

    /// The node that serves, or served last.
    #[must_use]
    pub fn node(&self) -> Option<Incarnation> {
        self.play().map(Play::node)
    }

    /// The picture; while the connection is lost, the one before. `None` with [`crate::Observe::Headers`].
    #[must_use]
    pub fn picture(&self) -> Option<&Picture> {
        self.play().and_then(Play::picture)
    }

    /// The own avatar's prediction.
    #[must_use]
    pub fn prediction(&self) -> Option<&Prediction> {
        self.play().map(|p| &p.prediction)
    }

    /// Where the own avatar is at `now`, as predicted.
    #[must_use]
    pub fn position(&self, now: Millis) -> Option<Position> {
        self.play().map(|p| p.prediction.at(p.tick(now)))
    }

    /// The server's tick at `now`, as estimated.
    #[must_use]
    pub fn server_tick(&self, now: Millis) -> Option<Tick> {
        self.play().map(|p| p.tick(now))
    }

    /// The estimate of the server's clock.
    #[must_use]
    pub fn clock(&self) -> Option<&ServerClock> {
        self.play().map(|p| &p.clock)
    }

    /// The baselines by content hash.
    #[must_use]
    pub fn baselines(&self) -> &Baselines {
        &self.baselines
    }

    /// What the own avatar has; `None` before the server said so. After a loss, what it had.
    #[must_use]
    pub fn bag(&self) -> Option<&Bag> {
        self.things.bag()
    }

    /// Requests that are not answered yet.
    #[must_use]
    pub fn requests(&self) -> &Requests {
        &self.requests
    }

    /// The addresses that are known by now.
    #[must_use]
    pub fn addresses(&self) -> &[String] {
        self.addresses.known()
    }

    /// What was counted.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// What was seen that should never be.
    #[must_use]
    pub fn checks(&self) -> &Checks {
        &self.checks
    }

    /// Whether every byte received is accounted for: in a message, cut off, or waiting for the rest.
    #[must_use]
    pub fn bytes_reconcile(&self) -> bool {
        let beside = self.crossing.as_ref().map_or(0, |crossing| crossing.splitter.pending());
        let pending = (beside + self.splitter.as_ref().map_or(0, Splitter::pending)) as u64;
        self.counts.bytes == self.counts.message_bytes + self.counts.cut_bytes + pending
    }

    fn play(&self) -> Option<&Play> {
        match &self.session {
            Session::Playing(play) => Some(play),
            Session::Idle
            | Session::Connecting { .. }
            | Session::Greeting { .. }
            | Session::BackingOff { .. }
            | Session::Stopped => self.last.as_deref(),
        }
    }
}
