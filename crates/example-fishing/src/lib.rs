//! How a studio adds a rule of its own: a command `fish`, and the rows of tables that it needs. Nothing of Tombolo is
//! changed for it; whoever composes a world calls [`add_to`] and reads [`TABLES`] with the other tables.
//!
//! Main type: [`Fish`].
//!
//! Invariant: like every command it is a pure function of its scene. What looks like luck is a digest of who fishes, where
//! and when, so that the same deed always comes to the same catch.

use std::sync::Arc;

use deeds::tables::{ItemId, Source};
use deeds::toolkit::{args, put, work};
use deeds::{Command, Done, Receipt, Registry, RegistryError, Scene, Verdict, avatar_key, ensure};
use protocol::Code;
use wincode::{SchemaRead, SchemaWrite};
use world::digest::Digest;
use world::{Position, UNITS_PER_METRE};

/// The rows that fishing adds.
pub const TABLES: Source<'static> = Source { file: "fishing.toml", text: include_str!("../tables/fishing.toml") };

/// How long a throw takes, in milliseconds.
const THROW_MS: u64 = 3_000;
/// How far a line reaches, in units.
const LINE_UNITS: i32 = 5 * UNITS_PER_METRE;
/// One throw in so many catches something.
const THROWS_A_FISH: u64 = 3;

/// `fish`: throw a line into the water.
#[derive(Clone, Copy, Debug)]
pub struct Fish;

/// Where the line falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct FishArgs {
    /// Units east.
    pub x: i32,
    /// Units south.
    pub y: i32,
}

/// Adds fishing to the commands of a world.
pub fn add_to(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.add(Arc::new(Fish))
}

impl Command for Fish {
    fn name(&self) -> &'static str {
        "fish"
    }

    fn perform(&self, bytes: &[u8], scene: &Scene<'_>) -> Verdict {
        let FishArgs { x, y } = args(bytes)?;
        let (fish, rod, water) = (ItemId::from("fish"), ItemId::from("rod"), Position::new(x, y));
        let reach = i64::from(LINE_UNITS);
        ensure(scene.actor.place.distance_squared(water) <= reach * reach, Code::OutOfRange)?;
        ensure(!scene.nature.is_dry(water), Code::PlaceInvalid)?;
        let mut me = scene.belongings()?;
        ensure(me.bag.amount(&rod) > 0, Code::NotEnough)?;
        work(scene, &mut me, THROW_MS)?;
        let mut receipt = Receipt::default();
        if bites(scene, water) {
            receipt.gained = vec![(fish.clone(), 1)];
            put(scene, &mut me, &receipt.gained)?;
            // What comes into the world goes into the books.
            me.tally.make(&fish, 1);
        }
        let mut done = Done { receipt, ..Done::default() };
        done.write(scene, avatar_key(&scene.actor.name), &me)?;
        Ok(done)
    }
}

fn bites(scene: &Scene<'_>, water: Position) -> bool {
    let throw = scene.now.0 / THROW_MS;
    let parts = [scene.actor.entity.0, throw, water.x as u64, water.y as u64].map(u64::to_le_bytes);
    Digest::of(parts.as_flattened()).is_multiple_of(THROWS_A_FISH)
}
