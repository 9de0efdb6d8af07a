//! Following an invitation to another node: the second connection, the freeze, and one of two ends.
//!
//! Invariant: while the crossing is frozen nothing is sent on the first connection but pings, and the picture and the
//! prediction go on as they are.

use std::ops::ControlFlow;

use protocol::client::{ToClient, ToServer, Welcome};
use protocol::envelope::{Context, Envelope};
use protocol::handover::{Follow, Freeze, Invite};
use protocol::limits::SERVER_MESSAGE_BYTES;
use protocol::{PROTOCOL_OLDEST, PROTOCOL_VERSION, WireError};
use world::Millis;

use super::Client;
use crate::crossing::{Crossing, Stage};
use crate::event::{Beside, ClientEffect, Event, Lost};
use crate::limits::ALONE_MS;
use crate::session::Session;

impl Client {
    /// The server invites: a second connection is opened, unless one is or the configuration is against it.
    pub(super) fn invited(&mut self, now: Millis, invite: Invite) {
        let playing = matches!(self.session, Session::Playing(_));
        if playing && self.config.follow_invites && self.crossing.is_none() && !invite.address.is_empty() {
            self.effects.push_back(ClientEffect::ConnectBeside { address: invite.address.clone() });
            self.crossing = Some(Box::new(Crossing::new(now, invite)));
        }
    }

    pub(super) fn beside(&mut self, now: Millis, input: Beside<'_>) {
        let Some(crossing) = &mut self.crossing else { return };
        if !crossing.has_second() {
            return;
        }
        match input {
            Beside::Connected if matches!(crossing.stage, Stage::Connecting { .. }) => {
                crossing.connected(now);
                let token = crossing.invite.token.clone();
                let (oldest, newest, name) = (PROTOCOL_OLDEST, PROTOCOL_VERSION, self.config.name.clone());
                self.send_beside(&ToServer::Follow(Follow { oldest, newest, name, token }));
            }
            Beside::Connected => {}
            Beside::Disconnected => self.lost_second(now, false),
            Beside::Bytes(bytes) => self.bytes_beside(now, bytes),
        }
    }

    fn bytes_beside(&mut self, now: Millis, bytes: &[u8]) {
        self.counts.bytes += bytes.len() as u64;
        let Some(crossing) = &mut self.crossing else { return };
        crossing.splitter.push(bytes);
        loop {
            let Some(crossing) = &mut self.crossing else { return };
            let message = match crossing.splitter.next_message() {
                Ok(Some(message)) => message.to_vec(),
                Ok(None) => return,
                // What is no message is no node to go to.
                Err(_) => return self.lost_second(now, true),
            };
            match self.message_beside(now, &message) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => return,
                Err(_) => return self.lost_second(now, true),
            }
        }
    }

    /// `Break`: there is no second connection any more.
    fn message_beside(&mut self, now: Millis, bytes: &[u8]) -> Result<ControlFlow<()>, WireError> {
        self.counts.messages += 1;
        self.counts.message_bytes += bytes.len() as u64;
        let envelope = Envelope::parse(bytes, SERVER_MESSAGE_BYTES)?;
        match ToClient::decode(&envelope)? {
            Some(ToClient::Ready) => self.freeze(now),
            Some(ToClient::Welcome(welcome)) => {
                self.handed(now, welcome, envelope.context.epoch)?;
                return Ok(ControlFlow::Break(()));
            }
            Some(ToClient::Closing(_)) => {
                self.lost_second(now, true);
                return Ok(ControlFlow::Break(()));
            }
            Some(
                ToClient::Tick(_)
                | ToClient::Reply(_)
                | ToClient::Baseline(_)
                | ToClient::Pong(_)
                | ToClient::Invite(_)
                | ToClient::Stay
                | ToClient::DeedReply(_)
                | ToClient::Bag(_)
                | ToClient::Page(_)
                | ToClient::Offered(_)
                | ToClient::Agreed(_),
            )
            | None => {}
        }
        Ok(ControlFlow::Continue(()))
    }

    fn freeze(&mut self, now: Millis) {
        let (Some(crossing), Session::Playing(play)) = (&mut self.crossing, &self.session) else { return };
        if matches!(crossing.stage, Stage::Following { .. }) {
            crossing.freeze(now);
            let freeze = Freeze { handover: crossing.invite.handover, seq: play.prediction.last_seq() };
            self.send(Context::default(), &ToServer::Freeze(freeze));
        }
    }

    /// The session is at the other node now: its connection takes the place of the first.
    fn handed(&mut self, now: Millis, welcome: Welcome, epoch: u32) -> Result<(), WireError> {
        let frozen = self.is_frozen();
        let (Session::Playing(play), true) = (&mut self.session, frozen) else {
            return Err(WireError::Invalid("early welcome"));
        };
        let (ticket, alternatives) = (welcome.ticket.clone(), welcome.alternatives.clone());
        play.hand_over(now, welcome, epoch)?;
        let (node, next_request) = (play.node(), play.welcome.next_request);
        let Some(mut crossing) = self.crossing.take() else { return Ok(()) };
        // What the first connection had not finished saying is said anew.
        let splitter = std::mem::replace(&mut crossing.splitter, protocol::Splitter::new(SERVER_MESSAGE_BYTES));
        self.drop_splitter();
        self.splitter = Some(splitter);
        self.effects.push_back(ClientEffect::Promote);
        self.ticket = ticket;
        self.addresses.turn_to(&crossing.invite.address);
        self.addresses.learn(&alternatives);
        self.requests.welcomed(next_request);
        self.baselines.forget_wishes();
        self.counts.handovers += 1;
        self.event(Event::Handed { node });
        self.send_held(*crossing);
        // What came behind the welcome is the session's.
        self.bytes(now, &[]);
        Ok(())
    }

    /// The handover is off: the session goes on where it was.
    pub(super) fn stay(&mut self, epoch: u32) {
        let Session::Playing(play) = &mut self.session else { return };
        play.stay(epoch);
        if let Some(crossing) = self.drop_second() {
            self.send_held(crossing);
        }
    }

    fn send_held(&mut self, crossing: Crossing) {
        for (context, message) in crossing.into_held() {
            self.send(context, &message);
        }
    }

    /// Ends the second connection, if there is one, and forgets the handover.
    pub(super) fn drop_second(&mut self) -> Option<Crossing> {
        let crossing = self.crossing.take()?;
        self.counts.cut_bytes += crossing.splitter.pending() as u64;
        if crossing.has_second() {
            self.effects.push_back(ClientEffect::DisconnectBeside);
        }
        Some(*crossing)
    }

    /// The second connection is of no use. Who has frozen waits for the first one's word; if it is gone too, the session
    /// is lost. `stands`: it is to be ended from here.
    fn lost_second(&mut self, now: Millis, stands: bool) {
        let Some(crossing) = &mut self.crossing else { return };
        self.counts.cut_bytes += crossing.splitter.pending() as u64;
        crossing.splitter = protocol::Splitter::new(SERVER_MESSAGE_BYTES);
        if stands {
            self.effects.push_back(ClientEffect::DisconnectBeside);
        }
        match &mut crossing.stage {
            Stage::Connecting { .. } | Stage::Following { .. } => self.crossing = None,
            Stage::Frozen { second, first: true, .. } => *second = false,
            Stage::Frozen { second, first: false, .. } => {
                *second = false;
                self.lost(now, Lost::Cut, None);
            }
        }
    }

    /// The first connection is gone. `true`: the second is expected to take its place, and is waited for.
    pub(super) fn waits_for_second(&mut self, now: Millis) -> bool {
        let Some(crossing) = &mut self.crossing else { return false };
        match &mut crossing.stage {
            Stage::Frozen { first, second: true, until } => {
                *first = false;
                *until = (*until).min(now + ALONE_MS);
                self.drop_splitter();
                true
            }
            Stage::Connecting { .. } | Stage::Following { .. } | Stage::Frozen { .. } => false,
        }
    }

    /// Gives up what took too long.
    pub(super) fn tend_crossing(&mut self, now: Millis) {
        let Some(crossing) = self.crossing.as_ref().filter(|crossing| crossing.until() <= now) else { return };
        match crossing.stage {
            Stage::Connecting { .. } | Stage::Following { .. } => drop(self.drop_second()),
            Stage::Frozen { first: true, .. } => self.lost(now, Lost::Silent, None),
            Stage::Frozen { first: false, .. } => self.lost(now, Lost::Cut, None),
        }
    }

    pub(super) fn is_frozen(&self) -> bool {
        self.crossing.as_ref().is_some_and(|crossing| crossing.is_frozen())
    }

    fn send_beside(&mut self, message: &ToServer) {
        let mut bytes = Vec::new();
        message.encode(Context::default(), &mut bytes);
        self.counts.sent_bytes += bytes.len() as u64;
        self.effects.push_back(ClientEffect::WriteBeside(bytes));
    }
}
