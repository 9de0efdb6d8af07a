//! The policy in a world without clients: walkers at constant density, and who of them is moved.

use std::collections::{BTreeMap, BTreeSet};

use protocol::Incarnation;
use world::{Chunk, Millis, Position, UNITS_PER_METRE};

use crate::config::DEFAULT_AFFINITY;
use crate::handover::Reason;
use crate::handover::policy::{Candidate, Standing, choose};
use crate::io::ConnId;
use crate::limits::{MOVES_A_SECOND, SETTLED_MS};

/// Walkers, and the node of each.
struct Plain {
    side: i32,
    walkers: Vec<Walker>,
    nodes: u64,
    now: Millis,
    random: u64,
    moves: u64,
}

struct Walker {
    at: Position,
    goal: Position,
    node: u64,
    settled_at: Millis,
}

impl Plain {
    /// So many walkers at so many per square kilometre, spread over the nodes like cards.
    fn new(walkers: u64, per_km2: u64, nodes: u64) -> Self {
        let side_m = (1..).find(|side| side * side * per_km2 >= walkers * 1_000_000).unwrap() as i32;
        let mut plain = Self {
            side: side_m * UNITS_PER_METRE,
            walkers: Vec::new(),
            nodes,
            now: Millis(1_000_000),
            random: 7,
            moves: 0,
        };
        for n in 0..walkers {
            let (at, goal) = (plain.place(), plain.place());
            plain.walkers.push(Walker { at, goal, node: n % nodes, settled_at: Millis(0) });
        }
        plain
    }

    fn draw(&mut self, below: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % below
    }

    fn place(&mut self) -> Position {
        let side = u64::from(self.side.unsigned_abs());
        Position::new(self.draw(side) as i32, self.draw(side) as i32)
    }

    /// A second's walk at 3 m/s towards a goal that is somewhere within 100 m.
    fn walk(&mut self) {
        for index in 0..self.walkers.len() {
            let (dx, dy) = (self.draw(24_000) as i32 - 12_000, self.draw(24_000) as i32 - 12_000);
            let side = self.side - 1;
            let w = &mut self.walkers[index];
            let step = 3 * UNITS_PER_METRE;
            let (gx, gy) = (w.goal.x - w.at.x, w.goal.y - w.at.y);
            if gx.abs() <= step && gy.abs() <= step {
                w.goal = Position::new((w.at.x + dx).clamp(0, side), (w.at.y + dy).clamp(0, side));
            }
            let long = gx.abs().max(gy.abs()).max(1);
            w.at = Position::new(w.at.x + gx * step.min(long) / long, w.at.y + gy * step.min(long) / long);
        }
    }

    fn standings(&self) -> BTreeMap<u64, Standing> {
        let mut all: BTreeMap<u64, Standing> =
            (0..self.nodes).map(|n| (n, Standing { room: 5_000, ..Standing::default() })).collect();
        for w in &self.walkers {
            let standing = all.get_mut(&w.node).unwrap();
            standing.sessions += 1;
            *standing.crowd.entry(w.at.chunk()).or_insert(0) += 1;
        }
        all
    }

    /// A second: all walk, and each node moves whom it wants to by what all said a second ago.
    fn second(&mut self, affinity: u8) {
        let told = self.standings();
        self.now = self.now + 1_000;
        self.walk();
        for node in 0..self.nodes {
            let others: BTreeMap<Incarnation, Standing> =
                told.iter().filter(|(n, _)| **n != node).map(|(n, s)| (Incarnation(*n), s.clone())).collect();
            let mine = |(index, w): (usize, &Walker)| {
                let candidate = Candidate { conn: ConnId(index as u64), chunk: w.at.chunk(), settled_at: w.settled_at };
                (w.node == node).then_some(candidate)
            };
            let candidates: Vec<Candidate> = self.walkers.iter().enumerate().filter_map(mine).collect();
            for m in choose(self.now, affinity, &told[&node], &others, &candidates) {
                let w = &mut self.walkers[m.conn.0 as usize];
                (w.node, w.settled_at) = (m.to.0, self.now);
                self.moves += 1;
            }
        }
    }

    /// Nodes that publish in each chunk that has anybody, few to many.
    fn publishers(&self) -> Vec<usize> {
        let mut chunks: BTreeMap<Chunk, BTreeSet<u64>> = BTreeMap::new();
        for w in &self.walkers {
            chunks.entry(w.at.chunk()).or_default().insert(w.node);
        }
        let mut counts: Vec<usize> = chunks.values().map(BTreeSet::len).collect();
        counts.sort_unstable();
        counts
    }
}

/// The middle and the 95th of a hundred publishers per chunk, the load of the busiest node in percent of a fair share,
/// and moves per session and minute in thousandths, after so many seconds.
fn settle(plain: &mut Plain, affinity: u8, seconds: u64) -> (usize, usize, u64, u64) {
    (0..seconds).for_each(|_| plain.second(affinity));
    let before = plain.moves;
    (0..60).for_each(|_| plain.second(affinity));
    let publishers = plain.publishers();
    let at = |percent: usize| publishers[(publishers.len() - 1) * percent / 100];
    let most = plain.standings().values().map(|s| u64::from(s.sessions)).max().unwrap();
    let walkers = plain.walkers.len() as u64;
    (at(50), at(95), most * plain.nodes * 100 / walkers, (plain.moves - before) * 1_000 / walkers)
}

/// The walk of so many at such a density over eight nodes, at this setting of the knob.
fn walk(walkers: u64, per_km2: u64, affinity: u8, seconds: u64) -> (usize, usize, u64, u64) {
    let mut plain = Plain::new(walkers, per_km2, 8);
    let settled = settle(&mut plain, affinity, seconds);
    let (p50, p95, busiest, moves) = settled;
    println!(
        "{walkers} at {per_km2}/km2, affinity {affinity}: publishers {p50}/{p95}, busiest {busiest} %, moves {moves}"
    );
    settled
}

#[test]
fn few_publish_in_a_chunk_while_people_walk() {
    let (_, spread, ..) = walk(400, 8_000, 0, 60);
    let (_, gathered, busiest, moves) = walk(400, 8_000, DEFAULT_AFFINITY, 60);
    assert!(gathered <= 4 && spread > gathered, "{gathered} with the knob where it is, {spread} at 0");
    assert!(busiest <= 160, "the busiest node has {busiest} % of its share");
    assert!(moves <= 4_000, "{moves} moves of a thousand sessions in a minute");
}

/// All settings and sizes: `TOMBOLO_FULL=1 cargo nextest run -p node knob --no-capture`.
#[test]
fn the_knob_turns_from_spread_to_gathered() {
    let full = std::env::var_os("TOMBOLO_FULL").is_some();
    let sizes: &[(u64, u64)] = if full { &[(1_000, 1_000), (1_000, 8_000), (2_000, 40_000)] } else { &[(160, 8_000)] };
    let knob: &[u8] = if full { &[0, 30, 50, 60, 70, 80, 100] } else { &[0, 100] };
    for (walkers, per_km2) in sizes.iter().copied() {
        let p50: Vec<usize> = knob.iter().map(|a| walk(walkers, per_km2, *a, if full { 120 } else { 40 }).0).collect();
        assert!(p50.first() >= p50.last(), "{p50:?}");
    }
}

fn standing(sessions: u32, crowd: &[(Chunk, u16)]) -> Standing {
    Standing { sessions, room: 100, busy_per_mille: 0, crowd: crowd.iter().copied().collect() }
}

#[test]
fn who_moves_where_and_why() {
    let here = Chunk::new(5, 5);
    let there = Incarnation(2);
    let settled = Candidate { conn: ConnId(1), chunk: here, settled_at: Millis(0) };
    let now = Millis(SETTLED_MS);
    let alone = standing(10, &[(here, 1)]);
    let crowded = standing(10, &[(here, 9)]);
    let table = [
        ("all others are there", 60, alone.clone(), crowded.clone(), settled, Some(Reason::Gather)),
        ("all others are here", 60, crowded.clone(), alone.clone(), settled, None),
        ("nobody is around, both have as much to do", 60, standing(10, &[(here, 1)]), standing(10, &[]), settled, None),
        ("nobody is around, it has little to do", 60, alone.clone(), standing(2, &[]), settled, Some(Reason::Spread)),
        ("it has little to do, and the knob is all for people", 100, crowded.clone(), standing(2, &[]), settled, None),
        ("all are there, and the knob is all for load", 0, alone.clone(), crowded.clone(), settled, None),
        ("it has no room", 60, alone.clone(), Standing { room: 0, ..crowded.clone() }, settled, None),
        ("it came just now", 60, alone.clone(), crowded.clone(), Candidate { settled_at: now, ..settled }, None),
        (
            "this node is short of time",
            100,
            Standing { busy_per_mille: 1_000, ..standing(10, &[(here, 9)]) },
            standing(2, &[]),
            settled,
            Some(Reason::Spread),
        ),
    ];
    for (what, affinity, me, other, candidate, expected) in table {
        let others = BTreeMap::from([(there, other)]);
        let moves = choose(now, affinity, &me, &others, &[candidate]);
        assert_eq!(moves.first().map(|m| m.reason), expected, "{what}: {moves:?}");
        assert!(moves.iter().all(|m| m.to == there), "{what}");
    }
}

#[test]
fn no_more_move_at_a_time_than_may() {
    let here = Chunk::new(5, 5);
    let candidates: Vec<Candidate> =
        (0..50).map(|n| Candidate { conn: ConnId(n), chunk: here, settled_at: Millis(0) }).collect();
    let me = standing(50, &[(here, 50)]);
    for (room, expected) in [(100, MOVES_A_SECOND), (1, 1), (0, 0)] {
        let other = Standing { room, ..standing(10, &[(here, 500)]) };
        let moves = choose(Millis(60_000), 90, &me, &BTreeMap::from([(Incarnation(2), other)]), &candidates);
        assert_eq!(moves.len(), expected, "room for {room}");
    }
}
