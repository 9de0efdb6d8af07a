use super::super::directory::Half;
use super::*;

const OWN: Claim = Claim { host: 1000, life: 5 };
const DAMPING: Damping = Damping { share_percent: 25, grace_ms: 10_000 };

fn host(number: u16, life: u64) -> HostEntry {
    HostEntry {
        name: format!("host-{number}"),
        claim: Claim { host: number, life },
        nodes: 1,
        publish_address: String::new(),
        mesh_key: String::new(),
        direct_address: String::new(),
        client_addresses: Vec::new(),
        shard: String::new(),
        half: Half::A,
        draining: false,
        software: String::new(),
    }
}

/// A roster that has told its member of hosts 1 to `count`.
fn settled(count: u16) -> Roster {
    let mut roster = Roster::new(OWN, DAMPING);
    roster.handle(Millis(0), Sighting::Whole((1..=count).map(|n| host(n, 1)).collect()));
    assert_eq!(told(&mut roster, 0).len(), usize::from(count));
    roster
}

/// Everything told at this moment, in short: `+1#1` up, `-1#1` down, `lost`, `back`.
fn told(roster: &mut Roster, now: u64) -> Vec<String> {
    std::iter::from_fn(|| roster.poll_event(Millis(now)))
        .map(|event| match event {
            DirectoryEvent::Up(entry) => format!("+{}#{}", entry.claim.host, entry.claim.life),
            DirectoryEvent::Down(claim) => format!("-{}#{}", claim.host, claim.life),
            DirectoryEvent::Lost => "lost".to_owned(),
            DirectoryEvent::Restored => "back".to_owned(),
        })
        .collect()
}

fn vanish(roster: &mut Roster, now: u64, hosts: impl IntoIterator<Item = u16>) {
    for host in hosts {
        roster.handle(Millis(now), Sighting::Vanished(host));
    }
}

#[test]
fn one_crashed_host_is_told_at_once() {
    let mut roster = settled(3);
    vanish(&mut roster, 50, [2]);
    assert_eq!(told(&mut roster, 50), ["-2#1"]);
    assert_eq!(roster.next_wakeup(), None);
}

#[test]
fn mass_vanishing_is_told_by_share_and_after_grace() {
    let mut roster = settled(8);
    vanish(&mut roster, 100, 1..=8);
    assert_eq!(told(&mut roster, 100), ["-1#1", "-2#1"], "a quarter of eight");
    assert_eq!(roster.next_wakeup().map(|(at, _)| at), Some(Millis(10_100)));
    assert_eq!(told(&mut roster, 10_099), [""; 0]);
    assert_eq!(told(&mut roster, 10_100).len(), 6);
    assert_eq!(roster.next_wakeup(), None);
}

#[test]
fn whoever_comes_back_in_time_was_never_gone() {
    let mut roster = settled(8);
    vanish(&mut roster, 100, 1..=8);
    told(&mut roster, 100);
    for number in 3..=7 {
        roster.handle(Millis(5_000), Sighting::Present(host(number, 1)));
    }
    roster.handle(Millis(5_000), Sighting::Present(host(8, 2)));
    roster.handle(Millis(5_000), Sighting::Present(host(1, 1)));
    assert_eq!(told(&mut roster, 5_000), ["+8#2", "+1#1"]);
    assert_eq!(told(&mut roster, 60_000), [""; 0]);
}

#[test]
fn vanishing_in_drips_is_not_a_way_around_the_share() {
    let mut roster = settled(8);
    let mut downs = Vec::new();
    for number in 1..=8 {
        vanish(&mut roster, u64::from(number) * 100, [number]);
        downs.extend(told(&mut roster, u64::from(number) * 100));
    }
    assert_eq!(downs, ["-1#1", "-2#1"]);
}

#[test]
fn hosts_that_take_their_leave_are_not_held_back() {
    let mut roster = settled(4);
    for number in 1..=4 {
        roster.handle(Millis(1), Sighting::Left(number));
    }
    assert_eq!(told(&mut roster, 1), ["-1#1", "-2#1", "-3#1", "-4#1"]);
}

#[test]
fn an_outage_that_eats_all_leases_brings_nobody_down() {
    let mut roster = settled(8);
    vanish(&mut roster, 100, [1, 2, 3]);
    assert_eq!(told(&mut roster, 100), ["-1#1", "-2#1"]);
    roster.handle(Millis(200), Sighting::Lost);
    assert_eq!(told(&mut roster, 200), ["lost"]);
    assert_eq!(roster.next_wakeup(), None);
    assert_eq!(told(&mut roster, 90_000), [""; 0], "nobody could come back while it was away");
    roster.handle(Millis(90_000), Sighting::Whole(vec![host(9, 1)]));
    roster.handle(Millis(90_000), Sighting::Restored);
    assert_eq!(told(&mut roster, 90_000), ["+9#1", "back"]);
    for number in 3..=7 {
        roster.handle(Millis(92_000), Sighting::Present(host(number, 1)));
    }
    assert_eq!(told(&mut roster, 92_000), [""; 0]);
    assert_eq!(roster.next_wakeup().map(|(at, _)| at), Some(Millis(100_000)));
    assert_eq!(told(&mut roster, 100_000), ["-8#1"]);
}

#[test]
fn a_blip_that_nobody_heard_of_is_not_told() {
    let mut roster = settled(1);
    roster.handle(Millis(1), Sighting::Lost);
    roster.handle(Millis(2), Sighting::Whole(vec![host(1, 1)]));
    roster.handle(Millis(2), Sighting::Restored);
    assert_eq!(told(&mut roster, 2), [""; 0]);
}

#[test]
fn a_slow_listener_gets_the_newest_state() {
    let mut roster = settled(0);
    for life in 1..100 {
        roster.handle(Millis(life), Sighting::Present(host(1, life)));
        roster.handle(Millis(life), Sighting::Present(host(2, life)));
        vanish(&mut roster, life, [2]);
    }
    assert_eq!(told(&mut roster, 100), ["+1#99"]);
}

#[test]
fn a_newer_life_of_the_own_name_ends_it() {
    let mut roster = settled(1);
    for (life, ends) in [(4, false), (5, false), (6, true)] {
        roster.handle(Millis(1), Sighting::Present(host(OWN.host, life)));
        assert_eq!(roster.is_over(), ends, "life {life}");
    }
    roster.handle(Millis(1), Sighting::Present(host(2, 1)));
    assert_eq!(told(&mut roster, 1), ["-1000#5"], "nothing follows");
}
