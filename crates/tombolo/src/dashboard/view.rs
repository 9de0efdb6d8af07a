//! How the dashboard is drawn: where everything is, the nodes, the totals, the bots, what happened. Pure.

use console::{NodeIndex, Severity, Snapshot};
use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Row, Sparkline, Table};

use super::history::{Figure, History};
use crate::colours::{Colours, Rgb};
use crate::progress::Scene;

/// Rows that happenings get at least.
const EVENT_ROWS: u16 = 3;

const HEADINGS: [&str; 10] =
    ["node", "sessions", "avatars", "ghosts", "streams", "chunks", "lag ms", "in/s", "out/s", "state"];
const WIDTHS: [u16; 10] = [11, 8, 7, 6, 7, 6, 6, 6, 6, 8];

/// Draws everything.
pub fn draw(
    frame: &mut Frame<'_>,
    scene: &Scene,
    snapshot: &Snapshot,
    history: &History,
    bots: &bots::Progress,
    colours: Colours,
) {
    let figures = history.figures().len() as u16;
    let fixed = 1 + 3 + 2 + figures + 1 + 1 + EVENT_ROWS;
    let node_rows = (snapshot.nodes.len() as u16 + 1).min(frame.area().height.saturating_sub(fixed).max(3));
    let rows = [1, 3, 1, node_rows, 1, figures, 1, 1].map(Constraint::Length);
    let areas: [Rect; 9] = Layout::vertical(rows.into_iter().chain([Constraint::Min(0)])).areas(frame.area());
    let [title, places, _, nodes, _, totals, players, _, events] = areas;
    draw_title(frame, title, scene, snapshot, colours);
    draw_places(frame, places, scene, colours);
    draw_nodes(frame, nodes, snapshot, colours);
    draw_totals(frame, totals, history, colours);
    frame.render_widget(Paragraph::new(bots_line(bots)), players);
    draw_events(frame, events, snapshot, colours);
}

fn draw_title(frame: &mut Frame<'_>, area: Rect, scene: &Scene, snapshot: &Snapshot, colours: Colours) {
    let (up, island) = (snapshot.cluster.uptime_s, &snapshot.island);
    let text = format!(
        " tombolo {}  {}  {} Hz  island {} x {}, seed {}  up {}:{:02}",
        snapshot.cluster.name,
        scene.title,
        snapshot.cluster.tick_hz,
        island.size_chunks,
        island.size_chunks,
        island.seed,
        up / 60,
        up % 60
    );
    frame.render_widget(Block::new().style(colours.bar()), area);
    frame.render_widget(Paragraph::new(text).style(colours.bar()), area);
    let quit = Rect { x: area.right().saturating_sub(8), width: 8.min(area.width), ..area };
    frame.render_widget(Paragraph::new("q stops ").alignment(Alignment::Right).style(colours.bar()), quit);
}

fn draw_places(frame: &mut Frame<'_>, area: Rect, scene: &Scene, colours: Colours) {
    let mut rows = Vec::new();
    let mut add = |what: &'static str, place: String| {
        rows.push(Line::from(vec![Span::styled(format!(" {what:<9}"), colours.faint()), Span::raw(place)]));
    };
    add("clients", addresses(&scene.addresses));
    add("map", scene.map.clone().unwrap_or_else(|| "not served".into()));
    if let Some(address) = scene.addresses.first() {
        add("walk in", format!("tombolo play --connect {address}"));
    }
    frame.render_widget(Paragraph::new(rows), area);
}

/// The addresses in short: of those on one host, only the first is whole.
fn addresses(all: &[String]) -> String {
    let mut short: Vec<&str> = Vec::new();
    let mut last_host = None;
    for address in all {
        let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
        short.push(if last_host == Some(host) { port } else { address });
        last_host = Some(host);
    }
    short.join(" ")
}

fn draw_nodes(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot, colours: Colours) {
    let room = usize::from(area.height.saturating_sub(1));
    let hidden = if snapshot.nodes.len() > room { snapshot.nodes.len() - room.saturating_sub(1) } else { 0 };
    let shown = (0u16..).zip(&snapshot.nodes).take(snapshot.nodes.len() - hidden);
    let rows = shown.map(|(index, node)| {
        let (heard, sent) = frames(snapshot, NodeIndex(index));
        let cells = [
            node.name.clone(),
            node.sessions.to_string(),
            node.entities.to_string(),
            node.ghosts.to_string(),
            node.streams.to_string(),
            node.chunks_seen.to_string(),
            format!("{:.1}", node.tick_lag_ms),
            format!("{heard:.0}"),
            format!("{sent:.0}"),
            node.state.word().to_owned(),
        ];
        row(cells)
    });
    let more = (hidden > 0).then(|| Row::new([format!(" {hidden} more")]).style(colours.faint()));
    let header = row(HEADINGS.map(str::to_owned)).style(colours.faint());
    let table = Table::new(rows.chain(more), WIDTHS.map(Constraint::Length)).header(header).column_spacing(1);
    frame.render_widget(table, area);
}

fn row(cells: [String; 10]) -> Row<'static> {
    Row::new(cells.into_iter().zip(WIDTHS).enumerate().map(|(n, (text, width))| {
        let width = usize::from(width);
        if n == 0 {
            format!(" {text:<width$}")
        } else if n == 9 {
            text
        } else {
            format!("{text:>width$}")
        }
    }))
}

/// Messages of the mesh that a node hears and is heard with, per second.
fn frames(snapshot: &Snapshot, node: NodeIndex) -> (f64, f64) {
    let sum = |links: &mut dyn Iterator<Item = &console::LinkView>| links.fold(0.0, |sum, l| sum + l.frames_per_s);
    (
        sum(&mut snapshot.links.iter().filter(|l| l.to == node)),
        sum(&mut snapshot.links.iter().filter(|l| l.from == node)),
    )
}

fn draw_totals(frame: &mut Frame<'_>, area: Rect, history: &History, colours: Colours) {
    for (row, figure) in area.rows().zip(history.figures()) {
        let cells = Layout::horizontal([Constraint::Length(42), Constraint::Fill(1), Constraint::Length(1)]);
        let [words, line, _] = cells.areas(row);
        let text = format!(" {:<11} {:>10}    {:>8} /s", figure.name, figure.total, figure.latest());
        frame.render_widget(Paragraph::new(text).style(alarm(figure, colours)), words);
        let skip = figure.per_second.len().saturating_sub(usize::from(line.width));
        let data: Vec<u64> = figure.per_second.iter().skip(skip).copied().collect();
        frame.render_widget(Sparkline::default().data(data).style(colours.ink(Rgb(0x56, 0xb4, 0xe9))), line);
    }
}

/// A world that breaks its promises says so.
fn alarm(figure: &Figure, colours: Colours) -> Style {
    if figure.name == "violations" && figure.total > 0 {
        colours.ink(Rgb(0xff, 0x8c, 0x42)).add_modifier(Modifier::BOLD)
    } else {
        Style::new()
    }
}

fn bots_line(bots: &bots::Progress) -> String {
    if bots.started == 0 {
        return " no bots".into();
    }
    let latency = match bots.latency_ms.count {
        0 => "not measured yet".to_owned(),
        _ => format!("p50 {:.0}  p99 {:.0} ms", bots.latency_ms.p50, bots.latency_ms.p99),
    };
    format!(
        " {} of {} bots playing   input to seen {latency}   {} reconnects",
        bots.playing, bots.started, bots.reconnects
    )
}

/// The fullest crowd, if there is one.
fn crowd_words(snapshot: &Snapshot) -> Option<String> {
    let crowds = || snapshot.chunks.iter().filter(|c| c.step > 0);
    let fullest = crowds().max_by_key(|c| (c.step, c.movers))?;
    let others = match crowds().count() - 1 {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    Some(format!(" a crowd of {} at ({}, {}), step {}{others}", fullest.movers, fullest.cx, fullest.cy, fullest.step))
}

/// The fullest crowd, and below it the newest happenings that fit, oldest first.
fn draw_events(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot, colours: Colours) {
    let crowd = crowd_words(snapshot).map(|words| Line::styled(words, colours.ink(Rgb(0xe6, 0x9f, 0x00))));
    let room = usize::from(area.height).saturating_sub(usize::from(crowd.is_some()));
    let skip = snapshot.events.len().saturating_sub(room);
    let events = snapshot.events.iter().skip(skip).map(|event| {
        let (sign, ink) = match event.severity {
            Severity::Info => ("·", colours.faint()),
            Severity::Good => ("+", colours.ink(Rgb(0x00, 0xc0, 0x90))),
            Severity::Warn => ("!", colours.ink(Rgb(0xe6, 0x9f, 0x00))),
        };
        let s = event.at_ms / 1_000 % 86_400;
        let at = format!(" {:02}:{:02}:{:02} UTC ", s / 3_600, s / 60 % 60, s % 60);
        Line::from(vec![
            Span::styled(at, colours.faint()),
            Span::styled(format!("{sign} "), ink),
            Span::raw(event.text.as_str()),
        ])
    });
    frame.render_widget(Paragraph::new(crowd.into_iter().chain(events).collect::<Vec<_>>()), area);
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
