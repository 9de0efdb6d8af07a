//! Frames, keyframes, lanes and views, and what the checks make of them.

use protocol::frame::{Body, Destination, EVENT_SPEECH, Event as Said, Handle};
use protocol::tick::{Item, Lane};
use world::{Chunk, EntityId, Motion};

use super::server::*;
use crate::{Event, Observe, Violation};

const NEXT: Chunk = Chunk::new(3, 2);

#[test]
fn a_frame_moves_whom_a_keyframe_brought() {
    let mut pair = Pair::playing();
    let at = middle().offset(10, 0);
    pair.pass(100);
    pair.tick(&[frame(1, HOME, (0, 0), &moved(1, at, EAST))]);
    let (picture, pace) = (pair.client.picture().unwrap(), pair.client.prediction().unwrap().pace());
    assert_eq!(picture.position(ME, picture.tick(), pace), Some(at));
    assert_eq!(picture.position(ME, picture.tick() + 10, pace), Some(at.offset(180, 0)));
    assert!(pair.events.iter().any(|e| matches!(e, Event::Moved { entity: ME, motion: EAST, .. })));
    assert_eq!(pair.violations(), vec![]);
}

#[test]
fn a_lane_switch_never_flickers() {
    let other = entity(9, 4, 3, NEXT.origin().offset(100, 100));
    for (old_first, from, to) in
        [(true, Lane::Near, Lane::Far), (false, Lane::Near, Lane::Far), (false, Lane::Far, Lane::Near)]
    {
        let mut pair = Pair::playing();
        pair.tick(&[seen_in(NEXT, from), key(2, NEXT, from, std::slice::from_ref(&other))]);
        let new = key(3, NEXT, to, std::slice::from_ref(&other));
        let switch = if old_first { [close(2), seen_in(NEXT, to), new] } else { [seen_in(NEXT, to), new, close(2)] };
        pair.pass(100);
        pair.tick(&switch);
        assert_eq!(pair.on_screen(), [ME, EntityId(9)]);
        let picture = pair.client.picture().unwrap();
        assert_eq!(picture.told_by(picture.get(EntityId(9)).unwrap()).map(|(lane, _)| lane), Some(to));
        assert_eq!(picture.chunk(NEXT).map(|c| c.lane), Some(to));
        assert_eq!(pair.violations(), vec![]);
    }
}

#[test]
fn who_crosses_a_border_stays_on_the_screen() {
    let mut pair = Pair::playing();
    pair.tick(&[seen(NEXT), key(2, NEXT, Lane::Near, &[])]);
    pair.pass(100);
    pair.tick(&[frame(1, HOME, (0, 0), &left(1, 1, Destination::Chunk(NEXT)))]);
    assert_eq!(pair.on_screen(), [ME], "awaited");
    pair.pass(100);
    let enter = Body { enters: vec![entity(ME.0, 1, 1, NEXT.origin())], ..Body::default() };
    pair.tick(&[frame(2, NEXT, (0, 0), &enter)]);
    pair.pass(2_500);
    assert_eq!(pair.on_screen(), [ME]);
    assert_eq!(pair.violations(), vec![]);
}

#[test]
fn a_server_that_fell_behind_starts_the_picture_anew() {
    let mut pair = Pair::playing();
    pair.pass(3_000);
    pair.tick(&[Owned::Plain(Item::Reset), seen(HOME), key(1, HOME, Lane::Near, &[me(0), entity(8, 2, 0, middle())])]);
    assert_eq!(pair.on_screen(), [ME, EntityId(8)]);
    assert_eq!(pair.client.counts().resets, 1);
    assert_eq!(pair.violations(), vec![]);
}

#[test]
fn a_late_frame_behind_a_keyframe_is_no_gap() {
    let mut pair = Pair::playing();
    pair.pass(200);
    let tick = pair.server_tick();
    pair.tick(&[key(1, HOME, Lane::Near, &[me(0)])]);
    pair.pass(100);
    // Tick - 1, which changed at tick - 2 before that: the keyframe is newer than both.
    pair.tick(&[frame(1, HOME, (2, 1), &moved(1, middle().offset(5, 0), EAST))]);
    pair.pass(100);
    let back = pair.server_tick() - (tick - 1);
    pair.tick(&[frame(1, HOME, (0, back), &moved(1, middle(), EAST))]);
    assert_eq!(pair.violations(), vec![]);
}

#[test]
fn speech_is_heard_once() {
    let mut pair = Pair::playing();
    let payload = "good morning".as_bytes().to_vec();
    let event = Said { handle: Handle(1), kind: EVENT_SPEECH, payload };
    pair.pass(100);
    pair.tick(&[frame(1, HOME, (0, 0), &Body { events: vec![event], ..Body::default() })]);
    let heard = Event::Speech { entity: ME, text: "good morning".into() };
    assert_eq!(pair.events.iter().filter(|e| **e == heard).count(), 1);
    assert_eq!(pair.client.counts().updates, 1, "an event is no update; the keyframe's enter is one");
}

#[test]
fn contradictions_are_counted_by_kind() {
    let outside = moved(1, HOME.origin().offset(-245, 0), Motion::default());
    let cases: Vec<(Violation, Vec<Owned>)> = vec![
        (Violation::Gap, vec![frame(1, HOME, (0, 1), &moved(1, middle(), EAST))]),
        (Violation::UnknownSlot, vec![frame(50, HOME, (0, 0), &moved(1, middle(), EAST))]),
        (Violation::OutOfReach, vec![frame(1, HOME, (0, 0), &outside)]),
        (Violation::OutOfView, vec![key(2, NEXT, Lane::Near, &[])]),
        (Violation::OutOfView, vec![Owned::Plain(Item::Unseen { chunk: HOME })]),
        (Violation::Repeated, vec![frame(1, HOME, (0, 0), &Body::default()), frame(1, HOME, (0, 0), &Body::default())]),
    ];
    for (expected, items) in cases {
        let mut pair = Pair::playing();
        pair.pass(300);
        pair.tick(&items);
        assert_eq!(pair.violations(), vec![(expected, 1)]);
        assert!(pair.client.bytes_reconcile());
    }
}

#[test]
fn what_is_stale_is_ignored_and_counted() {
    let mut pair = Pair::playing();
    pair.pass(300);
    let stale = Body { enters: vec![world_enter_of_epoch_zero()], ..Body::default() };
    let stranger = moved(99, middle(), EAST);
    pair.tick(&[frame(1, HOME, (0, 0), &stale), close(50)]);
    pair.pass(100);
    pair.tick(&[frame(1, HOME, (0, 0), &stranger)]);
    assert_eq!(pair.client.counts().stale, 2);
    assert_eq!(pair.violations(), vec![]);
}

fn world_enter_of_epoch_zero() -> protocol::frame::Enter {
    protocol::frame::Enter { epoch: world::Epoch(0), ..me(0) }
}

#[test]
fn an_avatar_that_its_player_cannot_see_is_counted_once() {
    let mut pair = Pair::playing();
    pair.tick(&[frame(1, HOME, (0, 0), &left(1, 1, Destination::Gone))]);
    pair.play(2_500);
    pair.tick(&[]);
    assert_eq!(pair.violations(), vec![]);
    pair.play(8_000);
    assert_eq!(pair.violations(), vec![], "who is told nothing has an old picture, not one without himself");
    pair.tick(&[]);
    pair.play(2_000);
    assert_eq!(pair.violations(), vec![(Violation::SelfMissing, 1)]);
}

#[test]
fn a_chunk_that_stays_though_it_is_far_is_counted_once() {
    let mut pair = Pair::playing();
    pair.tick(&[seen(Chunk::new(4, 2)), seen(Chunk::new(6, 2))]);
    pair.play(2_000);
    assert_eq!(pair.violations(), vec![]);
    pair.play(6_000);
    assert_eq!(pair.violations(), vec![(Violation::StrayChunk, 1)]);
}

#[test]
fn headers_and_decoding_count_alike() {
    let bodies = [
        moved(1, middle(), EAST),
        Body { enters: vec![entity(8, 2, 0, middle()), entity(9, 3, 0, middle())], ..moved(1, middle(), SOUTH) },
        left(2, 1, Destination::Gone),
        Body { events: vec![Said { handle: Handle(1), kind: 1, payload: b"hm".to_vec() }], ..Body::default() },
    ];
    let run = |observe| {
        let mut pair = Pair::with(|config| config.observe = observe);
        pair.enter();
        pair.tick(&[seen(HOME), key(1, HOME, Lane::Near, &[me(0)])]);
        for (n, body) in bodies.iter().enumerate() {
            pair.pass(100);
            pair.tick(&[frame(1, HOME, (0, u64::from(n > 0)), body)]);
        }
        assert_eq!(pair.violations(), vec![]);
        assert!(pair.client.bytes_reconcile());
        *pair.client.counts()
    };
    let (full, headers) = (run(Observe::Everything), run(Observe::Headers));
    assert_eq!((full.frames, full.keyframes, full.updates), (4, 1, 6));
    assert_eq!(full.decoded, full.updates);
    assert_eq!((headers.frames, headers.keyframes, headers.updates), (4, 1, 6));
    assert_eq!((headers.bytes, headers.decoded), (full.bytes, 0));
}
