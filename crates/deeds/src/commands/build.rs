//! Building and dismantling.

use protocol::Code;
use wincode::{SchemaRead, SchemaWrite};
use world::{Chunk, Position};

use super::sheet::Sheet;
use crate::avatar::avatar_key;
use crate::command::{Command, Done, Receipt, Stop, Verdict, ensure};
use crate::land::Right;
use crate::page::{Page, PageKey};
use crate::scene::Scene;
use crate::tables::{BuildingId, Stack};
use crate::toolkit::{TraceArgs, args, put, take, work};
use crate::trace::{Built, Trace};

/// `build`: build something.
#[derive(Clone, Copy, Debug)]
pub struct Build;

/// `dismantle`: take down what was built.
#[derive(Clone, Copy, Debug)]
pub struct Dismantle;

/// What to build, and where.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct BuildArgs {
    /// The kind of building.
    pub building: BuildingId,
    /// Units east.
    pub x: i32,
    /// Units south.
    pub y: i32,
}

impl Command for Build {
    fn name(&self) -> &'static str {
        "build"
    }

    fn perform(&self, bytes: &[u8], scene: &Scene<'_>) -> Verdict {
        let BuildArgs { building, x, y } = args(bytes)?;
        let row = scene.tables.buildings.get(&building).ok_or(Stop::Refused(Code::UnknownBuilding))?;
        let place = Position::new(x, y);
        scene.within_reach(place)?;
        ensure(scene.nature.is_dry(place), Code::PlaceInvalid)?;
        let mut me = scene.belongings()?;
        let mut sheet = Sheet::with_room(scene, place.chunk(), place)?;
        sheet.allow(scene, Right::Build)?;
        ensure_clear(scene, place, row.clearance_units)?;
        work(scene, &mut me, row.time_ms.into())?;
        take(&mut me, &row.of)?;
        row.of.iter().for_each(|(item, amount)| me.tally.lose(item, *amount));
        let until_ms = scene.now.0.saturating_add(row.decay_ms);
        let owner = scene.actor.entity.0;
        let trace =
            sheet.add(Trace::Built(Built { kind: building, x, y, owner, until_ms, bag: Default::default() }))?;
        let receipt = Receipt { lost: row.of.clone(), trace: Some(trace), ..Receipt::default() };
        let mut done = Done { receipt, ..Done::default() };
        done.write(scene, avatar_key(&scene.actor.name), &me)?;
        sheet.write(scene, &mut done)?;
        Ok(done)
    }
}

/// Refuses a place that is nearer to a building than either may stand. Documents beside the one that is written are only
/// looked at: two people who build in the same moment on two sides of an edge may come closer.
fn ensure_clear(scene: &Scene<'_>, place: Position, clearance_units: u32) -> Result<(), Stop> {
    let widest = scene.tables.buildings.values().map(|row| row.clearance_units).max().unwrap_or(0) as i32;
    let corner = |dx: i32, dy: i32| place.offset(dx * widest, dy * widest);
    let corners = [corner(-1, -1), corner(1, -1), corner(-1, 1), corner(1, 1)];
    let mut chunks: Vec<Chunk> = corners.iter().map(|corner| corner.chunk()).collect();
    chunks.sort_unstable();
    chunks.dedup();
    scene.need(chunks.iter().map(|chunk| PageKey::page(scene.island, *chunk).key()))?;
    for chunk in chunks {
        let key = PageKey::page(scene.island, chunk);
        let page = scene.page(key)?;
        let mut cells: Vec<PageKey> = corners.iter().map(|corner| key.cell_at(*corner)).collect();
        cells.sort_unstable();
        cells.dedup();
        cells.retain(|cell| page.has_cell(cell.cell));
        scene.need(cells.iter().map(|cell| cell.key()))?;
        ensure(is_clear(scene, chunk, page, place, clearance_units), Code::Occupied)?;
        for cell in cells {
            ensure(is_clear(scene, chunk, scene.page(cell)?, place, clearance_units), Code::Occupied)?;
        }
    }
    Ok(())
}

fn is_clear(scene: &Scene<'_>, chunk: Chunk, mut page: Page, place: Position, clearance_units: u32) -> bool {
    page.heal(chunk, scene.now, scene.tables, scene.nature);
    page.built().all(|(_, built)| {
        let theirs = scene.tables.buildings.get(&built.kind).map_or(0, |row| row.clearance_units);
        built.position().distance(place) >= theirs.max(clearance_units)
    })
}

impl Command for Dismantle {
    fn name(&self) -> &'static str {
        "dismantle"
    }

    fn perform(&self, bytes: &[u8], scene: &Scene<'_>) -> Verdict {
        let at: TraceArgs = args(bytes)?;
        let mut me = scene.belongings()?;
        let mut sheet = Sheet::of_trace(scene, at.chunk(), at.id())?;
        let built = sheet.built(at.id())?.clone();
        scene.within_reach(built.position())?;
        sheet.allow_at(scene, &built, Right::Build)?;
        ensure(built.bag.is_empty(), Code::NotEmpty)?;
        let row = scene.tables.buildings.get(&built.kind).ok_or(Stop::Refused(Code::UnknownBuilding))?;
        work(scene, &mut me, row.time_ms.into())?;
        let back = |(item, amount): &Stack| (item.clone(), part(*amount, row.gives_back_percent));
        let gained: Vec<Stack> = row.of.iter().map(back).filter(|(_, amount)| *amount > 0).collect();
        put(scene, &mut me, &gained)?;
        gained.iter().for_each(|(item, amount)| me.tally.make(item, *amount));
        sheet.remove(at.id());
        let mut done = Done { receipt: Receipt { gained, ..Receipt::default() }, ..Done::default() };
        done.write(scene, avatar_key(&scene.actor.name), &me)?;
        sheet.write(scene, &mut done)?;
        Ok(done)
    }
}

/// So many per cent, rounded down.
fn part(amount: u32, percent: u8) -> u32 {
    // At most 100 per cent, so it fits again.
    (u64::from(amount) * u64::from(percent.min(100)) / 100) as u32
}
