//! Where the deeds of the bench are done: people with full bags, each with a chest in a chunk of its own, and a tree that
//! never ends; and what they ask for.

use std::sync::Arc;
use std::time::Duration;

use ::deeds::commands::{ChestArgs, EatArgs, GatherArgs, TraceArgs};
use ::deeds::tables::{Room, Tables};
use ::deeds::{
    Actor, Bag, Belongings, Built, Nature, Page, PageKey, Performance, Registry, Rulebook, Tally, Trace, TraceId,
    avatar_key,
};
use anyhow::{Context, Result, bail};
use protocol::codec::to_bytes;
use store::{Document, Key, Reply, Request, Store};
use world::island::{Prop, PropKind};
use world::{Chunk, EntityId, IslandId, Position};

const ISLAND: IslandId = IslandId(1);
/// The schema of avatars and pages.
const SCHEMA: u32 = 1;
/// Things in a bag or chest, beside what the deeds move: as many as people have.
const THINGS: [&str; 8] = ["wood", "reed", "stone", "flint", "shell", "rope", "axe", "mushroom"];
/// What the deeds use up.
const PLENTY: u32 = 1_000_000;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `eat`: one document.
    One,
    /// `put-in` and `take-out` in turn at a chest of one's own: two documents.
    Two,
    /// `gather`, all from one tree, as fast as they can: two documents, of which one is everybody's.
    Tree,
    /// The same with the time that hands take, as people do.
    Hands,
}

impl Kind {
    /// Whether all are at one page.
    #[must_use]
    pub fn is_shared(self) -> bool {
        matches!(self, Self::Tree | Self::Hands)
    }

    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::One => "one document",
            Self::Two => "two documents",
            Self::Tree => "without a pause",
            Self::Hands => "with their hands",
        }
    }
}

/// One tree in the middle of each chunk, and dry ground.
struct Lawn;

impl Nature for Lawn {
    fn prop(&self, _: Chunk, index: u16) -> Option<Prop> {
        (index == 0).then_some(Prop { index, kind: PropKind::Oak, x: 1000, y: 1000 })
    }

    fn is_dry(&self, _: Position) -> bool {
        true
    }
}

/// The rules, with bags without a bottom and trees without an end, so that no deed is ever refused.
#[must_use]
pub fn rules(kind: Kind) -> Rulebook {
    let mut tables = Tables::built_in();
    let endless = Room { stacks: u16::MAX, weight_g: u32::MAX };
    tables.body.room = endless;
    tables.buildings.values_mut().for_each(|row| row.room = Some(endless));
    if let Some(oak) = tables.props.get_mut(&PropKind::Oak) {
        oak.units = u32::MAX;
        oak.time_ms = if kind == Kind::Hands { oak.time_ms } else { 0 };
    }
    let (registry, nature) = (Arc::new(Registry::standard()), Arc::new(Lawn));
    Rulebook { registry, tables: Arc::new(tables), nature, island: ISLAND }
}

/// How long the hands of somebody are at it.
#[must_use]
pub fn pause(rules: &Rulebook, kind: Kind) -> Duration {
    let oak = rules.tables.props.get(&PropKind::Oak).filter(|_| kind.is_shared());
    Duration::from_millis(oak.map_or(0, |row| row.time_ms.into()))
}

/// The name of somebody.
#[must_use]
pub fn name(who: usize) -> String {
    format!("bench-{who}")
}

/// The chunk of somebody.
fn chunk(kind: Kind, who: usize) -> Chunk {
    match kind {
        Kind::One | Kind::Two => Chunk::new((who % 100) as i16, (who / 100) as i16),
        Kind::Tree | Kind::Hands => Chunk::new(0, 0),
    }
}

fn page_key(kind: Kind, who: usize) -> Key {
    PageKey::page(ISLAND, chunk(kind, who)).key()
}

/// The documents of somebody: the avatar and the page.
///
/// # Errors
/// Never: they are plain JSON.
pub fn documents(kind: Kind, who: usize) -> Result<[(Key, Document); 2]> {
    let mut bag = Bag::default();
    THINGS.iter().for_each(|item| bag.pour(&(*item).into(), 10));
    bag.pour(&"berry".into(), PLENTY);
    let mut tally = Tally::default();
    bag.iter().for_each(|(item, amount)| tally.make(item, amount));
    let avatar = Belongings { bag: bag.clone(), tally, ..Belongings::default() };
    let place = chunk(kind, who).origin().offset(1000, 1000);
    let owner = who as u64 + 1;
    let chest = Built { kind: "chest".into(), x: place.x, y: place.y, owner, until_ms: u64::MAX, bag };
    let page = Page { traces: [(TraceId(0), Trace::Built(chest))].into(), next: 1, ..Page::default() };
    let document = |what: Result<Document, store::DocumentError>| what.context("a document of the bench");
    Ok([
        (avatar_key(&name(who)), document(Document::new(SCHEMA, &avatar))?),
        (page_key(kind, who), document(Document::new(SCHEMA, &page))?),
    ])
}

/// The how many-th deed of somebody.
#[must_use]
pub fn deed(rules: &Rulebook, kind: Kind, who: usize, nth: u32) -> Performance {
    let home = chunk(kind, who);
    let place = home.origin().offset(1000, 1000);
    let at = TraceArgs { cx: home.cx, cy: home.cy, trace: 0 };
    let berry = || ChestArgs { at, item: "berry".into(), amount: 1 };
    let (deed, args) = match kind {
        Kind::One => ("eat", to_bytes(&EatArgs { item: "berry".into(), amount: 1 })),
        Kind::Two if nth.is_multiple_of(2) => ("put-in", to_bytes(&berry())),
        Kind::Two => ("take-out", to_bytes(&berry())),
        Kind::Tree | Kind::Hands => ("gather", to_bytes(&GatherArgs { cx: home.cx, cy: home.cy, prop: 0, units: 1 })),
    };
    let actor = Actor { name: name(who), entity: EntityId(who as u64 + 1), place };
    Performance { rules: rules.clone(), deed: deed.to_owned(), args, actor, partner: None }
}

/// Puts everybody's documents into an empty store.
///
/// # Errors
/// The store did not take one.
pub async fn settle(store: &dyn Store, kind: Kind, people: usize) -> Result<()> {
    for who in 0..people {
        for (key, document) in documents(kind, who)? {
            match store.execute(Request::Insert { key: key.clone(), document }).await {
                Reply::Applied { .. } => {}
                // The page of all.
                Reply::Conflict if kind.is_shared() && who > 0 => {}
                other => bail!("{key} could not be written: {other:?}"),
            }
        }
    }
    Ok(())
}
