//! The life of a session on this node: hello, arrival, time-outs, goodbye.

use deeds::{Offers, Promises};
use protocol::client::{self, Closing, Hello, ToClient, Welcome};
use protocol::envelope::Context;
use protocol::frame::{Destination, Look};
use protocol::{Code, Incarnation, PROTOCOL_OLDEST, PROTOCOL_VERSION, limits as wire_limits};
use store::{Holding, Record};
use world::{EntityId, Epoch, Position, Segment};

use crate::authority::Avatar;
use crate::avatar::{Figure, avatar_key, entity_of};
use crate::handover::guest::GuestInput;
use crate::io::{ConnId, Effect, Note};
use crate::machine::Node;
use crate::session::arrival::{Arrival, Arrived};
use crate::session::checkpoint::Checkpoint;
use crate::session::deed::{Deeds, figure};
use crate::session::view::SessionView;
use crate::session::watch::Watch;
use crate::session::{Bucket, Part, Playing, Session, Stage, Turn};

/// An avatar that enters the world: its document, where and how it goes on, and what its client will see.
pub(crate) struct Entrance {
    pub(crate) name: String,
    pub(crate) record: Box<Record>,
    pub(crate) segment: Segment,
    pub(crate) view: SessionView,
    pub(crate) checkpoint: Checkpoint,
}

impl Node {
    pub(crate) fn opened(&mut self, conn: ConnId) {
        self.sessions.insert(conn, Session::new(self.now));
        if self.stopping {
            self.end_session(conn, Code::ShuttingDown, true);
        } else if self.sessions.len() > self.config.sessions {
            self.end_session(conn, Code::Full, true);
        }
    }

    pub(crate) fn hello(&mut self, conn: ConnId, context: Context, hello: Hello) {
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        session.trace = context.trace;
        if hello.newest < PROTOCOL_OLDEST || hello.oldest > PROTOCOL_VERSION {
            return self.end_session(conn, Code::VersionUnsupported, true);
        }
        if !client::valid_name(&hello.name) {
            return self.end_session(conn, Code::NameInvalid, true);
        }
        if self.sessions.len() + self.reserved() > self.config.sessions {
            return self.end_session(conn, Code::Full, true);
        }
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        let mut arrival = Arrival::new(self.now, hello.name, self.config.incarnation, conn, self.config.planted);
        let turn = arrival.poll(self.now);
        session.stage = Stage::Arriving(Box::new(arrival));
        if let Turn::Ask(request) = turn {
            self.ask_store(conn, Part::Arrival, request);
        }
    }

    /// The epoch is raised: the avatar enters the world.
    pub(crate) fn enter_world(&mut self, conn: ConnId, arrived: Arrived) {
        let Arrived { record, place, stored } = arrived;
        let Some(Session { stage: Stage::Arriving(arrival), .. }) = self.sessions.get(&conn) else { return };
        let name = arrival.name().to_owned();
        let (entity, epoch, now) = (entity_of(&name), record.epoch, self.now);
        let at = self.resume_place(entity, place.map(|p| (p.order(), p.position())));
        let view = SessionView::new(self.config.view, self.config.island.plan().size_chunks, self.config.planted);
        let segment = Segment::standing(at, self.tick + 1);
        let checkpoint = Checkpoint::new(now, entity, epoch, stored);
        self.begin_play(conn, Entrance { name, record, segment, view, checkpoint });
    }

    /// The avatar enters the world, and its client is welcomed.
    pub(crate) fn begin_play(&mut self, conn: ConnId, entrance: Entrance) {
        let Entrance { name, record, segment, view, checkpoint } = entrance;
        let (entity, epoch, now) = (entity_of(&name), record.epoch, self.now);
        let Some(Figure { tint, .. }) = figure(&record) else {
            return self.end_session(conn, Code::DocumentUnreadable, true);
        };
        if let Some(former) = self.authority.get(entity).map(|a| a.conn) {
            self.lose_session(former, Code::Replaced, self.config.incarnation);
        }
        let Some(handle) = self.handles.take(now) else { return self.end_session(conn, Code::Full, true) };
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        let look = Look { kind: 0, tint, name: name.clone() };
        let reach = self.rules.reach(segment.from, now);
        self.authority.insert(Avatar::new(conn, entity, epoch, handle, look, segment, reach));
        let every = |a_second: u32| 1_000 / u64::from(a_second);
        let speech = Bucket::new(now, wire_limits::SPEECH_BURST, every(wire_limits::SPEECH_PER_SECOND));
        let baselines = wire_limits::BASELINES_PER_SECOND;
        let holding = Holding { actor: avatar_key(&name), epoch, holder: record.holder.clone() };
        session.stage = Stage::Playing(Box::new(Playing {
            name: name.clone(),
            entity,
            epoch,
            last_input: None,
            ack: None,
            deeds: Deeds::new(now, holding, &record.open, self.config.planted),
            offered: Offers::new(entity, epoch),
            promises: Promises::new(entity),
            told_rev: None,
            pages_due: view.needed().collect(),
            view,
            watch: Watch::new(now, record.holder.clone(), conn.0 * 97),
            checkpoint,
            speech,
            baselines: Bucket::new(now, baselines, every(baselines)),
            offers: Bucket::new(now, wire_limits::OFFERS_BURST, every(wire_limits::OFFERS_PER_SECOND)),
            giving: None,
            settled_at: now,
        }));
        let trace = session.trace;
        self.counters.sessions_begun += 1;
        self.effect(Effect::Note(Note::SessionBegan { conn, name, trace }));
        let welcome = self.welcome(entity, segment.from, tint, record.window.next_request.max(1));
        self.tell(conn, 0, &ToClient::Welcome(welcome));
        self.show(conn, &record);
        self.deed_needs(conn);
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
        match self.sessions.remove(&conn).map(|session| session.stage) {
            Some(Stage::Playing(mut playing)) => {
                self.counters.sessions_ended += 1;
                let elsewhere = playing.giving.take().and_then(|giving| self.end_giving(&giving));
                self.take_leave(conn, *playing, elsewhere.unwrap_or(to));
            }
            Some(Stage::Following(key)) => self.guest(key, GuestInput::ClientGone),
            Some(Stage::Greeting | Stage::Arriving(_)) | None => {}
        }
        self.forget_operations(conn);
        self.effect(Effect::Note(Note::SessionEnded { conn, name, code, trace }));
        self.effect(Effect::Close { conn, code });
    }

    fn take_leave(&mut self, conn: ConnId, mut playing: Playing, to: Destination) {
        for chunk in playing.view.needed() {
            self.interest.release(self.now, chunk);
            self.pages.untold(chunk, conn);
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
        conns.into_iter().for_each(|conn| self.tend(conn));
    }

    fn tend(&mut self, conn: ConnId) {
        let (now, tick) = (self.now, self.tick);
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        if let Some(code) = session.overdue(now) {
            return self.end_session(conn, code, true);
        }
        match &mut session.stage {
            Stage::Greeting | Stage::Following(_) => {}
            Stage::Arriving(arrival) => {
                let turn = arrival.poll(now);
                self.arrival_turn(conn, turn);
            }
            Stage::Playing(playing) => {
                let Some(avatar) = self.authority.get_mut(playing.entity) else { return };
                let suspended = playing.watch.suspends(now);
                if suspended && !avatar.suspended {
                    self.counters.suspensions += 1;
                    let at = avatar.segment.at(tick, &self.pace);
                    avatar
                        .steer(Segment { from: at, since: tick, motion: avatar.segment.motion.stopped() }, &self.pace);
                    playing.ack = Some((playing.last_input.unwrap_or(0), true));
                }
                avatar.suspended = suspended;
                let at = avatar.segment.at(tick, &self.pace);
                let watch = playing.watch.poll(now, &playing.name);
                let checkpoint = playing.checkpoint.poll(now, tick, at);
                playing.deeds.wake(now);
                self.deed_needs(conn);
                for (part, request) in [(Part::Watch, watch), (Part::Checkpoint, checkpoint)] {
                    if let Some(request) = request {
                        self.ask_store(conn, part, request);
                    }
                }
            }
        }
    }
}

/// How long a client should wait before it tries again.
pub(crate) fn retry_after_ms(code: Code) -> u32 {
    match code {
        Code::RateLimited | Code::TooManyRequests | Code::StoreUnavailable => 1_000,
        Code::Full => 2_000,
        _ => 0,
    }
}
