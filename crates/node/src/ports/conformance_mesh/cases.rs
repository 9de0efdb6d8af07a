//! The cases. Each states in its name what a mesh must do.

use protocol::Incarnation;
use protocol::mesh::Topic;
use world::IslandId;

use super::ear::{Ear, Note, chunk, chunk_topic, connect_all, frame, interest, start, topic};
use super::{MeshFixture, Started};
use crate::ports::mesh::{MeshCommand, MeshLane};

/// Filters in the case with many of them: what a host with a few hundred scattered players subscribes.
const MANY: u32 = 20_000;
/// Frames that are under way at once in the cases with many of them; every mesh must hold so many.
const WINDOW: u32 = 500;

/// Two publishers on different hosts and one next door: each is heard in its own order, nothing missing or twice.
pub fn each_publisher_is_heard_in_order(fixture: &dyn MeshFixture) {
    let (a, b, c) = (start(fixture, 1, 1), start(fixture, 2, 1), start(fixture, 3, 1));
    connect_all(&[&a, &b, &c]);
    let mut ear = Ear::of(&a, 0);
    let mut mouths = [Ear::of(&a, 1), Ear::of(&b, 0), Ear::of(&c, 1)];
    ear.subscribe(b"C");
    mouths.iter_mut().for_each(|mouth| ear.hear_frames_of(fixture, mouth));
    for ten in 0..30 {
        mouths.iter_mut().for_each(|mouth| mouth.publish_all(topic(ten), (1..=10).map(|n| u64::from(ten) * 10 + n)));
    }
    for mouth in &mut mouths {
        ear.hear_frames_of(fixture, mouth);
        assert_eq!(ear.numbers(mouth), (1..=300).collect::<Vec<_>>(), "of {}", mouth.node);
    }
}

/// A whole topic, all sub-cells of a chunk, a node's own topic, everything, and one byte too much.
pub fn a_filter_hears_its_topics_and_no_others(fixture: &dyn MeshFixture) {
    let (a, b) = (start(fixture, 1, 1), start(fixture, 2, 1));
    connect_all(&[&a, &b]);
    let mut mouth = Ear::of(&b, 0);
    let own = Topic::node(Incarnation::new(1, 0, 1));
    let said = [chunk_topic(5, 0), chunk_topic(5, 9), chunk_topic(6, 0), chunk_topic(256, 0), own];
    let too_long = [&topic(5).0[..], &[0]].concat();
    let table: [(&[u8], &[u64]); 6] = [
        (&chunk_topic(5, 9).0, &[2]),
        (&Topic::chunk_filter(IslandId(7), chunk(5)), &[1, 2]),
        (&own.0, &[5]),
        (b"C", &[1, 2, 3, 4]),
        (b"", &[1, 2, 3, 4, 5]),
        (&too_long, &[]),
    ];
    for (filter, expected) in table {
        let mut ear = Ear::of(&a, 0);
        ear.subscribe(filter);
        ear.hear_frames_of(fixture, &mut mouth);
        (1..).zip(said).for_each(|(number, topic)| mouth.publish(topic, number));
        ear.hear_frames_of(fixture, &mut mouth);
        assert_eq!(ear.numbers(&mouth), expected, "by {filter:?}");
    }
}

/// Subscribed twice must be unsubscribed twice, by the same node; and a frame that two filters match comes once.
pub fn subscriptions_are_counted(fixture: &dyn MeshFixture) {
    let (a, b) = (start(fixture, 1, 1), start(fixture, 2, 1));
    connect_all(&[&a, &b]);
    let (mut ear, mut other, mut mouth) = (Ear::of(&a, 0), Ear::of(&a, 1), Ear::of(&b, 0));
    let mut step = |ear: &mut Ear, other: &mut Ear, number| {
        ear.hear_frames_of(fixture, &mut mouth);
        mouth.publish(topic(1), number);
        ear.hear_frames_of(fixture, &mut mouth);
        other.hear_frames_of(fixture, &mut mouth);
        (ear.numbers(&mouth), other.numbers(&mouth))
    };
    ear.unsubscribe(&topic(1).0);
    ear.subscribe(&topic(1).0);
    ear.subscribe(&topic(1).0);
    ear.subscribe(b"C");
    assert_eq!(step(&mut ear, &mut other, 1), (vec![1], vec![]), "one too many before, two filters, one node");
    ear.unsubscribe(b"C");
    ear.unsubscribe(&topic(1).0);
    other.unsubscribe(&topic(1).0);
    assert_eq!(step(&mut ear, &mut other, 2), (vec![1, 2], vec![]), "one of two is left");
    other.subscribe(&topic(1).0);
    ear.unsubscribe(&topic(1).0);
    assert_eq!(step(&mut ear, &mut other, 3), (vec![1, 2], vec![3]), "the other node still hears");
    other.unsubscribe(&topic(1).0);
    assert_eq!(step(&mut ear, &mut other, 4), (vec![1, 2], vec![3]), "nobody is left");
}

/// The short cut: nodes of one host hear each other on both lanes, without any link, and nobody hears itself.
pub fn nodes_of_one_host_hear_each_other_but_not_themselves(fixture: &dyn MeshFixture) {
    let a = start(fixture, 1, 1);
    let (mut left, mut right) = (Ear::of(&a, 0), Ear::of(&a, 255));
    left.subscribe(b"C");
    right.subscribe(b"C");
    right.hear_frames_of(fixture, &mut left);
    left.hear_frames_of(fixture, &mut right);
    left.publish(topic(1), 1);
    right.publish(topic(1), 2);
    left.tell(right.node, 3);
    right.hear_words_of(fixture, &mut left);
    left.hear_words_of(fixture, &mut right);
    let note = |from: &Ear, lane, number| Note { from: from.node, lane, number };
    assert_eq!(left.heard(), [note(&right, MeshLane::Ordered, 2)]);
    assert_eq!(right.heard(), [note(&left, MeshLane::Ordered, 1), note(&left, MeshLane::Direct, 3)]);
}

/// Of six nodes on three hosts only the one that was meant hears it, in order.
pub fn the_direct_lane_reaches_exactly_one_node(fixture: &dyn MeshFixture) {
    let hosts = [start(fixture, 1, 1), start(fixture, 2, 1), start(fixture, 3, 1)];
    connect_all(&hosts.each_ref());
    let mut mouth = Ear::of(&hosts[0], 0);
    let mut ears: Vec<Ear> = hosts[1..].iter().flat_map(|host| [Ear::of(host, 0), Ear::of(host, 1)]).collect();
    ears.push(Ear::of(&hosts[0], 1));
    ears.iter_mut().for_each(|ear| ear.hear_words_of(fixture, &mut mouth));
    mouth.tell_all(ears[1].node, 1..=100);
    ears.iter_mut().for_each(|ear| ear.hear_words_of(fixture, &mut mouth));
    for (i, ear) in ears.iter().enumerate() {
        let expected = if i == 1 { (1..=100).collect() } else { vec![] };
        assert_eq!(ear.numbers(&mouth), expected, "at {}", ear.node);
    }
    assert!(mouth.heard().is_empty());
}

/// No such host, no such node, another life of the node; on the own host too. Somebody counts each.
pub fn an_unknown_destination_is_dropped_and_counted(fixture: &dyn MeshFixture) {
    let (a, b) = (start(fixture, 1, 5), start(fixture, 2, 5));
    connect_all(&[&a, &b]);
    let (mut mouth, mut ear) = (Ear::of(&a, 0), Ear::of(&b, 0));
    ear.hear_words_of(fixture, &mut mouth);
    let dropped = || a.mesh.counters().dropped + b.mesh.counters().dropped;
    let before = dropped();
    let nowhere =
        [(9, 0, 5), (2, 1, 5), (2, 0, 4), (2, 0, 6), (1, 1, 5), (1, 0, 4)].map(|(h, n, l)| Incarnation::new(h, n, l));
    nowhere.iter().for_each(|to| mouth.tell(*to, 1));
    ear.hear_words_of(fixture, &mut mouth);
    assert!(fixture.settle(&mut || dropped() == before + nowhere.len() as u64), "counted {}", dropped() - before);
    assert!(ear.heard().is_empty() && mouth.heard().is_empty());
}

/// As many filters as a busy host has, made before one link and after another: every single one is in force.
pub fn twenty_thousand_subscriptions_all_arrive(fixture: &dyn MeshFixture) {
    let (a, before, after) = (start(fixture, 1, 1), start(fixture, 2, 1), start(fixture, 3, 1));
    connect_all(&[&a, &before]);
    let mut ear = Ear::of(&a, 0);
    let filters: Vec<_> = (0..MANY).map(|n| MeshCommand::Subscribe { filter: topic(n).0.to_vec() }).collect();
    filters.chunks(1000).for_each(|some| ear.submit(some.to_vec()));
    connect_all(&[&a, &before, &after]);
    for host in [&before, &after] {
        let mut mouth = Ear::of(host, 0);
        ear.hear_frames_of(fixture, &mut mouth);
        for first in (0..MANY).step_by(WINDOW as usize) {
            let say = |n| MeshCommand::Publish { topic: topic(n), bytes: frame(mouth.node, u64::from(n) + 1) };
            let batch = (first..first + WINDOW).map(say).collect();
            mouth.submit(batch);
            ear.hear_frames_of(fixture, &mut mouth);
        }
        assert!(ear.numbers(&mouth).into_iter().eq(1..=u64::from(MANY)), "of host {}", host.peer.host);
    }
}

/// A host that connected to us but to which we did not connect is not heard, on either lane.
pub fn an_unconnected_host_is_not_heard(fixture: &dyn MeshFixture) {
    let (a, friend, stranger) = (start(fixture, 1, 1), start(fixture, 2, 1), start(fixture, 3, 1));
    connect_all(&[&friend, &stranger]);
    stranger.mesh.connect(a.peer.clone());
    let (mut ear, mut witness, mut mouth) = (Ear::of(&a, 0), Ear::of(&friend, 0), Ear::of(&stranger, 0));
    ear.subscribe(b"C");
    witness.subscribe(b"C");
    witness.hear_frames_of(fixture, &mut mouth);
    mouth.publish(topic(1), 1);
    mouth.tell(ear.node, 2);
    witness.hear_frames_of(fixture, &mut mouth);
    assert_eq!(witness.numbers(&mouth), [1]);
    a.mesh.connect(stranger.peer.clone());
    ear.hear_frames_of(fixture, &mut mouth);
    ear.hear_words_of(fixture, &mut mouth);
    assert_eq!(ear.heard(), [], "what was said before the link was made");
}

/// After a disconnect neither lane brings anything; connecting again in the same life heals both.
pub fn a_link_that_ended_is_silent_until_it_is_made_again(fixture: &dyn MeshFixture) {
    let (a, b, c) = (start(fixture, 1, 1), start(fixture, 2, 1), start(fixture, 3, 1));
    connect_all(&[&a, &b, &c]);
    let (mut ear, mut witness, mut mouth) = (Ear::of(&a, 0), Ear::of(&c, 0), Ear::of(&b, 0));
    ear.subscribe(b"C");
    witness.subscribe(b"C");
    ear.hear_frames_of(fixture, &mut mouth);
    ear.hear_words_of(fixture, &mut mouth);
    wait_for_links(fixture, &a, 2);
    a.mesh.disconnect(2);
    a.mesh.disconnect(2);
    wait_for_links(fixture, &a, 1);
    witness.hear_frames_of(fixture, &mut mouth);
    mouth.publish(topic(1), 1);
    mouth.tell(ear.node, 2);
    witness.hear_frames_of(fixture, &mut mouth);
    assert_eq!(witness.numbers(&mouth), [1]);
    let before = a.mesh.counters().dropped;
    ear.tell(mouth.node, 3);
    assert!(fixture.settle(&mut || a.mesh.counters().dropped > before), "a word to an ended link is counted");
    a.mesh.connect(b.peer.clone());
    ear.hear_frames_of(fixture, &mut mouth);
    ear.hear_words_of(fixture, &mut mouth);
    assert_eq!(ear.heard(), [], "what was said while there was no link");
    mouth.publish(topic(1), 4);
    ear.hear_frames_of(fixture, &mut mouth);
    assert_eq!(ear.numbers(&mouth), [4], "the subscriptions outlived the link");
}

/// A host starts again with a greater life: both lanes work with the new one, the old one cannot come back.
pub fn a_new_life_replaces_the_old(fixture: &dyn MeshFixture) {
    let (a, old) = (start(fixture, 1, 1), start(fixture, 2, 1));
    connect_all(&[&a, &old]);
    let mut ear = Ear::of(&a, 0);
    ear.subscribe(b"C");
    let mut mouth = Ear::of(&old, 0);
    ear.hear_frames_of(fixture, &mut mouth);
    let (old_peer, old_node) = (old.peer.clone(), mouth.node);
    drop((mouth, old));

    let new = start(fixture, 2, 2);
    connect_all(&[&a, &new]);
    a.mesh.connect(new.peer.clone());
    a.mesh.connect(old_peer);
    let mut mouth = Ear::of(&new, 0);
    ear.hear_frames_of(fixture, &mut mouth);
    ear.hear_words_of(fixture, &mut mouth);
    mouth.hear_words_of(fixture, &mut ear);
    mouth.publish(topic(3), 3);
    ear.tell(old_node, 4);
    ear.hear_frames_of(fixture, &mut mouth);
    mouth.hear_words_of(fixture, &mut ear);
    assert_eq!(ear.numbers(&mouth), [3]);
    assert_eq!(mouth.heard(), [], "what was meant for the old life");
}

/// What claims another host, is of the wrong lane or is no message is refused and counted, and the rest goes on.
pub fn a_host_speaks_only_under_its_own_number(fixture: &dyn MeshFixture) {
    let (a, b) = (start(fixture, 1, 1), start(fixture, 2, 1));
    connect_all(&[&a, &b]);
    let (mut ear, mut mouth) = (Ear::of(&a, 0), Ear::of(&b, 0));
    ear.subscribe(b"C");
    ear.hear_frames_of(fixture, &mut mouth);
    ear.hear_words_of(fixture, &mut mouth);
    let (liar, garbage) = (Incarnation::new(3, 0, 1), &b"no envelope"[..]);
    let published = [frame(liar, 1), frame(ear.node, 2), interest(mouth.node, 3), garbage.into(), [][..].into()];
    let told = [interest(liar, 4), interest(ear.node, 5), frame(mouth.node, 6), garbage.into(), [][..].into()];
    let lies = published.len() + told.len();
    mouth.submit(published.into_iter().map(|bytes| MeshCommand::Publish { topic: topic(1), bytes }).collect());
    mouth.submit(told.into_iter().map(|bytes| MeshCommand::Send { to: ear.node, bytes }).collect());
    mouth.publish(topic(1), 7);
    ear.hear_frames_of(fixture, &mut mouth);
    ear.hear_words_of(fixture, &mut mouth);
    assert_eq!(ear.heard(), [Note { from: mouth.node, lane: MeshLane::Ordered, number: 7 }]);
    assert!(fixture.settle(&mut || a.mesh.counters().refused == lies as u64), "{:?}", a.mesh.counters());
}

/// A node whose port was dropped hears nothing more, and its subscriptions do not live on in its successor.
pub fn a_detached_node_hears_nothing(fixture: &dyn MeshFixture) {
    let (a, b) = (start(fixture, 1, 1), start(fixture, 2, 1));
    connect_all(&[&a, &b]);
    let (mut first, mut mouth) = (Ear::of(&a, 0), Ear::of(&b, 0));
    first.subscribe(b"C");
    first.hear_frames_of(fixture, &mut mouth);
    drop(first);
    let mut second = Ear::of(&a, 0);
    second.hear_frames_of(fixture, &mut mouth);
    mouth.publish(topic(1), 1);
    second.hear_frames_of(fixture, &mut mouth);
    assert_eq!(second.heard(), []);
}

/// A node attached in the place of another takes it over; the port of the old one moves nothing any more.
pub fn a_node_is_replaced_by_its_successor(fixture: &dyn MeshFixture) {
    let (a, b) = (start(fixture, 1, 1), start(fixture, 2, 1));
    connect_all(&[&a, &b]);
    let (mut first, mut mouth) = (Ear::of(&a, 0), Ear::of(&b, 0));
    let mut second = Ear::of(&a, 0);
    first.subscribe(b"C");
    second.subscribe(&topic(2).0);
    drop(first);
    second.hear_frames_of(fixture, &mut mouth);
    mouth.publish(topic(1), 1);
    mouth.publish(topic(2), 2);
    second.hear_frames_of(fixture, &mut mouth);
    assert_eq!(second.numbers(&mouth), [2]);
}

fn wait_for_links(fixture: &dyn MeshFixture, host: &Started, links: u64) {
    let up = || host.mesh.counters().links;
    assert!(fixture.settle(&mut || up() == links), "{} links are up, not {links}", up());
}
