//! A host is cut off from another one, from etcd or from the store: both ways, one way, or by the loss of packets.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::{NODES, Play};
use crate::drill::bots::Bots;
use crate::drill::lab::{Cut, Lab, Place, Way};
use crate::drill::stage::{LOOK_EVERY, Stage};
use crate::drill::{bounds, say};

/// What a host is cut off from.
const TARGETS: [&str; 3] = ["host", "etcd", "store"];
/// How.
const WAYS: [(&str, Way); 4] =
    [("both ways", Way::Both), ("there", Way::There), ("back", Way::Back), ("loss", Way::Loss(40))];
/// All of them.
const KINDS: u32 = (TARGETS.len() * WAYS.len()) as u32;

pub fn once(play: &mut Play, turn: u32) -> Result<()> {
    let (cut, kind) = plan(turn);
    let lasts = length(turn);
    say(&format!("{}: for {} s {cut}", turn + 1, lasts.as_secs()));
    cut.make()?;
    play.stage.rest(lasts)?;
    let dropped = last(play, &cut)?;
    cut.mend()?;
    if dropped > 0 {
        play.fired(&kind);
    }
    let began = Instant::now();
    let reached = reach(play, &cut, began)?;
    let left = bounds::HEALED.saturating_sub(began.elapsed());
    let healed = play.stage.until(left, "all nodes agree after the cut", Stage::all_are_in);
    let took = (reached && healed.is_ok()).then(|| began.elapsed());
    play.note(key(cut.there), took, bounds::HEALED);
    play.stage.findings.add_up("packets_dropped", dropped);
    play.stage.findings.at_least_always("fewest_dropped", dropped, 1);
    play.stage.rest(bounds::BREATH)
}

/// A cut that took nothing was none: it lasts until it has, within a bound. How much it took.
fn last(play: &mut Play, cut: &Cut) -> Result<u64> {
    let deadline = Instant::now() + bounds::IDLE_CUT;
    loop {
        let dropped = cut.dropped()?;
        if dropped > 0 || Instant::now() >= deadline {
            return Ok(dropped);
        }
        play.stage.rest(LOOK_EVERY)?;
    }
}

/// What the host was cut off from is of use to it again: etcd has its record, or the store lets a guest enter by it. Of
/// other hosts the looks tell.
fn reach(play: &mut Play, cut: &Cut, began: Instant) -> Result<bool> {
    let Place::Node(node) = cut.here else { return Ok(true) };
    loop {
        let reached = match cut.there {
            Place::Node(_) => true,
            Place::Etcd => play.lab.registered()? == usize::from(NODES),
            Place::Store => Bots::visit(play.lab.binary(), &Lab::clients_of(node), "4711")?,
        };
        if reached || began.elapsed() >= bounds::HEALED {
            return Ok(reached);
        }
        play.stage.rest(LOOK_EVERY)?;
    }
}

fn key(there: Place) -> &'static str {
    match there {
        Place::Node(_) => "healed_host_ms",
        Place::Etcd => "healed_etcd_ms",
        Place::Store => "healed_store_ms",
    }
}

/// What is cut in a turn. In twelve turns every kind once, and in three turns every target.
fn plan(turn: u32) -> (Cut, String) {
    // 7 and 12 have no common divisor, and 7 turns the target by one.
    let kind = (turn * 7) % KINDS;
    let target = kind % TARGETS.len() as u32;
    let (word, way) = WAYS[(kind / TARGETS.len() as u32) as usize % WAYS.len()];
    let nodes = u32::from(NODES);
    let here = turn % nodes;
    let there = match TARGETS[target as usize] {
        "etcd" => Place::Etcd,
        "store" => Place::Store,
        _ => Place::Node(((here + 1 + turn / KINDS % (nodes - 1)) % nodes + 1) as u16),
    };
    (Cut { here: Place::Node((here + 1) as u16), there, way }, format!("{} {word}", TARGETS[target as usize]))
}

/// From 1 to 12 s, in another order than the kinds.
fn length(turn: u32) -> Duration {
    Duration::from_secs(u64::from((turn + turn / KINDS) * 5 + 4) % 12 + 1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn twelve_turns_are_twelve_kinds_and_three_are_all_targets() {
        let kinds = |turns| (0..turns).map(|turn| plan(turn).1).collect::<BTreeSet<_>>();
        assert_eq!(kinds(12).len(), 12, "{:?}", kinds(12));
        let targets: BTreeSet<String> =
            kinds(3).iter().filter_map(|kind| kind.split(' ').next()).map(str::to_owned).collect();
        assert_eq!(targets.len(), 3, "{targets:?}");
        assert!((0..100).all(|turn| plan(turn).0.here != plan(turn).0.there));
        assert!((0..100).all(|turn| (1..=12).contains(&length(turn).as_secs())));
    }
}
