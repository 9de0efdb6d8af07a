//! Who should move where: pure arithmetic on what the nodes told of themselves.
//!
//! For each session every node has a score: how many of the people around the avatar it serves already, beside the node
//! that serves most of them (*pull*), against how much more than its fair share it has to do (*excess*). One knob weighs
//! the two. A session moves if another node's score is better by a margin, best gains first, few at a time, and is then
//! left alone for a while.
//!
//! Pull is not the share of all who are around: where eight nodes are mixed like cards no node's share is much more than
//! another's, and nobody would ever gain by being the first to move. Beside the greatest, small differences count.
//!
//! It knows no clients and no store, and keeps nothing: whoever asks again after a move must tell what has changed.

use std::collections::BTreeMap;

use protocol::Incarnation;
use world::{Chunk, Millis};

use super::Reason;
use crate::io::ConnId;
use crate::limits::{MOVE_MARGIN, MOVES_A_SECOND, SETTLED_MS, STRAINED_PER_MILLE};

/// How far around an avatar people count, in rings of chunks: as far as an interest surely reaches.
const RINGS: u16 = 2;
/// What a person counts, by rings. Those in the chunk itself share a stream; those further off will soon.
const WEIGHTS: [u64; RINGS as usize + 1] = [6, 3, 1];
/// A fair share is never taken for less than so many sessions: they are no load, and among a handful each one would count
/// for more than all the people around it.
const FAIR_LEAST: u64 = 16;
/// A whole, in thousandths.
const WHOLE: i64 = 1_000;

/// What a node said of itself, or knows of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) sessions: u32,
    pub(crate) room: u32,
    pub(crate) busy_per_mille: u16,
    pub(crate) crowd: BTreeMap<Chunk, u16>,
}

/// A session that might move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) conn: ConnId,
    pub(crate) chunk: Chunk,
    pub(crate) settled_at: Millis,
}

/// A move that is worth it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) conn: ConnId,
    pub(crate) to: Incarnation,
    pub(crate) reason: Reason,
    /// By how much the other node's score is better.
    pub(crate) gain: i64,
}

/// A node's score for one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Score {
    pull: i64,
    excess: i64,
}

impl Score {
    fn worth(self, affinity: i64) -> i64 {
        affinity * self.pull - (100 - affinity) * self.excess
    }
}

/// The moves of the next second, best first. `affinity` is 0 (spread evenly) to 100 (all to the node that already sees
/// the chunk).
pub(crate) fn choose(
    now: Millis,
    affinity: u8,
    me: &Standing,
    others: &BTreeMap<Incarnation, Standing>,
    candidates: &[Candidate],
) -> Vec<Move> {
    let affinity = strained(i64::from(affinity.min(100)), me.busy_per_mille);
    // People who stand in one chunk have the same people around them.
    let mut places: BTreeMap<Chunk, Around> = BTreeMap::new();
    let mut moves: Vec<Move> = candidates
        .iter()
        .filter(|c| now.since(c.settled_at) >= SETTLED_MS)
        .filter_map(|c| {
            let around = places.entry(c.chunk).or_insert_with(|| Around::of(c.chunk, me, others));
            best(affinity, me, others, c, around)
        })
        .collect();
    moves.sort_by_key(|m| (std::cmp::Reverse(m.gain), m.conn));
    let most = MOVES_A_SECOND + me.sessions as usize / 64;
    within_room(moves, others, most)
}

/// A node that is short of time cares less for who is around.
fn strained(affinity: i64, busy_per_mille: u16) -> i64 {
    let strain = i64::from(busy_per_mille.saturating_sub(STRAINED_PER_MILLE)) * WHOLE;
    let left = i64::from(1_000 - STRAINED_PER_MILLE);
    affinity * (WHOLE - (strain / left).min(WHOLE)) / WHOLE
}

/// Keeps as many moves as may begin, and no more to a node than change what it was scored by.
fn within_room(moves: Vec<Move>, others: &BTreeMap<Incarnation, Standing>, most: usize) -> Vec<Move> {
    let mut to_each: BTreeMap<Incarnation, u32> = BTreeMap::new();
    let mut kept = Vec::new();
    for m in moves {
        let sent = to_each.entry(m.to).or_insert(0);
        let room = others.get(&m.to).map_or(0, |other| other.room);
        if kept.len() < most && *sent < room {
            *sent += 1;
            kept.push(m);
        }
    }
    kept
}

/// What the people around a chunk count, by whom they are served.
struct Around {
    mine: u64,
    theirs: BTreeMap<Incarnation, u64>,
}

impl Around {
    fn of(chunk: Chunk, me: &Standing, others: &BTreeMap<Incarnation, Standing>) -> Self {
        let theirs = others.iter().map(|(node, other)| (*node, weight(&other.crowd, chunk))).collect();
        Self { mine: weight(&me.crowd, chunk), theirs }
    }
}

fn best(
    affinity: i64,
    me: &Standing,
    others: &BTreeMap<Incarnation, Standing>,
    c: &Candidate,
    around: &Around,
) -> Option<Move> {
    let open = || others.iter().filter(|(_, other)| other.room > 0);
    let all = open().map(|(_, other)| u64::from(other.sessions)).sum::<u64>() + u64::from(me.sessions);
    let fair = (all / (open().count() as u64 + 1)).max(FAIR_LEAST);
    // The session itself is nobody whom it should stay with.
    let mine = around.mine.saturating_sub(WEIGHTS[0]);
    let most = around.theirs.values().copied().max().unwrap_or(0).max(mine);
    let theirs = |node: &Incarnation| around.theirs.get(node).copied().unwrap_or(0);
    let score = |own: u64, sessions: u32, more: u64| Score {
        pull: (own * WHOLE.unsigned_abs()).checked_div(most).unwrap_or(0) as i64,
        excess: ((u64::from(sessions) + more) * WHOLE.unsigned_abs() / fair) as i64 - WHOLE,
    };
    let here = score(mine, me.sessions, 0);
    let (to, there) = open()
        .map(|(to, other)| (*to, score(theirs(to), other.sessions, 1)))
        .max_by_key(|(to, there)| (there.worth(affinity), std::cmp::Reverse(*to)))?;
    let gain = there.worth(affinity) - here.worth(affinity);
    let gathers = affinity * (there.pull - here.pull) >= (100 - affinity) * (here.excess - there.excess);
    let reason = if gathers { Reason::Gather } else { Reason::Spread };
    (gain >= MOVE_MARGIN).then_some(Move { conn: c.conn, to, reason, gain })
}

/// What the people of one node around a chunk count.
fn weight(crowd: &BTreeMap<Chunk, u16>, centre: Chunk) -> u64 {
    let counted = |chunk: Chunk| {
        let people = crowd.get(&chunk).copied().unwrap_or(0);
        u64::from(people) * WEIGHTS[usize::from(centre.rings_to(chunk).min(RINGS))]
    };
    centre.around(RINGS).map(counted).sum()
}
