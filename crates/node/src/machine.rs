//! The machine: what it is made of, and the order of a tick.
//!
//! Publish phase, at the beginning of a tick: time-outs, motion, frames, interest, keyframes, summaries. Flush phase,
//! a little later, when the frames of the other nodes should be here: one write a client, see [`crate::flush`].

use std::collections::{BTreeMap, VecDeque};

use ghosts::Ghosts;
use protocol::frame::Body;
use protocol::mesh::{Interest, MeshMessage, Topic};
use protocol::{Code, Incarnation};
use store::Key;
use store::commit::Resolver;
use world::{Chunk, Millis, Pace, Rules, Terrain, Tick};

use crate::authority::Authority;
use crate::config::Config;
use crate::counters::Counters;
use crate::crowd::Crowds;
use crate::feed::Feed;
use crate::handles::Handles;
use crate::handover::guest::Guest;
use crate::handover::placing::Loads;
use crate::handover::taking::GuestView;
use crate::handover::{HandoverKey, Reason};
use crate::interest::InterestSet;
use crate::io::{ConnId, Effect, Input, Note, WakeReason, Wakeup};
use crate::limits;
use crate::peers::Peers;
use crate::publisher::{self, Channel, Publisher};
use crate::session::Session;
use crate::session::driver::Driver;
use crate::storage::Operations;
use crate::things::pages::Pages;
use crate::viewer::{BodyRef, SeenFrame, Viewer};

/// One node.
#[derive(Debug)]
pub struct Node {
    pub(crate) config: Config,
    pub(crate) pace: Pace,
    pub(crate) rules: Rules,
    pub(crate) terrain: Terrain,
    pub(crate) now: Millis,
    /// The last finished publish phase.
    pub(crate) tick: Tick,
    /// The last finished flush phase.
    pub(crate) flushed: Tick,
    pub(crate) effects: VecDeque<Effect>,
    pub(crate) sessions: BTreeMap<ConnId, Session>,
    pub(crate) operations: Operations,
    /// Who frees documents of intents, by document.
    pub(crate) menders: BTreeMap<Key, Driver<Resolver>>,
    pub(crate) pages: Pages,
    pub(crate) handles: Handles,
    pub(crate) authority: Authority,
    pub(crate) publisher: Publisher,
    pub(crate) interest: InterestSet,
    pub(crate) peers: Peers,
    pub(crate) viewer: Viewer,
    pub(crate) ghosts: Ghosts,
    pub(crate) feed: Feed,
    pub(crate) crowds: Crowds,
    pub(crate) counters: Counters,
    /// The content hashes of baselines, made once for each chunk that anybody saw.
    pub(crate) baselines: BTreeMap<Chunk, u64>,
    /// Sessions of other nodes that this one gets ready for, with what their clients will see.
    pub(crate) guests: BTreeMap<HandoverKey, (Guest, GuestView)>,
    /// The sessions that are being given away, by handover.
    pub(crate) givings: BTreeMap<u64, ConnId>,
    pub(crate) last_handover: u64,
    /// Handovers whose session ended after its release, and to whom, while nobody said yet whether it was taken.
    pub(crate) parted: BTreeMap<u64, (Millis, Incarnation)>,
    pub(crate) loads: Loads,
    /// Of a thousand milliseconds, so many this node was at work, as the shell measured.
    pub(crate) busy_per_mille: u16,
    pub(crate) stopping: bool,
}

impl Node {
    /// A node that begins its life at `now`.
    #[must_use]
    pub fn new(config: Config, now: Millis) -> Self {
        let tick = config.rate.tick_at(now);
        let mut node = Self {
            pace: Pace::new(config.rate),
            rules: Rules::ON_FOOT,
            terrain: Terrain::new(config.island.clone(), Terrain::DEFAULT_CHUNKS),
            now,
            tick,
            flushed: tick,
            effects: VecDeque::new(),
            sessions: BTreeMap::new(),
            operations: Operations::default(),
            menders: BTreeMap::new(),
            pages: Pages::default(),
            handles: Handles::default(),
            authority: Authority::default(),
            publisher: Publisher::new(config.incarnation, config.island_id, config.planted),
            interest: InterestSet::default(),
            peers: Peers::default(),
            viewer: Viewer::new(config.planted),
            ghosts: Ghosts::new(config.planted),
            feed: Feed::new(config.view.far_every, config.rate, config.planted),
            crowds: Crowds::new(config.contract, config.rate, config.planted),
            counters: Counters::default(),
            baselines: BTreeMap::new(),
            guests: BTreeMap::new(),
            givings: BTreeMap::new(),
            last_handover: 0,
            parted: BTreeMap::new(),
            loads: Loads::new(),
            busy_per_mille: 0,
            stopping: false,
            config,
        };
        let own = Topic::node(node.config.incarnation);
        node.effect(Effect::Subscribe { filter: own.0.to_vec() });
        node
    }

    /// Takes in one input. `now` never goes back; where it does, it is held.
    pub fn handle(&mut self, now: Millis, input: Input) {
        let now = now.max(self.now);
        let slept = now.since(self.now);
        self.now = now;
        if slept >= limits::STALL_MS {
            self.wake_from_stall(slept);
        }
        match input {
            Input::Wake => {}
            Input::Opened { conn } => self.opened(conn),
            Input::Message { conn, bytes } => self.client_message(conn, &bytes),
            Input::Closed { conn } => self.end_session(conn, Code::Disconnected, false),
            Input::Blocked { conn } => self.blocked(conn),
            Input::Drained { conn } => self.drained(conn),
            Input::PeerUp { peer, client_address } => self.peer_up(peer, client_address),
            Input::PeerVanished { peer } => self.peers.vanish(peer),
            Input::Mesh { from_host, lane, bytes } => self.mesh_message(from_host, lane, bytes),
            Input::Store { op, reply } => self.store_reply(op, reply),
            Input::Overrun { .. } => self.overrun(),
            Input::Busy { per_mille } => self.busy_per_mille = per_mille.min(1_000),
            Input::HandOver { conn, to } => {
                self.hand_over(conn, to, Reason::Ordered);
            }
            Input::Tables(tables) => self.config.rules.tables = tables,
            Input::Stop => self.stop(),
        }
        self.catch_up();
    }

    /// The next thing to be done, in order.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When to call [`Self::handle`] with [`Input::Wake`] at the latest, and why.
    #[must_use]
    pub fn next_wakeup(&self) -> Wakeup {
        let rate = self.config.rate;
        if self.flushed < self.tick {
            (rate.start_of(self.tick) + self.flush_after_ms(), WakeReason::Flush)
        } else {
            (rate.start_of(self.tick + 1), WakeReason::Publish)
        }
    }

    /// What the node has counted so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let tally = self.viewer.tally;
        Counters {
            gaps: tally.gaps,
            frames_dropped: self.counters.frames_dropped + tally.dropped,
            streams_unbound: tally.unbound,
            ..self.counters
        }
    }

    pub(crate) fn effect(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    fn flush_after_ms(&self) -> u64 {
        self.config.flush_after_ms.min(self.config.rate.period_ms() - 1)
    }

    /// Runs the phases that are due. Ticks that were slept through are skipped, not made up for.
    fn catch_up(&mut self) {
        let current = self.config.rate.tick_at(self.now);
        if current > self.tick {
            if self.flushed < self.tick {
                self.flush();
            }
            self.publish(current);
        }
        let flush_at = self.config.rate.start_of(self.tick) + self.flush_after_ms();
        if self.flushed < self.tick && self.now >= flush_at {
            self.flush();
        }
    }

    fn publish(&mut self, tick: Tick) {
        self.tick = tick;
        self.ghosts.expire(self.now);
        self.unbind_the_silent();
        self.tend_sessions();
        self.tend_guests();
        self.tend_menders();
        self.open_eyes();
        let added = self.settle_interest();
        self.tend_pages();
        self.advance();
        self.follow_with_eyes();
        self.show_own_streams(&added);
        self.pay_keyframes();
        self.ask_for_keyframes();
        if tick.0.is_multiple_of(u64::from(self.config.rate.hz())) {
            self.summarise();
            self.place();
        }
    }

    /// Moves the avatars and publishes what changed.
    fn advance(&mut self) {
        let crowds = &self.crowds;
        let divided = |chunk| crowds.division(chunk);
        let advance = self.authority.advance(self.tick, &self.pace, &self.rules, &mut self.terrain, divided);
        self.counters.border_crossings += advance.crossings;
        self.counters.sub_cell_moves += advance.resettled;
        for (channel, body) in &advance.bodies {
            self.publish_body(*channel, body);
        }
        for entity in advance.turned {
            self.acknowledge_turn(entity);
        }
    }

    fn publish_body(&mut self, channel: Channel, body: &Body) {
        let chunk = channel.chunk;
        self.publisher.settle_members(body, channel, &self.authority);
        let (peers, own) = (self.peers.anyone_sees(chunk), self.interest.contains(chunk));
        let Some(published) = self.publisher.publish(self.tick, channel, body, peers || own) else { return };
        self.counters.frames_published += 1;
        if peers {
            let topic = Topic::chunk(self.config.island_id, chunk, channel.sub.0);
            let bytes = published.message(self.tick);
            self.effect(Effect::Publish { topic, bytes });
        }
        if own {
            let body = BodyRef::new(published.body, 0);
            let frame = SeenFrame { tick: self.tick, prev_tick: published.prev_tick, body };
            self.viewer.frame(self.now, published.stream, frame);
            self.carry_out();
        }
    }

    /// Tells peers and the mesh what the node sees, if that has changed. Returns the chunks that are new.
    fn settle_interest(&mut self) -> Vec<Chunk> {
        let change = self.interest.settle(self.now);
        if change.is_empty() {
            return change.added;
        }
        let island = self.config.island_id;
        for chunk in &change.added {
            self.effect(Effect::Subscribe { filter: Topic::chunk_filter(island, *chunk).to_vec() });
            self.pages.wake(self.now, *chunk);
        }
        for chunk in &change.dropped {
            self.effect(Effect::Unsubscribe { filter: Topic::chunk_filter(island, *chunk).to_vec() });
            self.viewer.drop_chunk(*chunk);
            self.pages.sleep(*chunk);
        }
        self.carry_out();
        let message = self.interest_message();
        let peers: Vec<_> = self.peers.iter().map(|(id, _)| id).collect();
        for to in peers {
            self.counters.interests_sent += 1;
            self.effect(Effect::Send { to, bytes: message.clone() });
        }
        change.added
    }

    pub(crate) fn interest_message(&self) -> std::sync::Arc<[u8]> {
        let island = self.config.island_id;
        let chunks =
            self.interest.chunks().take(protocol::limits::INTEREST_CHUNKS).map(|chunk| (island, chunk)).collect();
        let interest = Interest { from: self.config.incarnation, version: self.interest.version(), chunks };
        publisher::encode(&MeshMessage::Interest(interest))
    }

    /// Own streams of chunks that the node began to see are shown to itself like anybody else's.
    fn show_own_streams(&mut self, added: &[Chunk]) {
        for channel in added.iter().flat_map(|chunk| self.publisher.of(*chunk)).collect::<Vec<_>>() {
            let Some(bytes) = self.publisher.keyframe(channel, self.tick, &self.authority, &self.pace) else {
                continue;
            };
            self.own_keyframe(channel, bytes);
        }
    }

    fn own_keyframe(&mut self, channel: Channel, bytes: std::sync::Arc<[u8]>) {
        let Ok(Some(MeshMessage::Keyframe(k))) = MeshMessage::decode(&bytes) else { return };
        let start = bytes.len() - k.body.len();
        let stream = self.publisher.id(channel);
        self.viewer.keyframe(self.now, stream, self.tick, BodyRef::new(bytes.clone(), start));
        self.carry_out();
    }

    /// Sends peers the keyframes that they are owed, as of the tick that was just published.
    fn pay_keyframes(&mut self) {
        let mut payments = Vec::new();
        for (to, peer) in self.peers.iter_mut() {
            let mut room = limits::KEYFRAMES_PER_TICK;
            while room > 0
                && let Some(channel) = peer.asked.pop_first()
            {
                payments.push((to, channel));
                room -= 1;
            }
            while room > 0
                && let Some(chunk) = peer.owed.pop_first()
            {
                let parts = self.publisher.of(chunk).map(|channel| (to, channel));
                let before = payments.len();
                payments.extend(parts);
                room = room.saturating_sub((payments.len() - before).max(1));
            }
        }
        for (to, channel) in payments {
            if let Some(bytes) = self.publisher.keyframe(channel, self.tick, &self.authority, &self.pace) {
                self.counters.keyframes_sent += 1;
                self.effect(Effect::Send { to, bytes });
            }
        }
    }

    fn summarise(&mut self) {
        let summaries: Vec<_> = self
            .peers
            .iter()
            .map(|(to, peer)| (to, self.publisher.summary(self.tick, peer.version, &peer.interest)))
            .collect();
        for (to, bytes) in summaries {
            self.counters.summaries_sent += 1;
            self.effect(Effect::Publish { topic: Topic::node(to), bytes });
        }
    }

    fn wake_from_stall(&mut self, slept_ms: u64) {
        self.counters.stalls += 1;
        self.effect(Effect::Note(Note::Stalled { ms: slept_ms }));
        let now = self.now;
        self.sessions.values_mut().filter_map(Session::playing_mut).for_each(|p| p.watch.distrust(now));
    }

    fn stop(&mut self) {
        self.stopping = true;
        self.dismiss_all_guests();
        let conns: Vec<ConnId> = self.sessions.keys().copied().collect();
        conns.into_iter().for_each(|conn| self.end_session(conn, Code::ShuttingDown, true));
    }
}
