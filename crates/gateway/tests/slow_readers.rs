//! Clients that read late, little or never.

use std::sync::Arc;
use std::time::Duration;

use gateway::{Event, Gateway, Limits, Written};
use node::ConnId;

use crate::fixture::{World, run};

const CHUNK: usize = 64 * 1024;

/// Writes frames until they are not taken any more; the number of bytes that were.
fn fill(gateway: &Gateway, conn: ConnId) -> usize {
    let frames = vec![b'f'; CHUNK];
    for n in 0..1_000 {
        match gateway.write(conn, &[], &frames, &[]) {
            Written::Taken => {}
            Written::Blocked => return n * CHUNK,
            Written::Gone => panic!("gone"),
        }
    }
    panic!("never blocked");
}

#[test]
fn one_write_arrives_as_control_then_frames_then_shared_parts() {
    run(async {
        let mut world = World::open(Limits::default());
        let (mut client, conn) = world.client().await;
        tokio::time::sleep(Duration::from_millis(5)).await;
        let parts: [Arc<[u8]>; 2] = [Arc::from(*b"ef"), Arc::from(*b"gh")];
        assert_eq!(world.gateway.write(conn, b"ab", b"cd", &parts), Written::Taken);
        assert_eq!(client.read_exactly(8).await, b"abcdefgh");
        let counters = world.gateway.counters();
        assert_eq!((counters.writes, counters.bytes_out), (1, 8), "one system call");
    });
}

#[test]
fn a_late_reader_loses_frames_whole_but_no_control() {
    run(async {
        let mut world = World::open(Limits::default());
        let (mut client, conn) = world.client().await;
        let taken = fill(&world.gateway, conn);
        assert_eq!(world.gateway.write(conn, b"one", b"lost", &[]), Written::Blocked);
        assert_eq!(world.gateway.write(conn, b"two", &[], &[]), Written::Taken);
        assert!(world.is_quiet(30).await);
        assert_eq!(client.read_exactly(taken).await, vec![b'f'; taken]);
        assert_eq!(client.read_exactly(6).await, b"onetwo");
        assert_eq!(world.event().await, Event::Drained { conn });
        assert_eq!(world.gateway.write(conn, b"x", b"y", &[]), Written::Taken);
        assert_eq!(client.read_exactly(2).await, b"xy");
        assert_eq!(world.gateway.counters().pending_bytes, 0);
        assert!(world.is_quiet(30).await, "drained is said once");
    });
}

#[test]
fn who_never_reads_is_cut_when_control_overflows() {
    run(async {
        let limits = Limits { blocked_control_bytes: 1_000, ..Limits::default() };
        let mut world = World::open(limits);
        let (_client, conn) = world.client().await;
        fill(&world.gateway, conn);
        let written: Vec<Written> = (0..11).map(|_| world.gateway.write(conn, &[0; 100], &[], &[])).collect();
        assert_eq!(written[..10], [Written::Taken; 10]);
        assert_eq!(written[10], Written::Gone);
        world.expect_closed(conn).await;
        world.gateway.emptied().await;
        let counters = world.gateway.counters();
        assert_eq!((counters.overflowed, counters.pending_bytes, counters.connections), (1, 0, 0));
    });
}

#[test]
fn who_never_reads_is_cut_after_a_while() {
    run(async {
        let mut world = World::open(Limits { stuck: Duration::from_millis(100), ..Limits::default() });
        let (_client, conn) = world.client().await;
        fill(&world.gateway, conn);
        world.expect_closed(conn).await;
        assert_eq!(world.gateway.write(conn, b"x", &[], &[]), Written::Gone);
        let counters = world.gateway.counters();
        assert_eq!((counters.stuck, counters.pending_bytes), (1, 0));
    });
}

#[test]
fn many_who_never_read_share_one_bound_and_stall_nobody() {
    run(async {
        let limits = Limits { pending_total_bytes: 4 * CHUNK, ..Limits::default() };
        let mut world = World::open(limits);
        let (mut reader, reads) = world.client().await;
        let mut idle = Vec::new();
        for _ in 0..20 {
            idle.push(world.client().await);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
        let frames = vec![b'f'; CHUNK];
        for n in 0..50_u8 {
            for (_, conn) in &idle {
                let _ = world.gateway.write(*conn, &[], &frames, &[]);
                assert!(world.gateway.counters().pending_bytes <= 4 * CHUNK as u64);
            }
            assert_eq!(world.gateway.write(reads, &[n; 8], &[], &[]), Written::Taken);
            assert_eq!(reader.read_exactly(8).await, [n; 8]);
        }
        assert!(world.gateway.counters().overflowed > 0);
    });
}
