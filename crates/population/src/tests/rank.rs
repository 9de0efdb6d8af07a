//! The set that knows ranks, against a plain one.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::queue::RankSet;

proptest! {
    #[test]
    fn ranks_are_those_of_a_sorted_list(ops in prop::collection::vec((0u64..2_000, prop::bool::weighted(0.7)), 0..4_000)) {
        let (mut ours, mut plain) = (RankSet::default(), BTreeSet::new());
        for (number, insert) in ops {
            if insert {
                prop_assert_eq!(ours.insert(number), plain.insert(number));
            } else {
                prop_assert_eq!(ours.remove(number), plain.remove(&number));
            }
            prop_assert_eq!(ours.len(), plain.len());
            prop_assert_eq!(ours.first(), plain.first().copied());
        }
        for number in 0..2_000 {
            prop_assert_eq!(ours.rank(number), plain.range(..number).count());
        }
    }
}

#[test]
fn half_a_million_in_order_and_out_of_order() {
    let mut set = RankSet::default();
    for number in 0..250_000u64 {
        assert!(set.insert(1_000_000 + number) && set.insert(number * 3));
    }
    assert_eq!((set.len(), set.rank(1_000_000), set.rank(u64::MAX)), (500_000, 250_000, 500_000));
    for number in 0..250_000u64 {
        assert!(set.remove(number * 3));
    }
    assert_eq!((set.rank(1_000_777), set.first()), (777, Some(1_000_000)));
}
