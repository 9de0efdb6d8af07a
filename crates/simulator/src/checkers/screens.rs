//! Screens: what each client and each node shows, against the truth. Strict once everything must have healed.

use std::collections::{BTreeMap, BTreeSet};

use client::Picture;
use ghosts::DEPARTED_MS;
use node::{EntityStatus, Status};
use protocol::Incarnation;
use protocol::tick::Lane;
use world::{Chunk, EntityId, Epoch, Hop, Millis, Pace, Position, UNITS_PER_METRE};

use super::crowds::Crowds;
use super::truth::{Fact, Truth};
use super::{Checker, Findings, Scene};
use crate::plan::Weather;

/// Milliseconds for which a session, an avatar or a view must have lasted before it is compared: a keyframe's way and
/// a far lane's turn.
const SETTLED_MS: u64 = 3_000;
/// Milliseconds in which a player who joins while nothing fails is in the world: one dead address and its pause.
const ARRIVAL_MS: u64 = 6_000;
/// Milliseconds within which who comes into view is shown: a stream that was never heard of may first have to ask for
/// its keyframe. Who was shown stays shown.
const SHOWN_WITHIN_MS: u64 = 500;
/// Milliseconds after which nobody may be shown whom no node holds: a lost leave, its summary, and limbo.
const PHANTOM_MS: u64 = 5_000;
/// How far a mover may be shown from its place, in units: a claim that came late may move it on by a second's sprint at
/// once, and what viewers know is up to three ticks old.
const NEAR_UNITS: i64 = 9 * UNITS_PER_METRE as i64;
/// The same in the far lane, which is up to five ticks older.
const FAR_UNITS: i64 = 16 * UNITS_PER_METRE as i64;
/// The same in a crowd, where what is known may be a second old.
const CROWD_UNITS: i64 = 20 * UNITS_PER_METRE as i64;

#[derive(Debug, Default)]
pub(crate) struct Screens {
    /// Client-side anomalies that were already reported, by player.
    anomalies: BTreeMap<usize, u64>,
    /// The newest order at which each node has shown each avatar, and when.
    orders: BTreeMap<(Incarnation, EntityId), ((Epoch, Hop), Millis)>,
    /// Since when each avatar has been well in view of each player, without a break.
    in_view: BTreeMap<(usize, EntityId), Millis>,
    /// Whom each player was shown at the last look.
    shown: BTreeMap<usize, BTreeSet<EntityId>>,
    pace: Option<Pace>,
}

impl Screens {
    pub(crate) fn look(&mut self, findings: &mut Findings, scene: &Scene<'_>, truth: &Truth, crowds: &mut Crowds) {
        if self.pace.is_none() {
            self.pace = Some(Pace::new(scene.rate));
        }
        self.anomalies(findings, scene);
        self.orders(findings, scene);
        if scene.weather != Weather::Strict {
            self.shown.clear();
            return;
        }
        self.flicker(findings, scene, truth);
        let Some(pace) = &self.pace else { return };
        for (index, player) in scene.players.iter().enumerate() {
            if player.guest || scene.not_reading.contains(&index) {
                continue;
            }
            let just_joined = scene.now.since(player.joined_at) < ARRIVAL_MS;
            let back = player.is_playing() || player.is_stopped() || just_joined;
            findings.check(Checker::ClientIsBack, back, || format!("{} is not in the world again", player.name));
            let settled = player.welcomed_at.is_some_and(|at| scene.now.since(at) >= SETTLED_MS);
            if let (true, true, Some(picture)) = (settled, player.is_playing(), player.client.picture()) {
                let mut in_view = |entity, is: bool| match is {
                    true => scene.now.since(*self.in_view.entry((index, entity)).or_insert(scene.now)),
                    false => {
                        self.in_view.remove(&(index, entity));
                        0
                    }
                };
                screen(findings, scene, (truth, &mut *crowds), (index, picture), pace, &mut in_view);
            }
        }
        for status in &scene.statuses {
            ghosts(findings, scene, truth, status);
        }
    }

    /// What a node shows of an avatar never goes back, in any weather.
    fn orders(&mut self, findings: &mut Findings, scene: &Scene<'_>) {
        for (node, ghost) in scene.statuses.iter().flat_map(|s| s.ghosts.iter().map(|g| (s.incarnation, g))) {
            let last = self.orders.insert((node, ghost.entity), (ghost.order, scene.now));
            let remembered = last.filter(|(_, at)| scene.now.since(*at) < DEPARTED_MS / 2);
            findings.check(Checker::NothingGoesBack, remembered.is_none_or(|(order, _)| ghost.order >= order), || {
                format!("{node} showed {} at {last:?} and then at {:?}", ghost.entity, ghost.order)
            });
        }
    }

    /// Who is well in view of a client and was shown at the last look is shown now: also when the client went over to
    /// another node in between.
    fn flicker(&mut self, findings: &mut Findings, scene: &Scene<'_>, truth: &Truth) {
        let former = std::mem::take(&mut self.shown);
        for (index, player) in scene.players.iter().enumerate() {
            let Some(picture) = player.client.picture() else { continue };
            let here = truth.get(picture.me()).map(|me| me.status.chunk);
            let in_the_world = player.welcomed_at.is_some() && player.is_playing() && !player.guest;
            let (Some(here), true, false) = (here, in_the_world, scene.not_reading.contains(&index)) else { continue };
            for entity in former.get(&index).into_iter().flatten() {
                let well_in_view = |f: &&Fact| settled(f, scene.now) && here.rings_to(f.status.chunk) <= 1;
                if truth.get(*entity).filter(well_in_view).is_some() {
                    findings.check(Checker::NobodyFlickers, picture.get(*entity).is_some(), || {
                        format!("{} at {here} was shown {entity} a tick ago, and is no more", player.name)
                    });
                }
            }
            self.shown.insert(index, picture.entities().map(|g| g.entity).collect());
        }
    }

    /// What a client saw that should never be is a violation in any weather.
    fn anomalies(&mut self, findings: &mut Findings, scene: &Scene<'_>) {
        for (index, player) in scene.players.iter().enumerate() {
            let total = player.client.checks().total();
            let known = self.anomalies.insert(index, total).unwrap_or(0);
            findings.check(Checker::ClientSeesSense, total <= known, || {
                let kinds: Vec<String> =
                    player.client.checks().seen().map(|(kind, n)| format!("{} {n}", kind.label())).collect();
                format!("{}: {}", player.name, kinds.join(", "))
            });
        }
    }
}

/// One client's picture against the truth. `in_view` notes whether an avatar is well in view and tells for how long.
fn screen(
    findings: &mut Findings,
    scene: &Scene<'_>,
    (truth, crowds): (&Truth, &mut Crowds),
    (player, picture): (usize, &Picture),
    pace: &Pace,
    in_view: &mut dyn FnMut(EntityId, bool) -> u64,
) {
    let name = scene.players[player].name.as_str();
    let Some(me) = truth.get(picture.me()).filter(|f| settled(f, scene.now)) else { return };
    let here = me.status.chunk;
    let tick = scene.rate.tick_at(scene.now);
    for (entity, fact) in truth.iter().filter(|(_, f)| settled(f, scene.now)) {
        // The rim of the view changes while one walks; what lies one ring further in does not.
        let rings = here.rings_to(fact.status.chunk).max(here.rings_to(fact.status.at.chunk()));
        let view = picture.chunk(fact.status.chunk).filter(|_| rings <= 1);
        let since_ms = in_view(entity, view.is_some());
        let Some(view) = view else { continue };
        let ghost = picture.get(entity);
        findings.check(Checker::EveryoneInViewIsShown, ghost.is_some() || since_ms < SHOWN_WITHIN_MS, || {
            format!("{name} at {here} does not see {entity} at {} in {}", fact.status.at.chunk(), fact.status.chunk)
        });
        if let Some(ghost) = ghost {
            let shown = ghost.segment.at(tick, pace);
            let tolerance = match view.lane {
                Lane::Near => NEAR_UNITS,
                Lane::Far => FAR_UNITS,
                Lane::Crowd => CROWD_UNITS,
            };
            place(findings, Checker::ShownWhereItIs, scene, fact, shown, tolerance, name);
            if since_ms >= SETTLED_MS {
                crowds.shown(findings, scene, (player, picture, pace), (me, fact), ghost);
            }
        }
    }
    for ghost in picture.entities() {
        phantom(findings, scene, truth, ghost.entity, name);
        let rings = here.rings_to(ghost.chunk);
        findings.check(Checker::NothingElseLeaks, rings <= 3, || {
            format!("{name} at {here} is shown {} in {}, {rings} rings away", ghost.entity, ghost.chunk)
        });
    }
    for (chunk, _) in picture.chunks() {
        findings.check(Checker::NothingElseLeaks, here.rings_to(chunk) <= 3, || {
            format!("{name} at {here} is still shown chunk {chunk}")
        });
    }
}

/// One node's ghosts against the truth.
fn ghosts(findings: &mut Findings, scene: &Scene<'_>, truth: &Truth, status: &Status) {
    let copies: BTreeMap<EntityId, &EntityStatus> = status.ghosts.iter().map(|g| (g.entity, g)).collect();
    let viewpoints: Vec<Chunk> = status
        .avatars
        .iter()
        .filter(|a| truth.get(a.entity).is_some_and(|f| f.holder == status.incarnation && settled(f, scene.now)))
        .map(|a| a.chunk)
        .collect();
    for (entity, fact) in truth.iter().filter(|(_, f)| f.holder != status.incarnation && settled(f, scene.now)) {
        if !viewpoints.iter().any(|v| v.rings_to(fact.status.chunk) <= 1) {
            continue;
        }
        let ghost = copies.get(&entity);
        let who = || status.incarnation.to_string();
        findings.check(Checker::GhostsAgree, ghost.is_some(), || format!("{} has no ghost of {entity}", who()));
        if let Some(ghost) = ghost {
            findings.check(Checker::GhostsAgree, ghost.order.0 == fact.status.order.0, || {
                format!("{} has {entity} at {:?}, its holder at {:?}", who(), ghost.order, fact.status.order)
            });
            place(findings, Checker::GhostsAgree, scene, fact, ghost.at, NEAR_UNITS, &who());
        }
    }
    for entity in copies.keys() {
        phantom(findings, scene, truth, *entity, &status.incarnation.to_string());
    }
}

fn settled(fact: &Fact, now: Millis) -> bool {
    fact.status.held && now.since(fact.since) >= SETTLED_MS
}

/// Movers are shown about where they are; who has stood for a while, exactly there.
fn place(
    findings: &mut Findings,
    checker: Checker,
    scene: &Scene<'_>,
    fact: &Fact,
    shown: Position,
    tolerance: i64,
    who: &str,
) {
    let still = fact.still_since.is_some_and(|since| scene.now.since(since) >= SETTLED_MS);
    let limit = if still { 0 } else { tolerance * tolerance };
    let off = shown.distance_squared(fact.status.at);
    findings.check(checker, off <= limit, || {
        let moving = if still { "stands" } else { "moves" };
        format!("{who} shows {} at {shown:?}, it {moving} at {:?}", fact.status.entity, fact.status.at)
    });
}

fn phantom(findings: &mut Findings, scene: &Scene<'_>, truth: &Truth, entity: EntityId, who: &str) {
    let gone_for = truth.last_held(entity).map_or(u64::MAX, |at| scene.now.since(at));
    findings.check(Checker::NobodyIsShownWhoIsGone, gone_for <= PHANTOM_MS, || {
        format!("{who} shows {entity}, which nobody has held for {gone_for} ms")
    });
}
