//! Decoded samples as JSON: the truth that this crate and the Python client both check.
//!
//! Byte strings are hexadecimal, motions are their byte, positions are `x` and `y` in units.

use serde_json::{Value, json};
use world::Baseline;

use super::samples::{CHUNK, Sample, Shape, TICK};
use crate::client::{ToClient, ToServer};
use crate::envelope::Envelope;
use crate::frame::{Destination, Record, Records};
use crate::handover::Say;
use crate::limits;
use crate::mesh::{MeshMessage, StreamId};
use crate::things::{Heap, Page, Tidings, Trace};
use crate::tick::{Item, Items};
use crate::wire::{Put, WireError};

/// What a sample's bytes mean.
pub fn sample(sample: &Sample) -> Result<Value, WireError> {
    let bytes = &sample.bytes[..];
    Ok(match sample.shape {
        Shape::ToServer => {
            let envelope = Envelope::parse(bytes, limits::CLIENT_MESSAGE_BYTES)?;
            message(&envelope, to_server(&ToServer::decode(&envelope)?.expect("a client's kind")))
        }
        Shape::ToClient => {
            let envelope = Envelope::parse(bytes, limits::SERVER_MESSAGE_BYTES)?;
            message(&envelope, to_client(&ToClient::decode(&envelope)?.expect("a server's kind"))?)
        }
        Shape::Mesh => {
            let envelope = Envelope::parse(bytes, limits::MESH_MESSAGE_BYTES)?;
            message(&envelope, mesh(&MeshMessage::decode(bytes)?.expect("a kind of the mesh")))
        }
        Shape::Item => json!({ "tick": TICK.0, "items": items(&in_tick(bytes))? }),
        Shape::Body => json!({ "chunk": [CHUNK.cx, CHUNK.cy], "records": records(bytes)? }),
        Shape::Topic => json!({ "topic": hex(bytes) }),
        Shape::Ground => ground(bytes),
    })
}

fn ground(bytes: &[u8]) -> Value {
    let ground = Baseline::decode(bytes).expect("a ground");
    let props = ground.props.iter().map(|p| json!([p.kind.to_byte(), p.x, p.y, p.index]));
    json!({
        "hash": Baseline::content_hash(bytes), "heights_cm": ground.heights_cm.to_vec(),
        "biomes": ground.biomes.map(|b| b.to_byte()).to_vec(), "props": props.collect::<Vec<_>>(),
    })
}

/// The payload of a tick message with these items.
pub fn in_tick(items: &[u8]) -> Vec<u8> {
    let mut payload = Vec::new();
    payload.put_u64(TICK.0);
    payload.put(items);
    payload
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn message(envelope: &Envelope<'_>, fields: Value) -> Value {
    let c = envelope.context;
    json!({
        "kind": envelope.kind, "version": envelope.version,
        "epoch": c.epoch, "request": c.request, "trace": c.trace, "fields": fields,
    })
}

fn to_server(message: &ToServer) -> Value {
    match message {
        ToServer::Hello(m) => {
            json!({ "oldest": m.oldest, "newest": m.newest, "name": m.name, "ticket": hex(&m.ticket) })
        }
        ToServer::Input(m) => json!({ "seq": m.seq, "x": m.x, "y": m.y, "motion": m.motion }),
        ToServer::Speak(m) => json!({ "text": m.text }),
        ToServer::Dress(m) => json!({ "tint": m.tint }),
        ToServer::GetBaseline(m) => json!({ "cx": m.cx, "cy": m.cy }),
        ToServer::Ping(m) => json!({ "client_ms": m.client_ms }),
        ToServer::Bye => json!({}),
        ToServer::Follow(m) => {
            json!({ "oldest": m.oldest, "newest": m.newest, "name": m.name, "token": hex(&m.token) })
        }
        ToServer::Freeze(m) => json!({ "handover": m.handover, "seq": m.seq }),
        ToServer::Deed(m) => json!({ "deed": m.deed, "partner": m.partner, "args": hex(&m.args) }),
        ToServer::Offer(m) => json!({ "to": m.to, "gives": heaps(&m.gives), "takes": heaps(&m.takes) }),
        ToServer::Agree(m) => json!({ "by": m.by, "number": m.number }),
    }
}

fn to_client(message: &ToClient<'_>) -> Result<Value, WireError> {
    Ok(match message {
        ToClient::Welcome(m) => json!({
            "version": m.version, "entity": m.entity, "next_request": m.next_request, "tick_hz": m.tick_hz,
            "server_ms": m.server_ms, "island": m.island, "seed": m.seed, "generator": m.generator,
            "size_chunks": m.size_chunks, "x": m.x, "y": m.y, "tint": m.tint, "view_near": m.view_near,
            "view_far": m.view_far, "far_every": m.far_every, "node": m.node, "alternatives": m.alternatives,
            "ticket": hex(&m.ticket), "software": m.software,
        }),
        ToClient::Tick(payload) => json!({ "tick": Items::parse(payload)?.tick.0, "items": items(payload)? }),
        ToClient::Reply(m) => json!({ "code": m.code, "meaning": m.meaning, "retry_after_ms": m.retry_after_ms }),
        ToClient::Baseline(m) => json!({ "cx": m.cx, "cy": m.cy, "hash": m.hash, "bytes": hex(&m.bytes) }),
        ToClient::Pong(m) => json!({ "client_ms": m.client_ms, "server_ms": m.server_ms }),
        ToClient::Closing(m) => json!({ "code": m.code, "meaning": m.meaning, "retry_after_ms": m.retry_after_ms }),
        ToClient::Invite(m) => json!({
            "handover": m.handover, "address": m.address, "token": hex(&m.token), "within_ms": m.within_ms,
        }),
        ToClient::Ready | ToClient::Stay => json!({}),
        ToClient::DeedReply(m) => json!({
            "code": m.code, "meaning": m.meaning, "retry_after_ms": m.retry_after_ms, "gained": heaps(&m.gained),
            "lost": heaps(&m.lost), "made": m.made,
        }),
        ToClient::Bag(m) => json!({
            "rev": m.rev, "items": heaps(&m.items), "energy_kj": m.energy_kj, "energy_as_of_ms": m.energy_as_of_ms,
            "busy_until_ms": m.busy_until_ms, "parcels": m.parcels,
        }),
        ToClient::Page(m) => page(m),
        ToClient::Offered(m) => {
            json!({ "by": m.by, "number": m.number, "gives": heaps(&m.gives), "takes": heaps(&m.takes) })
        }
        ToClient::Agreed(m) => json!({ "by": m.by, "gives": heaps(&m.gives), "takes": heaps(&m.takes) }),
    })
}

fn heaps(heaps: &[Heap]) -> Value {
    heaps.iter().map(|heap| json!({ "item": heap.item, "amount": heap.amount })).collect()
}

fn page(m: &Page) -> Value {
    let guests: Value = m.guests.iter().map(|g| json!({ "entity": g.entity, "role": g.role })).collect();
    let trace = |t: &Trace| {
        json!({
            "id": t.id, "kind": t.kind, "prop": t.prop, "x": t.x, "y": t.y, "name": t.name, "amount": t.amount,
            "owner": t.owner, "at_ms": t.at_ms, "holds": heaps(&t.holds),
        })
    };
    json!({
        "island": m.island, "cx": m.cx, "cy": m.cy, "cell": m.cell, "whole": m.whole, "rev": m.rev, "land": m.land,
        "owner": m.owner, "kept_until_ms": m.kept_until_ms, "guests": guests,
        "traces": m.traces.iter().map(trace).collect::<Value>(),
    })
}

fn tidings(message: &Tidings) -> Value {
    match message {
        Tidings::News(m) => json!({ "from": m.from.0, "page": page(&m.page) }),
        Tidings::Proposal(m) => json!({
            "from": m.from.0, "by": m.by.0, "to": m.offer.to, "gives": heaps(&m.offer.gives),
            "takes": heaps(&m.offer.takes),
        }),
        Tidings::Dealt(m) => json!({ "from": m.from.0, "by": m.by.0, "with": m.with.0 }),
        Tidings::Consent(m) => json!({
            "from": m.from.0, "by": m.by.0, "name": m.name, "epoch": m.epoch.0, "to": m.to.0,
            "gives": heaps(&m.offer.gives), "takes": heaps(&m.offer.takes),
        }),
    }
}

fn items(payload: &[u8]) -> Result<Value, WireError> {
    Items::parse(payload)?.map(|item| Ok(describe_item(&item?))).collect::<Result<Vec<_>, _>>().map(Value::from)
}

fn describe_item(item: &Item<'_>) -> Value {
    match item {
        Item::Frame { slot, late, back, body } => {
            json!({ "item": "frame", "slot": slot.0, "late": late, "back": back, "body": hex(body) })
        }
        Item::Key { slot, stream: s, lane, body } => json!({
            "item": "key", "slot": slot.0, "island": s.island.0, "cx": s.chunk.cx, "cy": s.chunk.cy, "sub": s.sub,
            "lane": *lane as u8, "publisher": s.publisher.0, "body": hex(body),
        }),
        Item::Close { slot } => json!({ "item": "close", "slot": slot.0 }),
        Item::Ack(a) => json!({
            "item": "ack", "seq": a.seq, "x": a.at.x, "y": a.at.y, "motion": a.motion.to_byte(),
            "corrected": a.corrected,
        }),
        Item::Seen { chunk, lane, baseline } => {
            json!({ "item": "seen", "cx": chunk.cx, "cy": chunk.cy, "lane": *lane as u8, "baseline": baseline })
        }
        Item::Unseen { chunk } => json!({ "item": "unseen", "cx": chunk.cx, "cy": chunk.cy }),
        Item::Reset => json!({ "item": "reset" }),
    }
}

fn records(body: &[u8]) -> Result<Value, WireError> {
    Records::new(CHUNK, body).map(|r| Ok(describe_record(&r?))).collect::<Result<Vec<_>, _>>().map(Value::from)
}

fn describe_record(record: &Record) -> Value {
    match record {
        Record::Move(m) => json!({
            "record": "move", "handle": m.handle.0, "x": m.at.x, "y": m.at.y, "motion": m.motion.to_byte(),
        }),
        Record::Leave(l) => match l.to {
            Destination::Gone => json!({ "record": "leave", "handle": l.handle.0, "hop": l.hop.0, "to": "gone" }),
            Destination::Chunk(c) => json!({
                "record": "leave", "handle": l.handle.0, "hop": l.hop.0, "to": "chunk", "cx": c.cx, "cy": c.cy,
            }),
            Destination::Node(n) => json!({
                "record": "leave", "handle": l.handle.0, "hop": l.hop.0, "to": "node", "node": n.0,
            }),
        },
        Record::Enter(e) => json!({
            "record": "enter", "handle": e.handle.0, "entity": e.entity.0, "epoch": e.epoch.0, "hop": e.hop.0,
            "x": e.at.x, "y": e.at.y, "motion": e.motion.to_byte(), "kind": e.look.kind, "tint": e.look.tint,
            "name": e.look.name,
        }),
        Record::Event(e) => {
            json!({ "record": "event", "handle": e.handle.0, "kind": e.kind, "payload": hex(&e.payload) })
        }
    }
}

fn stream(s: &StreamId) -> Value {
    json!({
        "publisher": s.publisher.0, "island": s.island.0, "cx": s.chunk.cx, "cy": s.chunk.cy, "sub": s.sub,
    })
}

fn mesh(message: &MeshMessage<'_>) -> Value {
    match message {
        MeshMessage::Frame(m) => json!({
            "stream": stream(&m.stream), "tick": m.tick.0, "prev_tick": m.prev_tick.map_or(0, |t| t.0),
            "body": hex(m.body),
        }),
        MeshMessage::Keyframe(m) => json!({ "stream": stream(&m.stream), "tick": m.tick.0, "body": hex(m.body) }),
        MeshMessage::Summary(m) => {
            let named = |s: &crate::mesh::StreamTick| json!([s.island.0, s.chunk.cx, s.chunk.cy, s.sub, s.tick.0]);
            json!({
                "from": m.from.0, "tick": m.tick.0, "interest": m.interest,
                "streams": m.streams.iter().map(named).collect::<Vec<_>>(),
            })
        }
        MeshMessage::Interest(m) => {
            let chunks: Vec<_> = m.chunks.iter().map(|(i, c)| json!([i.0, c.cx, c.cy])).collect();
            json!({ "from": m.from.0, "version": m.version, "chunks": chunks })
        }
        MeshMessage::KeyframeRequest(m) => json!({ "from": m.from.0, "stream": stream(&m.stream) }),
        MeshMessage::Load(m) => {
            let chunks: Vec<_> =
                m.chunks.iter().map(|c| json!([c.island.0, c.chunk.cx, c.chunk.cy, c.avatars])).collect();
            json!({
                "from": m.from.0, "sessions": m.sessions, "room": m.room, "busy_per_mille": m.busy_per_mille,
                "chunks": chunks,
            })
        }
        MeshMessage::Tidings(m) => tidings(m),
        MeshMessage::Word(m) => json!({ "from": m.from.0, "handover": m.handover, "say": say(&m.say) }),
    }
}

fn say(say: &Say) -> Value {
    match say {
        Say::Prepare { name, entity, epoch, island, chunk } => json!({
            "name": name, "entity": entity.0, "epoch": epoch.0, "island": island.0, "cx": chunk.cx, "cy": chunk.cy,
        }),
        Say::Prepared { token } => json!({ "token": hex(token) }),
        Say::Declined { reason } => json!({ "reason": reason }),
        Say::Released { epoch, tick, at, motion } => {
            json!({ "epoch": epoch.0, "tick": tick.0, "x": at.x, "y": at.y, "motion": motion.to_byte() })
        }
        Say::Taken { epoch } => json!({ "epoch": epoch.0 }),
        Say::CalledOff => json!({}),
    }
}
