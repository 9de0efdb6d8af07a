//! The own avatar: prediction, pace of inputs, corrections.

use protocol::client::Input;
use world::{Chunk, Gait, Heading, Motion, Position};

use super::server::*;
use crate::{ClientInput, Event};

#[test]
fn a_step_is_seen_at_once_and_sent_at_once() {
    let mut pair = Pair::playing();
    pair.handle(ClientInput::Steer(EAST));
    let Position { x, y } = middle();
    assert_eq!(pair.inputs(), [Input { seq: 1, x, y, motion: EAST.to_byte() }]);
    pair.pass(1_000);
    assert_eq!(pair.client.position(pair.now), Some(middle().offset(180, 0)));
}

#[test]
fn inputs_come_at_most_once_a_tick() {
    let mut pair = Pair::playing();
    for n in 0..40 {
        pair.handle(ClientInput::Steer(Motion::new(Heading::new(n), Gait::Walk)));
        pair.pass(10);
    }
    let inputs = pair.inputs();
    assert!((4..=5).contains(&inputs.len()), "{} inputs in 400 ms", inputs.len());
    assert!(inputs.windows(2).all(|w| w[1].seq == w[0].seq + 1));
}

#[test]
fn who_walks_on_is_stated_once_a_second_and_who_stands_is_not() {
    let mut pair = Pair::playing();
    pair.handle(ClientInput::Steer(EAST));
    pair.play(5_050);
    assert_eq!(pair.inputs().len(), 6);
    pair.handle(ClientInput::Steer(EAST.stopped()));
    pair.play(100);
    assert_eq!(pair.inputs().len(), 1);
    pair.play(5_000);
    assert_eq!(pair.inputs().len(), 0);
}

#[test]
fn an_accepted_input_moves_nothing() {
    let mut pair = Pair::playing();
    pair.handle(ClientInput::Steer(EAST));
    pair.pass(250);
    let before = pair.client.position(pair.now);
    pair.tick(&[ack(1, middle(), EAST, false)]);
    assert_eq!(pair.client.position(pair.now), before);
    assert_eq!(pair.client.prediction().unwrap().unjudged(), 0);
}

#[test]
fn a_correction_is_applied_and_later_steps_are_done_again() {
    let mut pair = Pair::playing();
    pair.handle(ClientInput::Steer(EAST));
    pair.pass(500);
    pair.handle(ClientInput::Steer(SOUTH));
    // The first input is judged after the second was made: the server puts the avatar 100 units west of its start.
    let stopped = middle().offset(-100, 0);
    pair.tick(&[ack(1, stopped, EAST.stopped(), true)]);
    assert!(pair.events.contains(&Event::Corrected { at: stopped, motion: EAST.stopped() }));
    let now = pair.client.position(pair.now).unwrap();
    assert_eq!(now, stopped, "the walk east is undone");
    pair.pass(1_000);
    assert_eq!(pair.client.position(pair.now), Some(stopped.offset(0, 180)), "the walk south is not");
    // The server accepts the second input as it was claimed: then that is the truth.
    pair.tick(&[ack(2, middle().offset(90, 0), SOUTH, false)]);
    assert_eq!(pair.client.position(pair.now), Some(middle().offset(90, 180)));
    assert_eq!(pair.client.counts().corrections, 1);
}

#[test]
fn a_cheat_is_put_back_and_may_walk_again() {
    let mut pair = Pair::playing();
    pair.handle(ClientInput::Claim(middle().offset(90_000, 0), EAST));
    assert_eq!(pair.inputs()[0].x, middle().x + 90_000);
    pair.pass(100);
    pair.tick(&[ack(1, middle(), EAST.stopped(), true)]);
    assert_eq!(pair.client.position(pair.now), Some(middle()));
    pair.handle(ClientInput::Steer(EAST));
    assert_eq!(pair.inputs().len(), 1);
    assert_eq!(pair.client.counts().crossings, 0);
}

#[test]
fn crossings_are_counted_with_the_servers_hysteresis() {
    let mut pair = Pair::playing();
    let edge = Chunk::new(3, 2).origin().offset(-40, 500);
    pair.handle(ClientInput::Claim(edge, EAST));
    for (ms, crossings) in [(1_000, 0), (1_000, 1)] {
        pair.play(ms);
        pair.tick(&[]);
        assert_eq!(pair.client.counts().crossings, crossings);
    }
}

#[test]
fn an_ack_from_the_far_ends_of_the_number_range_breaks_nothing() {
    let mut pair = Pair::playing();
    pair.handle(ClientInput::Steer(EAST));
    for at in [Position::new(i32::MAX, i32::MIN), Position::new(i32::MIN, i32::MAX)] {
        pair.tick(&[ack(u32::MAX, at, Motion::from_byte(255), true)]);
        pair.pass(10_000);
    }
}
