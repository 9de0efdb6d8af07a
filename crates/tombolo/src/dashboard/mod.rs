//! The dashboard of `tombolo dev`: the whole terminal, renewed twice a second.
//!
//! It reads what the map reads, the [`Atlas`], and what the bots tell of themselves; it measures nothing of its own but
//! how fast totals grow. Its main type is [`History`].

mod history;
mod view;

use std::sync::Arc;
use std::time::{Duration, Instant};

use console::Source;
use ratatui::crossterm::event::{Event, KeyCode, KeyEventKind};

use self::history::History;
use crate::atlas::Atlas;
use crate::colours::Colours;
use crate::progress::{BotBoard, Scene};
use crate::screen::{Screen, is_interrupt};

/// Time between two pictures.
const PICTURE_EVERY: Duration = Duration::from_millis(500);

/// Shows the world until somebody presses q or Ctrl-C, or the terminal is gone. Whoever drops the future gets the
/// terminal back.
///
/// # Errors
/// The terminal does not do as told.
pub async fn show(scene: &Scene, atlas: &Arc<Atlas>, board: &BotBoard) -> std::io::Result<()> {
    let mut screen = Screen::open()?;
    let (mut history, colours) = (History::default(), Colours::of_environment());
    loop {
        let (snapshot, bots) = (atlas.snapshot(), board.last());
        history.note(Instant::now(), &snapshot.counters, &bots);
        screen.draw(|frame| view::draw(frame, scene, &snapshot, &history, &bots, colours))?;
        let next = tokio::time::sleep(PICTURE_EVERY);
        tokio::pin!(next);
        loop {
            tokio::select! {
                () = &mut next => break,
                key = screen.next() => match key {
                    Some(Event::Resize(..)) => break,
                    Some(key) if !ends(&key) => {}
                    Some(_) | None => return Ok(()),
                },
            }
        }
    }
}

fn ends(event: &Event) -> bool {
    let Event::Key(key) = event else { return false };
    let leaves = is_interrupt(*key) || matches!(key.code, KeyCode::Char('q'));
    leaves && key.kind != KeyEventKind::Release
}
