//! Scenarios as tables: what was said, and who is then where.

use protocol::frame::{Destination, Enter, Handle, Leave, Look, Move, Record};
use world::{Chunk, EntityId, Epoch, Gait, Heading, Hop, Millis, Motion, Planted, Position, Tick};

use crate::{Applied, Ghosts, LIMBO_LEAVE_MS, LIMBO_MISSING_MS, StreamKey};

const A: StreamKey = StreamKey(1);
const B: StreamKey = StreamKey(2);

fn enter(handle: u16, entity: u64, epoch: u32, hop: u32) -> Enter {
    Enter {
        handle: Handle(handle),
        entity: EntityId(entity),
        epoch: Epoch(epoch),
        hop: Hop(hop),
        at: Position::new(10, 10),
        motion: Motion::new(Heading::new(0), Gait::Walk),
        look: Look::default(),
    }
}

fn leave(handle: u16, hop: u32, to: Destination) -> Record {
    Record::Leave(Leave { handle: Handle(handle), hop: Hop(hop), to })
}

fn moved(handle: u16, x: i32) -> Record {
    Record::Move(Move { handle: Handle(handle), at: Position::new(x, 10), motion: Motion::default() })
}

struct Table {
    ghosts: Ghosts,
    now: Millis,
}

impl Table {
    fn new() -> Self {
        let mut ghosts = Ghosts::new(Planted::none());
        ghosts.open(A, Chunk::new(0, 0));
        ghosts.open(B, Chunk::new(1, 0));
        Self { ghosts, now: Millis(1000) }
    }

    fn say(&mut self, stream: StreamKey, record: Record) -> Applied {
        self.ghosts.apply(self.now, stream, Tick(5), &record, |chunk| chunk.cx <= 1)
    }

    fn after(&mut self, ms: u64) -> Vec<EntityId> {
        self.now = self.now + ms;
        self.ghosts.expire(self.now)
    }

    fn stream_of(&self, entity: u64) -> Option<StreamKey> {
        self.ghosts.get(EntityId(entity)).and_then(|g| g.stream)
    }
}

#[test]
fn lower_is_ignored_equal_accepted_higher_replaces() {
    for (epoch, hop, expected) in [
        (2, 1, Applied::Ignored),
        (1, 9, Applied::Ignored),
        (2, 2, Applied::Entered(EntityId(7))),
        (2, 3, Applied::Entered(EntityId(7))),
        (3, 0, Applied::Entered(EntityId(7))),
    ] {
        let mut t = Table::new();
        t.say(A, Record::Enter(enter(1, 7, 2, 2)));
        assert_eq!(t.say(B, Record::Enter(enter(4, 7, epoch, hop))), expected, "({epoch}, {hop}) against (2, 2)");
        let owner = if expected == Applied::Ignored { A } else { B };
        assert_eq!(t.stream_of(7), Some(owner));
    }
}

#[test]
fn only_the_stream_that_holds_an_entity_may_move_or_remove_it() {
    let mut t = Table::new();
    t.say(A, Record::Enter(enter(1, 7, 1, 0)));
    t.say(B, Record::Enter(enter(1, 7, 1, 1)));
    assert_eq!(t.say(A, moved(1, 99)), Applied::Ignored);
    assert_eq!(t.say(A, leave(1, 1, Destination::Gone)), Applied::Ignored);
    assert_eq!(t.say(B, moved(1, 99)), Applied::Changed(EntityId(7)));
    assert_eq!(t.ghosts.len(), 1);
}

#[test]
fn a_leave_into_view_awaits_its_enter_and_out_of_view_removes() {
    let table = [
        (Destination::Chunk(Chunk::new(1, 0)), Applied::Awaited(EntityId(7))),
        (Destination::Chunk(Chunk::new(9, 0)), Applied::Removed(EntityId(7))),
        (Destination::Node(protocol::Incarnation(3)), Applied::Awaited(EntityId(7))),
        (Destination::Gone, Applied::Removed(EntityId(7))),
    ];
    for (to, expected) in table {
        let mut t = Table::new();
        t.say(A, Record::Enter(enter(1, 7, 1, 0)));
        assert_eq!(t.say(A, leave(1, 1, to)), expected, "{to:?}");
    }
}

#[test]
fn the_enter_may_come_before_or_after_the_leave() {
    let crossing = [leave(1, 1, Destination::Chunk(Chunk::new(1, 0))), Record::Enter(enter(1, 7, 1, 1))];
    for order in [[0, 1], [1, 0]] {
        let mut t = Table::new();
        t.say(A, Record::Enter(enter(1, 7, 1, 0)));
        for step in order {
            t.say(if step == 0 { A } else { B }, crossing[step].clone());
            assert_eq!(t.ghosts.len(), 1, "nobody is lost or doubled while crossing");
        }
        assert_eq!(t.stream_of(7), Some(B));
        assert!(t.after(LIMBO_LEAVE_MS * 2).is_empty());
    }
}

#[test]
fn limbo_ends_and_nothing_old_returns() {
    let mut t = Table::new();
    t.say(A, Record::Enter(enter(1, 7, 1, 0)));
    t.say(A, leave(1, 1, Destination::Chunk(Chunk::new(1, 0))));
    assert!(t.after(LIMBO_LEAVE_MS - 1).is_empty());
    assert_eq!(t.after(1), [EntityId(7)]);
    assert_eq!(t.say(A, Record::Enter(enter(1, 7, 1, 0))), Applied::Ignored, "older than its departure");
    assert_eq!(t.say(B, Record::Enter(enter(1, 7, 1, 1))), Applied::Entered(EntityId(7)), "as old as its departure");
}

#[test]
fn a_departure_is_forgotten_after_a_minute() {
    let mut t = Table::new();
    t.say(A, Record::Enter(enter(1, 7, 5, 0)));
    t.say(A, leave(1, 1, Destination::Gone));
    assert_eq!(t.say(A, Record::Enter(enter(1, 7, 4, 0))), Applied::Ignored);
    t.after(crate::DEPARTED_MS);
    assert_eq!(t.say(A, Record::Enter(enter(1, 7, 4, 0))), Applied::Entered(EntityId(7)));
}

#[test]
fn a_keyframe_replaces_the_set_and_awaits_whom_it_lacks() {
    let mut t = Table::new();
    t.say(A, Record::Enter(enter(1, 7, 1, 0)));
    t.say(A, Record::Enter(enter(2, 8, 1, 0)));
    t.ghosts.replace(t.now, A, Tick(9), &[enter(2, 8, 1, 0), enter(3, 9, 1, 0)]);
    assert_eq!(t.ghosts.members(A).map(|g| g.entity.0).collect::<Vec<_>>(), [8, 9]);
    assert_eq!(t.ghosts.len(), 3, "7 is awaited");
    assert_eq!(t.after(LIMBO_MISSING_MS), [EntityId(7)]);
}

#[test]
fn closing_a_stream_awaits_only_whom_it_still_speaks_for() {
    let mut t = Table::new();
    t.say(A, Record::Enter(enter(1, 7, 1, 0)));
    t.say(A, Record::Enter(enter(2, 8, 1, 0)));
    t.say(B, Record::Enter(enter(1, 7, 1, 1)));
    assert_eq!(t.ghosts.close(t.now, A), [EntityId(8)]);
    assert_eq!(t.after(LIMBO_MISSING_MS), [EntityId(8)]);
    assert_eq!(t.stream_of(7), Some(B));
    assert_eq!(t.say(A, moved(1, 5)), Applied::UnknownHandle(Handle(1)));
}

#[test]
fn a_stream_that_still_names_somebody_is_not_vacant() {
    let mut t = Table::new();
    assert!(t.ghosts.is_vacant(A));
    t.say(A, Record::Enter(enter(1, 7, 1, 0)));
    t.say(B, Record::Enter(enter(1, 7, 2, 0)));
    assert_eq!(t.ghosts.members(A).count(), 0, "the other stream speaks for it");
    assert!(!t.ghosts.is_vacant(A), "a viewer of this stream alone still shows it");
    t.say(A, leave(1, 1, Destination::Gone));
    assert!(t.ghosts.is_vacant(A));
    assert_eq!(t.stream_of(7), Some(B));
}
