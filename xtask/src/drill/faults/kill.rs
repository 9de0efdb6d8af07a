//! kill -9 of the node that has most players, and its restart.

use std::thread::sleep;
use std::time::Instant;

use anyhow::Result;

use super::Play;
use crate::drill::lab::Place;
use crate::drill::stage::LOOK_EVERY;
use crate::drill::{bounds, say, watch};

pub fn once(play: &mut Play, turn: u32) -> Result<()> {
    let (node, victim) = play.stage.fullest()?;
    say(&format!("{}: kill -9 of node-{node}, which has {} players", turn + 1, victim.sessions));
    play.stage.lives.killed.insert(victim.id.clone());
    play.stage.without(node);
    let began = Instant::now();
    play.lab.kill(Place::Node(node))?;
    let (mut gone, mut back) = (None, None);
    while (gone.is_none() || back.is_none()) && began.elapsed() < bounds::GHOSTS_GONE.max(bounds::CLIENTS_BACK) {
        let looks = play.stage.look()?;
        // Who is shown again after a look without has not gone yet.
        gone = looks.iter().all(|look| look.shows_of(&victim.id) == 0).then(|| gone.unwrap_or(began.elapsed()));
        back = (watch::sessions(&looks) == play.stage.players).then(|| back.unwrap_or(began.elapsed()));
        sleep(LOOK_EVERY);
    }
    play.note("ghosts_gone_ms", gone, bounds::GHOSTS_GONE);
    play.note("clients_back_ms", back, bounds::CLIENTS_BACK);
    play.fired("kill");
    play.stage.rest(bounds::BREATH)?;
    play.restart(node)?;
    play.stage.rest(bounds::BREATH)
}
