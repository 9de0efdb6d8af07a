//! Taking from natural props.

use protocol::Code;
use wincode::{SchemaRead, SchemaWrite};
use world::Chunk;

use super::sheet::Sheet;
use crate::avatar::avatar_key;
use crate::command::{Command, Done, Receipt, Stop, Verdict, ensure};
use crate::land::Right;
use crate::scene::Scene;
use crate::toolkit::{amount, args, put, work};
use crate::trace::{Taken, Trace};

/// `gather`: take units of a natural prop.
#[derive(Clone, Copy, Debug)]
pub struct Gather;

/// Which prop, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct GatherArgs {
    /// The chunk's column.
    pub cx: i16,
    /// The chunk's row.
    pub cy: i16,
    /// The prop's index in its chunk.
    pub prop: u16,
    /// Units.
    pub units: u32,
}

impl Command for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn perform(&self, bytes: &[u8], scene: &Scene<'_>) -> Verdict {
        let args: GatherArgs = args(bytes)?;
        amount(scene, args.units)?;
        let chunk = Chunk::new(args.cx, args.cy);
        let prop = scene.nature.prop(chunk, args.prop).ok_or(Stop::Refused(Code::NothingThere))?;
        let row = scene.tables.props.get(&prop.kind).ok_or(Stop::Refused(Code::NothingThere))?;
        scene.within_reach(prop.position(chunk))?;
        let mut me = scene.belongings()?;
        let mut sheet = Sheet::of_prop(scene, chunk, args.prop, prop.position(chunk))?;
        sheet.allow(scene, Right::Use)?;
        ensure(row.tool.as_ref().is_none_or(|tool| me.bag.amount(tool) > 0), Code::NotEnough)?;
        work(scene, &mut me, u64::from(row.time_ms) * u64::from(args.units))?;
        let gained = args.units.checked_mul(row.amount).ok_or(Stop::Refused(Code::AmountInvalid))?;
        let gained = vec![(row.gives.clone(), gained)];
        let known = sheet.page.taken_of(args.prop);
        let before = match known.and_then(|id| sheet.page.traces.get(&id)) {
            Some(Trace::Taken(taken)) => *taken,
            _ => Taken { prop: args.prop, missing: 0, as_of_ms: scene.now.0 },
        };
        let after = before.with(scene.now.0, args.units, row);
        ensure(after.missing <= row.units, Code::Exhausted)?;
        put(scene, &mut me, &gained)?;
        gained.iter().for_each(|(item, amount)| me.tally.make(item, *amount));
        match known {
            Some(id) => sheet.set(id, Trace::Taken(after)),
            None => {
                sheet.add(Trace::Taken(after))?;
            }
        }
        let mut done = Done { receipt: Receipt { gained, ..Receipt::default() }, ..Done::default() };
        done.write(scene, avatar_key(&scene.actor.name), &me)?;
        sheet.write(scene, &mut done)?;
        Ok(done)
    }
}
