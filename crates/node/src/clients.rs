//! What clients send, and what comes of it.

use protocol::client::{self, Reply, Speak, ToClient, ToServer};
use protocol::envelope::{Context, Envelope};
use protocol::frame::EVENT_SPEECH;
use protocol::{Code, limits as wire_limits};
use world::{Baseline, EntityId, Motion, Position, Segment, Verdict};

use crate::io::{ConnId, Effect};
use crate::lifecycle::retry_after_ms;
use crate::limits;
use crate::machine::Node;
use crate::session::{Session, Stage};

impl Node {
    pub(crate) fn client_message(&mut self, conn: ConnId, bytes: &[u8]) {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        session.heard_at = now;
        let decoded = Envelope::parse(bytes, wire_limits::CLIENT_MESSAGE_BYTES)
            .and_then(|envelope| Ok((envelope.context, ToServer::decode(&envelope)?)));
        match decoded {
            // Nearly all that comes is this.
            Ok((_, Some(ToServer::Input(input)))) if matches!(session.stage, Stage::Playing(_)) => {
                self.input(conn, &input);
            }
            Ok((context, Some(message))) => self.obey(conn, context, message),
            Ok((_, None)) => {}
            Err(_) => self.refuse_client(conn),
        }
    }

    pub(crate) fn refuse_client(&mut self, conn: ConnId) {
        self.counters.client_refusals += 1;
        self.end_session(conn, Code::BadMessage, true);
    }

    fn obey(&mut self, conn: ConnId, context: Context, message: ToServer) {
        let Some(session) = self.sessions.get(&conn) else { return };
        match (&session.stage, message) {
            (_, ToServer::Bye) => self.end_session(conn, Code::Left, false),
            (_, ToServer::Ping(ping)) => {
                // At once: waiting for the flush would put half a tick into the client's clock.
                let pong = client::Pong { client_ms: ping.client_ms, server_ms: self.now.0 };
                let mut control = Vec::new();
                ToClient::Pong(pong).encode(session.context(0), &mut control);
                self.effect(Effect::Write { conn, control, frames: Vec::new(), shared: Vec::new() });
            }
            (Stage::Greeting, ToServer::Hello(hello)) => self.hello(conn, context, hello),
            (Stage::Greeting, ToServer::Follow(follow)) => self.follow(conn, context, &follow),
            (Stage::Playing(_), ToServer::Freeze(freeze)) => self.freeze(conn, &freeze),
            // It said that it would send nothing more.
            (Stage::Playing(_), _) if session.is_frozen() => self.counters.client_refusals += 1,
            (Stage::Playing(_), ToServer::Input(input)) => self.input(conn, &input),
            (Stage::Playing(_), ToServer::Speak(speak)) => self.speak(conn, context.request, speak),
            (Stage::Playing(_), ToServer::Dress(dress)) => self.dress(conn, context, &dress),
            (Stage::Playing(_), ToServer::Deed(deed)) => self.deed(conn, context, deed),
            (Stage::Playing(_), ToServer::Offer(offer)) => self.offer(conn, offer),
            (Stage::Playing(_), ToServer::Agree(agree)) => self.agree(conn, agree),
            (Stage::Playing(_), ToServer::GetBaseline(ask)) => {
                self.baseline(conn, world::Chunk::new(ask.cx, ask.cy));
            }
            // What a client sends before its welcome came, or twice, is out of order.
            (Stage::Greeting | Stage::Arriving(_) | Stage::Following(_) | Stage::Playing(_), _) => {
                self.refuse_client(conn)
            }
        }
    }

    fn input(&mut self, conn: ConnId, input: &client::Input) {
        let (now, tick) = (self.now, self.tick);
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        if playing.last_input.is_some_and(|last| input.seq <= last) {
            return;
        }
        playing.last_input = Some(input.seq);
        self.counters.inputs += 1;
        let Some(avatar) = self.authority.get_mut(playing.entity) else { return };
        let claimed = Position::new(input.x, input.y);
        let motion = Motion::from_byte(input.motion);
        let current = avatar.segment.at(tick, &self.pace);
        if avatar.suspended {
            playing.ack = Some((input.seq, true));
            return;
        }
        if motion == avatar.segment.motion && is_one_tick_off(claimed, current, self.pace.velocity(motion)) {
            // It only says that it walks on. To restate that to every viewer would cost much and tell nothing.
            let was_corrected = playing.ack.is_some_and(|(_, corrected)| corrected);
            playing.ack = Some((input.seq, was_corrected));
            return;
        }
        let settled = self.rules.settle(&mut self.terrain, &mut avatar.reach, now, current, claimed, motion);
        let corrected = settled.verdict != Verdict::Accepted;
        self.counters.corrections += u64::from(corrected);
        avatar.steer(Segment { from: settled.position, since: tick + 1, motion: settled.motion }, &self.pace);
        // A correction that the client has not seen yet is not hidden by a later input that was accepted.
        let was_corrected = playing.ack.is_some_and(|(_, corrected)| corrected);
        playing.ack = Some((input.seq, corrected || was_corrected));
    }

    /// The ground stopped an avatar: its client must know, even without an input.
    pub(crate) fn acknowledge_turn(&mut self, entity: EntityId) {
        let Some(conn) = self.authority.get(entity).map(|a| a.conn) else { return };
        if let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) {
            playing.ack = Some((playing.last_input.unwrap_or(0), true));
        }
    }

    fn speak(&mut self, conn: ConnId, request: u32, speak: Speak) {
        let now = self.now;
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        let entity = playing.entity;
        if !client::valid_speech(&speak.text) {
            return self.reply(conn, request, Some(Code::TextInvalid));
        }
        if !playing.speech.take(now) {
            return self.reply(conn, request, Some(Code::RateLimited));
        }
        if let Some(avatar) = self.authority.get_mut(entity) {
            avatar.say(EVENT_SPEECH, speak.text.into_bytes());
        }
        self.reply(conn, request, None);
    }

    fn baseline(&mut self, conn: ConnId, chunk: world::Chunk) {
        let now = self.now;
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        // Out of view or too fast: not an offence, since a view moves on while a request is under way.
        if !playing.view.shows(chunk) || !playing.baselines.take(now) {
            return;
        }
        let bytes = Baseline::encode(self.terrain.ground(chunk));
        let hash = Baseline::content_hash(&bytes);
        self.tell(conn, 0, &ToClient::Baseline(client::Baseline { cx: chunk.cx, cy: chunk.cy, hash, bytes }));
    }

    pub(crate) fn reply(&mut self, conn: ConnId, request: u32, refused: Option<Code>) {
        let reply = Reply {
            code: refused.map_or(0, |c| c as u16),
            meaning: refused.map_or(0, |c| c.meaning() as u8),
            retry_after_ms: refused.map_or(0, retry_after_ms),
        };
        self.tell(conn, request, &ToClient::Reply(reply));
    }

    /// Puts a message into a session's next write.
    pub(crate) fn tell(&mut self, conn: ConnId, request: u32, message: &ToClient<'_>) {
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        let context = session.context(request);
        message.encode(context, &mut session.outbox);
        if session.outbox.len() > limits::OUTBOX_BYTES {
            session.outbox.clear();
            self.end_session(conn, Code::RateLimited, true);
        }
    }

    /// Writes a message at once, with all that waits.
    pub(crate) fn tell_now(&mut self, conn: ConnId, message: &ToClient<'_>) {
        self.tell(conn, 0, message);
        self.write_now(conn);
    }

    /// Writes what waits for the next flush at once: a client that has frozen must not wait for it.
    pub(crate) fn write_now(&mut self, conn: ConnId) {
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        let control = std::mem::take(&mut session.outbox);
        if !control.is_empty() {
            self.counters.client_bytes += control.len() as u64;
            self.effect(Effect::Write { conn, control, frames: Vec::new(), shared: Vec::new() });
        }
    }

    pub(crate) fn blocked(&mut self, conn: ConnId) {
        self.counters.writes_blocked += 1;
        if let Some(session) = self.sessions.get_mut(&conn) {
            session.blocked = true;
            if let Some(playing) = session.playing_mut() {
                playing.view.lost();
                // The lost frames may have held a correction.
                playing.ack = Some((playing.last_input.unwrap_or(0), true));
            }
        }
    }

    pub(crate) fn drained(&mut self, conn: ConnId) {
        if let Some(session) = self.sessions.get_mut(&conn) {
            session.blocked = false;
        }
    }
}

/// Whether two places are no further apart than a walk of one tick, on which client and server never agree.
fn is_one_tick_off(claimed: Position, current: Position, (vx, vy): (i32, i32)) -> bool {
    let (dx, dy) = (i64::from(vx), i64::from(vy));
    claimed.distance_squared(current) <= dx * dx + dy * dy
}
