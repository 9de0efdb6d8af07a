//! Too much: of messages, of bytes, of connections.

use std::time::Duration;

use gateway::{Event, Limits, Listener};
use protocol::Code;
use protocol::envelope::HEADER_BYTES;

use crate::fixture::{Client, World, message, run};

const TIGHT: fn() -> Limits =
    || Limits { message_burst: 10, messages_per_s: 1, byte_burst: 4_000, bytes_per_s: 1, ..Limits::default() };

#[test]
fn a_flood_of_messages_is_closed_after_its_burst() {
    run(async {
        let mut world = World::open(TIGHT());
        let (mut client, conn) = world.client().await;
        client.send(&message(1).repeat(11)).await;
        for _ in 0..10 {
            world.expect_message(conn, &message(1)).await;
        }
        world.expect_closed(conn).await;
        client.expect_goodbye(Code::RateLimited).await;
        assert_eq!(world.gateway.counters().rate_limited, 1);
    });
}

#[test]
fn a_flood_of_bytes_is_closed_before_it_is_a_message() {
    run(async {
        let mut world = World::open(TIGHT());
        let (mut client, conn) = world.client().await;
        let mut long = vec![0; HEADER_BYTES + 2_000];
        long[..4].copy_from_slice(&2_000_u32.to_le_bytes());
        client.send(&long).await;
        world.expect_message(conn, &long).await;
        client.send(&long).await;
        world.expect_closed(conn).await;
        client.expect_goodbye(Code::RateLimited).await;
    });
}

#[test]
fn a_flood_of_one_kind_is_closed_although_all_together_would_pass() {
    run(async {
        let listener = Listener::bind(([127, 0, 0, 1], 0).into()).expect("a free port");
        let mut world = World::over(listener, Limits::default());
        let (mut client, conn) = world.client().await;
        let burst = Limits::default().kinds.ping.burst;
        client.send(&message(1).repeat(burst as usize + 1)).await;
        for _ in 0..burst {
            world.expect_message(conn, &message(1)).await;
        }
        world.expect_closed(conn).await;
        client.expect_goodbye(Code::RateLimited).await;
        let counters = world.gateway.counters();
        assert_eq!((counters.rate_limited, counters.limited_ping), (1, 1));
    });
}

#[test]
fn who_comes_again_and_again_has_to_wait() {
    run(async {
        let mut world = World::open(Limits { per_address: 2, arrivals_per_s: 1, ..Limits::default() });
        for _ in 0..4 {
            let (client, conn) = world.client().await;
            drop(client);
            world.expect_closed(conn).await;
        }
        Client::connect(world.address()).await.expect_goodbye(Code::RateLimited).await;
        assert!(world.is_quiet(5).await, "the node hears nothing of it");
        assert_eq!(world.gateway.counters().refused_arrivals, 1);
    });
}

#[test]
fn a_client_at_the_rate_stays() {
    run(async {
        let mut world = World::open(Limits { message_burst: 2, messages_per_s: 100, ..Limits::default() });
        let (mut client, conn) = world.client().await;
        for n in 0..20 {
            client.send(&message(n)).await;
            world.expect_message(conn, &message(n)).await;
            tokio::time::sleep(Duration::from_millis(11)).await;
        }
    });
}

#[test]
fn a_node_that_does_not_listen_stops_the_reading() {
    run(async {
        let mut world = World::open(Limits { events: 4, ..Limits::default() });
        let (mut client, conn) = world.client().await;
        client.send(&(0..500).flat_map(message).collect::<Vec<_>>()).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let counters = world.gateway.counters();
        assert!(counters.messages_in <= 5, "the queue has a bound: {counters:?}");
        for n in 0..500 {
            world.expect_message(conn, &message(n)).await;
        }
    });
}

#[test]
fn one_address_does_not_take_all_room() {
    run(async {
        let mut world = World::open(Limits { connections: 100, per_address: 2, ..Limits::default() });
        let (first, one) = world.client().await;
        let (_second, _) = world.client().await;
        Client::connect(world.address()).await.expect_goodbye(Code::RateLimited).await;
        assert!(world.is_quiet(20).await, "the node hears nothing of it");
        drop(first);
        world.expect_closed(one).await;
        let (_third, _) = world.client().await;
        let counters = world.gateway.counters();
        assert_eq!((counters.accepted, counters.refused_address, counters.connections), (3, 1, 2));
    });
}

#[test]
fn a_full_gateway_says_so() {
    run(async {
        let mut world = World::open(Limits { connections: 1, ..Limits::default() });
        let (_first, _) = world.client().await;
        let mut late = Client::connect(world.address()).await;
        late.send(&message(1)).await;
        late.expect_goodbye(Code::Full).await;
        assert_eq!(world.gateway.counters().refused_full, 1);
    });
}

#[test]
fn a_storm_of_connections_leaves_nothing_behind() {
    run(async {
        let mut world = World::open(Limits { events: 8, ..Limits::default() });
        for _ in 0..20 {
            let mut clients = Vec::new();
            for _ in 0..10 {
                clients.push(Client::connect(world.address()).await);
            }
            drop(clients);
        }
        let (mut opened, mut closed) = (0, 0);
        while closed < 200 {
            match world.event().await {
                Event::Opened { .. } => opened += 1,
                Event::Closed { .. } => closed += 1,
                other => panic!("{other:?}"),
            }
        }
        world.gateway.emptied().await;
        assert_eq!((opened, world.gateway.counters().connections), (200, 0));
    });
}
