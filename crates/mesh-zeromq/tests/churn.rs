//! Subscriptions that come and go by the thousand while frames flow: the pattern that lost subscriptions in silence,
//! dead-locked or aborted other meshes.

use node::ports::conformance_mesh::{Ear, chunk, connect_all, frame, start, topic};
use node::ports::mesh::MeshCommand;
use protocol::mesh::Topic;
use world::IslandId;

use crate::fixture::{Loopback, wait_for};

const TOPICS: u32 = 3000;
const ROUNDS: u32 = 60;
/// Subscriptions and unsubscriptions of one host in a round.
const CHANGES: u32 = 400;
/// Frames of one host in a round; in the end, those under way at once.
const FRAMES: u32 = 250;

#[test]
fn three_hosts_churn_thousands_of_topics_and_nothing_is_lost_once_settled() {
    let hosts = [start(&Loopback, 1, 1), start(&Loopback, 2, 1), start(&Loopback, 3, 1)];
    connect_all(&hosts.each_ref());
    let mut ears = hosts.each_ref().map(|host| Ear::of(host, 0));
    for round in 0..ROUNDS {
        // Now and then all catch up, so that the churn meets full queues and empty ones.
        if round % 10 == 0 {
            pairs().for_each(|(listener, speaker)| hear(&mut ears, listener, speaker));
        }
        for (ear, seed) in ears.iter_mut().zip(0..) {
            let changes = churn(round, seed);
            wait_for("room for the changes", || ear.offer(changes.clone()).is_ok());
            let say = |n| MeshCommand::Publish { topic: topic(scatter(n, round) % TOPICS), bytes: frame(ear.node, 1) };
            let frames: Vec<_> = (0..FRAMES).map(say).collect();
            wait_for("room for the frames", || ear.offer(frames.clone()).is_ok());
        }
    }
    let noise: Vec<usize> = ears.iter().map(|ear| ear.heard().len()).collect();
    settle_on_every_third(&mut ears);
    assert!(noise.iter().all(|heard| *heard > 0), "frames flowed during the churn: {noise:?}");
    let counters = hosts.each_ref().map(|host| host.mesh.counters());
    assert!(counters.iter().all(|counters| counters.refused == 0), "{counters:?}");
    wait_for("all links", || hosts.iter().all(|host| host.mesh.counters().links == 2));
}

/// In each round a host subscribes some topics by sub-cell and some by chunk, and unsubscribes those of the round before.
fn churn(round: u32, seed: u32) -> Vec<MeshCommand> {
    let filter = |n: u32, round: u32| {
        let n = scatter(n + seed * 977, round) % TOPICS;
        if n.is_multiple_of(2) { topic(n).0.to_vec() } else { Topic::chunk_filter(IslandId(7), chunk(n)).to_vec() }
    };
    let subscribe = (0..CHANGES).map(|n| MeshCommand::Subscribe { filter: filter(n, round) });
    let unsubscribe = (0..CHANGES)
        .filter(|_| round > 0)
        .map(|n| MeshCommand::Unsubscribe { filter: filter(n, round.saturating_sub(1)) });
    let last =
        (0..CHANGES).filter(|_| round == ROUNDS - 1).map(|n| MeshCommand::Unsubscribe { filter: filter(n, round) });
    subscribe.chain(unsubscribe).chain(last).collect()
}

fn scatter(n: u32, round: u32) -> u32 {
    (n + 1).wrapping_mul(2_654_435_761).wrapping_add(round.wrapping_mul(40_503)) >> 7
}

/// Each host now wants one third of all topics, and then hears exactly those, of each other host, in order.
fn settle_on_every_third(ears: &mut [Ear; 3]) {
    for (ear, third) in ears.iter_mut().zip(0..) {
        let mine = (0..TOPICS).filter(|n| n % 3 == third);
        ear.submit(mine.map(|n| MeshCommand::Subscribe { filter: topic(n).0.to_vec() }).collect());
    }
    for speaker in 0..3 {
        pairs().filter(|pair| pair.1 == speaker).for_each(|(listener, speaker)| hear(ears, listener, speaker));
        for first in (0..TOPICS).step_by(FRAMES as usize) {
            let mouth = &mut ears[speaker];
            let say = |n: u32| MeshCommand::Publish { topic: topic(n), bytes: frame(mouth.node, u64::from(n) + 10) };
            let batch = (first..first + FRAMES).map(say).collect();
            mouth.submit(batch);
            pairs().filter(|pair| pair.1 == speaker).for_each(|(listener, speaker)| hear(ears, listener, speaker));
        }
        for (listener, _) in pairs().filter(|pair| pair.1 == speaker) {
            let heard = ears[listener].numbers(&ears[speaker]).into_iter().filter(|number| *number >= 10);
            let wanted = (0..TOPICS).filter(|n| *n as usize % 3 == listener).map(|n| u64::from(n) + 10);
            assert!(heard.eq(wanted), "host {} by host {}", speaker + 1, listener + 1);
        }
    }
}

/// Every listener with every other host's speaker.
fn pairs() -> impl Iterator<Item = (usize, usize)> {
    (0..9).map(|n| (n / 3, n % 3)).filter(|(listener, speaker)| listener != speaker)
}

fn hear(ears: &mut [Ear; 3], listener: usize, speaker: usize) {
    let [listener, speaker] = ears.get_disjoint_mut([listener, speaker]).expect("two ears");
    listener.hear_frames_of(&Loopback, speaker);
}
