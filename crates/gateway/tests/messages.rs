//! What clients send, whole, in halves and in drops.

use std::time::Duration;

use gateway::{BindError, Event, Limits, Listener};
use protocol::Code;
use protocol::envelope::HEADER_BYTES;
use protocol::limits::CLIENT_MESSAGE_BYTES;

use crate::fixture::{World, message, run};

#[test]
fn messages_arrive_whole_however_they_are_cut() {
    run(async {
        let messages = [message(1), message(2), message(3)];
        let stream = messages.concat();
        for piece in [1, 7, HEADER_BYTES, stream.len()] {
            let mut world = World::open(Limits::default());
            let (mut client, conn) = world.client().await;
            for part in stream.chunks(piece) {
                client.send(part).await;
                tokio::task::yield_now().await;
            }
            for message in &messages {
                world.expect_message(conn, message).await;
            }
        }
    });
}

#[test]
fn the_longest_message_passes() {
    run(async {
        let mut world = World::open(Limits::default());
        let (mut client, conn) = world.client().await;
        let mut longest = vec![0; HEADER_BYTES + CLIENT_MESSAGE_BYTES];
        longest[..4].copy_from_slice(&(CLIENT_MESSAGE_BYTES as u32).to_le_bytes());
        client.send(&longest).await;
        world.expect_message(conn, &longest).await;
    });
}

#[test]
fn a_huge_length_ends_the_connection_before_anything_is_kept() {
    run(async {
        for length in [CLIENT_MESSAGE_BYTES as u32 + 1, u32::MAX] {
            let mut world = World::open(Limits::default());
            let (mut client, conn) = world.client().await;
            client.send(&message(1)).await;
            client.send(&length.to_le_bytes()).await;
            world.expect_message(conn, &message(1)).await;
            world.expect_closed(conn).await;
            client.expect_goodbye(Code::BadMessage).await;
            assert_eq!(world.gateway.counters().malformed, 1);
        }
    });
}

#[test]
fn half_a_message_is_no_event_and_its_end_is_one() {
    run(async {
        let mut world = World::open(Limits::default());
        let (mut client, conn) = world.client().await;
        client.send(&message(1)[..HEADER_BYTES + 3]).await;
        assert!(world.is_quiet(50).await);
        drop(client);
        world.expect_closed(conn).await;
    });
}

#[test]
fn a_slow_loris_holds_up_nobody() {
    run(async {
        let mut world = World::open(Limits::default());
        let (mut loris, slow) = world.client().await;
        let (mut other, quick) = world.client().await;
        for (n, drop) in message(7).chunks(1).enumerate() {
            loris.send(drop).await;
            if n % 8 == 0 {
                other.send(&message(n as u64)).await;
                world.expect_message(quick, &message(n as u64)).await;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        world.expect_message(slow, &message(7)).await;
        loris.send(&message(8)[..5]).await;
        world.gateway.close(slow);
        assert_eq!(loris.read_to_end().await, b"");
    });
}

#[test]
fn connections_have_numbers_of_their_own() {
    run(async {
        let mut world = World::open(Limits::default());
        let (first, one) = world.client().await;
        drop(first);
        world.expect_closed(one).await;
        let (_second, two) = world.client().await;
        assert!(two > one);
    });
}

#[test]
fn a_port_in_use_is_one_error_that_names_it() {
    let first = Listener::bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let error = Listener::bind(first.address()).expect_err("in use");
    assert!(matches!(error, BindError::InUse(address) if address == first.address()));
    assert!(error.to_string().contains(&first.address().to_string()), "{error}");
}

#[test]
fn events_come_in_order_from_many() {
    run(async {
        let mut world = World::open(Limits { events: 2, ..Limits::default() });
        let mut clients = Vec::new();
        for _ in 0..10 {
            clients.push(world.client().await);
        }
        for (client, _) in &mut clients {
            client.send(&(0..20).flat_map(message).collect::<Vec<_>>()).await;
        }
        let mut next = [0; 10];
        for _ in 0..200 {
            let Event::Message { conn, bytes } = world.event().await else { panic!("a message") };
            let index = clients.iter().position(|(_, c)| *c == conn).expect("known");
            assert_eq!(bytes, message(next[index]));
            next[index] += 1;
        }
        assert!(world.is_quiet(20).await);
    });
}
