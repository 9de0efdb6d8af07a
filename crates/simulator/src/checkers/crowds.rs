//! Crowds: nobody is invisible for longer than a second, who acts near by is told at full rate, and budgets are kept.
//!
//! What a client shows of somebody is fresh if it was said of late, or was true at some moment of late: the same motion
//! from about the same place. Who changes often and is not told of matches nothing. Bytes are counted as a client receives them.

use std::collections::{BTreeMap, VecDeque};

use client::Picture;
use ghosts::Ghost;
use protocol::client::ToClient;
use protocol::tick::{Item, Items};
use protocol::{Envelope, Incarnation, limits};
use world::{CELL_UNITS, EntityId, Millis, Motion, Pace, Position, Tick, UNITS_PER_METRE};

use super::truth::{Fact, Truth};
use super::{Checker, Findings, Scene};

/// Milliseconds within which everybody in view is refreshed, and what the way from node to node to client may add.
const REFRESH_MS: u64 = 1_000 + 200;
/// Milliseconds within which a client is told what its own node knows of who acts near by: two ticks.
const FULL_RATE_MS: u64 = 200;
/// Milliseconds after a client noticed an act for which it is told of the actor at full rate: what the rules grant, less
/// the way.
const ACTS_MS: [u64; 2] = [200, 2_500];
/// Who is no further than this on either axis, in units, looks from the same sub-cell or an adjacent one, wherever in
/// its hysteresis.
const SURELY_NEAR_UNITS: u32 = (CELL_UNITS - 2 * UNITS_PER_METRE - UNITS_PER_METRE / 2) as u32;
/// How far from the truth a place may be and still be the one that was told, in units.
const SAME_PLACE_UNITS: i64 = UNITS_PER_METRE as i64;
/// Milliseconds for which a client may be over its budget: a second until that is known, one for each of the five rungs
/// of the ladder, one until the slowest pace has come into force, and one until the last second's sum has forgotten.
const OVER_BUDGET_MS: u64 = 8_000;

/// What was true of an avatar at a tick.
#[derive(Clone, Copy, Debug)]
struct Moment {
    tick: Tick,
    at: Position,
    motion: Motion,
}

/// What one client noticed of an avatar.
#[derive(Clone, Copy, Debug, Default)]
struct Noticed {
    tint: u8,
    /// When the tint was last looked at.
    looked_at: Millis,
    acted_at: Option<Millis>,
}

impl Noticed {
    /// Looks at the tint, and says whether it has changed since the tick before. Who was out of sight meanwhile may
    /// have changed it long ago.
    fn changes(&mut self, now: Millis, tint: u8, period_ms: u64) -> bool {
        let was_in_sight = now.since(std::mem::replace(&mut self.looked_at, now)) <= period_ms;
        std::mem::replace(&mut self.tint, tint) != tint && was_in_sight
    }
}

/// What one client was told, and since when it is over its budget.
#[derive(Debug, Default)]
struct Told {
    writes: VecDeque<(Millis, u64)>,
    over_since: Option<Millis>,
}

/// The pasts of all avatars, and the bytes of all clients.
#[derive(Debug, Default)]
pub(crate) struct Crowds {
    pasts: BTreeMap<EntityId, VecDeque<Moment>>,
    noticed: BTreeMap<(usize, EntityId), Noticed>,
    /// When anybody last noticed that an avatar acts.
    acted: BTreeMap<EntityId, Millis>,
    /// What each node knew of those who act. News between nodes may be late by themselves: a summary that overtakes its
    /// frame makes a gap of it.
    known: BTreeMap<(Incarnation, EntityId), VecDeque<Moment>>,
    told: BTreeMap<usize, Told>,
}

impl Crowds {
    /// A player heard somebody speak.
    pub(crate) fn heard(&mut self, now: Millis, player: usize, entity: EntityId) {
        self.noticed.entry((player, entity)).or_default().acted_at = Some(now);
        self.acted.insert(entity, now);
    }

    /// A client was sent frames.
    pub(crate) fn sent(&mut self, now: Millis, player: usize, frames: &[u8]) {
        let changes = bytes_of_changes(frames).unwrap_or(0);
        self.told.entry(player).or_default().writes.push_back((now, changes));
    }

    /// Notes what is true now.
    pub(crate) fn look(&mut self, findings: &mut Findings, scene: &Scene<'_>, truth: &Truth) {
        let tick = scene.rate.tick_at(scene.now);
        let kept = scene.rate.ticks_in(REFRESH_MS) as usize + 1;
        for (entity, fact) in truth.iter() {
            let past = self.pasts.entry(entity).or_default();
            past.push_back(Moment { tick, at: fact.status.at, motion: fact.status.motion });
            past.drain(..past.len().saturating_sub(kept));
        }
        self.note_what_nodes_know(scene);
        self.budgets(findings, scene);
    }

    fn note_what_nodes_know(&mut self, scene: &Scene<'_>) {
        let acted = &self.acted;
        let acts = |entity: EntityId| acted.get(&entity).is_some_and(|at| scene.now.since(*at) <= ACTS_MS[1]);
        let kept = scene.rate.ticks_in(FULL_RATE_MS) as usize + 1;
        self.known.retain(|(_, entity), _| acts(*entity));
        for status in &scene.statuses {
            for entity in status.avatars.iter().chain(&status.ghosts).filter(|e| acts(e.entity)) {
                let moments = self.known.entry((status.incarnation, entity.entity)).or_default();
                moments.push_back(Moment { tick: status.tick, at: entity.at, motion: entity.motion });
                moments.drain(..moments.len().saturating_sub(kept));
            }
        }
    }

    fn budgets(&mut self, findings: &mut Findings, scene: &Scene<'_>) {
        for (player, told) in &mut self.told {
            while told.writes.front().is_some_and(|(at, _)| scene.now.since(*at) >= 1_000) {
                told.writes.pop_front();
            }
            let bytes: u64 = told.writes.iter().map(|(_, bytes)| bytes).sum();
            let over = bytes > u64::from(scene.budget_bytes_s);
            told.over_since = over.then(|| told.over_since.unwrap_or(scene.now));
            let lasts = told.over_since.map_or(0, |since| scene.now.since(since));
            findings.check(Checker::BudgetKept, lasts <= OVER_BUDGET_MS, || {
                let (name, budget) = (&scene.players[*player].name, scene.budget_bytes_s);
                format!("{name} has been told more than {budget} bytes a second for {lasts} ms, now {bytes}")
            });
        }
    }

    /// Somebody whom a client has had in view for a while.
    pub(crate) fn shown(
        &mut self,
        findings: &mut Findings,
        scene: &Scene<'_>,
        (player, picture, pace): (usize, &Picture, &Pace),
        (me, fact): (&Fact, &Fact),
        ghost: &Ghost,
    ) {
        if picture.me() == ghost.entity {
            return;
        }
        let noticed = self.noticed.entry((player, ghost.entity)).or_default();
        if noticed.changes(scene.now, ghost.look.tint, scene.rate.period_ms()) {
            noticed.acted_at = Some(scene.now);
            self.acted.insert(ghost.entity, scene.now);
        }
        let Some(past) = self.pasts.get(&ghost.entity) else { return };
        let fresh = |within_ms: u64, moments: &VecDeque<Moment>| {
            let from = scene.rate.tick_at(scene.now) - scene.rate.ticks_in(within_ms);
            // What was said of late is fresh, also if it was true for less than a tick.
            let said = ghost.segment.since >= from;
            said || moments.iter().filter(|m| m.tick >= from).any(|m| {
                let off = ghost.segment.at(m.tick, pace).distance_squared(m.at);
                m.motion == ghost.segment.motion && off <= SAME_PLACE_UNITS * SAME_PLACE_UNITS
            })
        };
        let name = &scene.players[player].name;
        let who = || format!("{name} shows {} as {:?}, true was {:?}", ghost.entity, ghost.segment, past.back());
        findings.check(Checker::CrowdRefreshed, fresh(REFRESH_MS, past), who);
        let acts = noticed.acted_at.is_some_and(|at| (ACTS_MS[0]..=ACTS_MS[1]).contains(&scene.now.since(at)));
        let (a, b) = (me.status.at, fact.status.at);
        let near = a.x.abs_diff(b.x) <= SURELY_NEAR_UNITS && a.y.abs_diff(b.y) <= SURELY_NEAR_UNITS;
        if let Some(known) = self.known.get(&(me.holder, ghost.entity)).filter(|_| acts && near) {
            findings.check(Checker::ActorAtFullRate, fresh(FULL_RATE_MS, known), who);
        }
    }
}

/// Bytes of a write that tell of changes: not those that tell of what came into view.
fn bytes_of_changes(mut frames: &[u8]) -> Option<u64> {
    let mut sum = 0;
    while let Some((envelope, used)) = Envelope::split(frames, limits::SERVER_MESSAGE_BYTES).ok()? {
        if let Ok(Some(ToClient::Tick(payload))) = ToClient::decode(&envelope) {
            let mut other = Vec::new();
            for item in Items::parse(payload).ok()?.flatten() {
                match item {
                    Item::Frame { .. } | Item::Ack(_) => {}
                    Item::Key { .. } | Item::Close { .. } | Item::Seen { .. } | Item::Unseen { .. } | Item::Reset => {
                        item.encode(&mut other);
                    }
                }
            }
            sum += (used - other.len()) as u64;
        }
        frames = &frames[used..];
    }
    Some(sum)
}
