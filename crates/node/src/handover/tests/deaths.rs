//! Something goes wrong at each single step of a handover: one of S, T and the resume serves, and nothing is lost.

use world::Planted;

use super::ferry::{FAULTS, Fault, Ferry, SETTLE_MS, incarnation};

/// A handover with a deed under way and one asked for while frozen, and this going wrong.
fn cross(planted: Planted, fault: Option<(usize, Fault)>) -> Ferry {
    let mut ferry = Ferry::new(planted);
    ferry.hand_over(fault);
    ferry.pass(500);
    ferry.dress(41);
    ferry.pass(600);
    ferry.dress(42);
    ferry.pass(SETTLE_MS);
    ferry
}

fn outcome(ferry: &Ferry) -> Result<(), String> {
    let (holders, stored) = (ferry.holders(), ferry.stored());
    if !ferry.mira.alive {
        return if holders.is_empty() { Ok(()) } else { Err(format!("nobody plays, and {holders:?} hold")) };
    }
    let Some(node) = ferry.served_by() else { return Err("nobody serves".to_owned()) };
    if holders != [(node, stored.epoch)] {
        return Err(format!("{node} serves, {holders:?} hold, the document is at {}", stored.epoch));
    }
    if !stored.holder.starts_with(&incarnation(node).to_string()) || stored.released.is_some() {
        return Err(format!("{node} serves, and the document says {stored:?}"));
    }
    if ferry.mira.done.len() != 2 || (stored.deeds, stored.tint) != (2, 42) {
        return Err(format!("{:?} were told as done, {stored:?}", ferry.mira.done));
    }
    Ok(())
}

fn steps() -> Vec<String> {
    cross(Planted::none(), None).steps
}

#[test]
fn nothing_goes_wrong_and_the_other_node_serves() {
    let ferry = cross(Planted::none(), None);
    assert_eq!(outcome(&ferry), Ok(()), "{:?}", ferry.steps);
    assert_eq!((ferry.served_by(), ferry.mira.welcomes, ferry.mira.stays), (Some(1), 2, 0), "{:?}", ferry.steps);
    let counters = |n: usize| ferry.nodes[n].as_ref().unwrap().counters();
    assert_eq!((counters(0).handovers_done, counters(1).guests_taken), (1, 1));
    assert_eq!(counters(0).sessions_replaced, 0, "it was no surprise");
}

#[test]
fn anything_at_any_step_leaves_one_winner() {
    let steps = steps();
    assert!(steps.len() >= 15, "{steps:?}");
    let mut won = [0, 0];
    for (index, step) in steps.iter().enumerate() {
        for fault in FAULTS {
            let ferry = cross(Planted::none(), Some((index, fault)));
            let result = outcome(&ferry);
            assert_eq!(result, Ok(()), "{fault:?} at step {index}, {step}:\n{:#?}", ferry.steps);
            if let Some(node) = ferry.served_by() {
                won[node] += 1;
            }
        }
    }
    assert!(won[0] > 5 && won[1] > 20, "both must win now and then: {won:?}");
}

#[test]
fn two_things_at_once_leave_one_winner() {
    let steps = steps();
    for first in (0..steps.len()).step_by(2) {
        for fault in [Fault::Lose, Fault::LoseRequest, Fault::Late] {
            let mut ferry = Ferry::new(Planted::none());
            ferry.hand_over(Some((first, fault)));
            ferry.pass(500);
            ferry.dress(41);
            ferry.pass(600);
            ferry.dress(42);
            // Whatever the first one led to, the next step that follows is hit as well.
            ferry.fault = Some((ferry.steps.len(), if first % 4 == 0 { Fault::Late } else { Fault::KillT }));
            ferry.pass(SETTLE_MS);
            assert_eq!(outcome(&ferry), Ok(()), "{fault:?} at {first}:\n{:#?}", ferry.steps);
        }
    }
}

#[test]
fn a_client_that_ignores_the_invitation_plays_on() {
    let mut ferry = Ferry::new(Planted::none());
    ferry.mira.follows = false;
    ferry.hand_over(None);
    ferry.dress(41);
    ferry.pass(SETTLE_MS);
    ferry.dress(42);
    ferry.pass(500);
    assert_eq!(outcome(&ferry), Ok(()));
    assert_eq!((ferry.served_by(), ferry.mira.welcomes), (Some(0), 1));
    let counters = ferry.nodes[0].as_ref().unwrap().counters();
    assert_eq!((counters.handovers_begun, counters.handovers_ignored), (1, 1));
    let taker = ferry.nodes[1].as_ref().unwrap();
    assert!(taker.guests.is_empty() && taker.status().interest.is_empty(), "it lets go of what it got ready");
}

#[test]
fn a_session_crosses_again_and_again() {
    let mut ferry = Ferry::new(Planted::none());
    for crossing in 1..=6 {
        ferry.hand_over(None);
        ferry.pass(4_000);
        assert_eq!(ferry.served_by(), Some(crossing % 2), "{:?}", ferry.steps);
        assert_eq!(ferry.stored().epoch, 1 + crossing as u32);
    }
}

#[test]
fn a_node_without_room_declines() {
    let mut ferry = Ferry::new(Planted::none());
    ferry.nodes[1].as_mut().unwrap().config.sessions = 0;
    ferry.hand_over(None);
    ferry.pass(5_000);
    assert_eq!((ferry.served_by(), ferry.mira.stays), (Some(0), 0));
    let counters = ferry.nodes[0].as_ref().unwrap().counters();
    assert_eq!((counters.handovers_declined, counters.handovers_done), (1, 0));
}
