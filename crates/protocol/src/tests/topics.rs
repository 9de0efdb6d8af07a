//! Topics never alias: a filter takes in what it names and nothing else.

use std::collections::BTreeMap;

use proptest::prelude::*;
use world::{Chunk, IslandId};

use super::strategies as any;
use crate::mesh::{CHUNK_TOPIC_BYTES, Incarnation, TOPIC_BYTES, Topic};

proptest! {
    #[test]
    fn a_filter_takes_in_its_own_chunk_only(
        (a, b) in (any::chunk(), any::chunk()), ij: (u32, u32), near: bool, sub: u8,
    ) {
        // Neighbours and equal islands are the likely aliases, so they come up half of the time.
        let (i, j) = ij;
        let (b, j) = if near { (Chunk::new(a.cx, a.cy ^ 1), i) } else { (b, j) };
        let (i, j) = (IslandId(i), IslandId(j));
        let filter = Topic::chunk_filter(i, a);
        prop_assert!(Topic::chunk(i, a, sub).0.starts_with(&filter));
        prop_assert_eq!(Topic::chunk(j, b, sub).0.starts_with(&filter), (i, a) == (j, b));
    }

    #[test]
    fn a_node_is_no_chunk(n: u64, m: u64, i: u32, c in any::chunk(), sub: u8) {
        let node = Topic::node(Incarnation(n));
        prop_assert!(!node.0.starts_with(&Topic::chunk_filter(IslandId(i), c)));
        prop_assert_ne!(node, Topic::chunk(IslandId(i), c, sub));
        prop_assert_eq!(node == Topic::node(Incarnation(m)), n == m);
    }

    #[test]
    fn incarnations_keep_their_parts(host: u16, node: u8, life in 0u64..1 << 40) {
        let i = Incarnation::new(host, node, life);
        prop_assert_eq!((i.host(), i.node(), i.life()), (host, node, life));
        prop_assert!(i.same_node(Incarnation::new(host, node, life ^ 1)));
        prop_assert!(!i.same_node(Incarnation::new(host ^ 1, node, life)));
        prop_assert!(!i.same_node(Incarnation::new(host, node ^ 1, life)));
    }
}

#[test]
fn all_topics_of_a_region_differ() {
    let mut seen = BTreeMap::new();
    for island in [0, 1, 256, u32::MAX] {
        for chunk in Chunk::new(-1, 255).around(3) {
            for sub in [0, 1, 255] {
                let clash = seen.insert(Topic::chunk(IslandId(island), chunk, sub), (island, chunk, sub));
                assert_eq!(clash, None);
            }
        }
    }
    assert_eq!(CHUNK_TOPIC_BYTES + 1, TOPIC_BYTES);
}
