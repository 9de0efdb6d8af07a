//! The viewer: frames, keyframes and summaries in every order that a hostile link can make of them.

use protocol::mesh::{StreamTick, Summary};
use protocol::{Incarnation, StreamId};
use world::{Chunk, IslandId, Millis, Planted, Tick};

use crate::limits::{GAP_FRAMES, GAP_UNBIND_MS, KEYFRAME_RETRY_MS};
use crate::viewer::{Act, BodyRef, SeenFrame, Viewer};

const CHUNK: Chunk = Chunk::new(2, 3);
const THEM: Incarnation = Incarnation(7);

fn stream() -> StreamId {
    StreamId { publisher: THEM, island: IslandId(1), chunk: CHUNK, sub: 0 }
}

/// What happens to a viewer.
#[derive(Clone, Copy)]
enum Step {
    /// A frame of a tick after another (0: none).
    Frame(u64, u64),
    Keyframe(u64),
    /// A summary at a tick that names the stream's last tick, or not (0); with our newest interest, or an older one.
    Summary(u64, u64, bool),
}

use Step::{Frame, Keyframe, Summary as Told};

fn body() -> BodyRef {
    BodyRef::new(Vec::new().into(), 0)
}

fn take(viewer: &mut Viewer, now: Millis, step: Step) {
    match step {
        Frame(tick, prev) => {
            let prev_tick = (prev > 0).then_some(Tick(prev));
            viewer.frame(now, stream(), SeenFrame { tick: Tick(tick), prev_tick, body: body() });
        }
        Keyframe(tick) => viewer.keyframe(now, stream(), Tick(tick), body()),
        Told(tick, last, current) => {
            let named = StreamTick { island: IslandId(1), chunk: CHUNK, sub: 0, tick: Tick(last) };
            let streams = if last > 0 { vec![named] } else { Vec::new() };
            let summary = Summary { from: THEM, tick: Tick(tick), interest: 1, streams };
            viewer.summary(now, &summary, current, |chunk| chunk == CHUNK);
        }
    }
}

/// The acts as words: `open`, `+tick` for a frame, `=tick` for a keyframe, `0tick` for empty, `close`.
fn told(acts: Vec<Act>) -> String {
    let words = acts.into_iter().map(|act| match act {
        Act::Open { .. } => "open".to_owned(),
        Act::Apply { frame, .. } => format!("+{}", frame.tick.0),
        Act::Replace { tick, .. } => format!("={}", tick.0),
        Act::Empty { tick, .. } => format!("0{}", tick.0),
        Act::Close { .. } => "close".to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn check(name: &str, steps: &[Step], expected: &str, asks: bool) {
    let mut viewer = Viewer::new(Planted::none());
    let now = Millis(10_000);
    steps.iter().for_each(|step| take(&mut viewer, now, *step));
    assert_eq!(told(viewer.take_acts()), expected, "{name}");
    assert_eq!(!viewer.poll(now).is_empty(), asks, "{name}: asks for a keyframe");
}

#[test]
fn whatever_is_lost_doubled_or_late() {
    check("a new stream", &[Frame(5, 0), Frame(6, 5)], "open +5 +6", false);
    check("a doubled frame", &[Frame(5, 0), Frame(5, 0), Frame(6, 5)], "open +5 +6", false);
    check("a lost frame", &[Frame(5, 0), Frame(8, 7)], "open +5", true);
    check("the keyframe closes the gap", &[Frame(5, 0), Frame(8, 7), Keyframe(8), Frame(9, 8)], "open +5 =8 +9", false);
    check("what was held back follows", &[Frame(5, 0), Frame(8, 7), Keyframe(7)], "open +5 =7 +8", false);
    check("the keyframe is too old to close it", &[Frame(5, 0), Frame(9, 8), Keyframe(7)], "open +5 =7", true);
    check("a keyframe older than what was whole", &[Frame(5, 0), Frame(9, 8), Keyframe(4)], "open +5", true);
    check("a keyframe older than what is held", &[Frame(5, 0), Frame(6, 5), Keyframe(5)], "open +5 +6", false);
    check("a keyframe before any frame", &[Keyframe(5), Frame(6, 5)], "open =5 +6", false);
    check(
        "a keyframe overtakes its frame",
        &[Frame(5, 0), Keyframe(6), Frame(6, 5), Frame(7, 6)],
        "open +5 =6 +7",
        false,
    );
    check("joining in the middle awaits the keyframe", &[Frame(9, 8)], "open", false);
}

#[test]
fn a_summary_finds_what_no_frame_would_tell() {
    let live = [Frame(5, 0), Frame(6, 5)];
    let with = |last: Step| [live[0], live[1], last];
    check("all is as it was", &with(Told(9, 6, true)), "open +5 +6", false);
    check("the last frame was lost", &with(Told(9, 8, true)), "open +5 +6", true);
    check("the stream is empty", &with(Told(9, 0, true)), "open +5 +6 09", false);
    check("an older interest proves nothing", &with(Told(9, 0, false)), "open +5 +6", false);
    check("an overtaken summary proves nothing", &with(Told(5, 0, true)), "open +5 +6", false);
    check("a stream never heard of", &[Told(9, 8, true)], "open", true);
    check("empty ends a gap", &[Frame(5, 0), Frame(8, 7), Told(9, 0, true)], "open +5 09", false);
    let newer = [Frame(5, 0), Frame(11, 10), Told(9, 0, true)];
    check("empty at a tick before what is held back", &newer, "open +5 09", true);
}

#[test]
fn one_keyframe_request_a_second() {
    let mut viewer = Viewer::new(Planted::none());
    let start = Millis(10_000);
    [Frame(5, 0), Frame(8, 7)].into_iter().for_each(|step| take(&mut viewer, start, step));
    let asked = (0..30).filter(|tenth| !viewer.poll(start + tenth * 100).is_empty()).count();
    assert_eq!(asked as u64, 3_000 / KEYFRAME_RETRY_MS);
}

#[test]
fn a_gap_that_never_closes_is_bounded_and_unbound() {
    let mut viewer = Viewer::new(Planted::none());
    let start = Millis(10_000);
    take(&mut viewer, start, Frame(5, 0));
    for tick in 8..400 {
        take(&mut viewer, start, Frame(tick, tick - 1));
        assert!(viewer.held_frames() <= GAP_FRAMES);
    }
    viewer.take_acts();
    assert_eq!(viewer.poll(start + (GAP_UNBIND_MS - 1)).len(), 1);
    assert!(viewer.poll(start + GAP_UNBIND_MS).is_empty());
    assert_eq!((told(viewer.take_acts()).as_str(), viewer.len()), ("close", 0));
}

#[test]
fn a_chunk_or_a_publisher_takes_its_streams_along() {
    for by_chunk in [true, false] {
        let mut viewer = Viewer::new(Planted::none());
        take(&mut viewer, Millis(0), Keyframe(5));
        viewer.take_acts();
        if by_chunk {
            viewer.drop_chunk(CHUNK)
        } else {
            viewer.drop_publisher(THEM)
        }
        assert_eq!((told(viewer.take_acts()).as_str(), viewer.len()), ("close", 0));
    }
}
