//! An observer of the world: it decodes all that its client is told, and keeps the table that any client keeps.

use std::collections::HashMap;
use std::time::Instant;

use ghosts::{Applied, Ghosts, StreamKey};
use protocol::frame::{Body, Record, Records};
use protocol::tick::{Item, Items, Slot};
use protocol::{WireError, frame};
use world::{Chunk, EntityId, Millis, Pace, Planted, Position, Tick};

use crate::load::tally::Tally;
use crate::load::trail::Trail;

/// One slot of the observer's connection.
#[derive(Clone, Copy, Debug)]
struct Open {
    chunk: Chunk,
    last: Tick,
}

/// What an observer holds.
#[derive(Debug)]
pub struct Watcher {
    ghosts: Ghosts,
    slots: HashMap<Slot, Open>,
    tick: Tick,
}

impl Default for Watcher {
    fn default() -> Self {
        Self { ghosts: Ghosts::new(Planted::none()), slots: HashMap::new(), tick: Tick(0) }
    }
}

/// What an observer needs besides its message.
pub struct Looking<'a> {
    /// When the message was read.
    pub now: Instant,
    /// The same on the clock of ghosts.
    pub millis: Millis,
    /// Who is which walker.
    pub walkers: &'a HashMap<EntityId, usize>,
    /// What they claimed.
    pub trail: &'a Trail,
    /// Where it is counted.
    pub tally: &'a mut Tally,
}

impl Watcher {
    /// Reads one tick message.
    pub fn read(&mut self, payload: &[u8], looking: &mut Looking<'_>) -> Result<(), WireError> {
        let items = Items::parse(payload)?;
        self.tick = items.tick;
        for item in items {
            match item? {
                Item::Frame { slot, late, back, body } => self.frame(slot, (late, back), body, looking)?,
                Item::Key { slot, stream, lane: _, body } => {
                    let enters = Body::decode(stream.chunk, body)?.enters;
                    let key = StreamKey(u32::from(slot.0));
                    self.slots.insert(slot, Open { chunk: stream.chunk, last: self.tick });
                    self.ghosts.open(key, stream.chunk);
                    self.ghosts.replace(looking.millis, key, self.tick, &enters);
                }
                Item::Close { slot } => {
                    self.slots.remove(&slot);
                    self.ghosts.close(looking.millis, StreamKey(u32::from(slot.0)));
                }
                Item::Reset => looking.tally.violations += 1,
                Item::Ack(_) | Item::Seen { .. } | Item::Unseen { .. } => {}
            }
        }
        self.ghosts.expire(looking.millis);
        Ok(())
    }

    fn frame(
        &mut self,
        slot: Slot,
        (late, back): (u64, u64),
        body: &[u8],
        looking: &mut Looking<'_>,
    ) -> Result<(), WireError> {
        let tick = self.tick - late;
        let Some(open) = self.slots.get_mut(&slot) else {
            looking.tally.violations += 1;
            return Ok(());
        };
        let follows = back == 0 || tick - back <= open.last;
        looking.tally.violations += u64::from(!follows);
        open.last = tick;
        let (chunk, key) = (open.chunk, StreamKey(u32::from(slot.0)));
        let mut updates = 0;
        for record in Records::new(chunk, body) {
            let record = record?;
            updates += u64::from(!matches!(record, Record::Event(_)));
            let applied = self.ghosts.apply(looking.millis, key, tick, &record, |_| true);
            match (&record, applied) {
                (Record::Move(m), Applied::Changed(entity)) => {
                    let claim = looking.walkers.get(&entity).and_then(|walker| {
                        looking.trail.newest(*walker, |claim| claim.at == m.at && claim.motion == m.motion)
                    });
                    match claim {
                        Some(claim) => looking.tally.seen(looking.now.saturating_duration_since(claim.due)),
                        None => looking.tally.unexplained += 1,
                    }
                }
                (Record::Move(_), Applied::UnknownHandle(_)) => looking.tally.violations += 1,
                _ => {}
            }
        }
        looking.tally.read += updates;
        looking.tally.changed += updates;
        looking.tally.violations += u64::from(frame::count_updates(chunk, body)? != updates);
        Ok(())
    }

    /// Where it has an entity.
    #[must_use]
    pub fn place(&self, entity: EntityId, pace: &Pace) -> Option<Position> {
        self.ghosts.get(entity).map(|ghost| ghost.segment.at(self.tick, pace))
    }
}
