//! What an update costs on the wire: the promise that everything else is built on.

use world::{Chunk, EntityId, Epoch, Gait, Heading, Hop, Motion, Position, Tick};

use super::golden;
use crate::envelope::{Context, HEADER_BYTES};
use crate::frame::{Body, Enter, Handle, Look, MOVE_BYTES, Move};
use crate::mesh::{Incarnation, Keyframe, MeshMessage, StreamId};
use crate::tick::{Item, Slot};
use crate::wire::Put;
use crate::{Kind, envelope, limits};

const CHUNK: Chunk = Chunk::new(3, 4);

fn step(n: u16) -> Move {
    let at = CHUNK.origin().offset(i32::from(n % 60) * 60, i32::from(n / 60) * 60);
    Move { handle: Handle(n), at, motion: Motion::new(Heading::new(n as u8), Gait::Run) }
}

fn moves(n: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    Body { moves: (0..n).map(step).collect(), ..Body::default() }.encode(CHUNK, &mut bytes);
    bytes
}

/// A whole tick message with one frame of `n` moves.
fn tick_message(n: u16) -> Vec<u8> {
    let (body, mut out) = (moves(n), Vec::new());
    envelope::write(&mut out, Kind::Tick, Context::default(), |out| {
        out.put_u64(17_000_000_000);
        Item::Frame { slot: Slot(9), late: 1, back: 1, body: &body }.encode(out);
    });
    out
}

#[test]
fn a_move_costs_six_bytes() {
    assert_eq!(MOVE_BYTES, 6);
    assert_eq!(moves(2).len() - moves(1).len(), 6);
    assert_eq!(golden::read("body_move").len(), 1 + 6);
}

#[test]
fn a_thousand_moves_cost_6_041_bytes_each_with_all_that_is_around_them() {
    let message = tick_message(1_000);
    // the tick, then the item: tag, slot, late, back, body length, count of moves
    assert_eq!(message.len(), HEADER_BYTES + 8 + (1 + 2 + 1 + 1 + 2 + 2) + 6_000);
}

#[test]
fn a_thousand_moves_cost_no_more_than_6_01_bytes_each_as_an_item() {
    let item = tick_message(1_000).len() - HEADER_BYTES - 8;
    assert!(item * 100 <= 601 * 1_000, "{item} bytes");
}

#[test]
fn an_enter_costs_25_bytes_and_its_name() {
    let counts = 3;
    assert_eq!(golden::read("body_enter").len(), counts + 25 + "mira".len());
}

#[test]
fn the_largest_keyframe_of_20000_entities_fits_the_mesh() {
    let enter = |n: u16| Enter {
        handle: Handle(n),
        entity: EntityId(u64::MAX),
        epoch: Epoch(u32::MAX),
        hop: Hop(u32::MAX),
        at: Position::default(),
        motion: Motion::default(),
        look: Look { kind: 255, tint: 255, name: "n".repeat(limits::NAME_BYTES) },
    };
    let mut body = Vec::new();
    Body { enters: (0..20_000).map(enter).collect(), ..Body::default() }.encode(CHUNK, &mut body);
    let stream = StreamId { publisher: Incarnation(1), island: world::IslandId(1), chunk: CHUNK, sub: 0 };
    let mut out = Vec::new();
    MeshMessage::Keyframe(Keyframe { stream, tick: Tick(1), body: &body }).encode(&mut out);
    assert!(MeshMessage::decode(&out).unwrap().is_some(), "{} bytes", out.len());
}
