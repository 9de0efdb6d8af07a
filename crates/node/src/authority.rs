//! The avatars for which this node may acknowledge deeds, and which it moves.
//!
//! Once a tick [`Authority::advance`] moves everybody by the rules and says, chunk by chunk, what changed. It knows no
//! peers and no clients.
//!
//! Invariant: what was said of an avatar up to a tick is what [`Avatar::told`] holds, so that a keyframe labelled with
//! that tick agrees with the frames before it.

use std::collections::BTreeMap;

use protocol::frame::{Body, Destination, Enter, Event, Handle, Leave, Look, Move};
use world::{Chunk, EntityId, Epoch, Hop, Motion, Pace, Position, Reach, Rules, Segment, SubCell, Terrain, Tick};

use crate::crowd::Division;
use crate::io::ConnId;
use crate::publisher::Channel;

/// What is new of an avatar since the last tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum News {
    #[default]
    Nothing,
    Moved,
    Looks,
}

/// What all viewers were last told of an avatar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) channel: Channel,
    pub(crate) segment: Segment,
    pub(crate) hop: Hop,
}

/// One avatar.
#[derive(Clone, Debug)]
pub(crate) struct Avatar {
    pub(crate) entity: EntityId,
    pub(crate) conn: ConnId,
    pub(crate) epoch: Epoch,
    pub(crate) handle: Handle,
    pub(crate) look: Look,
    pub(crate) segment: Segment,
    pub(crate) reach: Reach,
    /// `None` until the avatar was first published.
    pub(crate) told: Option<Told>,
    /// It stands still until its document was read again.
    pub(crate) suspended: bool,
    news: News,
    events: Vec<Event>,
}

impl Avatar {
    pub(crate) fn new(
        conn: ConnId,
        entity: EntityId,
        epoch: Epoch,
        handle: Handle,
        look: Look,
        segment: Segment,
        reach: Reach,
    ) -> Self {
        Self {
            entity,
            conn,
            epoch,
            handle,
            look,
            segment,
            reach,
            told: None,
            suspended: false,
            news: News::Nothing,
            events: Vec::new(),
        }
    }

    /// The chunk in whose stream it is, or will be.
    pub(crate) fn chunk(&self) -> Chunk {
        self.told.map_or_else(|| self.segment.from.chunk(), |told| told.channel.chunk)
    }

    pub(crate) fn steer(&mut self, segment: Segment) {
        if segment.motion != self.segment.motion || segment.from != self.segment.from {
            self.news = self.news.max(News::Moved);
        }
        self.segment = segment;
    }

    pub(crate) fn dress(&mut self, tint: u8) {
        if self.look.tint != tint {
            self.look.tint = tint;
            self.news = News::Looks;
        }
    }

    /// Goes on at a higher epoch, which all viewers must learn.
    pub(crate) fn raise(&mut self, epoch: Epoch) {
        self.epoch = epoch;
        self.news = News::Looks;
    }

    pub(crate) fn say(&mut self, kind: u8, payload: Vec<u8>) {
        self.events.push(Event { handle: self.handle, kind, payload });
    }

    /// The record that brings a newcomer to what all others were told up to `tick`.
    pub(crate) fn to_enter(&self, tick: Tick, pace: &Pace) -> Option<Enter> {
        let told = self.told?;
        Some(self.enter(told.hop, told.segment.at(tick, pace), told.segment.motion))
    }

    fn enter(&self, hop: Hop, at: Position, motion: Motion) -> Enter {
        let look = self.look.clone();
        Enter { handle: self.handle, entity: self.entity, epoch: self.epoch, hop, at, motion, look }
    }
}

/// An avatar that is gone but whose viewers have not been told.
#[derive(Clone, Copy, Debug)]
struct Departure {
    channel: Channel,
    leave: Leave,
}

/// All avatars of the node.
#[derive(Debug, Default)]
pub(crate) struct Authority {
    avatars: BTreeMap<EntityId, Avatar>,
    departures: Vec<Departure>,
}

/// What changed in one tick.
#[derive(Debug, Default)]
pub(crate) struct Advance {
    /// Records by stream.
    pub(crate) bodies: BTreeMap<Channel, Body>,
    /// Avatars that the ground stopped or slowed.
    pub(crate) turned: Vec<EntityId>,
    /// Avatars that crossed into another chunk.
    pub(crate) crossings: u64,
    /// Avatars that changed the sub-cell within their chunk.
    pub(crate) resettled: u64,
}

impl Authority {
    pub(crate) fn get(&self, entity: EntityId) -> Option<&Avatar> {
        self.avatars.get(&entity)
    }

    pub(crate) fn get_mut(&mut self, entity: EntityId) -> Option<&mut Avatar> {
        self.avatars.get_mut(&entity)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Avatar> {
        self.avatars.values()
    }

    pub(crate) fn insert(&mut self, avatar: Avatar) {
        self.avatars.insert(avatar.entity, avatar);
    }

    /// Ends the authority over an avatar; its viewers are told at the next tick. Returns its handle.
    pub(crate) fn remove(&mut self, entity: EntityId, to: Destination) -> Option<Avatar> {
        let avatar = self.avatars.remove(&entity)?;
        if let Some(told) = avatar.told {
            let leave = Leave { handle: avatar.handle, hop: told.hop.next(), to };
            self.departures.push(Departure { channel: told.channel, leave });
        }
        Some(avatar)
    }

    /// Moves everybody to `tick` and collects what viewers must be told. `divided` tells how this node's stream of a
    /// chunk is divided.
    pub(crate) fn advance(
        &mut self,
        tick: Tick,
        pace: &Pace,
        rules: &Rules,
        terrain: &mut Terrain,
        divided: impl Fn(Chunk) -> Division,
    ) -> Advance {
        let mut advance = Advance::default();
        for departure in self.departures.drain(..) {
            advance.bodies.entry(departure.channel).or_default().leaves.push(departure.leave);
        }
        for avatar in self.avatars.values_mut() {
            if let Some(turn) = rules.advance(terrain, &avatar.segment, tick, pace) {
                avatar.steer(turn.segment);
                advance.turned.push(avatar.entity);
            }
            tell(avatar, tick, pace, &divided, &mut advance);
        }
        advance
    }
}

/// Adds what is new of one avatar.
fn tell(avatar: &mut Avatar, tick: Tick, pace: &Pace, divided: &impl Fn(Chunk) -> Division, advance: &mut Advance) {
    let at = avatar.segment.at(tick, pace);
    let motion = avatar.segment.motion;
    let news = std::mem::take(&mut avatar.news);
    let (channel, hop) = match avatar.told {
        None => {
            let channel = divided(at.chunk()).channel(at.chunk(), at);
            advance.bodies.entry(channel).or_default().enters.push(avatar.enter(Hop(0), at, motion));
            (channel, Hop(0))
        }
        Some(told) => {
            let (channel, hop) = (channel_of(avatar.entity, &told, at, tick, divided), told.hop.next());
            if channel == told.channel {
                restate(avatar, &told, news, at, advance);
                (channel, told.hop)
            } else {
                let leave = Leave { handle: avatar.handle, hop, to: Destination::Chunk(channel.chunk) };
                advance.bodies.entry(told.channel).or_default().leaves.push(leave);
                advance.bodies.entry(channel).or_default().enters.push(avatar.enter(hop, at, motion));
                let crossed = channel.chunk != told.channel.chunk;
                advance.crossings += u64::from(crossed);
                advance.resettled += u64::from(!crossed);
                (channel, hop)
            }
        }
    };
    if !avatar.events.is_empty() {
        advance.bodies.entry(channel).or_default().events.append(&mut avatar.events);
    }
    avatar.told = Some(Told { channel, segment: avatar.segment, hop });
}

/// In whose stream an avatar is from now on.
fn channel_of(
    entity: EntityId,
    told: &Told,
    at: Position,
    tick: Tick,
    divided: &impl Fn(Chunk) -> Division,
) -> Channel {
    let Channel { chunk, sub } = told.channel;
    if !chunk.keeps(at) {
        return divided(at.chunk()).channel(at.chunk(), at);
    }
    let division = divided(chunk);
    let settled = match division {
        Division::Whole => sub == SubCell::WHOLE,
        Division::Split | Division::Packed => sub != SubCell::WHOLE && sub.keeps(chunk, at),
    };
    if settled || !division.lets_resettle(entity, tick) { told.channel } else { division.channel(chunk, at) }
}

/// What is new of an avatar that stays in its stream.
fn restate(avatar: &Avatar, told: &Told, news: News, at: Position, advance: &mut Advance) {
    let motion = avatar.segment.motion;
    match news {
        News::Nothing => {}
        News::Moved => {
            let moved = Move { handle: avatar.handle, at, motion };
            advance.bodies.entry(told.channel).or_default().moves.push(moved);
        }
        News::Looks => {
            advance.bodies.entry(told.channel).or_default().enters.push(avatar.enter(told.hop, at, motion));
        }
    }
}
