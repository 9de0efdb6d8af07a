//! The people of a play, what they ask for and what they were told; and for each deed a little world in which it can be
//! done.

use std::collections::BTreeMap;

use deeds::commands::{
    BuildArgs, ChestArgs, ClaimArgs, CraftArgs, DropArgs, EatArgs, GatherArgs, GiveArgs, LandArgs, PickUpArgs,
    ShareArgs, TraceArgs, TradeArgs, UpkeepArgs,
};
use deeds::{Bargain, Consent, KeptReceipt, LandId, Partner, Spent};
use protocol::codec::to_bytes;
use store::{Document, Key};
use world::{EntityId, Epoch, Position};

use super::plan::Dice;
use crate::fixture::{BERRIES, HOME, OAK, Person, World};

pub const NAMES: [&str; 3] = ["ada", "bob", "eve"];
pub const PLACE: Position = Position { x: 1010, y: 1010 };
/// What everybody begins with.
const ENDOWMENT: [(&str, u32); 6] =
    [("wood", 30), ("rope", 6), ("berry", 30), ("flint", 8), ("stone", 16), ("reed", 40)];
/// Where there is room for a chest.
const CLEAR: (i32, i32) = (1100, 1100);

/// One request, as a client repeats it until it is answered.
#[derive(Clone, Debug)]
pub struct Wish {
    pub request: u32,
    pub deed: &'static str,
    pub args: Vec<u8>,
    /// The other, if there is one.
    pub with: Option<usize>,
    /// What the other agrees to.
    pub bargain: Option<Bargain>,
}

/// How a request was answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    Done(KeptReceipt),
    Refused(u16),
}

pub fn entity(who: usize) -> EntityId {
    EntityId(who as u64 + 1)
}

/// Somebody as told by a session of this epoch, which agreed to what is asked for.
pub fn partner(who: usize, wish: &Wish, epoch: Option<Epoch>) -> Partner {
    let agreed = wish.bargain.clone().zip(epoch).map(|(bargain, epoch)| {
        let consent = Consent { bargain, epoch };
        Spent { consent, request: wish.request }
    });
    Partner { name: NAMES[who].into(), entity: entity(who), place: PLACE, agreed }
}

fn alone(request: u32, deed: &'static str, args: Vec<u8>) -> Wish {
    Wish { request, deed, args, with: None, bargain: None }
}

pub fn gift(request: u32, to: usize, item: &str, amount: u32) -> Wish {
    let args = to_bytes(&GiveArgs { to: entity(to).0, item: item.into(), amount });
    Wish { with: Some(to), ..alone(request, "give", args) }
}

pub fn trade(who: usize, request: u32, with: usize, gives: (&str, u32), takes: (&str, u32)) -> Wish {
    let stack = |(item, amount): (&str, u32)| vec![(item.into(), amount)];
    let terms = TradeArgs { with: entity(with).0, gives: stack(gives), takes: stack(takes) };
    let wish = Wish { with: Some(with), ..alone(request, "trade", to_bytes(&terms)) };
    Wish { bargain: Some(Bargain { actor: entity(who), terms }), ..wish }
}

fn gather(request: u32, prop: u16, units: u32) -> Wish {
    alone(request, "gather", to_bytes(&GatherArgs { cx: 0, cy: 0, prop, units }))
}

/// Something that may be possible or not.
pub fn wish(dice: &mut Dice, who: usize, request: u32) -> Wish {
    let item = ["wood", "rope", "berry"][dice.below(3) as usize];
    let amount = 1 + dice.below(3) as u32;
    let other = (who + 1 + dice.below(NAMES.len() as u64 - 1) as usize) % NAMES.len();
    let at = TraceArgs { cx: 0, cy: 0, trace: dice.below(8) as u32 };
    match dice.below(12) {
        0 | 1 => gather(request, dice.below(3) as u16, amount),
        2 => alone(request, "drop", to_bytes(&DropArgs { item: item.into(), amount })),
        3 => alone(request, "pick-up", to_bytes(&PickUpArgs { at, item: item.into(), amount: 1 })),
        4 => {
            let x = 800 + 120 * dice.below(4) as i32;
            alone(request, "build", to_bytes(&BuildArgs { building: "chest".into(), x, y: 1000 }))
        }
        5 => alone(request, "put-in", to_bytes(&ChestArgs { at, item: item.into(), amount })),
        6 => alone(request, "take-out", to_bytes(&ChestArgs { at, item: item.into(), amount: 1 })),
        7 => alone(request, "eat", to_bytes(&EatArgs { item: "berry".into(), amount })),
        8 => alone(request, "craft", to_bytes(&CraftArgs { recipe: "rope".into(), times: 1, at: None })),
        9 | 10 => gift(request, other, item, amount),
        _ => trade(who, request, other, (item, amount), ("flint", 1)),
    }
}

fn person(who: usize) -> Person {
    Person::new(NAMES[who], entity(who).0)
}

fn people() -> World {
    let mut world = World::new();
    (0..NAMES.len()).for_each(|who| world.endow(&person(who), &ENDOWMENT));
    world
}

/// Documents of people who have something.
pub fn endowed() -> BTreeMap<Key, Document> {
    people().papers.0
}

/// A deed of ada's that can be done in its little world, and what bob does to the same documents meanwhile.
pub struct Case {
    pub deed: &'static str,
    pub documents: BTreeMap<Key, Document>,
    pub ada: Wish,
    pub bob: Wish,
}

/// Every command that there is, each where it can be done.
pub fn cases() -> Vec<Case> {
    let (cx, cy) = (HOME.cx, HOME.cy);
    let ada = person(0);
    let land = LandId::new(entity(0), 0).0;
    let case = |mut world: World, ada: Wish, bob: Wish| {
        world.wait(60_000);
        Case { deed: ada.deed, documents: world.papers.0, ada, bob }
    };
    let with_pile = || {
        let mut world = people();
        let done = world.act(&ada, "drop", &DropArgs { item: "wood".into(), amount: 5 });
        let trace = done.expect("has wood").receipt.trace.expect("a pile").0;
        (world, TraceArgs { cx, cy, trace })
    };
    let with_chest = || {
        let mut world = people();
        let (x, y) = CLEAR;
        let done = world.act(&ada, "build", &BuildArgs { building: "chest".into(), x, y });
        let trace = done.expect("has wood and rope").receipt.trace.expect("a chest").0;
        world.wait(60_000);
        (world, TraceArgs { cx, cy, trace })
    };
    let with_land = || {
        let mut world = people();
        world.act(&ada, "claim", &ClaimArgs { chunks: vec![(0, 0), (1, 0)] }).expect("free land");
        world
    };
    let stay = || alone(1, "drop", to_bytes(&DropArgs { item: "berry".into(), amount: 1 }));
    let (pile_world, pile) = with_pile();
    let (chest_world, chest) = with_chest();
    let (empty_world, empty) = with_chest();
    let (mut full_world, full) = with_chest();
    full_world.act(&ada, "put-in", &ChestArgs { at: full, item: "berry".into(), amount: 9 }).expect("has berries");
    let craft = CraftArgs { recipe: "rope".into(), times: 2, at: None };
    let share = ShareArgs { land: land.clone(), with: entity(1).0, role: 2 };
    let upkeep = UpkeepArgs { land: land.clone(), periods: 1 };
    let claim = ClaimArgs { chunks: vec![(0, 0), (0, 1), (1, 0)] };
    let pick_up = PickUpArgs { at: pile, item: "wood".into(), amount: 3 };
    let (x, y) = CLEAR;
    vec![
        case(people(), gather(1, OAK, 2), gather(1, OAK, 3)),
        case(people(), alone(1, "drop", to_bytes(&DropArgs { item: "wood".into(), amount: 2 })), stay()),
        case(pile_world, alone(1, "pick-up", to_bytes(&pick_up)), gather(1, BERRIES, 1)),
        case(people(), alone(1, "craft", to_bytes(&craft)), gift(1, 0, "flint", 1)),
        case(people(), alone(1, "build", to_bytes(&BuildArgs { building: "chest".into(), x, y })), stay()),
        case(empty_world, alone(1, "dismantle", to_bytes(&empty)), stay()),
        case(
            chest_world,
            alone(1, "put-in", to_bytes(&ChestArgs { at: chest, item: "berry".into(), amount: 4 })),
            stay(),
        ),
        case(
            full_world,
            alone(1, "take-out", to_bytes(&ChestArgs { at: full, item: "berry".into(), amount: 4 })),
            gift(1, 0, "berry", 2),
        ),
        case(people(), gift(1, 1, "wood", 3), gift(1, 0, "flint", 2)),
        case(people(), trade(0, 1, 1, ("wood", 3), ("flint", 2)), trade(1, 1, 0, ("rope", 1), ("wood", 4))),
        case(
            people(),
            alone(1, "eat", to_bytes(&EatArgs { item: "berry".into(), amount: 3 })),
            trade(1, 1, 0, ("flint", 1), ("berry", 5)),
        ),
        case(people(), alone(1, "claim", to_bytes(&claim)), stay()),
        case(with_land(), alone(1, "share", to_bytes(&share)), gift(1, 0, "flint", 1)),
        case(with_land(), alone(1, "upkeep", to_bytes(&upkeep)), gift(1, 0, "flint", 1)),
        case(with_land(), alone(1, "abandon", to_bytes(&LandArgs { land })), gift(1, 0, "flint", 1)),
    ]
}
