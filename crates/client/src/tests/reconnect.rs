//! Cuts, closing codes, and requests that must be answered in the end.

use protocol::client::{Dress, ToServer};
use protocol::{Code, Incarnation};

use super::server::*;
use crate::limits::{BACKOFF_MAX_MS, CONNECT_TIMEOUT_MS, SILENCE_MS};
use crate::{Asked, ClientInput, Ending, Event, Lost, Outcome, State};

fn requests(pair: &mut Pair) -> Vec<(u32, u8)> {
    let only = |(context, message)| match message {
        ToServer::Dress(Dress { tint }) => {
            let context: protocol::envelope::Context = context;
            Some((context.request, tint))
        }
        _ => None,
    };
    pair.said().into_iter().filter_map(only).collect()
}

#[test]
fn the_handshake_names_versions_account_and_ticket() {
    let mut pair = Pair::new();
    assert_eq!(pair.connects, ["a:1"]);
    pair.handle(ClientInput::Connected);
    let said = pair.said();
    assert!(matches!(&said[..], [(_, ToServer::Hello(h))] if h.name == "anna" && h.newest == 1 && h.ticket.is_empty()));
    pair.say(&protocol::client::ToClient::Welcome(pair.welcome()));
    assert_eq!(pair.client.state(), State::Playing);
    let welcomed = Event::Welcomed { entity: ME, node: Incarnation(11), at: middle(), again: false };
    assert_eq!(pair.events, [welcomed]);
    assert_eq!(pair.client.addresses(), ["a:1", "c:3", "b:2"]);
}

#[test]
fn an_unanswered_request_survives_the_node_under_its_id() {
    let mut pair = Pair::playing();
    pair.handle(ClientInput::Dress(3));
    pair.handle(ClientInput::Dress(4));
    assert_eq!(requests(&mut pair), [(5, 3), (6, 4)]);
    pair.reply(5, None, 0);
    assert!(pair.events.contains(&Event::Replied { request: 5, asked: Asked::Dress(3), outcome: Outcome::Done }));
    pair.handle(ClientInput::Disconnected);
    pair.handle(ClientInput::Dress(5));
    pair.pass(500);
    assert_eq!(pair.connects, ["a:1", "c:3"], "another address, in an order of its own");
    pair.enter();
    // The welcome still says that 5 is free: the node that knew better is gone, the ids go on.
    assert_eq!(requests(&mut pair), [(6, 4), (7, 5)]);
    pair.reply(6, None, 0);
    pair.reply(7, Some(Code::IdReused), 0);
    let refused = Outcome::Refused { code: Code::IdReused as u16, resync: false };
    assert!(pair.events.contains(&Event::Replied { request: 7, asked: Asked::Dress(5), outcome: refused }));
    assert_eq!(pair.client.requests().unanswered(), 0);
}

#[test]
fn a_request_that_should_be_retried_waits_as_long_as_it_was_told() {
    let mut pair = Pair::playing();
    pair.handle(ClientInput::Dress(3));
    pair.said();
    pair.reply(5, Some(Code::StoreUnavailable), 2_000);
    pair.play(1_900);
    assert_eq!(requests(&mut pair), []);
    pair.play(200);
    assert_eq!(requests(&mut pair), [(5, 3)]);
}

#[test]
fn requests_in_flight_and_waiting_are_bounded() {
    let mut pair = Pair::playing();
    for tint in 0..200 {
        pair.handle(ClientInput::Dress(tint));
    }
    assert_eq!(requests(&mut pair).len(), crate::limits::REQUESTS_IN_FLIGHT);
    let not_sent = |e: &&Event| matches!(e, Event::Replied { outcome: Outcome::NotSent, .. });
    assert_eq!(pair.events.iter().filter(not_sent).count(), 200 - pair.client.requests().unanswered());
    pair.reply(5, None, 0);
    assert_eq!(requests(&mut pair).len(), 1, "room for the next");
}

#[test]
fn speech_is_sent_once_and_only_if_it_is_allowed() {
    let mut pair = Pair::playing();
    for text in ["hello", " ", "bell\u{7}"] {
        pair.handle(ClientInput::Speak(text));
    }
    let said = pair.said();
    assert!(matches!(&said[..], [(context, ToServer::Speak(s))] if context.request == 5 && s.text == "hello"));
    pair.handle(ClientInput::Disconnected);
    pair.pass(500);
    pair.enter();
    assert!(!pair.said().iter().any(|(_, m)| matches!(m, ToServer::Speak(_))));
}

#[test]
fn a_closing_code_decides_what_comes_next() {
    let cases = [
        (Code::Replaced, State::Stopped, vec!["a:1"]),
        (Code::NameInvalid, State::Stopped, vec!["a:1"]),
        (Code::ShuttingDown, State::Connecting, vec!["a:1", "c:3"]),
        (Code::Full, State::Connecting, vec!["a:1", "c:3"]),
        (Code::StoreUnavailable, State::Connecting, vec!["a:1", "a:1"]),
    ];
    for (code, state, connects) in cases {
        let mut pair = Pair::playing();
        pair.close(code, 700);
        assert_eq!(pair.disconnects, 1);
        pair.pass(1_000);
        assert_eq!((pair.client.state(), pair.connects.iter().map(String::as_str).collect()), (state, connects));
        let stopped = pair.events.contains(&Event::Closed(Ending::Refused(code as u16)));
        assert_eq!(stopped, state == State::Stopped);
        let told = |e: &Event| matches!(e, Event::Reconnecting { lost: Lost::Told(c), .. } if *c == code as u16);
        assert_eq!(pair.events.iter().any(told), state != State::Stopped);
    }
}

#[test]
fn a_pause_that_the_server_asks_for_is_kept_but_not_for_ever() {
    for (asked_ms, least, most) in [(3_000, 3_000, 3_000), (u32::MAX, 60_000, 60_000), (0, 100, 200)] {
        let mut pair = Pair::playing();
        pair.close(Code::StoreUnavailable, asked_ms);
        let waits = pair.client.next_wakeup().unwrap().0.since(pair.now);
        assert!((least..=most).contains(&waits), "{asked_ms}: {waits}");
    }
}

#[test]
fn a_dead_world_is_tried_ever_more_slowly() {
    let mut pair = Pair::new();
    let mut pauses = Vec::new();
    for _ in 0..12 {
        pair.handle(ClientInput::Disconnected);
        let (at, _) = pair.client.next_wakeup().unwrap();
        pauses.push(at.since(pair.now));
        pair.pass(pauses[pauses.len() - 1]);
    }
    assert!(pauses[0] <= 200 && pauses.iter().all(|p| *p <= BACKOFF_MAX_MS));
    assert!(pauses[11] >= BACKOFF_MAX_MS / 2);
    assert_eq!(&pair.connects[..4], ["a:1", "b:2", "a:1", "b:2"]);
}

#[test]
fn pauses_differ_from_seed_to_seed() {
    let pause = |seed| {
        let mut pair = Pair::with(|config| config.seed = seed);
        pair.handle(ClientInput::Disconnected);
        pair.client.next_wakeup().unwrap().0
    };
    let pauses: std::collections::BTreeSet<_> = (0..50).map(pause).collect();
    assert!(pauses.len() > 20);
}

#[test]
fn a_server_that_says_nothing_is_left() {
    let mut pair = Pair::new();
    pair.pass(CONNECT_TIMEOUT_MS);
    assert!(matches!(pair.events.last(), Some(Event::Reconnecting { lost: Lost::Unreachable, .. })));
    pair.pass(300);
    pair.handle(ClientInput::Connected);
    pair.pass(crate::limits::GREETING_TIMEOUT_MS);
    assert!(matches!(pair.events.last(), Some(Event::Reconnecting { lost: Lost::NoWelcome, .. })));
    pair.pass(500);
    pair.enter();
    pair.pass(SILENCE_MS);
    assert!(matches!(pair.events.last(), Some(Event::Reconnecting { lost: Lost::Silent, .. })));
    assert_eq!(pair.disconnects, 3);
}

#[test]
fn the_old_picture_stays_until_the_new_one_comes() {
    let mut pair = Pair::playing();
    pair.handle(ClientInput::Disconnected);
    assert_eq!(pair.on_screen(), [ME]);
    pair.pass(500);
    pair.enter();
    assert_eq!(pair.on_screen(), []);
    assert!(matches!(pair.events.last(), Some(Event::Welcomed { again: true, .. })));
}

#[test]
fn who_leaves_says_so_and_stays_away() {
    let mut pair = Pair::playing();
    pair.handle(ClientInput::Leave);
    assert!(matches!(&pair.said()[..], [(_, ToServer::Bye)]));
    assert_eq!(pair.events.last(), Some(&Event::Closed(Ending::Left)));
    for input in [ClientInput::Join, ClientInput::Connected, ClientInput::Steer(EAST), ClientInput::Leave] {
        pair.handle(input);
    }
    pair.pass(60_000);
    assert_eq!((pair.connects.len(), pair.client.state()), (1, State::Stopped));
}
