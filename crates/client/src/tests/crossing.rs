//! Handovers: two connections for a moment, one picture throughout, and every way in which it can come to nothing.

use protocol::client::{ToClient, ToServer, Welcome};
use protocol::handover::{Freeze, Invite};
use protocol::tick::{Item, Lane};
use protocol::{Code, Incarnation};
use world::{EntityId, Millis};

use super::server::*;
use crate::limits::{ALONE_MS, CONNECT_TIMEOUT_MS, FROZEN_MS};
use crate::{Beside, ClientInput, Ending, Event, Lost, State};

const OTHER: EntityId = EntityId(8);

fn invite() -> ToClient<'static> {
    ToClient::Invite(Invite { handover: 9, address: "z:9".into(), token: vec![1, 2], within_ms: 6_000 })
}

/// A client that walks east beside somebody and has been invited.
fn invited() -> Pair {
    let mut pair = Pair::playing();
    pair.tick(&[key(1, HOME, Lane::Near, &[me(0), entity(8, 2, 0, middle())])]);
    pair.handle(ClientInput::Steer(EAST));
    assert_eq!(pair.inputs().len(), 1);
    pair.say(&invite());
    pair
}

/// It has followed, and the other node is ready.
fn frozen() -> Pair {
    let mut pair = invited();
    pair.handle(ClientInput::Beside(Beside::Connected));
    pair.said_beside();
    pair.say_beside(0, &ToClient::Ready);
    pair
}

fn welcome_there(pair: &Pair) -> ToClient<'static> {
    ToClient::Welcome(Welcome { node: 12, next_request: 6, alternatives: vec!["y:8".into()], ..pair.welcome() })
}

/// What the client said on the first connection, pings left out, in short.
fn said(pair: &mut Pair) -> Vec<String> {
    let short = |message: &ToServer| match message {
        ToServer::Input(_) => "input".to_owned(),
        ToServer::Freeze(Freeze { handover, seq }) => format!("freeze {handover} after {seq}"),
        ToServer::Speak(speak) => format!("speak {}", speak.text),
        ToServer::Dress(dress) => format!("dress {}", dress.tint),
        other => format!("{other:?}"),
    };
    pair.said().iter().map(|(_, message)| short(message)).collect()
}

#[test]
fn an_invitation_is_followed_to_the_other_node() {
    let mut pair = invited();
    assert_eq!(pair.connects_beside, ["z:9"]);
    pair.handle(ClientInput::Beside(Beside::Connected));
    let follow = pair.said_beside();
    assert!(matches!(&follow[..], [ToServer::Follow(f)] if f.name == "anna" && f.token == [1, 2]), "{follow:?}");
    pair.say_beside(0, &ToClient::Ready);
    assert_eq!(said(&mut pair), ["freeze 9 after 1"]);
    pair.handle(ClientInput::Speak("ahoy"));
    pair.handle(ClientInput::Dress(7));
    pair.handle(ClientInput::Steer(SOUTH));
    pair.play(1_000);
    assert_eq!(said(&mut pair), Vec::<String>::new(), "it is frozen");
    let walked_to = pair.client.position(pair.now).expect("it goes on predicting");
    pair.say_beside(4, &welcome_there(&pair));
    assert_eq!((pair.promotions, pair.client.state()), (1, State::Playing));
    assert_eq!(said(&mut pair), ["speak ahoy", "input", "dress 7"]);
    assert_eq!(pair.events.last(), Some(&Event::Handed { node: Incarnation(12) }));
    assert_eq!(pair.client.position(pair.now), Some(walked_to), "the welcome's place is not taken over");
    assert_eq!(pair.client.counts().handovers, 1);
    assert_eq!(&pair.client.addresses()[..1], ["a:1"]);
    // From now on it is a session like any other, there.
    pair.handle(ClientInput::Disconnected);
    let back = pair.events.iter().rev().find_map(|e| match e {
        Event::Reconnecting { address, lost, .. } => Some((address.clone(), *lost)),
        _ => None,
    });
    assert_eq!(back.map(|(_, lost)| lost), Some(Lost::Cut));
    assert!(pair.client.bytes_reconcile());
}

#[test]
fn the_picture_goes_over_without_a_gap() {
    let mut pair = frozen();
    let both = [ME, OTHER];
    assert_eq!(pair.on_screen(), both);
    pair.say_beside(4, &welcome_there(&pair));
    assert_eq!(pair.on_screen(), both, "it keeps what the first node said");
    let resets = pair.client.counts().resets;
    pair.tick(&[]);
    assert_eq!(pair.on_screen(), both, "nothing was said yet");
    // The other node knows the same people by slots and handles of its own, and somebody more.
    let enters = [entity(8, 7, 0, middle()), me(1), entity(9, 9, 0, middle())];
    pair.tick(&[Owned::Plain(Item::Reset), seen(HOME), key(1, HOME, Lane::Near, &enters)]);
    assert_eq!(pair.on_screen(), [ME, OTHER, EntityId(9)]);
    pair.pass(2_000);
    assert_eq!(pair.on_screen(), [ME, OTHER, EntityId(9)], "nobody was only left over");
    assert_eq!(pair.client.counts().resets, resets, "that was no loss");
    assert_eq!(pair.violations(), []);
}

#[test]
fn what_came_behind_the_welcome_in_one_piece_is_read() {
    let mut pair = frozen();
    let mut bytes = Vec::new();
    welcome_there(&pair).encode(protocol::envelope::Context { epoch: 4, ..Default::default() }, &mut bytes);
    let tick =
        tick_bytes(pair.server_tick(), &[Owned::Plain(Item::Reset), seen(HOME), key(1, HOME, Lane::Near, &[me(1)])]);
    bytes.extend_from_slice(&tick[..tick.len() - 3]);
    pair.handle(ClientInput::Beside(Beside::Bytes(&bytes)));
    assert_eq!(pair.on_screen(), [ME, OTHER]);
    pair.bytes(&tick[tick.len() - 3..]);
    pair.pass(1_000);
    assert_eq!(pair.on_screen(), [ME]);
    assert!(pair.client.bytes_reconcile());
}

#[test]
fn who_does_not_follow_plays_on() {
    let mut pair = Pair::with(|config| config.follow_invites = false);
    pair.enter();
    pair.said();
    pair.say(&invite());
    pair.handle(ClientInput::Steer(EAST));
    assert_eq!((pair.connects_beside.len(), said(&mut pair)), (0, vec!["input".to_owned()]));
}

#[test]
fn until_the_freeze_the_second_connection_may_fail_and_nobody_notices() {
    type Fail = (&'static str, fn(&mut Pair));
    let fails: [Fail; 5] = [
        ("no connection", |pair| pair.handle(ClientInput::Beside(Beside::Disconnected))),
        ("none in time", |pair| pair.play(CONNECT_TIMEOUT_MS + 100)),
        ("cut", |pair| {
            pair.handle(ClientInput::Beside(Beside::Connected));
            pair.handle(ClientInput::Beside(Beside::Disconnected));
        }),
        ("refused", |pair| {
            pair.handle(ClientInput::Beside(Beside::Connected));
            let closing = protocol::client::Closing { code: Code::HandedOver as u16, meaning: 4, retry_after_ms: 0 };
            pair.say_beside(0, &ToClient::Closing(closing));
        }),
        ("garbage", |pair| {
            pair.handle(ClientInput::Beside(Beside::Connected));
            pair.handle(ClientInput::Beside(Beside::Bytes(&[0xff; 40])));
        }),
    ];
    for (what, fail) in fails {
        let mut pair = invited();
        fail(&mut pair);
        pair.said();
        pair.handle(ClientInput::Steer(SOUTH));
        pair.play(200);
        assert_eq!(said(&mut pair), ["input"], "{what}");
        assert_eq!((pair.client.state(), pair.disconnects), (State::Playing, 0), "{what}");
        // The next invitation is followed.
        pair.say(&invite());
        assert_eq!(pair.connects_beside.len(), 2, "{what}");
        assert!(pair.client.bytes_reconcile(), "{what}");
    }
}

#[test]
fn who_is_told_to_stay_goes_on_at_the_epoch_that_was_raised() {
    let mut pair = frozen();
    pair.said();
    pair.handle(ClientInput::Speak("ahoy"));
    pair.say_of(0, &ToClient::Stay);
    assert_eq!((pair.disconnects_beside, pair.promotions), (1, 0));
    let said = pair.said();
    assert!(matches!(&said[..], [(_, ToServer::Speak(_)), (_, ToServer::Input(_))]), "{said:?}");
    assert!(said.iter().all(|(context, _)| context.epoch == 3));
    // A late word of the other node means nothing any more.
    let late = welcome_there(&pair);
    pair.say_beside(4, &late);
    assert_eq!((pair.promotions, pair.client.state()), (0, State::Playing));
}

#[test]
fn a_frozen_client_waits_for_whoever_is_left() {
    // The first connection is gone: the second may still take its place.
    for ends in [true, false] {
        let mut pair = frozen();
        if ends {
            pair.close(Code::HandedOver, 0);
        } else {
            pair.handle(ClientInput::Disconnected);
        }
        pair.pass(ALONE_MS - 100);
        assert_eq!(pair.client.state(), State::Playing);
        pair.say_beside(4, &welcome_there(&pair));
        assert_eq!((pair.promotions, pair.client.state()), (1, State::Playing));
    }
    // It does not: the session is resumed, first at the node that got ready for it.
    let mut pair = frozen();
    pair.handle(ClientInput::Disconnected);
    pair.pass(ALONE_MS + 500);
    assert_eq!(pair.connects, ["a:1", "z:9"]);
    // The second is gone: the first has the word.
    let mut pair = frozen();
    pair.handle(ClientInput::Beside(Beside::Disconnected));
    pair.play(5_000);
    pair.said();
    pair.say(&ToClient::Stay);
    assert_eq!(said(&mut pair), ["input"]);
    // Both are gone.
    let mut pair = frozen();
    pair.handle(ClientInput::Beside(Beside::Disconnected));
    pair.handle(ClientInput::Disconnected);
    assert_eq!(pair.client.state(), State::BackingOff);
    // Neither says anything, though the first answers pings.
    let mut pair = frozen();
    pair.play(FROZEN_MS + 200);
    assert_eq!((pair.disconnects, pair.disconnects_beside), (1, 1));
    assert!(pair.now > Millis(0) && pair.client.state() != State::Playing);
}

#[test]
fn who_was_replaced_while_frozen_stops() {
    let mut pair = frozen();
    pair.close(Code::Replaced, 0);
    assert_eq!(pair.events.last(), Some(&Event::Closed(Ending::Refused(Code::Replaced as u16))));
    assert_eq!(pair.disconnects_beside, 1);
}

#[test]
fn a_welcome_of_somebody_else_is_not_taken() {
    let mut pair = frozen();
    let stranger = ToClient::Welcome(Welcome { entity: 99, ..pair.welcome() });
    pair.say_beside(4, &stranger);
    assert_eq!((pair.promotions, pair.disconnects_beside, pair.client.state()), (0, 1, State::Playing));
    // An unfrozen one is no better: nobody has let the session go.
    let mut pair = invited();
    pair.handle(ClientInput::Beside(Beside::Connected));
    let early = welcome_there(&pair);
    pair.say_beside(4, &early);
    assert_eq!((pair.promotions, pair.disconnects_beside), (0, 1));
}
