use console::{Cluster, Counters, Event, IslandView, LinkView, NodeState, NodeView};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::time::{Duration, Instant};

use super::*;

fn snapshot(nodes: u16) -> Snapshot {
    let node = |n: u16| NodeView { name: format!("dev-{}.0", n + 1), sessions: 25, ghosts: 75, ..NodeView::default() };
    let mut snapshot = Snapshot {
        cluster: Cluster { name: "dev".into(), tick_hz: 10, uptime_s: 75, software: String::new() },
        island: IslandView { id: 1, seed: 7, size_chunks: 24 },
        nodes: (0..nodes).map(node).collect(),
        links: vec![LinkView { from: NodeIndex(0), to: NodeIndex(1), frames_per_s: 41.0, ..LinkView::default() }],
        ..Snapshot::default()
    };
    snapshot.nodes[0].state = NodeState::Joining;
    let event = |n: u64| Event { at_ms: 3_600_000 + n * 1_000, severity: Severity::Warn, text: format!("event {n}") };
    snapshot.events = (0..20).map(event).collect();
    snapshot
}

fn screen((width, height): (u16, u16), snapshot: &Snapshot, bots: &bots::Progress) -> Vec<String> {
    let scene = Scene {
        title: "4 nodes, 100 bots".into(),
        addresses: vec!["127.0.0.1:7700".into(), "127.0.0.1:7701".into(), "10.0.0.1:7702".into()],
        map: Some("http://127.0.0.1:7780/".into()),
        views: Vec::new(),
        atlas: None,
    };
    let (mut history, start) = (History::default(), Instant::now());
    for second in 0..10 {
        let counters: Counters = [("updates_delivered_total", (second * 1_000) as f64)].into_iter().collect();
        history.note(start + Duration::from_secs(second), &counters, bots);
    }
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a test's terminal cannot fail");
    let drawn = terminal.draw(|frame| draw(frame, &scene, snapshot, &history, bots, Colours::None));
    let buffer = drawn.expect("a test's terminal cannot fail").buffer;
    (0..height).map(|y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>()).collect()
}

#[test]
fn everything_has_its_place_on_a_small_terminal() {
    let latency_ms = bots::Percentiles { count: 9, p50: 72.4, p99: 123.0, ..bots::Percentiles::default() };
    let bots = bots::Progress { started: 100, playing: 99, latency_ms, ..bots::Progress::default() };
    let rows = screen((80, 24), &snapshot(4), &bots);
    let has = |row: usize, text: &str| assert!(rows[row].contains(text), "{text:?} in row {row} of {rows:#?}");
    has(0, "tombolo dev  4 nodes, 100 bots  10 Hz  island 24 x 24, seed 7  up 1:15 q stops");
    has(1, "clients  127.0.0.1:7700 7701 10.0.0.1:7702");
    has(2, "http://127.0.0.1:7780/");
    has(3, "tombolo play --connect 127.0.0.1:7700");
    has(5, "node       sessions avatars ghosts streams chunks lag ms   in/s  out/s state");
    has(6, "dev-1.0          25       0     75       0      0    0.0      0     41 joining");
    has(7, "dev-2.0          25       0     75       0      0    0.0     41      0 serving");
    has(11, "updates           9000        1000 /s");
    has(15, "violations");
    has(16, "99 of 100 bots playing   input to seen p50 72  p99 123 ms   0 reconnects");
    has(23, "01:00:19 UTC ! event 19");
}

#[test]
fn more_nodes_than_rows_are_counted() {
    let rows = screen((80, 24), &snapshot(32), &bots::Progress::default());
    let shown = rows.iter().filter(|row| row.contains("dev-")).count();
    assert!(rows.iter().any(|row| row.contains(&format!(" {} more ", 32 - shown))), "{rows:#?}");
    assert!(rows[23].contains("event 19"), "{rows:#?}");
}

#[test]
fn every_size_is_drawn() {
    for size in [(1, 1), (20, 5), (80, 10), (300, 90)] {
        screen(size, &snapshot(4), &bots::Progress::default());
    }
}

#[test]
fn a_crowd_is_named_with_its_step() {
    let mut world = snapshot(1);
    let chunk = |cx, step, movers| console::ChunkView { cx, cy: 7, step, movers, ..console::ChunkView::default() };
    world.chunks = vec![chunk(3, 0, 0), chunk(4, 3, 1_800), chunk(5, 1, 240)];
    let rows = screen((80, 24), &world, &bots::Progress::default());
    assert!(rows.iter().any(|row| row.contains("a crowd of 1800 at (4, 7), step 3 and 1 more")), "{rows:#?}");
    assert!(rows[23].contains("event 19"), "{rows:#?}");
}
