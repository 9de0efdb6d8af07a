//! Land: claiming, sharing, keeping up and giving up parcels. Each deed writes the parcel's document and every page and
//! cell that it covers, so that the rights in them are the same at any time.

use protocol::Code;
use wincode::{SchemaRead, SchemaWrite};
use world::{Chunk, Position};

use crate::avatar::{Belongings, avatar_key};
use crate::command::{Command, Done, Event, Receipt, Stop, Verdict, ensure};
use crate::land::{Land, LandId, Right, Rights, Role, land_key};
use crate::page::{Page, PageKey};
use crate::scene::Scene;
use crate::tables::Stack;
use crate::toolkit::{amount, args, take, times};

/// `claim`: make chunks one's own.
#[derive(Clone, Copy, Debug)]
pub struct Claim;

/// `share`: give somebody a role on a parcel, or take it.
#[derive(Clone, Copy, Debug)]
pub struct Share;

/// `upkeep`: pay for more time.
#[derive(Clone, Copy, Debug)]
pub struct Upkeep;

/// `abandon`: give a parcel up.
#[derive(Clone, Copy, Debug)]
pub struct Abandon;

/// Which chunks.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct ClaimArgs {
    /// Columns and rows.
    pub chunks: Vec<(i16, i16)>,
}

/// Which parcel.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct LandArgs {
    /// Its name.
    pub land: String,
}

/// To whom which role.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct ShareArgs {
    /// The parcel's name.
    pub land: String,
    /// The other's avatar.
    pub with: u64,
    /// 0 none, 1 guest, 2 builder, 3 steward.
    pub role: u8,
}

/// How long.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct UpkeepArgs {
    /// The parcel's name.
    pub land: String,
    /// Periods.
    pub periods: u32,
}

/// A document of traces that a parcel covers.
type Covered = (PageKey, Page);

/// Every page and cell of some chunks.
fn covered(scene: &Scene<'_>, chunks: &[Chunk]) -> Result<Vec<Covered>, Stop> {
    let keys: Vec<PageKey> = chunks.iter().map(|chunk| PageKey::page(scene.island, *chunk)).collect();
    scene.need(keys.iter().map(|key| key.key()))?;
    let mut all = Vec::new();
    for key in keys {
        all.extend(key.all(&scene.page(key)?));
    }
    scene.need(all.iter().map(|key| key.key()))?;
    all.into_iter().map(|key| Ok((key, scene.page(key)?))).collect()
}

/// Writes the same rights into all of them.
fn write_rights(
    scene: &Scene<'_>,
    done: &mut Done,
    covered: Vec<Covered>,
    rights: Option<&Rights>,
) -> Result<(), Stop> {
    for (key, mut page) in covered {
        page.rights = rights.cloned();
        if key.cell == 0 {
            done.events.push(Event::Rights { key: key.key(), chunk: key.chunk, rights: rights.cloned() });
        }
        done.write(scene, key.key(), &page)?;
    }
    Ok(())
}

/// A parcel that exists, its pages, and what the actor carries.
fn open(scene: &Scene<'_>, land: &str) -> Result<(LandId, Land, Vec<Covered>, Belongings), Stop> {
    let id = LandId(land.to_owned());
    scene.need([avatar_key(&scene.actor.name), land_key(&id)])?;
    let land = scene.land(&id)?.ok_or(Stop::Refused(Code::NothingThere))?;
    ensure(land.island == scene.island.0, Code::NothingThere)?;
    let chunks: Vec<Chunk> = land.chunks().collect();
    let mut covered = covered(scene, &chunks)?;
    // What somebody else claimed since this parcel ran out is theirs.
    covered.retain(|(_, page)| page.rights.as_ref().is_some_and(|rights| rights.land == id));
    Ok((id, land, covered, scene.belongings()?))
}

fn pay(me: &mut Belongings, cost: &[Stack]) -> Result<(), Stop> {
    take(me, cost)?;
    cost.iter().for_each(|(item, amount)| me.tally.lose(item, *amount));
    Ok(())
}

impl Command for Claim {
    fn name(&self) -> &'static str {
        "claim"
    }

    fn perform(&self, bytes: &[u8], scene: &Scene<'_>) -> Verdict {
        let ClaimArgs { chunks } = args(bytes)?;
        let rules = &scene.tables.land;
        ensure((1..=usize::from(rules.chunks)).contains(&chunks.len()), Code::LandLimit)?;
        let land: Vec<Chunk> = chunks.iter().map(|(cx, cy)| Chunk::new(*cx, *cy)).collect();
        ensure(is_one_piece(&land), Code::PlaceInvalid)?;
        ensure(land.contains(&scene.actor.place.chunk()), Code::OutOfRange)?;
        ensure(land.iter().all(|chunk| scene.nature.is_dry(middle(*chunk))), Code::PlaceInvalid)?;
        let mut me = scene.belongings()?;
        ensure(me.parcels.len() < usize::from(rules.parcels), Code::LandLimit)?;
        let covered = covered(scene, &land)?;
        let held = |page: &Page| page.rights.as_ref().is_some_and(|rights| rights.hold(scene.now));
        ensure(!covered.iter().any(|(_, page)| held(page)), Code::LandTaken)?;
        let cost = times(scene, &rules.claim, chunks.len() as u32)?;
        pay(&mut me, &cost)?;
        let id = LandId::new(scene.actor.entity, me.claims);
        me.claims = me.claims.saturating_add(1);
        me.parcels.push(id.clone());
        let kept_until_ms = scene.now.0.saturating_add(rules.period_ms);
        let rights = Rights { land: id.clone(), owner: scene.actor.entity.0, roles: Default::default(), kept_until_ms };
        let mut done = Done { receipt: Receipt { lost: cost, ..Receipt::default() }, ..Done::default() };
        done.write(scene, avatar_key(&scene.actor.name), &me)?;
        write_rights(scene, &mut done, covered, Some(&rights))?;
        // The name is new, but the store must have said so before it is written.
        scene.need([land_key(&id)])?;
        done.write(scene, land_key(&id), &Land { rights, island: scene.island.0, chunks })?;
        Ok(done)
    }
}

/// The ground on which a chunk's claim is looked at.
fn middle(chunk: Chunk) -> Position {
    chunk.origin().offset(world::CHUNK_UNITS / 2, world::CHUNK_UNITS / 2)
}

/// Whether each chunk is there once and all touch along their sides.
fn is_one_piece(chunks: &[Chunk]) -> bool {
    let touch = |a: &Chunk, b: &Chunk| a.cx.abs_diff(b.cx) + a.cy.abs_diff(b.cy) == 1;
    let mut piece: Vec<Chunk> = chunks.iter().take(1).copied().collect();
    let mut rest: Vec<Chunk> = chunks.iter().skip(1).copied().collect();
    while let Some(n) = rest.iter().position(|chunk| piece.iter().any(|there| touch(there, chunk))) {
        piece.push(rest.swap_remove(n));
    }
    piece.sort_unstable();
    piece.dedup();
    piece.len() == chunks.len()
}

impl Command for Share {
    fn name(&self) -> &'static str {
        "share"
    }

    fn perform(&self, bytes: &[u8], scene: &Scene<'_>) -> Verdict {
        let ShareArgs { land, with, role } = args(bytes)?;
        let role = match role {
            0 => None,
            1 => Some(Role::Guest),
            2 => Some(Role::Builder),
            3 => Some(Role::Steward),
            _ => return Err(Stop::Refused(Code::BadMessage)),
        };
        let (id, mut land, covered, me) = open(scene, &land)?;
        ensure(land.rights.allow(scene.actor.entity, Right::Manage, scene.now), Code::NotYours)?;
        ensure(with != land.rights.owner && with != 0, Code::PartnerInvalid)?;
        match role {
            Some(role) => land.rights.roles.insert(with, role),
            None => land.rights.roles.remove(&with),
        };
        ensure(land.rights.roles.len() <= usize::from(scene.tables.land.members), Code::LandLimit)?;
        let mut done = Done::default();
        done.write(scene, avatar_key(&scene.actor.name), &me)?;
        write_rights(scene, &mut done, covered, Some(&land.rights))?;
        done.write(scene, land_key(&id), &land)?;
        Ok(done)
    }
}

impl Command for Upkeep {
    fn name(&self) -> &'static str {
        "upkeep"
    }

    fn perform(&self, bytes: &[u8], scene: &Scene<'_>) -> Verdict {
        let UpkeepArgs { land, periods } = args(bytes)?;
        amount(scene, periods)?;
        let (id, mut land, covered, mut me) = open(scene, &land)?;
        let rules = &scene.tables.land;
        // Land that ran out can be taken up again as long as nobody else claimed a part of it.
        let pages = covered.iter().filter(|(key, _)| key.cell == 0).count();
        ensure(pages == land.chunks.len(), Code::LandTaken)?;
        let longest = scene.now.0.saturating_add(rules.period_ms.saturating_mul(rules.periods.into()));
        let from = land.rights.kept_until_ms.max(scene.now.0);
        let until = from.saturating_add(rules.period_ms.saturating_mul(periods.into()));
        ensure(until <= longest, Code::LandLimit)?;
        let each = times(scene, &rules.upkeep, periods)?;
        let cost = times(scene, &each, land.chunks.len() as u32)?;
        pay(&mut me, &cost)?;
        land.rights.kept_until_ms = until;
        let mut done = Done { receipt: Receipt { lost: cost, ..Receipt::default() }, ..Done::default() };
        done.write(scene, avatar_key(&scene.actor.name), &me)?;
        write_rights(scene, &mut done, covered, Some(&land.rights))?;
        done.write(scene, land_key(&id), &land)?;
        Ok(done)
    }
}

impl Command for Abandon {
    fn name(&self) -> &'static str {
        "abandon"
    }

    fn perform(&self, bytes: &[u8], scene: &Scene<'_>) -> Verdict {
        let LandArgs { land } = args(bytes)?;
        let (id, mut land, covered, mut me) = open(scene, &land)?;
        ensure(land.rights.owner == scene.actor.entity.0, Code::NotYours)?;
        me.parcels.retain(|parcel| *parcel != id);
        // The document stays: its name is never used again.
        land.rights.kept_until_ms = 0;
        land.rights.roles.clear();
        let mut done = Done::default();
        done.write(scene, avatar_key(&scene.actor.name), &me)?;
        write_rights(scene, &mut done, covered, None)?;
        land.chunks.clear();
        done.write(scene, land_key(&id), &land)?;
        Ok(done)
    }
}
