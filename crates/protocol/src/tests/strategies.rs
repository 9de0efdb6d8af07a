//! Arbitrary messages within the limits.

use proptest::collection::vec;
use proptest::prelude::*;
use world::{CHUNK_UNITS, Chunk, EntityId, Epoch, Hop, IslandId, Motion, Position, Tick};

use super::things;
use crate::client::{Baseline, Closing, Dress, GetBaseline, Hello, Input, Ping, Pong, Reply, Speak, ToServer, Welcome};
use crate::envelope::Context;
use crate::frame::{Body, Destination, Enter, Event, Handle, Leave, Look, Move};
use crate::handover::{Follow, Freeze, Invite, Say, Word};
use crate::limits;
use crate::load::{Crowding, Load};
use crate::mesh::{Incarnation, Interest, StreamId, StreamTick, Summary};
use crate::tick::Lane;

/// Any chunk.
pub fn chunk() -> impl Strategy<Value = Chunk> {
    any::<(i16, i16)>().prop_map(|(cx, cy)| Chunk { cx, cy })
}

/// Any position that the chunk's streams keep.
pub fn kept(chunk: Chunk) -> impl Strategy<Value = Position> {
    let axis = -240..CHUNK_UNITS + 240;
    (axis.clone(), axis).prop_map(move |(dx, dy)| chunk.origin().offset(dx, dy))
}

fn motion() -> impl Strategy<Value = Motion> {
    any::<u8>().prop_map(Motion::from_byte)
}

fn handle() -> impl Strategy<Value = Handle> {
    any::<u16>().prop_map(Handle)
}

fn destination() -> impl Strategy<Value = Destination> {
    prop_oneof![
        Just(Destination::Gone),
        chunk().prop_map(Destination::Chunk),
        any::<u64>().prop_map(|n| Destination::Node(Incarnation(n))),
    ]
}

/// Any look: names are as long as their limit in bytes allows.
fn look() -> impl Strategy<Value = Look> {
    let name = "\\PC{0,8}".prop_filter("the limit", |n| n.len() <= limits::NAME_BYTES);
    (any::<u8>(), any::<u8>(), name).prop_map(|(kind, tint, name)| Look { kind, tint, name })
}

fn moves(chunk: Chunk) -> impl Strategy<Value = Move> {
    (handle(), kept(chunk), motion()).prop_map(|(handle, at, motion)| Move { handle, at, motion })
}

fn leaves() -> impl Strategy<Value = Leave> {
    (handle(), any::<u32>(), destination()).prop_map(|(handle, hop, to)| Leave { handle, hop: Hop(hop), to })
}

fn enters(chunk: Chunk) -> impl Strategy<Value = Enter> {
    (handle(), any::<u64>(), any::<u32>(), any::<u32>(), kept(chunk), motion(), look()).prop_map(
        |(handle, entity, epoch, hop, at, motion, look)| Enter {
            handle,
            entity: EntityId(entity),
            epoch: Epoch(epoch),
            hop: Hop(hop),
            at,
            motion,
            look,
        },
    )
}

fn events() -> impl Strategy<Value = Event> {
    (handle(), any::<u8>(), vec(any::<u8>(), 0..64)).prop_map(|(handle, kind, payload)| Event { handle, kind, payload })
}

/// A chunk and any body for it.
pub fn body() -> impl Strategy<Value = (Chunk, Body)> {
    chunk().prop_flat_map(|chunk| {
        (Just(chunk), vec(moves(chunk), 0..40), vec(leaves(), 0..8), vec(enters(chunk), 0..8), vec(events(), 0..8))
            .prop_map(|(chunk, moves, leaves, enters, events)| (chunk, Body { moves, leaves, enters, events }))
    })
}

/// Any stream.
pub fn stream() -> impl Strategy<Value = StreamId> {
    (any::<u64>(), any::<u32>(), chunk(), any::<u8>()).prop_map(|(publisher, island, chunk, sub)| StreamId {
        publisher: Incarnation(publisher),
        island: IslandId(island),
        chunk,
        sub,
    })
}

/// Any lane.
pub fn lane() -> impl Strategy<Value = Lane> {
    prop_oneof![Just(Lane::Near), Just(Lane::Far), Just(Lane::Crowd)]
}

/// Any context.
pub fn context() -> impl Strategy<Value = Context> {
    any::<(u32, u32, u64)>().prop_map(|(epoch, request, trace)| Context { epoch, request, trace })
}

fn ticket() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..=limits::TICKET_BYTES)
}

pub fn hello() -> impl Strategy<Value = Hello> {
    (any::<u16>(), any::<u16>(), "\\PC{0,24}", ticket()).prop_map(|(oldest, newest, name, ticket)| Hello {
        oldest,
        newest,
        name,
        ticket,
    })
}

pub fn input() -> impl Strategy<Value = Input> {
    any::<(u32, i32, i32, u8)>().prop_map(|(seq, x, y, motion)| Input { seq, x, y, motion })
}

/// Any message from a client.
pub fn to_server() -> impl Strategy<Value = ToServer> {
    prop_oneof![
        hello().prop_map(ToServer::Hello),
        input().prop_map(ToServer::Input),
        "\\PC{0,80}".prop_map(|text| ToServer::Speak(Speak { text })),
        any::<u8>().prop_map(|tint| ToServer::Dress(Dress { tint })),
        any::<(i16, i16)>().prop_map(|(cx, cy)| ToServer::GetBaseline(GetBaseline { cx, cy })),
        any::<u64>().prop_map(|client_ms| ToServer::Ping(Ping { client_ms })),
        Just(ToServer::Bye),
        follow().prop_map(ToServer::Follow),
        freeze().prop_map(ToServer::Freeze),
        things::any_deed().prop_map(ToServer::Deed),
        things::any_offer().prop_map(ToServer::Offer),
        things::any_agree().prop_map(ToServer::Agree),
    ]
}

pub fn welcome() -> impl Strategy<Value = Welcome> {
    let numbers = any::<(u16, u64, u32, u32, u64, u32, u64, u16)>();
    let place = any::<(u16, i32, i32, u8, u8, u8, u8, u64)>();
    let addresses = vec("[a-z0-9.:-]{0,40}", 0..=limits::ALTERNATIVES);
    (numbers, place, addresses, ticket(), "[ -~]{0,64}").prop_map(|(n, p, alternatives, ticket, software)| Welcome {
        version: n.0,
        entity: n.1,
        next_request: n.2,
        tick_hz: n.3,
        server_ms: n.4,
        island: n.5,
        seed: n.6,
        generator: n.7,
        size_chunks: p.0,
        x: p.1,
        y: p.2,
        tint: p.3,
        view_near: p.4,
        view_far: p.5,
        far_every: p.6,
        node: p.7,
        alternatives,
        ticket,
        software,
    })
}

pub fn reply() -> impl Strategy<Value = Reply> {
    any::<(u16, u8, u32)>().prop_map(|(code, meaning, retry_after_ms)| Reply { code, meaning, retry_after_ms })
}

pub fn closing() -> impl Strategy<Value = Closing> {
    any::<(u16, u8, u32)>().prop_map(|(code, meaning, retry_after_ms)| Closing { code, meaning, retry_after_ms })
}

pub fn pong() -> impl Strategy<Value = Pong> {
    any::<(u64, u64)>().prop_map(|(client_ms, server_ms)| Pong { client_ms, server_ms })
}

pub fn baseline() -> impl Strategy<Value = Baseline> {
    (any::<(i16, i16, u64)>(), vec(any::<u8>(), 0..2_000)).prop_map(|((cx, cy, hash), bytes)| Baseline {
        cx,
        cy,
        hash,
        bytes,
    })
}

fn token() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..=limits::TOKEN_BYTES)
}

pub fn follow() -> impl Strategy<Value = Follow> {
    let strategy = (any::<u16>(), any::<u16>(), "\\PC{0,24}", token());
    strategy.prop_map(|(oldest, newest, name, token)| Follow { oldest, newest, name, token })
}

pub fn freeze() -> impl Strategy<Value = Freeze> {
    any::<(u64, u32)>().prop_map(|(handover, seq)| Freeze { handover, seq })
}

pub fn invite() -> impl Strategy<Value = Invite> {
    let strategy = (any::<u64>(), "[a-z0-9.:-]{0,40}", token(), any::<u32>());
    strategy.prop_map(|(handover, address, token, within_ms)| Invite { handover, address, token, within_ms })
}

pub fn word() -> impl Strategy<Value = Word> {
    let prepare = ("[a-zA-Z0-9_-]{0,24}", any::<u64>(), any::<u32>(), any::<u32>(), chunk());
    let say = prop_oneof![
        prepare.prop_map(|(name, entity, epoch, island, chunk)| Say::Prepare {
            name,
            entity: EntityId(entity),
            epoch: Epoch(epoch),
            island: IslandId(island),
            chunk,
        }),
        token().prop_map(|token| Say::Prepared { token }),
        any::<u8>().prop_map(|reason| Say::Declined { reason }),
        any::<(u32, u64, i32, i32, u8)>().prop_map(|(epoch, tick, x, y, motion)| Say::Released {
            epoch: Epoch(epoch),
            tick: Tick(tick),
            at: Position { x, y },
            motion: Motion::from_byte(motion),
        }),
        any::<u32>().prop_map(|epoch| Say::Taken { epoch: Epoch(epoch) }),
        Just(Say::CalledOff),
    ];
    (any::<(u64, u64)>(), say).prop_map(|((from, handover), say)| Word { from: Incarnation(from), handover, say })
}

pub fn load() -> impl Strategy<Value = Load> {
    let crowding = (any::<u32>(), chunk(), any::<u16>()).prop_map(|(island, chunk, avatars)| Crowding {
        island: IslandId(island),
        chunk,
        avatars,
    });
    (any::<(u64, u32, u32)>(), 0..=1_000_u16, vec(crowding, 0..50)).prop_map(
        |((from, sessions, room), busy_per_mille, chunks)| Load {
            from: Incarnation(from),
            sessions,
            room,
            busy_per_mille,
            chunks,
        },
    )
}

pub fn summary() -> impl Strategy<Value = Summary> {
    let named = (any::<u32>(), chunk(), any::<u8>(), any::<u64>()).prop_map(|(island, chunk, sub, tick)| StreamTick {
        island: IslandId(island),
        chunk,
        sub,
        tick: Tick(tick),
    });
    (any::<(u64, u64, u64)>(), vec(named, 0..50)).prop_map(|((from, tick, interest), streams)| Summary {
        from: Incarnation(from),
        tick: Tick(tick),
        interest,
        streams,
    })
}

pub fn interest() -> impl Strategy<Value = Interest> {
    let seen = (any::<u32>().prop_map(IslandId), chunk());
    (any::<(u64, u64)>(), vec(seen, 0..50)).prop_map(|((from, version), chunks)| Interest {
        from: Incarnation(from),
        version,
        chunks,
    })
}
