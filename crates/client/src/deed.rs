//! Deeds as messages: one function for each that servers know by default, with its arguments packed as they want them.
//!
//! It deliberately knows no rules: items, recipes and buildings are names, and the server says whether there is such a
//! thing. A world with deeds of its own needs a function like these for each.
//!
//! Invariant: the bytes are those of the command's own struct, in the order of its fields. Tests hold them to it.

use protocol::codec::to_bytes;
use protocol::things::{Deed, Offer};
use protocol::wire::Put;
use world::{Chunk, EntityId, Position};

/// A pile or building, by its chunk and its id there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// The chunk.
    pub chunk: Chunk,
    /// The trace's id.
    pub trace: u32,
}

/// Take `units` of a natural prop, named by its index in its chunk's baseline.
#[must_use]
pub fn gather(chunk: Chunk, prop: u16, units: u32) -> Deed {
    let mut args = Vec::new();
    put_chunk(&mut args, chunk);
    args.put_u16(prop);
    args.put_u32(units);
    plain("gather", args)
}

/// Put items on the ground where one stands.
#[must_use]
pub fn drop(item: &str, amount: u32) -> Deed {
    plain("drop", heap(item, amount))
}

/// Take items off the ground.
#[must_use]
pub fn pick_up(at: At, item: &str, amount: u32) -> Deed {
    plain("pick-up", at_heap(at, item, amount))
}

/// Make something, at a building where the recipe asks for one.
#[must_use]
pub fn craft(recipe: &str, times: u32, at: Option<At>) -> Deed {
    let mut args = heap(recipe, times);
    args.put_u8(u8::from(at.is_some()));
    if let Some(at) = at {
        put_at(&mut args, at);
    }
    plain("craft", args)
}

/// Build something at a place within reach.
#[must_use]
pub fn build(building: &str, place: Position) -> Deed {
    let mut args = Vec::new();
    put_text(&mut args, building);
    args.put_i32(place.x);
    args.put_i32(place.y);
    plain("build", args)
}

/// Take down what was built.
#[must_use]
pub fn dismantle(at: At) -> Deed {
    let mut args = Vec::new();
    put_at(&mut args, at);
    plain("dismantle", args)
}

/// Put items into a chest.
#[must_use]
pub fn put_in(at: At, item: &str, amount: u32) -> Deed {
    plain("put-in", at_heap(at, item, amount))
}

/// Take items out of a chest.
#[must_use]
pub fn take_out(at: At, item: &str, amount: u32) -> Deed {
    plain("take-out", at_heap(at, item, amount))
}

/// Put items into somebody's bag.
#[must_use]
pub fn give(to: EntityId, item: &str, amount: u32) -> Deed {
    let mut args = to.0.to_le_bytes().to_vec();
    args.put(&heap(item, amount));
    with(to, "give", args)
}

/// Trade with somebody who agreed to this offer.
#[must_use]
pub fn trade(offer: &Offer) -> Deed {
    // An offer is written as the deed's terms are: with whom, what one gives, what one takes.
    with(EntityId(offer.to), "trade", to_bytes(offer))
}

/// Eat something.
#[must_use]
pub fn eat(item: &str, amount: u32) -> Deed {
    plain("eat", heap(item, amount))
}

/// Make chunks that touch one's own, the one where one stands among them.
#[must_use]
pub fn claim(chunks: &[Chunk]) -> Deed {
    let mut args = (chunks.len() as u64).to_le_bytes().to_vec();
    chunks.iter().for_each(|chunk| put_chunk(&mut args, *chunk));
    plain("claim", args)
}

/// Give somebody a role on a parcel: 0 none, 1 guest, 2 builder, 3 steward.
#[must_use]
pub fn share(land: &str, somebody: EntityId, role: u8) -> Deed {
    let mut args = Vec::new();
    put_text(&mut args, land);
    args.put_u64(somebody.0);
    args.put_u8(role);
    plain("share", args)
}

/// Pay for so many more periods of a parcel.
#[must_use]
pub fn upkeep(land: &str, periods: u32) -> Deed {
    plain("upkeep", heap(land, periods))
}

/// Give a parcel up.
#[must_use]
pub fn abandon(land: &str) -> Deed {
    let mut args = Vec::new();
    put_text(&mut args, land);
    plain("abandon", args)
}

fn plain(name: &str, args: Vec<u8>) -> Deed {
    with(EntityId(0), name, args)
}

fn with(partner: EntityId, name: &str, args: Vec<u8>) -> Deed {
    Deed { deed: name.to_owned(), partner: partner.0, args }
}

fn put_text(args: &mut Vec<u8>, text: &str) {
    args.put_u64(text.len() as u64);
    args.put(text.as_bytes());
}

fn put_chunk(args: &mut Vec<u8>, Chunk { cx, cy }: Chunk) {
    args.put_i16(cx);
    args.put_i16(cy);
}

fn put_at(args: &mut Vec<u8>, at: At) {
    put_chunk(args, at.chunk);
    args.put_u32(at.trace);
}

fn heap(name: &str, amount: u32) -> Vec<u8> {
    let mut args = Vec::new();
    put_text(&mut args, name);
    args.put_u32(amount);
    args
}

fn at_heap(at: At, item: &str, amount: u32) -> Vec<u8> {
    let mut args = Vec::new();
    put_at(&mut args, at);
    args.put(&heap(item, amount));
    args
}
