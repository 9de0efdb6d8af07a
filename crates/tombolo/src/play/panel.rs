//! The whole screen of `tombolo play`: a bar with the connection, the view, a bar with the walker, what was said, and
//! the line to write or the keys.

use client::State;
use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Position as Place, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line as Row, Span};
use ratatui::widgets::{Block, Clear, Paragraph};
use world::{Gait, Millis, UNITS_PER_METRE};

use super::app::{App, Line, Mode};
use super::land::Land;
use super::map::{Map, arrow, shortened};
use super::orders::{ORDERS, Scene, in_words};
use super::sight::Sight;
use crate::colours::{self, Colours, Rgb};

/// The smallest terminal that is drawn on, in columns and rows.
const SMALLEST: (u16, u16) = (40, 12);

const KEYS: &str = "arrows walk  space stop  e take  / order  i bag  Enter speak  ? help  q leave";
const HELP: [(&str, &str); 12] = [
    ("arrows, WASD, HJKL", "walk on in that direction until another key"),
    ("Y U B N", "north-west, north-east, south-west, south-east"),
    ("with Shift", "sprint"),
    ("1 to 6", "choose the gait: creep, walk, stride, jog, run, sprint"),
    ("space", "stand still"),
    ("Enter or t", "speak; everybody who sees you hears it"),
    ("e", "take of the tree, bush or stone that is nearest"),
    ("/", "order something: /drop wood 2, /craft rope, /build chest; /help lists all"),
    ("i", "show or hide your bag and what is near"),
    ("c", "wear the next colour"),
    ("g, + and -", "edges of chunks, look closer or further"),
    ("q, Esc, Ctrl-C", "leave the world"),
];

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, now: Millis, app: &App, sight: &Sight, land: &Land, colours: Colours) {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let text = format!("at least {} x {} cells, please", SMALLEST.0, SMALLEST.1);
        frame.render_widget(Paragraph::new(text), area);
        return;
    }
    let log_rows = (area.height / 5).clamp(3, 10);
    let rows =
        [1, 0, 1, log_rows, 1].map(|rows| if rows == 0 { Constraint::Fill(1) } else { Constraint::Length(rows) });
    let [link, view, walker, log, input] = Layout::vertical(rows).areas(area);
    bar(frame, link, &link_text(app, sight), "? help  q leave", colours);
    match sight.me {
        Some(_) => frame.render_widget(
            Map {
                land,
                sight,
                tint: app.tint,
                bubbles: app.bubbles(now).collect(),
                edges: app.edges,
                metres_a_column: app.metres_a_column(),
                colours,
            },
            view,
        ),
        None => frame.render_widget(Paragraph::new("entering the world").alignment(Alignment::Center), view),
    }
    let scale = format!("{} m a column", app.metres_a_column());
    bar(frame, walker, &walker_text(app, sight), &scale, colours);
    frame.render_widget(Paragraph::new(log_rows_of(app, log, colours)), log);
    write_input(frame, input, app, colours);
    if app.pack {
        pack(frame, view, app, sight, land, colours);
    }
    match app.mode {
        Mode::Help => help(frame, view, " Keys ", &HELP, colours),
        Mode::Orders => help(frame, area, " Orders ", &ORDERS, colours),
        Mode::Walking | Mode::Speaking(_) => {}
    }
}

/// The bag and what is near, at the right.
fn pack(frame: &mut Frame<'_>, area: Rect, app: &App, sight: &Sight, land: &Land, colours: Colours) {
    let mut rows: Vec<String> = sight.bag.iter().map(in_words).collect();
    if rows.is_empty() {
        rows.push("nothing yet; e takes".to_owned());
    }
    rows.push(String::new());
    rows.extend(Scene::of(app, sight, land).told());
    let (width, height) = (30.min(area.width), (rows.len() as u16 + 2).min(area.height));
    let box_area = Rect { x: area.right() - width, y: area.y, width, height };
    let room = usize::from(width).saturating_sub(4);
    let rows: Vec<Row<'_>> = rows.iter().map(|row| Row::raw(format!(" {}", shortened(row, room)))).collect();
    frame.render_widget(Clear, box_area);
    let title = Block::bordered().title(" Bag ").style(colours.ink(Rgb(0xf0, 0xf0, 0xf0)));
    frame.render_widget(Paragraph::new(rows).block(title), box_area);
}

fn bar(frame: &mut Frame<'_>, area: Rect, left: &str, right: &str, colours: Colours) {
    frame.render_widget(Block::new().style(colours.bar()), area);
    let room = usize::from(area.width).saturating_sub(2);
    let left = shortened(left, room);
    let both = left.chars().count() + right.chars().count() + 2 <= room;
    frame.render_widget(Paragraph::new(format!(" {left}")).style(colours.bar()), area);
    if both {
        let text = Paragraph::new(format!("{right} ")).alignment(Alignment::Right).style(colours.bar());
        let width = u16::try_from(right.chars().count() + 1).unwrap_or(0).min(area.width);
        frame.render_widget(text, Rect { x: area.right() - width, width, ..area });
    }
}

/// The connection in words.
fn link_text(app: &App, sight: &Sight) -> String {
    let state = match sight.state {
        State::Playing => format!("node {}", sight.node),
        State::Idle | State::Connecting => "connecting".into(),
        State::Greeting => "entering".into(),
        State::BackingOff => "connection lost, trying again".into(),
        State::Stopped => "left".into(),
    };
    let way = sight.round_trip_ms.map_or_else(|| "- ms".into(), |ms| format!("{ms} ms"));
    let mut text = format!("{}  {state}  {way}  tick {}", app.name, sight.tick.0);
    for (count, what) in [(sight.reconnects, "reconnects"), (sight.violations, "violations")] {
        if count > 0 {
            text += &format!("  {count} {what}");
        }
    }
    text
}

/// The walker in words.
fn walker_text(app: &App, sight: &Sight) -> String {
    let Some(((at, motion), chunk)) = sight.me.zip(sight.chunk()) else { return String::new() };
    let metres = |v: i32| f64::from(v) / f64::from(UNITS_PER_METRE);
    let gait = match motion.gait {
        Gait::Stand => format!("standing ({:?})", app.gait).to_lowercase(),
        gait => {
            let speed = f64::from(gait.units_per_second()) / f64::from(UNITS_PER_METRE);
            format!("{} {:?} {speed:.1} m/s", arrow(motion.heading), gait).to_lowercase()
        }
    };
    format!(
        "{:.1} m E  {:.1} m S  chunk {chunk}  {gait}  {} in view  {} corrections",
        metres(at.x),
        metres(at.y),
        sight.people.len(),
        sight.corrections
    )
}

/// The newest lines that fit, each on one row or more.
fn log_rows_of<'a>(app: &'a App, area: Rect, colours: Colours) -> Vec<Row<'a>> {
    let room = usize::from(area.height);
    let skip = app.lines.len().saturating_sub(room);
    app.lines
        .iter()
        .skip(skip)
        .map(|line| match line {
            Line::Said { who, tint, text } => Row::from(vec![
                Span::styled(who.as_str(), colours.ink(colours::tint(*tint)).add_modifier(Modifier::BOLD)),
                Span::raw(format!(": {}", shortened(text, usize::from(area.width).saturating_sub(who.len() + 2)))),
            ]),
            Line::Told(text) => Row::styled(text.as_str(), colours.faint()),
            Line::Warned(text) | Line::Lost(text) => {
                Row::styled(format!("! {text}"), colours.ink(Rgb(0xe6, 0x9f, 0x00)))
            }
        })
        .collect()
}

fn write_input(frame: &mut Frame<'_>, area: Rect, app: &App, colours: Colours) {
    let Mode::Speaking(line) = &app.mode else {
        frame.render_widget(Paragraph::new(KEYS).style(colours.faint()), area);
        return;
    };
    let prompt = if line.starts_with('/') { "do> " } else { "say> " };
    let room = usize::from(area.width).saturating_sub(prompt.len() + 1);
    let shown = end_of(line, room);
    let column = area.x + u16::try_from(prompt.len() + Span::raw(shown).width()).unwrap_or(0);
    frame.render_widget(Paragraph::new(format!("{prompt}{shown}")), area);
    frame.set_cursor_position(Place::new(column.min(area.right().saturating_sub(1)), area.y));
}

/// The end of a text, of at most so many columns.
fn end_of(text: &str, most: usize) -> &str {
    let starts = text.char_indices().map(|(at, _)| at);
    starts.map(|at| &text[at..]).find(|rest| Span::raw(*rest).width() <= most).unwrap_or("")
}

fn help(frame: &mut Frame<'_>, area: Rect, title: &str, table: &[(&str, &str)], colours: Colours) {
    let first = table.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0);
    let second = table.iter().map(|(_, meaning)| meaning.chars().count()).max().unwrap_or(0);
    let width = (first as u16 + second as u16 + 5).min(area.width);
    let height = (table.len() as u16 + 2).min(area.height);
    let box_area = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    let rows: Vec<Row<'_>> = table
        .iter()
        .map(|(key, meaning)| {
            let key = Span::styled(format!(" {key:<first$}  "), colours.ink(Rgb(0xf0, 0xe4, 0x42)));
            Row::from(vec![key, Span::raw(*meaning)])
        })
        .collect();
    frame.render_widget(Clear, box_area);
    frame.render_widget(Paragraph::new(rows).block(Block::bordered().title(title)), box_area);
}

#[cfg(test)]
#[path = "panel_tests.rs"]
mod tests;
