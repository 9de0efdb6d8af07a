use protocol::limits::SPEECH_BYTES;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use world::{Biome, Chunk, Ground, Heading};

use client::{ClientConfig, Lost, Receipt};
use protocol::things::Heap;

use super::*;

fn press(app: &mut App, code: KeyCode) -> Option<Wish> {
    app.key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn write(app: &mut App, text: &str) {
    text.chars().for_each(|c| assert_eq!(press(app, KeyCode::Char(c)), None));
}

/// A chunk of one biome around (15 m, 15 m), and nothing known beyond.
fn land_of(biome: Biome) -> Land {
    let ground = Ground {
        heights_cm: [0; world::island::VERTICES * world::island::VERTICES],
        biomes: [biome; world::island::CELLS * world::island::CELLS],
        props: Vec::new(),
    };
    Land::with([(Chunk::new(0, 0), ground)])
}

const MIDDLE: Position = Position::metres(15, 15);

#[test]
fn a_key_steers_on_until_another_one_or_space() {
    let land = land_of(Biome::Meadow);
    let mut app = App::new("ann");
    let mut steer = |code| {
        assert_eq!(press(&mut app, code), None);
        app.steer(MIDDLE, &land)
    };
    let (east, south) = (Heading::new(0), Heading::new(8));
    let cases = [
        (KeyCode::Char('d'), Motion::new(east, Gait::Jog)),
        (KeyCode::Char('6'), Motion::new(east, Gait::Sprint)),
        (KeyCode::Char('2'), Motion::new(east, Gait::Walk)),
        (KeyCode::Down, Motion::new(south, Gait::Walk)),
        (KeyCode::Char('J'), Motion::new(south, Gait::Sprint)),
        (KeyCode::Char(' '), Motion::new(south, Gait::Stand)),
        (KeyCode::Char('5'), Motion::new(south, Gait::Stand)),
        (KeyCode::Char('d'), Motion::new(east, Gait::Run)),
    ];
    for (code, motion) in cases {
        assert_eq!(steer(code), motion, "{code:?}");
    }
}

#[test]
fn water_slows_a_walker_down_only_while_it_lasts() {
    let mut app = App::new("ann");
    press(&mut app, KeyCode::Char('D'));
    assert_eq!(app.steer(MIDDLE, &land_of(Biome::ShallowWater)).gait, Gait::Walk);
    assert_eq!(app.steer(MIDDLE, &land_of(Biome::Beach)).gait, Gait::Sprint);
}

#[test]
fn a_line_is_written_said_and_never_steers() {
    let mut app = App::new("ann");
    press(&mut app, KeyCode::Enter);
    write(&mut app, "wasd quitx");
    press(&mut app, KeyCode::Backspace);
    assert_eq!(app.mode, Mode::Speaking("wasd quit".into()));
    app.key(KeyEvent::new(KeyCode::Char('w'), KeyModifiers::CONTROL));
    app.paste("all\nday");
    assert_eq!(press(&mut app, KeyCode::Enter), Some(Wish::Speak("wasd allday".into())));
    assert_eq!(app.mode, Mode::Walking);
    assert_eq!(app.steer(MIDDLE, &land_of(Biome::Meadow)).gait, Gait::Stand);
}

#[test]
fn what_nobody_could_say_is_not_sent() {
    for text in ["", "   "] {
        let mut app = App::new("ann");
        press(&mut app, KeyCode::Char('t'));
        write(&mut app, text);
        assert_eq!(press(&mut app, KeyCode::Enter), None, "{text:?}");
    }
    let mut app = App::new("ann");
    press(&mut app, KeyCode::Char('t'));
    write(&mut app, &"ö".repeat(SPEECH_BYTES));
    let Some(Wish::Speak(line)) = press(&mut app, KeyCode::Enter) else { panic!("a long line is cut, not lost") };
    assert_eq!(line.len(), SPEECH_BYTES);
}

#[test]
fn keys_that_leave_leave_only_where_they_should() {
    let modes = [Mode::Walking, Mode::Speaking("so".into()), Mode::Help];
    let cases = [
        (KeyCode::Char('q'), KeyModifiers::NONE, [true, false, false]),
        (KeyCode::Esc, KeyModifiers::NONE, [true, false, false]),
        (KeyCode::Char('c'), KeyModifiers::CONTROL, [true, true, true]),
    ];
    for (code, modifiers, leaves) in cases {
        for (mode, leaves) in modes.iter().zip(leaves) {
            let mut app = App { mode: mode.clone(), ..App::new("ann") };
            let left = app.key(KeyEvent::new(code, modifiers)) == Some(Wish::Leave);
            assert_eq!(left, leaves, "{code:?} {modifiers:?} in {mode:?}");
        }
    }
}

#[test]
fn the_server_is_right_but_water_alone_ends_no_walk() {
    let (client, now) = (Client::new(ClientConfig::new("ann", Vec::new(), 1)), Millis(0));
    let (east, land) = (Heading::new(0), land_of(Biome::ShallowWater));
    let mut app = App::new("ann");
    press(&mut app, KeyCode::Right);
    let waded = Event::Corrected { at: MIDDLE, motion: Motion::new(east, Gait::Walk) };
    app.event(now, waded, &client, &land);
    assert_eq!(app.steer(MIDDLE, &land_of(Biome::Beach)).gait, Gait::Jog, "slowed by the water");
    let stopped = Event::Corrected { at: MIDDLE, motion: Motion::new(east, Gait::Stand) };
    app.event(now, stopped, &client, &land);
    assert_eq!(app.steer(MIDDLE, &land_of(Biome::Beach)).gait, Gait::Stand, "stopped by the server");
}

#[test]
fn the_tint_follows_the_answer_and_not_the_key() {
    let (client, now, land) = (Client::new(ClientConfig::new("ann", Vec::new(), 1)), Millis(0), Land::default());
    let mut app = App::new("ann");
    let Some(Wish::Dress(tint)) = press(&mut app, KeyCode::Char('c')) else { panic!("c asks for a tint") };
    assert_eq!(app.tint, 0);
    let refused = Outcome::Refused { code: protocol::Code::StoreUnavailable as u16, resync: false };
    app.event(now, Event::Replied { request: 1, asked: Asked::Dress(tint), outcome: refused }, &client, &land);
    assert_eq!(app.tint, 0);
    assert_eq!(app.lines.back(), Some(&Line::Warned("the tint was refused: store_unavailable".into())));
    app.event(now, Event::Replied { request: 2, asked: Asked::Dress(tint), outcome: Outcome::Done }, &client, &land);
    assert_eq!(app.tint, tint);
}

#[test]
fn a_server_that_stays_away_fills_no_log() {
    let (client, now, land) = (Client::new(ClientConfig::new("ann", Vec::new(), 1)), Millis(0), Land::default());
    let mut app = App::new("ann");
    app.tell("here");
    for in_ms in [300, 700, 1_500] {
        let event = Event::Reconnecting { address: "127.0.0.1:7700".into(), in_ms, lost: Lost::Unreachable };
        app.event(now, event, &client, &land);
    }
    let lost = Line::Lost("no connection came about; trying 127.0.0.1:7700 in 1.5 s".into());
    assert_eq!(app.lines, [Line::Told("here".into()), lost]);
}

#[test]
fn bubbles_burst_after_a_while() {
    let (client, land) = (Client::new(ClientConfig::new("ann", Vec::new(), 1)), Land::default());
    let mut app = App::new("ann");
    let said = Event::Speech { entity: EntityId(3), text: "ahoy\u{7}".into() };
    app.event(Millis(1_000), said, &client, &land);
    for (now, expected) in [(1_000, 1), (1_000 + BUBBLE_MS - 1, 1), (1_000 + BUBBLE_MS, 0)] {
        assert_eq!(app.bubbles(Millis(now)).count(), expected, "at {now} ms");
    }
    assert_eq!(app.bubbles(Millis(1_000)).next(), Some((EntityId(3), "ahoy·")));
}

#[test]
fn an_order_is_written_like_a_line_and_answered_where_it_is_none() {
    let mut app = App::new("ann");
    press(&mut app, KeyCode::Char('/'));
    write(&mut app, "drop wood 2");
    let drop = Order::Drop("wood".into(), Some(2));
    assert_eq!(press(&mut app, KeyCode::Enter), Some(Wish::Order(drop)));
    press(&mut app, KeyCode::Enter);
    write(&mut app, "/dance");
    assert_eq!(press(&mut app, KeyCode::Enter), None);
    assert_eq!(app.lines.back(), Some(&Line::Warned("there is no /dance; /help tells what there is".into())));
    assert_eq!(press(&mut app, KeyCode::Char('e')), Some(Wish::Order(Order::Gather(1))));
    press(&mut app, KeyCode::Char('/'));
    write(&mut app, "help");
    assert_eq!((press(&mut app, KeyCode::Enter), &app.mode), (None, &Mode::Orders));
    assert_eq!((press(&mut app, KeyCode::Char('i')), &app.mode), (None, &Mode::Walking));
    press(&mut app, KeyCode::Char('i'));
    assert!(app.pack);
}

#[test]
fn what_came_of_a_deed_is_told_in_words() {
    let (client, land) = (Client::new(ClientConfig::new("ann", Vec::new(), 1)), Land::default());
    let heap = |item: &str, amount| Heap { item: item.into(), amount };
    let receipt = |gained, lost| Receipt { gained, lost, made: Vec::new() };
    let refused = Outcome::Refused { code: protocol::Code::OutOfRange as u16, resync: false };
    let cases = [
        (
            Outcome::Done,
            receipt(vec![heap("axe", 1)], vec![heap("wood", 1), heap("rope", 1)]),
            "craft: + 1 axe  - 1 wood, 1 rope",
        ),
        (Outcome::Done, Receipt::default(), "craft: done"),
        (refused, Receipt::default(), "craft: out of range"),
        (Outcome::NotSent, Receipt::default(), "craft: too many deeds wait for an answer"),
    ];
    for (outcome, receipt, expected) in cases {
        let mut app = App::new("ann");
        let deed = Some(client::deed::craft("axe", 1, None));
        let told = Performed { request: 3, deed, outcome, receipt };
        app.event(Millis(0), Event::Performed(Box::new(told)), &client, &land);
        let told = match app.lines.back() {
            Some(Line::Told(text) | Line::Warned(text)) => text.as_str(),
            other => panic!("{other:?}"),
        };
        assert_eq!(told, expected);
    }
}

#[test]
fn an_offer_is_told_with_what_one_gives_and_gets() {
    let (client, land) = (Client::new(ClientConfig::new("ann", Vec::new(), 1)), Land::default());
    let mut app = App::new("ann");
    let gives = vec![Heap { item: "wood".into(), amount: 2 }];
    let offered = Offered { by: 9, number: 5, gives, takes: Vec::new() };
    app.event(Millis(0), Event::Offered(Box::new(offered.clone())), &client, &land);
    let told = "somebody offers 2 wood for nothing; /agree to it, or let it be";
    assert_eq!((app.lines.back(), app.offered), (Some(&Line::Told(told.into())), Some(offered)));
}
