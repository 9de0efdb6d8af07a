//! Fishing in a world of one lake, through the registry, as a node would call it.

use std::collections::BTreeMap;

use deeds::tables::{Source, Tables};
use deeds::{Actor, Belongings, Documents, Look, Nature, Registry, RegistryError, Scene, Stop, Verdict, avatar_key};
use example_fishing::{FishArgs, TABLES, add_to};
use protocol::Code;
use protocol::codec::to_bytes;
use store::{Document, Key};
use world::island::Prop;
use world::{Chunk, EntityId, IslandId, Millis, Position};

/// Everything east of x = 0 is a lake.
struct Lake;

impl Nature for Lake {
    fn prop(&self, _: Chunk, _: u16) -> Option<Prop> {
        None
    }

    fn is_dry(&self, place: Position) -> bool {
        place.x < 0
    }
}

struct Papers(BTreeMap<Key, Document>);

impl Documents for Papers {
    fn look(&self, key: &Key) -> Look<'_> {
        self.0.get(key).map_or(Look::Absent, Look::Present)
    }
}

fn registry() -> Registry {
    let mut registry = Registry::standard();
    add_to(&mut registry).expect("nobody else fishes");
    registry
}

fn tables() -> Tables {
    let rest = ["items", "recipes", "props", "buildings", "rules"].map(|name| {
        let path = format!("{}/../../config/rules/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).expect("the tables of the project")
    });
    let mut sources: Vec<Source<'_>> = rest.iter().map(|text| Source { file: "rules", text }).collect();
    sources.push(TABLES);
    Tables::read(&sources).expect("the tables fit each other")
}

fn fish(held: &Belongings, throw: u64, x: i32) -> Verdict {
    let papers = Papers([(avatar_key("ada"), Document::new(1, held).expect("an object"))].into());
    let actor = Actor { name: "ada".into(), entity: EntityId(1), place: Position::new(-100, 0) };
    let tables = tables();
    let scene = Scene {
        now: Millis(1_800_000_000_000 + 3_000 * throw),
        actor: &actor,
        request: 1,
        partner: None,
        island: IslandId(1),
        tables: &tables,
        nature: &Lake,
        documents: &papers,
    };
    registry().perform("fish", &to_bytes(&FishArgs { x, y: 0 }), &scene)
}

fn angler() -> Belongings {
    let mut held = Belongings::default();
    held.bag.pour(&"rod".into(), 1);
    held
}

#[test]
fn some_throws_catch_a_fish_and_the_same_throw_always_does() {
    let caught = |throw| !fish(&angler(), throw, 100).expect("a rod and a lake").receipt.gained.is_empty();
    let catches: Vec<bool> = (0..60).map(caught).collect();
    assert!((8..40).contains(&catches.iter().filter(|caught| **caught).count()), "{catches:?}");
    assert_eq!(catches, (0..60).map(caught).collect::<Vec<_>>());
}

#[test]
fn who_cannot_fish_is_told_why() {
    let refused = |held: &Belongings, x| fish(held, 0, x).err();
    assert_eq!(refused(&Belongings::default(), 100), Some(Stop::Refused(Code::NotEnough)), "no rod");
    assert_eq!(refused(&angler(), -50), Some(Stop::Refused(Code::PlaceInvalid)), "on land");
    assert_eq!(refused(&angler(), 5_000), Some(Stop::Refused(Code::OutOfRange)), "too far out");
}

#[test]
fn a_name_is_given_once() {
    let mut registry = registry();
    assert_eq!(add_to(&mut registry), Err(RegistryError::Taken("fish")));
    assert!(registry.names().any(|name| name == "fish"));
}
