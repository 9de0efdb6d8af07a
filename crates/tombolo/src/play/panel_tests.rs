use protocol::things::{Heap, Trace};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use world::{EntityId, Heading, Motion, Position, Tick};

use super::*;
use crate::play::sight::Thing;

fn sight() -> Sight {
    Sight {
        state: State::Playing,
        entity: Some(EntityId(1)),
        me: Some((Position::new(37_452, 1_212), Motion::new(Heading::new(24), Gait::Jog))),
        people: Vec::new(),
        node: "3.0".into(),
        tick: Tick(17_953_306_868),
        round_trip_ms: Some(12),
        reconnects: 2,
        corrections: 5,
        violations: 0,
        bag: Vec::new(),
        things: Vec::new(),
        parcel: None,
    }
}

fn screen((width, height): (u16, u16), app: &App, sight: &Sight) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a test's terminal cannot fail");
    let land = Land::default();
    let drawn = terminal.draw(|frame| draw(frame, Millis(0), app, sight, &land, Colours::None));
    let buffer = drawn.expect("a test's terminal cannot fail").buffer;
    (0..height).map(|y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>()).collect()
}

#[test]
fn the_bars_say_where_one_is_and_how_the_connection_is() {
    let mut app = App::new("ann");
    app.tell("in the world");
    let rows = screen((80, 24), &app, &sight());
    assert!(rows[0].starts_with(" ann  node 3.0  12 ms  tick 17953306868  2 reconnects  "), "{rows:#?}");
    assert!(rows[0].ends_with("  ? help  q leave "), "{rows:#?}");
    assert!(
        rows[18].starts_with(" 312.1 m E  10.1 m S  chunk (10, 0)  ↑ jog 3.5 m/s  0 in view  5 corrections"),
        "{rows:#?}"
    );
    assert_eq!(rows[19].trim_end(), "in the world");
    assert_eq!(rows[23].trim_end(), KEYS);
    assert_eq!(rows[9].chars().nth(40), Some('@'), "{rows:#?}");
}

#[test]
fn a_lost_connection_is_told() {
    let sight = Sight { state: State::BackingOff, ..sight() };
    let rows = screen((80, 24), &App::new("ann"), &sight);
    assert!(rows[0].contains("connection lost, trying again"), "{rows:#?}");
    assert_eq!(rows[9].chars().nth(40), Some('?'), "{rows:#?}");
}

#[test]
fn the_end_of_a_long_line_is_seen_while_it_is_written() {
    let mode = Mode::Speaking(format!("{} the end", "so on and ".repeat(12)));
    let mut app = App::new("ann");
    app.mode = mode;
    let rows = screen((60, 20), &app, &sight());
    assert!(rows[19].starts_with("say> ") && rows[19].trim_end().ends_with("the end"), "{rows:#?}");
}

#[test]
fn every_size_is_drawn() {
    let modes = [Mode::Walking, Mode::Help, Mode::Orders, Mode::Speaking("ahoy".into())];
    for size in [(1, 1), (39, 30), (40, 12), (80, 24), (300, 90)] {
        for mode in &modes {
            let mut app = App::new("ann");
            app.mode = mode.clone();
            app.pack = true;
            app.lines.extend((0..50).map(|n| Line::Told(format!("line {n}"))));
            let rows = screen(size, &app, &sight());
            let asks = rows.concat().contains("at least");
            assert_eq!(asks, size == (39, 30), "{size:?} {mode:?}: {rows:#?}");
        }
    }
}

#[test]
fn before_the_first_welcome_nothing_is_shown_of_the_world() {
    let sight = Sight { me: None, state: State::Connecting, ..sight() };
    let rows = screen((80, 24), &App::new("ann"), &sight);
    assert!(rows.concat().contains("entering the world"), "{rows:#?}");
}

#[test]
fn the_bag_and_what_is_near_are_shown_when_they_are_wanted() {
    let heap = |item: &str, amount| Heap { item: item.into(), amount };
    let pile = Trace { kind: 2, x: 37_452 + 240, y: 1_212, name: "reed".into(), amount: 7, ..Trace::default() };
    let chunk = Position::new(pile.x, pile.y).chunk();
    let sight = Sight { bag: vec![heap("wood", 4)], things: vec![Thing { chunk, trace: pile }], ..sight() };
    let mut app = App::new("ann");
    assert!(!screen((80, 24), &app, &sight).concat().contains("4 wood"));
    app.pack = true;
    let rows = screen((80, 24), &app, &sight).concat();
    assert!(rows.contains(" Bag ") && rows.contains("4 wood") && rows.contains("2.0 m  7 reed"), "{rows:#?}");
}

#[test]
fn the_help_names_every_order() {
    let mut app = App::new("ann");
    app.mode = Mode::Orders;
    let rows = screen((100, 40), &app, &sight()).concat();
    assert!(ORDERS.iter().all(|(words, meaning)| rows.contains(words) && rows.contains(meaning)), "{rows:#?}");
}
