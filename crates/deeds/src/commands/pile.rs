//! Putting things on the ground and taking them up.

use protocol::Code;
use wincode::{SchemaRead, SchemaWrite};

use super::sheet::Sheet;
use crate::avatar::avatar_key;
use crate::command::{Command, Done, Receipt, Stop, Verdict, ensure};
use crate::land::Right;
use crate::scene::Scene;
use crate::tables::ItemId;
use crate::toolkit::{TraceArgs, amount, args, item, put, take};
use crate::trace::{Pile, Trace};

/// `drop`: put items on the ground where one stands.
#[derive(Clone, Copy, Debug)]
pub struct Drop;

/// `pick-up`: take items off the ground.
#[derive(Clone, Copy, Debug)]
pub struct PickUp;

/// What to put down.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct DropArgs {
    /// The item.
    pub item: ItemId,
    /// How many.
    pub amount: u32,
}

/// What to take up.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct PickUpArgs {
    /// The pile.
    pub at: TraceArgs,
    /// What the client takes it for.
    pub item: ItemId,
    /// How many.
    pub amount: u32,
}

impl Command for Drop {
    fn name(&self) -> &'static str {
        "drop"
    }

    fn perform(&self, bytes: &[u8], scene: &Scene<'_>) -> Verdict {
        let DropArgs { item: name, amount: count } = args(bytes)?;
        item(scene, &name)?;
        amount(scene, count)?;
        let place = scene.actor.place;
        let mut me = scene.belongings()?;
        let mut sheet = Sheet::with_room(scene, place.chunk(), place)?;
        sheet.allow(scene, Right::Use)?;
        let lost = vec![(name.clone(), count)];
        take(&mut me, &lost)?;
        let until_ms = scene.now.0.saturating_add(scene.tables.body.pile_ms);
        let trace = sheet.add(Trace::Pile(Pile { x: place.x, y: place.y, item: name, amount: count, until_ms }))?;
        let mut done = Done { receipt: Receipt { lost, trace: Some(trace), ..Receipt::default() }, ..Done::default() };
        done.write(scene, avatar_key(&scene.actor.name), &me)?;
        sheet.write(scene, &mut done)?;
        Ok(done)
    }
}

impl Command for PickUp {
    fn name(&self) -> &'static str {
        "pick-up"
    }

    fn perform(&self, bytes: &[u8], scene: &Scene<'_>) -> Verdict {
        let PickUpArgs { at, item: name, amount: count } = args(bytes)?;
        item(scene, &name)?;
        amount(scene, count)?;
        let mut me = scene.belongings()?;
        let mut sheet = Sheet::of_trace(scene, at.chunk(), at.id())?;
        let Some(Trace::Pile(pile)) = sheet.page.traces.get(&at.id()).cloned() else {
            return Err(Stop::Refused(Code::NothingThere));
        };
        scene.within_reach(pile.position())?;
        sheet.allow(scene, Right::Use)?;
        ensure(pile.item == name && pile.amount >= count, Code::Stale)?;
        let gained = vec![(name, count)];
        put(scene, &mut me, &gained)?;
        match pile.amount - count {
            0 => sheet.remove(at.id()),
            amount => sheet.set(at.id(), Trace::Pile(Pile { amount, ..pile })),
        }
        let mut done = Done { receipt: Receipt { gained, ..Receipt::default() }, ..Done::default() };
        done.write(scene, avatar_key(&scene.actor.name), &me)?;
        sheet.write(scene, &mut done)?;
        Ok(done)
    }
}
