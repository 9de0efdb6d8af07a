//! A handover that nobody notices: not the one who moves, and not those who watch.

use world::{Gait, Heading, Motion, Planted};

use super::ferry::Ferry;
use crate::avatar::entity_of;

#[test]
fn who_walks_walks_on() {
    let mut ferry = Ferry::new(Planted::none());
    let motion = Motion::new(Heading::new(16), Gait::Walk);
    ferry.walk(motion);
    ferry.pass(300);
    let entity = entity_of(super::ferry::NAME);
    let at = |ferry: &Ferry, node: usize| {
        let node = ferry.nodes[node].as_ref().unwrap();
        node.authority.get(entity).map(|a| a.segment.at(node.tick, &node.pace))
    };
    let before = (ferry.now, at(&ferry, 0).unwrap());
    ferry.hand_over(None);
    ferry.pass(3_000);
    let after = (ferry.now, at(&ferry, 1).expect("the other node holds it"));
    // 180 units a second are 18 a tick, and it never stood still.
    let ticks = after.0.since(before.0) as i32 / 100;
    assert_eq!((before.1.x - after.1.x, before.1.y - after.1.y), (18 * ticks, 0));
    assert_eq!(ferry.mira.corrections, 0);
}
