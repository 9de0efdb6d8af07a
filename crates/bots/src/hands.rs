//! What a bot's client is made to do and see of things: a sight put together for the mind, its acts carried out, answers
//! written down.

use std::collections::BTreeMap;
use std::rc::Rc;

use client::tcp::Driver;
use client::{Client, ClientInput, Outcome, Performed};
use protocol::things::Deed;
use tokio::time::Instant;
use world::island::Prop;
use world::{Baseline, Chunk, EntityId, Position, UNITS_PER_METRE};

use crate::behaviour::Act;
use crate::board::Board;
use crate::deeds_told::Who;
use crate::folk::Sight;

/// How far others are seen for dealings: 60 m, beyond which nobody goes to anybody.
const PEOPLE_UNITS: u32 = 60 * UNITS_PER_METRE as u32;
/// Others that a mind is shown.
const PEOPLE: usize = 16;
/// Ids of which it is remembered what was said under them.
const SAID: usize = 256;

/// Natural props by the content hash of their baseline, shared by all bots.
pub(crate) type Grounds = BTreeMap<u64, Rc<[Prop]>>;

/// What was said under an id.
#[derive(Clone, Debug)]
struct Said {
    deed: Deed,
    at: Instant,
    answered: bool,
}

/// One bot's deeds.
#[derive(Debug, Default)]
pub(crate) struct Hands {
    said: BTreeMap<u32, Said>,
    asked_at: Option<Instant>,
}

/// What a [`Sight`] borrows.
pub(crate) struct Around {
    grounds: Vec<(Chunk, Rc<[Prop]>)>,
    people: Vec<(EntityId, Position)>,
}

impl Around {
    /// What a client has around.
    pub(crate) fn of(driver: &Driver, grounds: &mut Grounds) -> Option<Self> {
        let client = driver.client();
        let at = client.position(driver.now())?;
        let picture = client.picture()?;
        let mut around = Self { grounds: Vec::new(), people: Vec::new() };
        for chunk in at.chunk().around(1) {
            let Some(view) = picture.chunk(chunk) else { continue };
            if let Some(props) = props(client, view.baseline, grounds) {
                around.grounds.push((chunk, props));
            }
        }
        let (tick, pace) = (client.server_tick(driver.now())?, client.prediction()?.pace());
        let others = picture.entities().filter(|ghost| ghost.entity != picture.me() && ghost.look.kind == 0);
        let places = others.map(|ghost| (ghost.entity, ghost.segment.at(tick, pace)));
        around.people.extend(places.filter(|(_, place)| at.distance(*place) <= PEOPLE_UNITS));
        around.people.sort_unstable_by_key(|(who, place)| (at.distance(*place), *who));
        around.people.truncate(PEOPLE);
        Some(around)
    }

    /// As a mind sees it.
    pub(crate) fn sight<'a>(&'a self, driver: &'a Driver, home: Position, stopped: bool) -> Option<Sight<'a>> {
        let client = driver.client();
        Some(Sight {
            now_ms: client.clock()?.at(driver.now()).0,
            me: client.entity()?,
            at: client.position(driver.now())?,
            home,
            stopped,
            bag: client.bag(),
            pages: client.picture().map(client::Picture::pages),
            grounds: &self.grounds,
            people: &self.people,
        })
    }
}

fn props(client: &Client, hash: u64, grounds: &mut Grounds) -> Option<Rc<[Prop]>> {
    if let Some(props) = grounds.get(&hash) {
        return Some(Rc::clone(props));
    }
    let ground = Baseline::decode(client.baselines().get(hash)?).ok()?;
    let props: Rc<[Prop]> = ground.props.into();
    grounds.insert(hash, Rc::clone(&props));
    Some(props)
}

impl Hands {
    /// Carries out an act.
    pub(crate) fn act(&mut self, driver: &mut Driver, act: &Act, board: &mut Board) {
        match act {
            Act::Nothing => {}
            Act::Steer(motion) => driver.handle(ClientInput::Steer(*motion)),
            Act::Claim(at, motion) => driver.handle(ClientInput::Claim(*at, *motion)),
            Act::Say(line) => driver.handle(ClientInput::Speak(line)),
            Act::Dress(tint) => driver.handle(ClientInput::Dress(*tint)),
            Act::Do(deed) => self.begin(driver, deed),
            Act::Twice(deed) => {
                let request = driver.client().requests().next_id();
                self.begin(driver, deed);
                self.say(request, deed);
                driver.handle(ClientInput::DeedAs { request, deed });
            }
            Act::DoAs { request, deed } => {
                self.say(*request, deed);
                driver.handle(ClientInput::DeedAs { request: *request, deed });
            }
            Act::Offer(offer) => {
                board.told.offered();
                driver.handle(ClientInput::Offer(offer));
            }
            Act::Agree(agree) => {
                board.told.agreed();
                driver.handle(ClientInput::Agree(*agree));
            }
            Act::Elsewhere => driver.handle(ClientInput::Elsewhere),
        }
    }

    /// An answer came: it is written down.
    pub(crate) fn performed(&mut self, who: &Who, told: &Performed, board: &mut Board) {
        if told.deed.is_some()
            && let Some(asked_at) = self.asked_at.take()
        {
            board.told.took(asked_at.elapsed());
        }
        if told.outcome == Outcome::NotSent {
            return told.deed.iter().for_each(|_| board.told.not_sent());
        }
        if let Some(deed) = &told.deed {
            self.say(told.request, deed);
        }
        let said = self.said.get_mut(&told.request);
        let again = said.as_ref().is_some_and(|said| said.answered);
        let deed = said.map(|said| {
            said.answered = true;
            said.deed.clone()
        });
        if let Some(deed) = deed.or_else(|| told.deed.clone()) {
            board.told.performed(who, told, &deed, again);
        }
    }

    /// Writes down what has no answer.
    pub(crate) fn end(&mut self, who: &Who, client: &Client, board: &mut Board) {
        for (request, deed) in client.requests().pending() {
            self.say(request, deed);
        }
        for (request, said) in self.said.iter().filter(|(_, said)| !said.answered) {
            board.told.unanswered(who, *request, &said.deed);
        }
    }

    fn begin(&mut self, driver: &mut Driver, deed: &Deed) {
        self.asked_at = Some(Instant::now());
        driver.handle(ClientInput::Deed(deed));
    }

    /// Remembers what was said first under an id.
    fn say(&mut self, request: u32, deed: &Deed) {
        self.said.entry(request).or_insert_with(|| Said { deed: deed.clone(), at: Instant::now(), answered: false });
        while self.said.len() > SAID {
            let oldest = self.said.iter().filter(|(_, said)| said.answered).min_by_key(|(_, said)| said.at);
            let Some(oldest) = oldest.map(|(request, _)| *request).or_else(|| self.said.keys().next().copied()) else {
                break;
            };
            self.said.remove(&oldest);
        }
    }
}
