//! Clients, from connect to goodbye: what their messages do, and what time does to them.

use protocol::client::{self, Closing, Dress, Hello, Reply, Speak, ToClient, ToServer, Welcome};
use protocol::envelope::{Context, Envelope};
use protocol::frame::{Destination, EVENT_SPEECH, Look};
use protocol::{Code, Incarnation, PROTOCOL_OLDEST, PROTOCOL_VERSION, limits as wire_limits};
use world::{Baseline, Digest, EntityId, Epoch, Millis, Motion, Position, Segment, Verdict};

use crate::authority::Avatar;
use crate::io::{ConnId, Effect, Note};
use crate::limits;
use crate::machine::Node;
use crate::session::arrival::{Arrival, Arrived};
use crate::session::checkpoint::Checkpoint;
use crate::session::deed::{Asked, Deeds, Outcome};
use crate::session::view::SessionView;
use crate::session::watch::Watch;
use crate::session::{Bucket, Playing, Session, Stage, Turn};
use crate::storage::Part;

impl Node {
    pub(crate) fn opened(&mut self, conn: ConnId) {
        self.sessions.insert(conn, Session::new(self.now));
        if self.stopping {
            self.end_session(conn, Code::ShuttingDown, true);
        } else if self.sessions.len() > self.config.sessions {
            self.end_session(conn, Code::Full, true);
        }
    }

    pub(crate) fn client_message(&mut self, conn: ConnId, bytes: &[u8]) {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        session.heard_at = now;
        let decoded = Envelope::parse(bytes, wire_limits::CLIENT_MESSAGE_BYTES)
            .and_then(|envelope| Ok((envelope.context, ToServer::decode(&envelope)?)));
        match decoded {
            Ok((context, Some(message))) => self.obey(conn, context, message),
            Ok((_, None)) => {}
            Err(_) => self.refuse_client(conn),
        }
    }

    fn refuse_client(&mut self, conn: ConnId) {
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
            (Stage::Playing(_), ToServer::Input(input)) => self.input(conn, &input),
            (Stage::Playing(_), ToServer::Speak(speak)) => self.speak(conn, context.request, speak),
            (Stage::Playing(_), ToServer::Dress(dress)) => self.dress(conn, context, &dress),
            (Stage::Playing(_), ToServer::GetBaseline(ask)) => {
                self.baseline(conn, world::Chunk::new(ask.cx, ask.cy));
            }
            // What a client sends before its welcome came, or twice, is out of order.
            (Stage::Greeting | Stage::Arriving(_) | Stage::Playing(_), _) => self.refuse_client(conn),
        }
    }

    fn hello(&mut self, conn: ConnId, context: Context, hello: Hello) {
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        session.trace = context.trace;
        if hello.newest < PROTOCOL_OLDEST || hello.oldest > PROTOCOL_VERSION {
            return self.end_session(conn, Code::VersionUnsupported, true);
        }
        if !client::valid_name(&hello.name) {
            return self.end_session(conn, Code::NameInvalid, true);
        }
        let mut arrival = Arrival::new(hello.name, self.config.incarnation, conn, self.config.planted);
        let turn = arrival.poll(self.now);
        session.stage = Stage::Arriving(Box::new(arrival));
        if let Turn::Ask(request) = turn {
            self.ask_store(conn, Part::Arrival, request);
        }
    }

    /// The epoch is raised: the avatar enters the world.
    pub(crate) fn enter_world(&mut self, conn: ConnId, arrived: Arrived) {
        let Arrived { body, place } = arrived;
        let (entity, epoch, now) = (EntityId(body.entity), Epoch(body.epoch), self.now);
        if let Some(former) = self.authority.get(entity).map(|a| a.conn) {
            self.lose_session(former, Code::Replaced, self.config.incarnation);
        }
        let Some(handle) = self.handles.take(now) else { return self.end_session(conn, Code::Full, true) };
        let at = self.resume_place(entity, place.map(|p| (p.order(), p.position())));
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        let Stage::Arriving(arrival) = &session.stage else { return };
        let name = arrival.name().to_owned();
        let look = Look { kind: 0, tint: body.tint, name: name.clone() };
        let segment = Segment::standing(at, self.tick + 1);
        self.authority.insert(Avatar::new(conn, entity, epoch, handle, look, segment, self.rules.reach(at, now)));
        session.stage = Stage::Playing(Box::new(Playing {
            name: name.clone(),
            entity,
            epoch,
            last_input: None,
            ack: None,
            view: SessionView::new(self.config.view, self.config.island.plan().size_chunks, self.config.planted),
            deeds: Deeds::new(name.clone(), epoch, body.holder.clone(), self.config.planted),
            watch: Watch::new(now, body.holder.clone(), conn.0 * 97),
            checkpoint: Checkpoint::new(now, entity, epoch),
            speech: Bucket::new(now, wire_limits::SPEECH_BURST, 1_000 / u64::from(wire_limits::SPEECH_PER_SECOND)),
            baselines: Bucket::new(
                now,
                wire_limits::BASELINES_PER_SECOND,
                1_000 / u64::from(wire_limits::BASELINES_PER_SECOND),
            ),
        }));
        let trace = session.trace;
        self.counters.sessions_begun += 1;
        self.effect(Effect::Note(Note::SessionBegan { conn, name, trace }));
        let welcome = self.welcome(entity, at, body.tint, body.next_request);
        self.tell(conn, 0, &ToClient::Welcome(welcome));
    }

    /// The newest of the checkpoint and the ghost of the former session, the landing place for a newcomer.
    fn resume_place(&self, entity: EntityId, checkpoint: Option<((Epoch, world::Tick), Position)>) -> Position {
        let ghost = self.ghosts.get(entity).map(|g| ((g.epoch, self.tick), g.segment.at(self.tick, &self.pace)));
        let newest = [checkpoint, ghost].into_iter().flatten().max_by_key(|(order, _)| *order);
        let place = newest.map(|(_, place)| place).filter(|place| self.config.island.bounds().contains(*place));
        place.unwrap_or_else(|| self.config.island.spawn(entity.0))
    }

    fn welcome(&self, entity: EntityId, at: Position, tint: u8, next_request: u32) -> Welcome {
        let plan = self.config.island.plan();
        let alternatives = self.peers.iter().filter(|(_, p)| p.heard && !p.vanished && !p.client_address.is_empty());
        Welcome {
            version: PROTOCOL_VERSION,
            entity: entity.0,
            next_request,
            tick_hz: self.config.rate.hz(),
            server_ms: self.now.0,
            island: self.config.island_id.0,
            seed: plan.seed,
            generator: plan.version.number(),
            size_chunks: plan.size_chunks,
            x: at.x,
            y: at.y,
            tint,
            view_near: self.config.view.near,
            view_far: self.config.view.far,
            far_every: self.config.view.far_every,
            node: self.config.incarnation.0,
            alternatives: alternatives.map(|(_, p)| p.client_address.clone()).take(wire_limits::ALTERNATIVES).collect(),
            ticket: Vec::new(),
            software: self.config.software.clone(),
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
        avatar.steer(Segment { from: settled.position, since: tick + 1, motion: settled.motion });
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

    fn dress(&mut self, conn: ConnId, context: Context, dress: &Dress) {
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        let content = Digest::of(&[protocol::Kind::Dress as u8, dress.tint]);
        let asked = Asked { request: context.request, trace: context.trace, content, tint: dress.tint };
        if context.request == 0 {
            return self.refuse_client(conn);
        }
        match playing.deeds.ask(asked) {
            Ok(()) => {
                let turn = playing.deeds.poll(self.now);
                self.deed_turn(conn, turn);
            }
            Err(code) => self.reply(conn, context.request, Some(code)),
        }
    }

    pub(crate) fn deed_done(&mut self, conn: ConnId, outcome: Outcome) {
        if let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut)
            && let Some(body) = &outcome.body
        {
            playing.watch.confirm(outcome.asked_at);
            let entity = playing.entity;
            self.counters.deeds_repeated += u64::from(outcome.repeated);
            self.counters.deeds += u64::from(!outcome.repeated);
            if let Some(avatar) = self.authority.get_mut(entity) {
                avatar.dress(body.tint);
            }
        }
        self.reply(conn, outcome.asked.request, outcome.refused);
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

    fn reply(&mut self, conn: ConnId, request: u32, refused: Option<Code>) {
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

    /// Ends a session whose avatar leaves the world. With `farewell` the client is told why.
    pub(crate) fn end_session(&mut self, conn: ConnId, code: Code, farewell: bool) {
        self.finish_session(conn, code, Destination::Gone, farewell);
    }

    /// Ends a session whose avatar goes on elsewhere; its viewers await it.
    pub(crate) fn lose_session(&mut self, conn: ConnId, code: Code, winner: Incarnation) {
        self.finish_session(conn, code, Destination::Node(winner), true);
    }

    fn finish_session(&mut self, conn: ConnId, code: Code, to: Destination, farewell: bool) {
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        let (name, trace, context) = (session.name().to_owned(), session.trace, session.context(0));
        if farewell {
            let closing =
                Closing { code: code as u16, meaning: code.meaning() as u8, retry_after_ms: retry_after_ms(code) };
            ToClient::Closing(closing).encode(context, &mut session.outbox);
            let control = std::mem::take(&mut session.outbox);
            self.effects.push_back(Effect::Write { conn, control, frames: Vec::new(), shared: Vec::new() });
        }
        if let Some(session) = self.sessions.remove(&conn)
            && let Stage::Playing(playing) = session.stage
        {
            self.counters.sessions_ended += 1;
            self.take_leave(conn, *playing, to);
        }
        self.forget_operations(conn);
        self.effect(Effect::Note(Note::SessionEnded { conn, name, code, trace }));
        self.effect(Effect::Close { conn, code });
    }

    fn take_leave(&mut self, conn: ConnId, mut playing: Playing, to: Destination) {
        for chunk in playing.view.needed() {
            self.interest.release(self.now, chunk);
        }
        let held = self.authority.get(playing.entity).is_some_and(|a| a.conn == conn);
        let avatar = if held { self.authority.remove(playing.entity, to) } else { None };
        let Some(avatar) = avatar else { return };
        self.handles.rest(self.now, avatar.handle);
        let at = avatar.segment.at(self.tick, &self.pace);
        if to == Destination::Gone
            && let Some(request) = playing.checkpoint.farewell(self.tick, at)
        {
            self.ask_store(conn, Part::Farewell, request);
        }
    }

    /// What time does to sessions: time-outs, retries, looks at the store, checkpoints. Once a tick.
    pub(crate) fn tend_sessions(&mut self) {
        let conns: Vec<ConnId> = self.sessions.keys().copied().collect();
        for conn in conns {
            if let Some(code) = self.overdue(conn) {
                self.end_session(conn, code, true);
            } else {
                self.tend(conn);
            }
        }
    }

    fn overdue(&self, conn: ConnId) -> Option<Code> {
        let session = self.sessions.get(&conn)?;
        let waited = |since: Millis, limit: u64| self.now.since(since) >= limit;
        match &session.stage {
            Stage::Greeting => waited(session.opened_at, wire_limits::HELLO_TIMEOUT_MS).then_some(Code::TimedOut),
            Stage::Arriving(_) => waited(session.opened_at, limits::ARRIVAL_MS).then_some(Code::StoreUnavailable),
            Stage::Playing(_) => waited(session.heard_at, wire_limits::CLIENT_SILENCE_MS).then_some(Code::TimedOut),
        }
    }

    fn tend(&mut self, conn: ConnId) {
        let (now, tick) = (self.now, self.tick);
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        match &mut session.stage {
            Stage::Greeting => {}
            Stage::Arriving(arrival) => {
                let asked = |(owner, part): &(ConnId, Part)| *owner == conn && *part == Part::Arrival;
                let busy = self.operations.values().any(asked);
                if !busy && let Turn::Ask(request) = arrival.poll(now) {
                    self.ask_store(conn, Part::Arrival, request);
                }
            }
            Stage::Playing(playing) => {
                let Some(avatar) = self.authority.get_mut(playing.entity) else { return };
                let suspended = playing.watch.suspends(now);
                if suspended && !avatar.suspended {
                    self.counters.suspensions += 1;
                    let at = avatar.segment.at(tick, &self.pace);
                    avatar.steer(Segment { from: at, since: tick, motion: avatar.segment.motion.stopped() });
                    playing.ack = Some((playing.last_input.unwrap_or(0), true));
                }
                avatar.suspended = suspended;
                let at = avatar.segment.at(tick, &self.pace);
                let watch = playing.watch.poll(now, &playing.name);
                let checkpoint = playing.checkpoint.poll(now, tick, at);
                let turn = playing.deeds.poll(now);
                self.deed_turn(conn, turn);
                for (part, request) in [(Part::Watch, watch), (Part::Checkpoint, checkpoint)] {
                    if let Some(request) = request {
                        self.ask_store(conn, part, request);
                    }
                }
            }
        }
    }
}

/// Whether two places are no further apart than a walk of one tick, on which client and server never agree.
fn is_one_tick_off(claimed: Position, current: Position, (vx, vy): (i32, i32)) -> bool {
    let (dx, dy) = (i64::from(vx), i64::from(vy));
    claimed.distance_squared(current) <= dx * dx + dy * dy
}

/// How long a client should wait before it tries again.
fn retry_after_ms(code: Code) -> u32 {
    match code {
        Code::RateLimited | Code::TooManyRequests | Code::StoreUnavailable => 1_000,
        Code::Full => 2_000,
        _ => 0,
    }
}
