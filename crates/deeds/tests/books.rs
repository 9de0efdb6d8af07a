//! The book-keeper: whatever people do, no item comes from nowhere and none is lost.

use deeds::commands::{
    BuildArgs, ChestArgs, CraftArgs, DropArgs, EatArgs, GatherArgs, GiveArgs, PickUpArgs, TraceArgs, TradeArgs,
};
use proptest::prelude::*;
use protocol::codec::to_bytes;

use crate::fixture::{Person, World, agreed};

const DEEDS: [&str; 11] =
    ["gather", "drop", "pick-up", "craft", "build", "dismantle", "put-in", "take-out", "give", "trade", "eat"];
const ITEMS: [&str; 8] = ["wood", "reed", "berry", "flint", "rope", "axe", "stew", "gold"];

/// A request that has a fair chance to be done.
fn request(deed: usize, item: usize, amount: u32, trace: u32, other: u64) -> (&'static str, Vec<u8>) {
    let (cx, cy) = (0, 0);
    let name = ITEMS[item % ITEMS.len()];
    let at = TraceArgs { cx, cy, trace };
    let deed = DEEDS[deed % DEEDS.len()];
    let bytes = match deed {
        "gather" => to_bytes(&GatherArgs { cx, cy, prop: (item % 6) as u16, units: amount }),
        "drop" => to_bytes(&DropArgs { item: name.into(), amount }),
        "pick-up" => to_bytes(&PickUpArgs { at, item: name.into(), amount }),
        "craft" => to_bytes(&CraftArgs { recipe: ["rope", "axe"][item % 2].into(), times: amount, at: None }),
        "build" => {
            let (x, y) = (800 + 100 * (trace as i32 % 5), 1100);
            to_bytes(&BuildArgs { building: ["chest", "workbench"][item % 2].into(), x, y })
        }
        "put-in" | "take-out" => to_bytes(&ChestArgs { at, item: name.into(), amount }),
        "give" => to_bytes(&GiveArgs { to: other, item: name.into(), amount }),
        "trade" => to_bytes(&trade(other, item, amount)),
        "eat" => to_bytes(&EatArgs { item: name.into(), amount }),
        _ => to_bytes(&at),
    };
    (deed, bytes)
}

fn trade(other: u64, item: usize, amount: u32) -> TradeArgs {
    let stack = |n: usize| (ITEMS[n % ITEMS.len()].into(), amount);
    TradeArgs { with: other, gives: vec![stack(item)], takes: vec![stack(item + 1)] }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_item_comes_from_nowhere_and_none_is_lost(
        deeds in prop::collection::vec((0usize..11, 0usize..8, 0u32..9, 0u32..12, any::<bool>(), 0u64..400_000), 1..160)
    ) {
        let mut world = World::new();
        let people = [Person::new("ada", 1), Person::new("bob", 2)];
        for who in &people {
            world.endow(who, &[("wood", 20), ("reed", 20), ("flint", 4), ("rope", 4), ("berry", 20)]);
        }
        let mut done = 0;
        for (deed, item, amount, trace, first, pause_ms) in deeds {
            let (me, other) = if first { (&people[0], &people[1]) } else { (&people[1], &people[0]) };
            let agreed = agreed(me.actor.entity.0, world.request, trade(other.actor.entity.0, item, amount));
            let me = Person { actor: me.actor.clone(), partner: None }.with(other, agreed);
            let (name, bytes) = request(deed, item, amount, trace, other.actor.entity.0);
            done += u32::from(world.act_bytes(&me, name, &bytes).is_ok());
            for (item, (held, told)) in world.books() {
                prop_assert_eq!(held, told, "{} after {}", item, name);
            }
            world.wait(pause_ms);
        }
        prop_assume!(done > 0);
    }

    #[test]
    fn any_bytes_are_a_request_or_refused(deed in 0usize..11, bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let mut world = World::new();
        let ada = Person::new("ada", 1);
        world.endow(&ada, &[("wood", 20)]);
        let _ = world.act_bytes(&ada, DEEDS[deed], &bytes);
        for (item, (held, told)) in world.books() {
            prop_assert_eq!(held, told, "{}", item);
        }
    }
}
