//! The node that has most players stands still for 1 to 12 s: for less and for longer than its players, its peers and
//! the directory wait.

use std::time::Duration;

use anyhow::Result;

use super::Play;
use crate::drill::lab::{Lab, Place};
use crate::drill::stage::Stage;
use crate::drill::{bounds, say, watch};

pub fn once(play: &mut Play, turn: u32) -> Result<()> {
    let (node, victim) = play.stage.fullest()?;
    let pause = length(turn);
    say(&format!("{}: node-{node} stands still for {} s with {} players", turn + 1, pause.as_secs(), victim.sessions));
    play.stage.lives.stood_still.insert(victim.id.clone());
    let leave = pause >= bounds::LEFT_AFTER;
    if leave {
        play.stage.lives.paused.insert(victim.id);
    }
    play.stage.without(node);
    play.lab.pause(Place::Node(node))?;
    play.stage.rest(pause)?;
    let (key, bound) = ("clients_elsewhere_ms", bounds::CLIENTS_BACK);
    if pause >= bounds::GIVEN_UP {
        play.time(key, bound, "its players are elsewhere", |stage, looks| watch::sessions(looks) == stage.players);
    }
    play.lab.resume(Place::Node(node))?;
    play.stage.with(node, Lab::map_of(node));
    let key = if leave { "agreed_after_long_ms" } else { "agreed_after_short_ms" };
    play.time(key, bounds::AGREED, "the node that goes on agrees with all others", Stage::all_are_in);
    play.fired(if leave { "long pause" } else { "short pause" });
    play.stage.rest(bounds::BREATH)
}

/// Every length from 1 to 12 s once in twelve turns, short and long ones by turns.
fn length(turn: u32) -> Duration {
    Duration::from_secs(u64::from(turn * 7 + 2) % 12 + 1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn twelve_turns_are_twelve_lengths_and_three_are_short_and_long() {
        let lengths: BTreeSet<u64> = (0..12).map(|turn| length(turn).as_secs()).collect();
        assert_eq!(lengths, (1..=12).collect());
        let first: Vec<bool> = (0..3).map(|turn| length(turn) >= bounds::GIVEN_UP).collect();
        assert!(first.contains(&true) && first.contains(&false), "{first:?}");
    }
}
