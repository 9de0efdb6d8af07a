//! Making things of things.

use protocol::Code;
use wincode::{SchemaRead, SchemaWrite};

use super::sheet::Sheet;
use crate::avatar::avatar_key;
use crate::command::{Command, Done, Receipt, Stop, Verdict, ensure};
use crate::scene::Scene;
use crate::tables::{BuildingId, RecipeId};
use crate::toolkit::{TraceArgs, args, put, take, times, work};

/// `craft`: make something by a recipe.
#[derive(Clone, Copy, Debug)]
pub struct Craft;

/// By which recipe, how often, and where.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct CraftArgs {
    /// The recipe.
    pub recipe: RecipeId,
    /// How often.
    pub times: u32,
    /// The building at which it is done, where the recipe asks for one.
    pub at: Option<TraceArgs>,
}

impl Command for Craft {
    fn name(&self) -> &'static str {
        "craft"
    }

    fn perform(&self, bytes: &[u8], scene: &Scene<'_>) -> Verdict {
        let args: CraftArgs = args(bytes)?;
        let row = scene.tables.recipes.get(&args.recipe).ok_or(Stop::Refused(Code::UnknownRecipe))?;
        let lost = times(scene, &row.of, args.times)?;
        let gained = times(scene, std::slice::from_ref(&row.makes), args.times)?;
        if let Some(kind) = &row.at {
            stand_at(scene, kind, args.at)?;
        }
        let mut me = scene.belongings()?;
        work(scene, &mut me, u64::from(row.time_ms) * u64::from(args.times))?;
        take(&mut me, &lost)?;
        put(scene, &mut me, &gained)?;
        lost.iter().for_each(|(item, amount)| me.tally.lose(item, *amount));
        gained.iter().for_each(|(item, amount)| me.tally.make(item, *amount));
        let mut done = Done { receipt: Receipt { gained, lost, trace: None }, ..Done::default() };
        done.write(scene, avatar_key(&scene.actor.name), &me)?;
        Ok(done)
    }
}

/// Refuses unless the building stands there, within reach. It is only looked at: whoever takes it down meanwhile does
/// not undo what was made.
fn stand_at(scene: &Scene<'_>, kind: &BuildingId, at: Option<TraceArgs>) -> Result<(), Stop> {
    let at = at.ok_or(Stop::Refused(Code::PlaceInvalid))?;
    let sheet = Sheet::of_trace(scene, at.chunk(), at.id())?;
    let built = sheet.built(at.id())?;
    ensure(built.kind == *kind, Code::PlaceInvalid)?;
    scene.within_reach(built.position())
}
