//! Ends: the last write arrives, and nobody can hold a closed connection open.

use std::io::Read;
use std::time::Duration;

use gateway::{Limits, Written};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout};

use crate::fixture::{Client, PATIENCE, World, message, run};

#[test]
fn the_last_write_arrives_before_the_close() {
    run(async {
        let mut world = World::open(Limits::default());
        let (mut client, conn) = world.client().await;
        // What the node never reads must not make the system take back the farewell.
        client.send(&message(1).repeat(100)).await;
        assert_eq!(world.gateway.write(conn, b"farewell", &[], &[]), Written::Taken);
        world.gateway.close(conn);
        assert_eq!(world.gateway.write(conn, b"more", &[], &[]), Written::Gone);
        assert_eq!(client.read_to_end().await, b"farewell");
    });
}

#[test]
fn a_close_at_once_after_the_first_write_still_says_why() {
    run(async {
        for _ in 0..20 {
            let mut world = World::open(Limits::default());
            let (mut client, conn) = world.client().await;
            assert_eq!(world.gateway.write(conn, b"full", &[], &[]), Written::Taken);
            world.gateway.close(conn);
            assert_eq!(client.read_to_end().await, b"full");
        }
    });
}

#[test]
fn a_blocked_client_still_gets_its_farewell_if_it_reads_in_time() {
    run(async {
        let mut world = World::open(Limits::default());
        let (mut client, conn) = world.client().await;
        let frames = vec![b'f'; 64 * 1024];
        while world.gateway.write(conn, &[], &frames, &[]) == Written::Taken {}
        assert_eq!(world.gateway.write(conn, b"farewell", &[], &[]), Written::Taken);
        world.gateway.close(conn);
        assert!(client.read_to_end().await.ends_with(b"farewell"));
        assert!(world.is_quiet(50).await, "the node closed it and hears no more");
    });
}

#[test]
fn nobody_holds_a_closed_connection_open() {
    run(async {
        let mut world = World::open(Limits::default());
        let (mute, one) = world.client().await;
        let (mut chatty, two) = world.client().await;
        let frames = vec![b'f'; 64 * 1024];
        while world.gateway.write(one, &[], &frames, &[]) == Written::Taken {}
        let (began, talk) = (
            Instant::now(),
            tokio::task::spawn_local(async move {
                while chatty.stream.write_all(&message(1)).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }),
        );
        world.gateway.close(one);
        world.gateway.close(two);
        timeout(PATIENCE, world.gateway.emptied()).await.expect("all gone");
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        timeout(PATIENCE, talk).await.expect("cut off").expect("no panic");
        drop(mute);
    });
}

#[test]
fn a_shut_door_gives_the_port_back_and_keeps_who_is_in() {
    run(async {
        let mut world = World::open(Limits::default());
        let (mut client, conn) = world.client().await;
        assert!(world.gateway.is_open());
        world.gateway.shut_the_door();
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(!world.gateway.is_open());
        assert!(tokio::net::TcpStream::connect(world.address()).await.is_err());
        client.send(&message(1)).await;
        world.expect_message(conn, &message(1)).await;
    });
}

#[test]
fn who_stands_at_the_door_when_it_shuts_is_let_in() {
    run(async {
        for _ in 0..20 {
            let mut world = World::open(Limits::default());
            // The system lets it connect; the gateway had no turn to accept it.
            let mut early = std::net::TcpStream::connect(world.address()).expect("connects");
            world.gateway.shut_the_door();
            let gateway::Event::Opened { conn } = world.event().await else { panic!("opened") };
            assert_eq!(world.gateway.write(conn, b"shutting down", &[], &[]), Written::Taken);
            world.gateway.close(conn);
            let read = tokio::task::spawn_blocking(move || {
                let mut said = Vec::new();
                early.read_to_end(&mut said).map(|_| said)
            });
            assert_eq!(read.await.expect("no panic").expect("no reset"), b"shutting down");
        }
    });
}

#[test]
fn a_client_that_resets_is_closed_once() {
    run(async {
        let mut world = World::open(Limits::default());
        let client = Client::connect(world.address()).await;
        let gateway::Event::Opened { conn } = world.event().await else { panic!("opened") };
        assert_eq!(world.gateway.write(conn, b"unread", &[], &[]), Written::Taken);
        tokio::time::sleep(Duration::from_millis(10)).await;
        // Bytes that were not read make this a reset.
        drop(client);
        world.expect_closed(conn).await;
        world.gateway.close(conn);
        assert!(world.is_quiet(20).await);
        assert_eq!(world.gateway.write(conn, b"x", &[], &[]), Written::Gone);
    });
}
