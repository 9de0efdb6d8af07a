//! Orders: what a player writes behind a `/`, as words, and as deeds once it is known what is near.
//!
//! Reading words is pure, and so is finding what they mean in a [`Scene`]. Whether a thing may be done is for the server
//! to say; only what nobody could mean is refused here, with words that say what would be understood.

use client::deed::{self, At};
use protocol::things::{Agree, Deed, Heap, Offer, Offered, Trace, TraceKind};
use world::island::PropKind;
use world::{Chunk, EntityId, Position, UNITS_PER_METRE};

use super::app::App;
use super::land::Land;
use super::sight::{Sight, Thing, printable};

/// How far somebody looks for what an order is about: 6 m. Hands reach less far; the server says so.
pub const NEAR_UNITS: u32 = 6 * UNITS_PER_METRE as u32;

/// Each order with its words, for the help.
pub const ORDERS: [(&str, &str); 17] = [
    ("/gather [N]", "take N units of the nearest tree, bush or stone (also: e)"),
    ("/drop ITEM [N|all]", "put it on the ground where you stand"),
    ("/pickup", "take up what lies nearest"),
    ("/eat ITEM [N]", "eat"),
    ("/craft RECIPE [N]", "make something by a recipe, at the nearest building if need be"),
    ("/build BUILDING", "build in front of you, such as a chest"),
    ("/dismantle", "take the nearest building down"),
    ("/put ITEM [N|all]", "put it into the nearest chest"),
    ("/take ITEM [N]", "take it out of the nearest chest"),
    ("/give WHO ITEM [N]", "give it to somebody near"),
    ("/offer WHO ITEM N for ITEM N", "offer a trade; leave out what follows `for` to ask for nothing"),
    ("/agree", "agree to the offer that you heard last"),
    ("/claim", "make the chunk where you stand yours"),
    ("/share WHO ROLE", "let somebody use your land here: none, guest, builder or steward"),
    ("/upkeep [N]", "pay N periods for the land here"),
    ("/abandon", "give the land here up"),
    ("/look", "what lies and stands near"),
];

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Take of what is nearest.
    Gather(u32),
    /// Put down; `None`: all.
    Drop(String, Option<u32>),
    /// Take up what lies nearest.
    PickUp,
    /// Eat.
    Eat(String, u32),
    /// Make.
    Craft(String, u32),
    /// Build.
    Build(String),
    /// Take down the nearest building.
    Dismantle,
    /// Put into the nearest chest; `None`: all.
    Put(String, Option<u32>),
    /// Take out of it.
    Take(String, u32),
    /// Give to somebody.
    Give(String, String, u32),
    /// Offer a trade.
    Offer(String, Vec<Heap>, Vec<Heap>),
    /// Agree to the last offer.
    Agree,
    /// Claim the ground.
    Claim,
    /// Share it.
    Share(String, u8),
    /// Keep it up.
    Upkeep(u32),
    /// Give it up.
    Abandon,
    /// Tell what is near.
    Look,
    /// Tell what can be ordered.
    Help,
}

/// What an order comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deal {
    /// A deed.
    Deed(Deed),
    /// An offer.
    Offer(Offer),
    /// An agreement.
    Agree(Agree),
    /// Something to tell the player.
    Tell(Vec<String>),
}

/// What is near somebody who orders something.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// Where they stand.
    pub at: Position,
    /// The place in front of them.
    pub ahead: Position,
    /// What they have.
    pub bag: Vec<Heap>,
    /// The natural props that are near, the nearest first: what they are, and where.
    pub props: Vec<(String, Chunk, u16, Position)>,
    /// Piles and buildings that are near, the nearest first.
    pub traces: Vec<(Chunk, Trace)>,
    /// Others by name.
    pub people: Vec<(String, EntityId)>,
    /// The parcel where they stand.
    pub land: Option<String>,
    /// The offer that was heard last.
    pub offered: Option<Offered>,
}

impl Order {
    /// Reads what stands behind the `/`.
    ///
    /// # Errors
    /// What would have been understood, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let Some((verb, rest)) = words.split_first() else { return Ok(Self::Help) };
        let item = |n: usize| rest.get(n).map(|item| (*item).to_owned()).ok_or_else(|| usage(verb));
        let amount = |n: usize| rest.get(n).map_or(Ok(1), |n| number(n, verb));
        let some = |n: usize| match rest.get(n) {
            Some(&"all") => Ok(None),
            _ => amount(n).map(Some),
        };
        let (order, most) = match *verb {
            "gather" => (Self::Gather(amount(0)?), 1),
            "drop" => (Self::Drop(item(0)?, some(1)?), 2),
            "pickup" | "pick" => (Self::PickUp, 1),
            "eat" => (Self::Eat(item(0)?, amount(1)?), 2),
            "craft" => (Self::Craft(item(0)?, amount(1)?), 2),
            "build" => (Self::Build(item(0)?), 1),
            "dismantle" => (Self::Dismantle, 0),
            "put" => (Self::Put(item(0)?, some(1)?), 2),
            "take" => (Self::Take(item(0)?, amount(1)?), 2),
            "give" => (Self::Give(item(0)?, item(1)?, amount(2)?), 3),
            "offer" => (offer(rest)?, usize::MAX),
            "agree" => (Self::Agree, 0),
            "claim" => (Self::Claim, 0),
            "share" => (Self::Share(item(0)?, role(rest.get(1).copied())?), 2),
            "upkeep" => (Self::Upkeep(amount(0)?), 1),
            "abandon" => (Self::Abandon, 0),
            "look" => (Self::Look, 0),
            "help" => (Self::Help, 0),
            _ => return Err(format!("there is no /{verb}; /help tells what there is")),
        };
        if rest.len() > most { Err(usage(verb)) } else { Ok(order) }
    }

    /// What it comes to in a scene.
    ///
    /// # Errors
    /// What is missing for it, in words.
    pub fn deal(self, scene: &Scene) -> Result<Deal, String> {
        let deed = match self {
            Self::Gather(units) => {
                let (_, chunk, prop, _) =
                    scene.props.first().ok_or("nothing grows or lies near that could be taken")?;
                deed::gather(*chunk, *prop, units)
            }
            Self::Drop(item, amount) => deed::drop(&item, scene.amount(&item, amount)),
            Self::PickUp => {
                let (at, pile) = scene.nearest(TraceKind::Pile).ok_or("nothing lies near")?;
                deed::pick_up(at, &pile.name, pile.amount)
            }
            Self::Eat(item, amount) => deed::eat(&item, amount),
            Self::Craft(recipe, times) => {
                deed::craft(&recipe, times, scene.nearest(TraceKind::Built).map(|(at, _)| at))
            }
            Self::Build(building) => deed::build(&building, scene.ahead),
            Self::Dismantle => deed::dismantle(scene.building()?),
            Self::Put(item, amount) => deed::put_in(scene.building()?, &item, scene.amount(&item, amount)),
            Self::Take(item, amount) => deed::take_out(scene.building()?, &item, amount),
            Self::Give(who, item, amount) => deed::give(scene.somebody(&who)?, &item, amount),
            Self::Offer(who, gives, takes) => {
                return Ok(Deal::Offer(Offer { to: scene.somebody(&who)?.0, gives, takes }));
            }
            Self::Agree => {
                let offered = scene.offered.as_ref().ok_or("nobody has offered you anything")?;
                return Ok(Deal::Agree(Agree { by: offered.by, number: offered.number }));
            }
            Self::Claim => deed::claim(&[scene.at.chunk()]),
            Self::Share(who, role) => deed::share(scene.parcel()?, scene.somebody(&who)?, role),
            Self::Upkeep(periods) => deed::upkeep(scene.parcel()?, periods),
            Self::Abandon => deed::abandon(scene.parcel()?),
            Self::Look => return Ok(Deal::Tell(scene.told())),
            Self::Help => return Ok(Deal::Tell(Vec::new())),
        };
        Ok(Deal::Deed(deed))
    }
}

impl Scene {
    /// What is near the player.
    pub fn of(app: &App, sight: &Sight, land: &Land) -> Self {
        let Some((at, motion)) = sight.me else { return Self::default() };
        let (dx, dy) = motion.heading.direction();
        // One metre: hands reach it, and nobody builds on his own feet. Directions are in parts of 4096.
        let ahead = at.offset(dx * UNITS_PER_METRE / 4096, dy * UNITS_PER_METRE / 4096);
        let near = |place: Position| at.distance(place) <= NEAR_UNITS;
        let mut props: Vec<(String, Chunk, u16, Position)> = Vec::new();
        for (chunk, ground) in land.known() {
            let of_chunk = ground.props.iter().map(|prop| (name(prop.kind), chunk, prop.index, prop.position(chunk)));
            props.extend(of_chunk.filter(|(.., place)| near(*place)));
        }
        props.sort_by_key(|(_, chunk, index, place)| (at.distance(*place), *chunk, *index));
        let mut things: Vec<&Thing> = sight.things.iter().filter(|thing| near(thing.at())).collect();
        things.sort_by_key(|thing| (at.distance(thing.at()), thing.trace.id));
        Self {
            at,
            ahead,
            bag: sight.bag.clone(),
            props,
            traces: things.into_iter().map(|thing| (thing.chunk, thing.trace.clone())).collect(),
            people: sight.people.iter().map(|person| (person.name.clone(), person.entity)).collect(),
            land: sight.parcel.clone(),
            offered: app.offered.clone(),
        }
    }

    /// What is near, in words, the nearest first.
    pub fn told(&self) -> Vec<String> {
        let metres = |place: Position| f64::from(self.at.distance(place)) / f64::from(UNITS_PER_METRE);
        let props = self.props.iter().map(|(name, .., place)| (metres(*place), name.clone()));
        let traces = self.traces.iter().map(|(_, trace)| {
            let holds: Vec<String> = trace.holds.iter().map(in_words).collect();
            let what = match trace.kind {
                kind if kind == TraceKind::Pile as u8 => format!("{} {}", trace.amount, trace.name),
                _ if holds.is_empty() => trace.name.clone(),
                _ => format!("{} with {}", trace.name, holds.join(", ")),
            };
            (metres(Position::new(trace.x, trace.y)), what)
        });
        let mut all: Vec<(f64, String)> = props.chain(traces).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut told: Vec<String> = all.into_iter().take(8).map(|(m, what)| format!("{m:.1} m  {what}")).collect();
        told.extend(self.land.iter().map(|land| format!("this is land {land}")));
        if told.is_empty() {
            told.push("nothing is near".to_owned());
        }
        told
    }

    fn amount(&self, item: &str, amount: Option<u32>) -> u32 {
        let all = || self.bag.iter().find(|heap| heap.item == item).map_or(1, |heap| heap.amount);
        amount.unwrap_or_else(all)
    }

    fn nearest(&self, kind: TraceKind) -> Option<(At, &Trace)> {
        let (chunk, trace) = self.traces.iter().find(|(_, trace)| trace.kind == kind as u8)?;
        Some((At { chunk: *chunk, trace: trace.id }, trace))
    }

    fn building(&self) -> Result<At, String> {
        self.nearest(TraceKind::Built).map(|(at, _)| at).ok_or_else(|| "no building is near".to_owned())
    }

    fn somebody(&self, name: &str) -> Result<EntityId, String> {
        let found = self.people.iter().find(|(known, _)| known == name).map(|(_, entity)| *entity);
        found.ok_or_else(|| format!("nobody named {name} is in view"))
    }

    fn parcel(&self) -> Result<&str, String> {
        self.land.as_deref().ok_or_else(|| "this ground is nobody's; /claim makes it yours".to_owned())
    }
}

/// So many of an item, in words.
pub fn in_words(heap: &Heap) -> String {
    format!("{} {}", heap.amount, printable(&heap.item))
}

/// All of a list, in words.
pub fn all_in_words(heaps: &[Heap]) -> String {
    let words: Vec<String> = heaps.iter().map(in_words).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

/// The kind of a prop as tables write it: `berry-bush`.
fn name(kind: PropKind) -> String {
    let mut name = String::new();
    for c in format!("{kind:?}").chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

fn usage(verb: &str) -> String {
    let known = ORDERS.iter().find(|(words, _)| words[1..].split(' ').next() == Some(verb));
    known.map_or_else(|| "/help tells what there is".to_owned(), |(words, _)| format!("say {words}"))
}

fn number(text: &str, verb: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("{text} is no number; {}", usage(verb)))
}

fn role(word: Option<&str>) -> Result<u8, String> {
    match word {
        Some("none") => Ok(0),
        Some("guest") => Ok(1),
        Some("builder") => Ok(2),
        Some("steward") => Ok(3),
        Some(_) | None => Err(usage("share")),
    }
}

/// `WHO ITEM N ITEM N for ITEM N`
fn offer(words: &[&str]) -> Result<Order, String> {
    let (who, rest) = words.split_first().ok_or_else(|| usage("offer"))?;
    let mut sides = rest.split(|word| *word == "for");
    let gives = heaps(sides.next().unwrap_or_default())?;
    let takes = heaps(sides.next().unwrap_or_default())?;
    if sides.next().is_some() || (gives.is_empty() && takes.is_empty()) {
        return Err(usage("offer"));
    }
    Ok(Order::Offer((*who).to_owned(), gives, takes))
}

fn heaps(words: &[&str]) -> Result<Vec<Heap>, String> {
    let heap = |pair: &[&str]| match pair {
        [item, amount] => Ok(Heap { item: (*item).to_owned(), amount: number(amount, "offer")? }),
        _ => Err(usage("offer")),
    };
    words.chunks(2).map(heap).collect()
}

#[cfg(test)]
#[path = "orders_tests.rs"]
mod tests;
