//! Putting things into chests and taking them out.

use protocol::Code;
use wincode::{SchemaRead, SchemaWrite};

use super::sheet::Sheet;
use crate::avatar::{Belongings, avatar_key};
use crate::command::{Command, Done, Receipt, Stop, Verdict, ensure};
use crate::land::Right;
use crate::scene::Scene;
use crate::tables::{ItemId, Room, Stack};
use crate::toolkit::{TraceArgs, amount, args, item, put, refused, take};
use crate::trace::{Built, Trace};

/// `put-in`: put items into a chest.
#[derive(Clone, Copy, Debug)]
pub struct PutIn;

/// `take-out`: take items out of a chest.
#[derive(Clone, Copy, Debug)]
pub struct TakeOut;

/// Which chest, and what.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct ChestArgs {
    /// The chest.
    pub at: TraceArgs,
    /// The item.
    pub item: ItemId,
    /// How many.
    pub amount: u32,
}

/// A chest that was opened.
struct Opened {
    at: TraceArgs,
    sheet: Sheet,
    built: Built,
    room: Room,
    me: Belongings,
    what: Vec<Stack>,
}

impl Opened {
    fn open(bytes: &[u8], scene: &Scene<'_>) -> Result<Self, Stop> {
        let ChestArgs { at, item: name, amount: count } = args(bytes)?;
        item(scene, &name)?;
        amount(scene, count)?;
        let me = scene.belongings()?;
        let sheet = Sheet::of_trace(scene, at.chunk(), at.id())?;
        let built = sheet.built(at.id())?.clone();
        scene.within_reach(built.position())?;
        sheet.allow_at(scene, &built, Right::Use)?;
        let room = scene.tables.buildings.get(&built.kind).and_then(|row| row.room);
        let room = room.ok_or(Stop::Refused(Code::PlaceInvalid))?;
        Ok(Self { at, sheet, built, room, me, what: vec![(name, count)] })
    }

    fn close(mut self, scene: &Scene<'_>, receipt: Receipt) -> Verdict {
        let mut done = Done { receipt, ..Done::default() };
        done.write(scene, avatar_key(&scene.actor.name), &self.me)?;
        self.sheet.set(self.at.id(), Trace::Built(self.built));
        self.sheet.write(scene, &mut done)?;
        Ok(done)
    }
}

impl Command for PutIn {
    fn name(&self) -> &'static str {
        "put-in"
    }

    fn perform(&self, bytes: &[u8], scene: &Scene<'_>) -> Verdict {
        let mut open = Opened::open(bytes, scene)?;
        take(&mut open.me, &open.what)?;
        open.built.bag.put(&scene.tables.items, open.room, &open.what).map_err(|_| Stop::Refused(Code::ChestFull))?;
        let receipt = Receipt { lost: open.what.clone(), ..Receipt::default() };
        open.close(scene, receipt)
    }
}

impl Command for TakeOut {
    fn name(&self) -> &'static str {
        "take-out"
    }

    fn perform(&self, bytes: &[u8], scene: &Scene<'_>) -> Verdict {
        let mut open = Opened::open(bytes, scene)?;
        // Somebody else may have been at the chest since the client looked.
        ensure(open.what.iter().all(|(item, amount)| open.built.bag.amount(item) >= *amount), Code::Stale)?;
        open.built.bag.take(&open.what).map_err(refused)?;
        put(scene, &mut open.me, &open.what)?;
        let receipt = Receipt { gained: open.what.clone(), ..Receipt::default() };
        open.close(scene, receipt)
    }
}
