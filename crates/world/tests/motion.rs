//! Space, time and motion hold at the ends of their number ranges.

use proptest::prelude::*;
use world::{Chunk, Gait, Heading, Millis, Motion, Pace, Position, Segment, Tick, TickRate};

const CORNERS: [Position; 2] = [Position::new(i32::MIN, i32::MIN), Position::new(i32::MAX, i32::MAX)];

#[test]
fn positions_from_the_far_corners_do_not_overflow() {
    let [low, high] = CORNERS;
    assert_eq!(low.distance_squared(high), i64::MAX);
    assert_eq!(low.distance(high), u32::MAX);
    assert_eq!(low.part_way(high, 1, 2), Position::new(0, 0).offset(-1, -1));
    assert_eq!(Position::metres(i32::MAX, i32::MIN), Position::new(i32::MAX, i32::MIN));
    assert_eq!(TickRate::default().start_of(Tick(u64::MAX)), Millis(u64::MAX));
    assert_eq!(Heading::towards(i64::MAX, i64::MIN).index(), 28);
}

#[test]
fn distances_round_up() {
    for (dx, dy, distance) in [(0, 0, 0), (1, 0, 1), (1, 1, 2), (3, 4, 5), (3, 5, 6), (-300, 400, 500)] {
        assert_eq!(Position::default().distance(Position::new(dx, dy)), distance, "({dx}, {dy})");
    }
}

#[test]
fn every_byte_is_a_motion_and_back() {
    for byte in 0..=255 {
        assert_eq!(Motion::from_byte(byte).to_byte(), byte);
    }
}

#[test]
fn headings_point_where_they_say() {
    for n in 0..Heading::COUNT {
        let (ux, uy) = Heading::new(n).direction();
        assert_eq!(Heading::towards(i64::from(ux), i64::from(uy)).index(), n);
        let length = ux * ux + uy * uy;
        assert!((length - 4096 * 4096).abs() < 4096 * 4, "heading {n} has length^2 {length}");
    }
}

#[test]
fn chunks_keep_who_jitters_on_their_edge() {
    let chunk = Chunk::new(2, 3);
    for (x, y, kept) in [(60, 90, true), (58, 90, true), (57, 90, false), (91, 121, true), (92, 95, false)] {
        assert_eq!(chunk.keeps(Position::metres(x, y)), kept, "({x}, {y})");
    }
    assert_eq!(Chunk::new(i16::MAX, 0).around(1).count(), 6);
}

proptest! {
    #[test]
    fn a_restated_segment_leads_to_the_same_place(
        x in -1_000_000..1_000_000i32, y in -1_000_000..1_000_000i32, byte: u8, a in 0..5000u64, b in 0..5000u64,
    ) {
        let pace = Pace::new(TickRate::default());
        let segment = Segment { from: Position::new(x, y), since: Tick(100), motion: Motion::from_byte(byte) };
        let restated = segment.restated(Tick(100 + a), &pace);
        prop_assert_eq!(restated.at(Tick(100 + a + b), &pace), segment.at(Tick(100 + a + b), &pace));
    }

    #[test]
    fn a_part_of_the_way_is_no_further_than_it_says(x: i32, y: i32, n in 0..2000u32) {
        let from = Position::new(5000, 5000);
        let to = Position::new(x, y);
        let whole = from.distance(to);
        prop_assume!(whole < u32::MAX);
        prop_assert!(from.distance(from.part_way(to, n, whole)) <= n);
    }
}

#[test]
fn no_pace_is_much_faster_than_its_gait() {
    for hz in TickRate::ALLOWED_HZ {
        let pace = Pace::new(TickRate::new(hz).expect("an allowed rate"));
        for (heading, gait) in (0..Heading::COUNT).flat_map(|h| Gait::ALL.map(|g| (Heading::new(h), g))) {
            let (vx, vy) = pace.velocity(Motion::new(heading, gait));
            let per_second = Position::default().distance(Position::new(vx, vy)) * hz;
            let bound = gait.units_per_second() as u32 + 2 * hz;
            assert!(per_second <= bound, "{gait:?} at {hz} Hz: {per_second} units/s");
        }
    }
}
