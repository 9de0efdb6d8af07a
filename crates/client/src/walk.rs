//! Reading without a picture: items and record counts only, for bots that load a server and need to see nothing.
//!
//! It still follows slots, so that gaps and unknown slots are found by every bot.

use protocol::WireError;
use protocol::tick::{Item, Items};
use world::Chunk;

use crate::checks::Violation;
use crate::sink::Sink;
use crate::slots::{Follows, Slots};

/// What a header walker remembers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Walk {
    slots: Slots,
}

impl Walk {
    /// Walks the items of one tick message.
    pub(crate) fn apply(&mut self, items: Items<'_>, sink: &mut Sink<'_>) -> Result<(), WireError> {
        let tick = items.tick;
        for item in items {
            match item? {
                Item::Frame { slot, late, back, body } => {
                    let open = self.slots.get_mut(slot);
                    let follows = open.map(|open| open.follow(tick - late, back));
                    note(follows, sink);
                    sink.frame(Chunk::default(), body)?;
                }
                Item::Key { slot, stream, lane, body } => {
                    self.slots.key(slot, stream, lane, tick);
                    sink.keyframe(stream.chunk, body)?;
                }
                Item::Close { slot } => {
                    self.slots.close(slot);
                }
                Item::Ack(ack) => sink.acks.push(ack),
                Item::Seen { .. } | Item::Unseen { .. } => {}
                Item::Reset => {
                    sink.counts.resets += 1;
                    self.slots.clear();
                }
            }
        }
        Ok(())
    }
}

/// Counts what is wrong with a frame; `None` is a frame of an unknown slot.
pub(crate) fn note(follows: Option<Follows>, sink: &mut Sink<'_>) {
    match follows {
        None => sink.note(Violation::UnknownSlot),
        Some(Follows::Gap) => sink.note(Violation::Gap),
        Some(Follows::Repeated) => sink.note(Violation::Repeated),
        Some(Follows::Yes) => {}
    }
}
