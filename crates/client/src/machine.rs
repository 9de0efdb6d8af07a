//! The machine: inputs in, effects out, one session after the other.
//!
//! It owns what outlives a session: addresses, ticket, unanswered requests, cached baselines and counts. What belongs
//! to one session is in `session`.

mod crossing;
mod readings;
mod things;

use std::collections::VecDeque;
use std::ops::ControlFlow;

use protocol::client::{Closing, GetBaseline, Hello, Ping, Speak, ToClient, ToServer, Welcome, valid_speech};
use protocol::envelope::Context;
use protocol::limits::SERVER_MESSAGE_BYTES;
use protocol::tick::{Ack, Items};
use protocol::{Envelope, Meaning, PROTOCOL_OLDEST, PROTOCOL_VERSION, Splitter, WireError};
use world::{Chunk, Millis, Motion, Position};

use crate::addresses::Addresses;
use crate::baselines::Baselines;
use crate::checks::Checks;
use crate::config::{ClientConfig, Observe};
use crate::crossing::Crossing;
use crate::event::{self, Asked, ClientEffect, ClientInput, Ending, Event, Lost, Outcome, WakeReason};
use crate::limits::{CONNECT_TIMEOUT_MS, GREETING_TIMEOUT_MS, RETRY_AFTER_MAX_MS, STEADY_PLAY_MS};
use crate::machine::things::Things;
use crate::requests::{Requests, Wish};
use crate::session::{Play, Session, View};
use crate::sink::{Counts, Sink};

/// A client of one world.
#[derive(Debug)]
pub struct Client {
    config: ClientConfig,
    session: Session,
    last: Option<Box<Play>>,
    splitter: Option<Splitter>,
    crossing: Option<Box<Crossing>>,
    addresses: Addresses,
    ticket: Vec<u8>,
    requests: Requests,
    things: Things,
    baselines: Baselines,
    counts: Counts,
    checks: Checks,
    effects: VecDeque<ClientEffect>,
    acks: Vec<Ack>,
}

impl Client {
    /// A client that waits for [`ClientInput::Join`].
    #[must_use]
    pub fn new(config: ClientConfig) -> Self {
        Self {
            addresses: Addresses::new(&config.addresses, config.seed),
            config,
            session: Session::Idle,
            last: None,
            splitter: None,
            crossing: None,
            ticket: Vec::new(),
            requests: Requests::default(),
            things: Things::default(),
            baselines: Baselines::default(),
            counts: Counts::default(),
            checks: Checks::default(),
            effects: VecDeque::new(),
            acks: Vec::new(),
        }
    }

    /// Takes in what happened at `now`.
    pub fn handle(&mut self, now: Millis, input: ClientInput<'_>) {
        match input {
            ClientInput::Join => self.join(now),
            ClientInput::Connected => self.connected(now),
            ClientInput::Disconnected => self.disconnected(now),
            ClientInput::Bytes(bytes) => self.bytes(now, bytes),
            ClientInput::Beside(input) => self.beside(now, input),
            ClientInput::Wake => {}
            ClientInput::Steer(motion) => self.steer(now, motion),
            ClientInput::Claim(at, motion) => self.claim(now, at, motion),
            ClientInput::Speak(text) => self.speak(text),
            ClientInput::Dress(tint) => self.ask(Wish::Dress(tint)),
            ClientInput::Deed(deed) => self.deed(deed),
            ClientInput::DeedAs { request, deed } => self.deed_as(request, deed),
            ClientInput::Offer(offer) => self.offer(offer),
            ClientInput::Agree(agree) => self.agree(agree),
            ClientInput::Elsewhere => self.elsewhere(now),
            ClientInput::Leave => self.leave(),
        }
        self.tend(now);
    }

    /// The next thing to do, in order.
    pub fn poll_effect(&mut self) -> Option<ClientEffect> {
        self.effects.pop_front()
    }

    /// When to hand in [`ClientInput::Wake`] at the latest, and why. `None`: not before another input.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<(Millis, WakeReason)> {
        match &self.session {
            Session::Idle | Session::Stopped => None,
            Session::Connecting { until } | Session::Greeting { until } => Some((*until, WakeReason::Overdue)),
            Session::BackingOff { until } => Some((*until, WakeReason::Reconnect)),
            Session::Playing(play) => {
                let request = self.requests.next_due();
                let baseline = self.baselines.next_retry();
                let frozen = self.is_frozen();
                let resend = request.into_iter().chain(baseline).min().filter(|_| !frozen);
                let resend = resend.map(|at| (at, WakeReason::Resend));
                let crossing = self.crossing.as_ref().map(|crossing| (crossing.until(), WakeReason::Crossing));
                Some(resend.into_iter().chain(crossing).fold(play.next_wakeup(frozen), Ord::min))
            }
        }
    }

    // --- the connection ---

    fn join(&mut self, now: Millis) {
        if matches!(self.session, Session::Idle) {
            self.connect(now);
        }
    }

    fn connect(&mut self, now: Millis) {
        match self.addresses.current().map(str::to_owned) {
            Some(address) => {
                self.effects.push_back(ClientEffect::Connect { address });
                self.session = Session::Connecting { until: now + CONNECT_TIMEOUT_MS };
            }
            None => self.stop(Ending::NoAddress),
        }
    }

    fn connected(&mut self, now: Millis) {
        if !matches!(self.session, Session::Connecting { .. }) {
            return;
        }
        self.splitter = Some(Splitter::new(SERVER_MESSAGE_BYTES));
        self.session = Session::Greeting { until: now + GREETING_TIMEOUT_MS };
        let hello = Hello {
            oldest: PROTOCOL_OLDEST,
            newest: PROTOCOL_VERSION,
            name: self.config.name.clone(),
            ticket: self.ticket.clone(),
        };
        self.send(Context::default(), &ToServer::Hello(hello));
    }

    fn disconnected(&mut self, now: Millis) {
        match self.session {
            Session::Connecting { .. } => self.lost(now, Lost::Unreachable, None),
            Session::Greeting { .. } => self.lost(now, Lost::Cut, None),
            Session::Playing(_) => {
                if !self.waits_for_second(now) {
                    self.lost(now, Lost::Cut, None);
                }
            }
            Session::Idle | Session::BackingOff { .. } | Session::Stopped => {}
        }
    }

    /// The connection is of no use any more: plans the next. `stay_ms` keeps the address and asks for that pause.
    fn lost(&mut self, now: Millis, lost: Lost, stay_ms: Option<u32>) {
        if !matches!(lost, Lost::Cut) {
            self.effects.push_back(ClientEffect::Disconnect);
        }
        let crossing = self.drop_second();
        self.drop_splitter();
        self.baselines.forget_wishes();
        self.counts.losses += 1;
        let next = Session::BackingOff { until: now };
        if let Session::Playing(play) = std::mem::replace(&mut self.session, next) {
            if now.since(play.began) >= STEADY_PLAY_MS {
                self.addresses.steady();
            }
            self.last = Some(play);
        }
        let mut stay_ms = stay_ms;
        if let Some(crossing) = crossing.filter(Crossing::is_frozen) {
            // Whose session it is is decided in the store; the node that got ready for it is the nearest.
            self.addresses.turn_to(&crossing.invite.address);
            stay_ms.get_or_insert(0);
        }
        let asked = u64::from(stay_ms.unwrap_or(0)).min(RETRY_AFTER_MAX_MS);
        let own = if stay_ms.is_some() { self.addresses.again() } else { self.addresses.failed() };
        let in_ms = own.max(asked);
        self.session = Session::BackingOff { until: now + in_ms };
        let address = self.addresses.current().unwrap_or_default().to_owned();
        self.event(Event::Reconnecting { address, in_ms, lost });
    }

    fn stop(&mut self, ending: Ending) {
        self.drop_second();
        self.drop_splitter();
        if let Session::Playing(play) = std::mem::replace(&mut self.session, Session::Stopped) {
            self.last = Some(play);
        }
        self.event(Event::Closed(ending));
    }

    fn drop_splitter(&mut self) {
        if let Some(splitter) = self.splitter.take() {
            self.counts.cut_bytes += splitter.pending() as u64;
        }
    }

    // --- what the server says ---

    fn bytes(&mut self, now: Millis, bytes: &[u8]) {
        let Some(mut splitter) = self.splitter.take() else { return };
        self.counts.bytes += bytes.len() as u64;
        if let Session::Playing(play) = &mut self.session {
            self.counts.longest_silence_ms = self.counts.longest_silence_ms.max(now.since(play.heard));
            play.heard = now;
        }
        splitter.push(bytes);
        let garbage = loop {
            match splitter.next_message() {
                Ok(Some(message)) => match self.message(now, message) {
                    Ok(ControlFlow::Continue(())) => {}
                    Ok(ControlFlow::Break(())) => {
                        self.counts.cut_bytes += splitter.pending() as u64;
                        return;
                    }
                    Err(error) => break Some(error),
                },
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        self.splitter = Some(splitter);
        if let Some(error) = garbage {
            self.lost(now, Lost::Garbage(error), None);
        }
    }

    /// Handles one message. `Break`: the connection is over.
    fn message(&mut self, now: Millis, bytes: &[u8]) -> Result<ControlFlow<()>, WireError> {
        self.counts.messages += 1;
        self.counts.message_bytes += bytes.len() as u64;
        let envelope = Envelope::parse(bytes, SERVER_MESSAGE_BYTES)?;
        let Some(message) = ToClient::decode(&envelope)? else { return Ok(ControlFlow::Continue(())) };
        match message {
            ToClient::Closing(closing) => {
                self.closing(now, &closing);
                return Ok(ControlFlow::Break(()));
            }
            ToClient::Welcome(welcome) => self.welcomed(now, welcome, envelope.context.epoch)?,
            ToClient::Tick(payload) => self.tick(now, payload)?,
            ToClient::Reply(reply) => return Ok(self.replied(now, envelope.context.request, &reply)),
            ToClient::Baseline(baseline) => self.baselines.came(baseline),
            ToClient::Pong(pong) => {
                if let Session::Playing(play) = &mut self.session {
                    play.clock.pong(now, Millis(pong.client_ms), Millis(pong.server_ms));
                }
            }
            ToClient::Invite(invite) => self.invited(now, invite),
            ToClient::Ready => {}
            ToClient::Stay => self.stay(envelope.context.epoch),
            ToClient::DeedReply(reply) => return Ok(self.deed_replied(now, envelope.context.request, reply)),
            ToClient::Bag(bag) => self.bag_came(bag),
            ToClient::Page(page) => self.page(page)?,
            ToClient::Offered(offered) => self.offered(offered),
            ToClient::Agreed(agreed) => self.agreed(agreed),
        }
        Ok(ControlFlow::Continue(()))
    }

    fn welcomed(&mut self, now: Millis, welcome: Welcome, epoch: u32) -> Result<(), WireError> {
        if !matches!(self.session, Session::Greeting { .. }) {
            return Err(WireError::Invalid("second welcome"));
        }
        self.addresses.learn(&welcome.alternatives);
        self.ticket.clone_from(&welcome.ticket);
        self.requests.welcomed(welcome.next_request);
        self.things.welcomed();
        let full = self.config.observe == Observe::Everything;
        let play = Play::new(now, welcome, epoch, full)?;
        let at = Position::new(play.welcome.x, play.welcome.y);
        let (entity, node, again) = (play.entity(), play.node(), self.last.is_some());
        self.session = Session::Playing(Box::new(play));
        self.last = None;
        self.counts.welcomes += 1;
        self.event(Event::Welcomed { entity, node, at, again });
        Ok(())
    }

    fn tick(&mut self, now: Millis, payload: &[u8]) -> Result<(), WireError> {
        let Session::Playing(play) = &mut self.session else { return Ok(()) };
        let items = Items::parse(payload)?;
        let tick = items.tick;
        self.counts.ticks += 1;
        let resets = self.counts.resets;
        self.acks.clear();
        let mut sink = Sink {
            counts: &mut self.counts,
            checks: &mut self.checks,
            effects: &mut self.effects,
            acks: &mut self.acks,
            baselines: self.config.want_baselines.then_some(&mut self.baselines),
            report_moves: self.config.report_moves,
        };
        match &mut play.view {
            View::Full(picture) => picture.apply(now, items, &mut sink)?,
            View::Headers(walk) => walk.apply(items, &mut sink)?,
        }
        play.newest = play.newest.max(tick);
        if play.awaits_reset && self.counts.resets > resets {
            // Another node begins so. Nothing was lost.
            play.awaits_reset = false;
            self.counts.resets = resets;
        }
        for ack in &self.acks {
            play.prediction.acknowledged(ack, tick);
            if ack.corrected {
                self.counts.corrections += 1;
                self.effects.push_back(ClientEffect::Event(Event::Corrected { at: ack.at, motion: ack.motion }));
            }
        }
        self.counts.crossings += u64::from(play.prediction.crossed(play.tick(now)));
        Ok(())
    }

    fn closing(&mut self, now: Millis, closing: &Closing) {
        let meaning = event::meaning(closing.meaning);
        if meaning != Meaning::Rejected && self.waits_for_second(now) {
            return self.effects.push_back(ClientEffect::Disconnect);
        }
        match meaning {
            Meaning::Rejected => {
                self.effects.push_back(ClientEffect::Disconnect);
                self.stop(Ending::Refused(closing.code));
            }
            Meaning::Retry | Meaning::Resync => {
                self.lost(now, Lost::Told(closing.code), Some(closing.retry_after_ms));
            }
            Meaning::Reconnect => self.lost(now, Lost::Told(closing.code), None),
        }
    }

    // --- what the player wishes ---

    fn steer(&mut self, now: Millis, motion: Motion) {
        if let Session::Playing(play) = &mut self.session {
            play.prediction.steer(play.tick(now), motion);
        }
    }

    fn claim(&mut self, now: Millis, at: Position, motion: Motion) {
        if let Session::Playing(play) = &mut self.session {
            play.prediction.claim(play.tick(now), at, motion);
        }
    }

    fn speak(&mut self, text: &str) {
        if matches!(self.session, Session::Playing(_)) && valid_speech(text) {
            let context = Context { request: self.requests.fresh_id(), trace: self.addresses.draw(), epoch: 0 };
            let speak = ToServer::Speak(Speak { text: text.to_owned() });
            match self.crossing.as_mut().filter(|crossing| crossing.is_frozen()) {
                None => self.send(context, &speak),
                Some(crossing) => {
                    if !crossing.hold(context, speak) {
                        self.not_sent();
                    }
                }
            }
        } else {
            self.not_sent();
        }
    }

    fn not_sent(&mut self) {
        self.event(Event::Replied { request: 0, asked: Asked::Other, outcome: Outcome::NotSent });
    }

    fn leave(&mut self) {
        match self.session {
            Session::Stopped => return,
            Session::Playing(_) | Session::Greeting { .. } => {
                self.send(Context::default(), &ToServer::Bye);
                self.effects.push_back(ClientEffect::Disconnect);
            }
            Session::Connecting { .. } => self.effects.push_back(ClientEffect::Disconnect),
            Session::Idle | Session::BackingOff { .. } => {}
        }
        self.stop(Ending::Left);
    }

    // --- what time brings ---

    fn tend(&mut self, now: Millis) {
        match &self.session {
            Session::Idle | Session::Stopped => {}
            Session::Connecting { until } if *until <= now => self.lost(now, Lost::Unreachable, None),
            Session::Greeting { until } if *until <= now => self.lost(now, Lost::NoWelcome, None),
            Session::BackingOff { until } if *until <= now => self.connect(now),
            Session::Connecting { .. } | Session::Greeting { .. } | Session::BackingOff { .. } => {}
            Session::Playing(play) if play.is_silent(now) => self.lost(now, Lost::Silent, None),
            Session::Playing(_) => {
                self.tend_crossing(now);
                self.tend_play(now);
            }
        }
    }

    fn tend_play(&mut self, now: Millis) {
        let frozen = self.is_frozen();
        let Session::Playing(play) = &mut self.session else { return };
        let ping = play.ping_due(now);
        let tick = play.tick(now);
        let input = if frozen { None } else { play.prediction.next_input(now, tick) };
        let sweep = play.sweep_due(now);
        if let View::Full(picture) = &mut play.view {
            picture.expire(now);
            if sweep {
                picture.sweep(
                    now,
                    &mut Sink {
                        counts: &mut self.counts,
                        checks: &mut self.checks,
                        effects: &mut self.effects,
                        acks: &mut self.acks,
                        baselines: None,
                        report_moves: false,
                    },
                );
            }
        }
        if ping {
            self.send(Context::default(), &ToServer::Ping(Ping { client_ms: now.0 }));
        }
        if let Some((input, changed)) = input {
            self.counts.inputs += 1;
            if self.config.report_inputs {
                let (at, motion) = (Position::new(input.x, input.y), Motion::from_byte(input.motion));
                self.event(Event::InputSent { at, motion, changed });
            }
            self.send(Context::default(), &ToServer::Input(input));
        }
        if frozen {
            return;
        }
        while let Some((context, message)) = self.requests.next(now) {
            self.send(context, &message);
        }
        while let Some(Chunk { cx, cy }) = self.baselines.next(now) {
            self.send(Context::default(), &ToServer::GetBaseline(GetBaseline { cx, cy }));
        }
    }

    fn send(&mut self, context: Context, message: &ToServer) {
        let epoch = match &self.session {
            Session::Playing(play) => play.epoch,
            _ => 0,
        };
        let context = Context { epoch, ..context };
        let mut fresh = Vec::new();
        let out = match self.effects.back_mut() {
            Some(ClientEffect::Write(bytes)) => bytes,
            _ => &mut fresh,
        };
        let before = out.len();
        message.encode(context, out);
        self.counts.sent_bytes += (out.len() - before) as u64;
        if !fresh.is_empty() {
            self.effects.push_back(ClientEffect::Write(fresh));
        }
    }

    fn event(&mut self, event: Event) {
        self.effects.push_back(ClientEffect::Event(event));
    }
}
