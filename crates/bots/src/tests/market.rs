//! The room's things: the true commands on documents in memory, with a window of replies for each account, and with
//! faults that bots must notice.

use std::collections::BTreeMap;

use deeds::commands::TradeArgs;
use deeds::tables::Tables;
use deeds::{
    Actor, Bargain, Belongings, Consent, Documents, Done, Look, Nature, PageKey, Partner, Registry, Scene, Spent, Stop,
    avatar_key,
};
use protocol::Code;
use protocol::codec::{CLIENT_CAP, from_bytes};
use protocol::things::{Bag, Deed, DeedReply, Guest, Heap, Offer, Page, Trace, TraceKind};
use store::codec::encode;
use store::dump::{DUMP_FORMAT, Line};
use store::window::{Remembered, Window};
use store::{Body, Document, Key, Record};
use world::digest::Digest;
use world::island::{Biome, Ground, Prop, PropKind};
use world::{Baseline, Chunk, EntityId, Epoch, IslandId, Millis, Planted, Position};

const ISLAND: IslandId = IslandId(1);
const WINDOW: usize = 16;
const KINDS: [PropKind; 7] = [
    PropKind::Oak,
    PropKind::Reed,
    PropKind::BerryBush,
    PropKind::Boulder,
    PropKind::Bush,
    PropKind::Mushroom,
    PropKind::Flowers,
];

/// What is wrong with the market.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing.
    #[default]
    None,
    /// It remembers no request.
    Forgetful,
    /// Hands reach everywhere.
    LongArms,
    /// Everybody agrees to everything.
    Credulous,
    /// A refusal costs something.
    Costly,
}

pub(super) struct Market {
    papers: BTreeMap<Key, Document>,
    revs: BTreeMap<Key, u64>,
    windows: BTreeMap<String, Window>,
    /// What was offered, and by whom.
    offers: Vec<(EntityId, Offer)>,
    /// Who agreed to what.
    agreed: BTreeMap<EntityId, Bargain>,
    nature: Garden,
    tables: Tables,
    registry: Registry,
    fault: Fault,
}

/// The tables of the build, with quick hands.
pub(super) fn quick_tables() -> Tables {
    let mut tables = Tables::built_in();
    tables.props.values_mut().for_each(|row| row.time_ms = row.time_ms.min(20));
    tables.recipes.values_mut().for_each(|row| row.time_ms = row.time_ms.min(50));
    tables.buildings.values_mut().for_each(|row| row.time_ms = row.time_ms.min(50));
    tables
}

struct Garden {
    chunk: Chunk,
    props: Vec<Prop>,
}

impl Nature for Garden {
    fn prop(&self, chunk: Chunk, index: u16) -> Option<Prop> {
        self.props.iter().find(|prop| chunk == self.chunk && prop.index == index).copied()
    }

    fn is_dry(&self, place: Position) -> bool {
        place.chunk() == self.chunk
    }
}

/// Somebody in the room.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) entity: EntityId,
    pub(super) place: Position,
}

struct Read<'a> {
    papers: &'a BTreeMap<Key, Document>,
}

impl Documents for Read<'_> {
    fn look(&self, key: &Key) -> Look<'_> {
        self.papers.get(key).map_or(Look::Absent, Look::Present)
    }
}

impl Market {
    pub(super) fn open(chunk: Chunk, fault: Fault) -> Self {
        let mut tables = quick_tables();
        if fault == Fault::LongArms {
            tables.body.reach_units = 100_000;
        }
        let place = |n: u16, times: u16| 300 + n.wrapping_mul(times) % 3_000;
        let props = (0..80).map(|n| Prop {
            index: n,
            kind: KINDS[usize::from(n) % KINDS.len()],
            x: place(n, 1_237),
            y: place(n, 911),
        });
        Self {
            papers: BTreeMap::new(),
            revs: BTreeMap::new(),
            windows: BTreeMap::new(),
            offers: Vec::new(),
            agreed: BTreeMap::new(),
            nature: Garden { chunk, props: props.collect() },
            tables,
            registry: Registry::standard(),
            fault,
        }
    }

    pub(super) fn baseline(&self) -> Vec<u8> {
        let props = self.nature.props.clone();
        Baseline::encode(&Ground { heights_cm: [100; _], biomes: [Biome::Grassland; _], props })
    }

    /// The smallest request id that an account has not used.
    pub(super) fn next_request(&mut self, name: &str) -> u32 {
        self.windows.entry(name.to_owned()).or_default().next_request.max(1)
    }

    /// Somebody who comes for the first time has a document, and where things can be lost, something to lose.
    pub(super) fn welcome(&mut self, name: &str) {
        if self.papers.contains_key(&avatar_key(name)) {
            return;
        }
        let mut own = Belongings::default();
        if self.fault == Fault::Costly {
            own.bag.pour(&"shell".into(), 1_000);
        }
        self.write(avatar_key(name), Document::new(1, &own).expect("an object"));
    }

    /// The number under which an offer is shown.
    pub(super) fn offer(&mut self, by: EntityId, offer: &Offer) -> u64 {
        self.offers.push((by, offer.clone()));
        self.offers.len() as u64
    }

    /// What was shown under this number, if it was offered to who agrees.
    pub(super) fn agree(&mut self, who: EntityId, number: u64) -> Option<Offer> {
        let (by, offer) = self.offers.get(usize::try_from(number).ok()?.checked_sub(1)?)?.clone();
        self.agreed.insert(who, Bargain { actor: by, terms: terms_of(&offer) });
        (offer.to == who.0).then_some(offer)
    }

    /// Does a deed, or says again what came of it.
    pub(super) fn perform(
        &mut self,
        now: Millis,
        who: &Person,
        partner: Option<&Person>,
        request: u32,
        deed: &Deed,
    ) -> DeedReply {
        let content = Digest::of(&[deed.deed.as_bytes(), &deed.args].concat());
        let window = self.windows.entry(who.name.clone()).or_default();
        match window.recall(request, content) {
            store::window::Recalled::Done(kept) => return reply_of(&kept.reply),
            store::window::Recalled::OtherContent => return refusal(Code::IdReused),
            store::window::Recalled::TooOld => return refusal(Code::TooOld),
            store::window::Recalled::New => {}
        }
        match self.act(now, who, partner, request, deed) {
            Ok(done) => {
                done.changes.into_iter().for_each(|change| self.write(change.key, change.document));
                let kept = serde_json::json!({
                    "gained": done.receipt.gained, "lost": done.receipt.lost, "trace": done.receipt.trace });
                let reply = reply_of(&kept);
                let remembered = Remembered { request, content, code: 0, reply: kept, others: Default::default() };
                if self.fault != Fault::Forgetful {
                    let window = self.windows.entry(who.name.clone()).or_default();
                    window.remember(remembered, WINDOW, Planted::none());
                }
                reply
            }
            Err(code) => {
                if self.fault == Fault::Costly && code != Code::Busy {
                    self.steal(&who.name);
                }
                refusal(code)
            }
        }
    }

    fn act(
        &mut self,
        now: Millis,
        who: &Person,
        partner: Option<&Person>,
        request: u32,
        deed: &Deed,
    ) -> Result<Done, Code> {
        let actor = Actor { name: who.name.clone(), entity: who.entity, place: who.place };
        let agreed = match (self.fault, partner) {
            (Fault::Credulous, Some(_)) => {
                let terms = from_bytes::<TradeArgs, CLIENT_CAP>(&deed.args).ok();
                terms.map(|terms| Bargain { actor: who.entity, terms })
            }
            (_, Some(other)) if deed.deed == "trade" => self.agreed.remove(&other.entity),
            _ => None,
        };
        let spent = |bargain| Spent { consent: Consent { bargain, epoch: Epoch(1) }, request };
        let agreed = agreed.map(spent);
        let partner = partner.map(|other| {
            let Person { name, entity, place } = other.clone();
            Partner { name, entity, place, agreed }
        });
        let scene = Scene {
            now,
            request,
            actor: &actor,
            partner: partner.as_ref(),
            island: ISLAND,
            tables: &self.tables,
            nature: &self.nature,
            documents: &Read { papers: &self.papers },
        };
        self.registry.perform(&deed.deed, &deed.args, &scene).map_err(|stop| match stop {
            Stop::Refused(code) => code,
            Stop::Need(keys) => panic!("everything is read: {keys:?}"),
        })
    }

    fn steal(&mut self, name: &str) {
        let mut own: Belongings = self.papers[&avatar_key(name)].read(1).expect("readable");
        let _ = own.bag.take(&[("shell".into(), 1)]);
        self.write(avatar_key(name), Document::new(1, &own).expect("an object"));
    }

    fn write(&mut self, key: Key, document: Document) {
        *self.revs.entry(key.clone()).or_insert(100) += 1;
        self.papers.insert(key, document);
    }

    pub(super) fn bag(&self, name: &str) -> Bag {
        let key = avatar_key(name);
        let own: Belongings = self.papers.get(&key).map(|d| d.read(1).expect("readable")).unwrap_or_default();
        Bag {
            rev: self.revs.get(&key).copied().unwrap_or(0),
            items: own.bag.iter().map(|(item, amount)| heap(&item.0, amount)).collect(),
            energy_kj: own.energy.kj,
            energy_as_of_ms: own.energy.as_of_ms,
            busy_until_ms: own.busy_until_ms,
            parcels: own.parcels.iter().map(ToString::to_string).collect(),
        }
    }

    /// All pages and cells, whole.
    pub(super) fn pages(&self) -> Vec<Page> {
        let home = PageKey::page(ISLAND, self.nature.chunk);
        let page: deeds::Page = self.papers.get(&home.key()).map(|d| d.read(1).expect("readable")).unwrap_or_default();
        home.all(&page).filter_map(|key| self.page(key)).collect()
    }

    fn page(&self, key: PageKey) -> Option<Page> {
        let page: deeds::Page = self.papers.get(&key.key())?.read(1).expect("readable");
        let mut told = Page {
            island: ISLAND.0,
            cx: key.chunk.cx,
            cy: key.chunk.cy,
            cell: key.cell,
            whole: 1,
            rev: self.revs[&key.key()],
            traces: page.traces.iter().map(|(id, trace)| trace_of(id.0, trace)).collect(),
            ..Page::default()
        };
        if let Some(rights) = page.rights {
            (told.land, told.owner, told.kept_until_ms) = (rights.land.0, rights.owner, rights.kept_until_ms);
            told.guests = rights.roles.keys().map(|who| Guest { entity: *who, role: 1 }).collect();
        }
        Some(told)
    }

    /// The documents as lines of a dump.
    pub(super) fn dump(&self) -> Vec<String> {
        let mut lines = vec![Line::Begin { tombolo_store: DUMP_FORMAT }.to_text()];
        for (key, document) in &self.papers {
            let mut record = Record::of_body(Body::of_document(document.clone()).expect("no header in it"));
            if let Some(name) = key.as_str().strip_prefix("avatar/") {
                (record.epoch, record.window) = (Epoch(1), self.windows.get(name).cloned().unwrap_or_default());
            }
            let document = encode(&record).expect("it has a JSON form");
            lines.push(Line::Document { key: key.clone(), version: 1, document }.to_text());
        }
        lines.push(Line::End { end: self.papers.len() as u64 }.to_text());
        lines
    }
}

fn terms_of(offer: &Offer) -> TradeArgs {
    let stacks = |heaps: &[Heap]| heaps.iter().map(|heap| (heap.item.as_str().into(), heap.amount)).collect();
    TradeArgs { with: offer.to, gives: stacks(&offer.gives), takes: stacks(&offer.takes) }
}

fn heap(item: &str, amount: u32) -> Heap {
    Heap { item: item.to_owned(), amount }
}

fn trace_of(id: u32, trace: &deeds::Trace) -> Trace {
    match trace {
        deeds::Trace::Taken(taken) => Trace {
            id,
            kind: TraceKind::Taken as u8,
            prop: taken.prop,
            amount: taken.missing,
            at_ms: taken.as_of_ms,
            ..Trace::default()
        },
        deeds::Trace::Pile(pile) => Trace {
            id,
            kind: TraceKind::Pile as u8,
            x: pile.x,
            y: pile.y,
            name: pile.item.0.clone(),
            amount: pile.amount,
            at_ms: pile.until_ms,
            ..Trace::default()
        },
        deeds::Trace::Built(built) => Trace {
            id,
            kind: TraceKind::Built as u8,
            x: built.x,
            y: built.y,
            name: built.kind.0.clone(),
            owner: built.owner,
            at_ms: built.until_ms,
            holds: built.bag.iter().map(|(item, amount)| heap(&item.0, amount)).collect(),
            ..Trace::default()
        },
    }
}

fn refusal(code: Code) -> DeedReply {
    let retry_after_ms = if code == Code::Busy { 50 } else { 0 };
    DeedReply { code: code as u16, meaning: code.meaning() as u8, retry_after_ms, ..DeedReply::default() }
}

fn reply_of(kept: &serde_json::Value) -> DeedReply {
    let kept: deeds::KeptReceipt = serde_json::from_value(kept.clone()).expect("as it was kept");
    let heaps = |of: &[deeds::tables::Stack]| of.iter().map(|(item, n)| heap(&item.0, *n)).collect();
    let (gained, lost) = (heaps(&kept.gained), heaps(&kept.lost));
    DeedReply { gained, lost, made: kept.trace.iter().map(|id| id.0).collect(), ..DeedReply::default() }
}
