//! Eating.

use protocol::Code;
use wincode::{SchemaRead, SchemaWrite};

use crate::avatar::avatar_key;
use crate::command::{Command, Done, Receipt, Verdict, ensure};
use crate::scene::Scene;
use crate::tables::ItemId;
use crate::toolkit::{amount, args, item, take};

/// `eat`: eat something.
#[derive(Clone, Copy, Debug)]
pub struct Eat;

/// What to eat.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct EatArgs {
    /// The item.
    pub item: ItemId,
    /// How many.
    pub amount: u32,
}

impl Command for Eat {
    fn name(&self) -> &'static str {
        "eat"
    }

    fn perform(&self, bytes: &[u8], scene: &Scene<'_>) -> Verdict {
        let EatArgs { item: name, amount: count } = args(bytes)?;
        let row = item(scene, &name)?;
        amount(scene, count)?;
        ensure(row.food_kj > 0, Code::NotFood)?;
        let mut me = scene.belongings()?;
        let lost = vec![(name.clone(), count)];
        take(&mut me, &lost)?;
        me.tally.lose(&name, count);
        me.energy = me.energy.fed(scene.now, &scene.tables.body, row.food_kj.saturating_mul(count));
        let mut done = Done { receipt: Receipt { lost, ..Receipt::default() }, ..Done::default() };
        done.write(scene, avatar_key(&scene.actor.name), &me)?;
        Ok(done)
    }
}
