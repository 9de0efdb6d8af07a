//! The clock under ways that differ.

use world::Millis;

use crate::ServerClock;

/// The error after pings whose ways take `(there, back)` milliseconds each.
fn error_after(ways: &[(u64, u64)]) -> (i64, u64) {
    const AHEAD: u64 = 123_456;
    let mut now = Millis(10_000);
    let mut clock = ServerClock::new(now, Millis(now.0 + AHEAD - 40));
    for (there, back) in ways {
        let pinged = now;
        let server = Millis(pinged.0 + there + AHEAD);
        now = pinged + *there + *back;
        clock.pong(now, pinged, server);
        now = now + 3_000;
    }
    (clock.at(now).0 as i64 - (now.0 + AHEAD) as i64, clock.round_trip_ms().unwrap_or(0))
}

#[test]
fn the_error_is_at_most_half_the_smallest_round_trip() {
    let cases: &[&[(u64, u64)]] = &[
        &[(20, 20), (20, 20), (20, 20)],
        &[(10, 90), (10, 90), (10, 90)],
        &[(90, 10), (90, 10), (90, 10)],
        &[(300, 5), (5, 400), (30, 35), (600, 2)],
        &[(0, 0)],
        &[(5, 5), (900, 0), (900, 0), (900, 0)],
    ];
    for ways in cases {
        let (error, smallest) = error_after(ways);
        assert!(error.unsigned_abs() <= smallest / 2 + 1, "{ways:?}: off by {error} ms, round trip {smallest} ms");
    }
}

#[test]
fn it_is_slewed_and_never_runs_backwards() {
    let mut clock = ServerClock::new(Millis(0), Millis(1_000));
    clock.pong(Millis(100), Millis(100), Millis(1_050));
    let mut last = clock.at(Millis(100));
    assert_eq!(last, Millis(1_100), "50 ms too much are not taken back at once");
    for ms in 101..3_000 {
        let next = clock.at(Millis(ms));
        assert!(next >= last);
        last = next;
    }
    assert_eq!(last.0, 2_999 + 950);
}

#[test]
fn a_server_that_lies_about_time_breaks_nothing() {
    let mut clock = ServerClock::new(Millis(5), Millis(u64::MAX));
    for (pinged, server) in [(0, 0), (9, 1), (5, u64::MAX), (0, u64::MAX / 2)] {
        clock.pong(Millis(5), Millis(pinged), Millis(server));
        let _ = clock.at(Millis(u64::MAX));
    }
    assert!(clock.at(Millis(6)) >= Millis(0));
}
