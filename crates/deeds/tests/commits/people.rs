//! The people of a storm: what they ask for, one thing after the other, and what they were told.

use deeds::commands::{
    BuildArgs, ChestArgs, DropArgs, EatArgs, GatherArgs, GiveArgs, PickUpArgs, TraceArgs, TradeArgs,
};
use deeds::{KeptReceipt, Partner};
use protocol::codec::to_bytes;
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use world::{EntityId, Position};

pub const NAMES: [&str; 3] = ["ada", "bob", "eve"];
pub const PLACE: Position = Position { x: 1010, y: 1010 };
/// What everybody begins with.
pub const ENDOWMENT: [(&str, u32); 4] = [("wood", 40), ("rope", 6), ("berry", 30), ("flint", 8)];

pub struct Dice(Pcg64Mcg);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(Pcg64Mcg::seed_from_u64(seed))
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0.next_u64() % bound
    }

    pub fn chance(&mut self, per_cent: u64) -> bool {
        self.below(100) < per_cent
    }
}

/// One request, as a client repeats it until it is answered.
#[derive(Clone, Debug)]
pub struct Wish {
    pub request: u32,
    pub deed: &'static str,
    pub args: Vec<u8>,
    /// The other, and whether the deed needs the consent of that session.
    pub with: Option<usize>,
    pub terms: Option<u64>,
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

pub fn partner(who: usize, terms: Option<u64>) -> Partner {
    Partner { name: NAMES[who].into(), entity: entity(who), place: PLACE, agreed: terms }
}

pub fn wish(dice: &mut Dice, who: usize, request: u32) -> Wish {
    let (cx, cy) = (0, 0);
    let item = ["wood", "rope", "berry"][dice.below(3) as usize];
    let amount = 1 + dice.below(3) as u32;
    let other = (who + 1 + dice.below(NAMES.len() as u64 - 1) as usize) % NAMES.len();
    let at = TraceArgs { cx, cy, trace: dice.below(8) as u32 };
    let mut with = None;
    let mut terms = None;
    let (deed, args) = match dice.below(10) {
        0 | 1 => ("gather", to_bytes(&GatherArgs { cx, cy, prop: dice.below(3) as u16, units: amount })),
        2 => ("drop", to_bytes(&DropArgs { item: item.into(), amount })),
        3 => ("pick-up", to_bytes(&PickUpArgs { at, item: item.into(), amount: 1 })),
        4 => {
            let x = 800 + 120 * dice.below(4) as i32;
            ("build", to_bytes(&BuildArgs { building: "chest".into(), x, y: 1000 }))
        }
        5 => ("put-in", to_bytes(&ChestArgs { at, item: item.into(), amount })),
        6 => ("take-out", to_bytes(&ChestArgs { at, item: item.into(), amount: 1 })),
        7 => ("eat", to_bytes(&EatArgs { item: "berry".into(), amount })),
        8 => {
            with = Some(other);
            ("give", to_bytes(&GiveArgs { to: entity(other).0, item: item.into(), amount }))
        }
        _ => {
            with = Some(other);
            let args = TradeArgs {
                with: entity(other).0,
                gives: vec![(item.into(), amount)],
                takes: vec![("flint".into(), 1)],
            };
            terms = Some(args.terms(entity(who)));
            ("trade", to_bytes(&args))
        }
    };
    Wish { request, deed, args, with, terms }
}
