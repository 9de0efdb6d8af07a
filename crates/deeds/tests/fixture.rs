//! A small world: documents in a map, a fixed nature, and people who act one after the other.

use std::collections::BTreeMap;

use deeds::commands::TradeArgs;
use deeds::tables::{ItemId, Tables};
use deeds::{
    Actor, Bargain, Belongings, Consent, Documents, Done, Look, Nature, Page, PageKey, Partner, Registry, Scene, Spent,
    Stop, Trace,
};
use protocol::Code;
use protocol::codec::{Uncapped, to_bytes};
use store::{Document, Key};
use wincode::SchemaWrite;
use world::island::{Prop, PropKind};
use world::{Chunk, EntityId, Epoch, IslandId, Millis, Position};

pub const ISLAND: IslandId = IslandId(7);
/// When every world begins.
pub const BEGINNING: Millis = Millis(1_800_000_000_000);
pub const HOME: Chunk = Chunk { cx: 0, cy: 0 };
/// Natural props of every chunk, by their index in [`KINDS`].
pub const OAK: u16 = 0;
pub const BERRIES: u16 = 2;
pub const IRON: u16 = 3;
const KINDS: [PropKind; 5] = [PropKind::Oak, PropKind::Reed, PropKind::BerryBush, PropKind::IronOre, PropKind::Flint];

pub struct Meadow;

impl Nature for Meadow {
    fn prop(&self, _chunk: Chunk, index: u16) -> Option<Prop> {
        let kind = *KINDS.get(usize::from(index))?;
        Some(Prop { index, kind, x: 1000 + 20 * index, y: 1000 })
    }

    fn is_dry(&self, place: Position) -> bool {
        place.x >= 0 && place.y >= 0
    }
}

/// The word of a session of the first epoch, that it agrees to a trade that `actor` asks for as `request`.
pub fn agreed(actor: u64, request: u32, terms: TradeArgs) -> Option<Spent> {
    let consent = Consent { bargain: Bargain { actor: EntityId(actor), terms }, epoch: Epoch(1) };
    Some(Spent { consent, request })
}

#[derive(Default)]
pub struct Papers(pub BTreeMap<Key, Document>);

/// What a command was given to read: the rest it must ask for.
struct Read<'a> {
    papers: &'a Papers,
    keys: &'a [Key],
}

impl Documents for Read<'_> {
    fn look(&self, key: &Key) -> Look<'_> {
        if !self.keys.contains(key) {
            return Look::NotRead;
        }
        self.papers.0.get(key).map_or(Look::Absent, Look::Present)
    }
}

pub struct World {
    pub papers: Papers,
    pub tables: Tables,
    pub registry: Registry,
    pub now: Millis,
    /// The number of the next request.
    pub request: u32,
}

pub struct Person {
    pub actor: Actor,
    pub partner: Option<Partner>,
}

impl Person {
    pub fn new(name: &str, id: u64) -> Self {
        let actor = Actor { name: name.into(), entity: EntityId(id), place: Position::new(1010, 1010) };
        Self { actor, partner: None }
    }

    pub fn at(mut self, x: i32, y: i32) -> Self {
        self.actor.place = Position::new(x, y);
        self
    }

    pub fn with(mut self, other: &Person, agreed: Option<Spent>) -> Self {
        let Actor { name, entity, place } = other.actor.clone();
        self.partner = Some(Partner { name, entity, place, agreed });
        self
    }
}

impl World {
    pub fn new() -> Self {
        let now = BEGINNING;
        Self { papers: Papers::default(), tables: Tables::built_in(), registry: Registry::standard(), now, request: 1 }
    }

    /// What a deed comes to, committed if it is done. Panics if a command asks for the same document for ever.
    pub fn act<T>(&mut self, who: &Person, deed: &str, args: &T) -> Result<Done, Code>
    where
        T: SchemaWrite<Uncapped, Src = T>,
    {
        self.act_bytes(who, deed, &to_bytes(args))
    }

    pub fn act_bytes(&mut self, who: &Person, deed: &str, args: &[u8]) -> Result<Done, Code> {
        let mut keys = Vec::new();
        for _ in 0..8 {
            let documents = Read { papers: &self.papers, keys: &keys };
            let scene = Scene {
                now: self.now,
                request: self.request,
                actor: &who.actor,
                partner: who.partner.as_ref(),
                island: ISLAND,
                tables: &self.tables,
                nature: &Meadow,
                documents: &documents,
            };
            match self.registry.perform(deed, args, &scene) {
                Ok(done) => {
                    let written: Vec<&Key> = done.changes.iter().map(|change| &change.key).collect();
                    assert!(written.iter().all(|key| keys.contains(key)), "{deed} writes what it did not read");
                    assert!(written.contains(&&deeds::avatar_key(&who.actor.name)), "{deed} leaves the actor out");
                    for change in &done.changes {
                        self.papers.0.insert(change.key.clone(), change.document.clone());
                    }
                    return Ok(done);
                }
                Err(Stop::Refused(code)) => return Err(code),
                Err(Stop::Need(more)) => {
                    assert!(!more.is_empty() && more.iter().all(|key| !keys.contains(key)), "{deed} asks again");
                    keys.extend(more);
                }
            }
        }
        panic!("{deed} needs too many rounds");
    }

    pub fn belongings(&self, who: &Person) -> Belongings {
        self.read(&deeds::avatar_key(&who.actor.name)).unwrap_or_default()
    }

    pub fn held(&self, who: &Person, item: &str) -> u32 {
        self.belongings(who).bag.amount(&ItemId::from(item))
    }

    pub fn page(&self, chunk: Chunk) -> Page {
        self.read(&PageKey::page(ISLAND, chunk).key()).unwrap_or_default()
    }

    pub fn read<T: serde::de::DeserializeOwned>(&self, key: &Key) -> Option<T> {
        self.papers.0.get(key).map(|document| document.read(1).expect("readable"))
    }

    /// Puts items into a bag as if they had been made there.
    pub fn endow(&mut self, who: &Person, items: &[(&str, u32)]) {
        let mut belongings = self.belongings(who);
        for (item, amount) in items {
            belongings.bag.pour(&ItemId::from(*item), *amount);
            belongings.tally.make(&ItemId::from(*item), *amount);
        }
        self.write(deeds::avatar_key(&who.actor.name), &belongings);
    }

    pub fn write<T: serde::Serialize>(&mut self, key: Key, fields: &T) {
        match self.papers.0.get_mut(&key) {
            Some(document) => document.write(1, fields).expect("an object"),
            None => {
                self.papers.0.insert(key, Document::new(1, fields).expect("an object"));
            }
        }
    }

    pub fn wait(&mut self, ms: u64) {
        self.now = self.now + ms;
    }

    /// For each item: what documents hold, and what their tallies say that they should.
    pub fn books(&self) -> BTreeMap<ItemId, (i128, i128)> {
        let mut books: BTreeMap<ItemId, (i128, i128)> = BTreeMap::new();
        for (key, document) in &self.papers.0 {
            let (bags, tally) = match key.as_str().split('/').next() {
                Some("avatar") => {
                    let own: Belongings = document.read(1).expect("readable");
                    (vec![own.bag], own.tally)
                }
                Some("page") => {
                    let page: Page = document.read(1).expect("readable");
                    (page.traces.into_values().filter_map(contents).collect(), page.tally)
                }
                _ => continue,
            };
            for (item, amount) in bags.iter().flat_map(|bag| bag.iter()) {
                books.entry(item.clone()).or_default().0 += i128::from(amount);
            }
            tally.made.iter().for_each(|(item, n)| books.entry(item.clone()).or_default().1 += i128::from(*n));
            tally.gone.iter().for_each(|(item, n)| books.entry(item.clone()).or_default().1 -= i128::from(*n));
        }
        books
    }
}

fn contents(trace: Trace) -> Option<deeds::Bag> {
    match trace {
        Trace::Taken(_) => None,
        Trace::Pile(pile) => {
            let mut bag = deeds::Bag::default();
            bag.pour(&pile.item, pile.amount);
            Some(bag)
        }
        Trace::Built(built) => Some(built.bag),
    }
}
