//! A trade through the commit protocol, asked for by somebody who wants more than was agreed to.

use deeds::{Actor, Consent, KeptReceipt, Partner, Performance, Spent};
use protocol::Code;
use store::commit::{Answer, Asked, Attempt, Effect, Input, Machine, Outcome, Raised, Raiser, Right, Steps, Terms};
use store::{Holder, Holding, MemoryStore, Request, Upcasters};
use world::{Epoch, Millis};

use super::play::{records, rules};
use super::wishes::{NAMES, PLACE, Wish, endowed, entity, partner, trade};
use crate::fixture::BEGINNING;

const NOW: Millis = Millis(BEGINNING.0 + 200_000);

struct Market {
    memory: MemoryStore,
    ada: Holding,
    bob: Holding,
    tries: u64,
}

impl Market {
    fn new() -> Self {
        let memory = MemoryStore::new();
        for (key, document) in endowed() {
            memory.apply(Request::Insert { key, document });
        }
        let (ada, bob) = (raise(&memory, 0, "one"), raise(&memory, 1, "two"));
        Self { memory, ada, bob, tries: 0 }
    }

    /// The attempt at a trade that ada asks for, with what bob is said to have agreed to.
    fn attempt(&mut self, wish: &Wish, agreed: Option<Spent>) -> Machine<Attempt<Performance>> {
        let actor = Actor { name: NAMES[0].into(), entity: entity(0), place: PLACE };
        let partner = Partner { agreed, ..partner(1, wish, None) };
        let (deed, args) = (wish.deed.to_owned(), wish.args.clone());
        let command = Performance { rules: rules(), deed, args, actor, partner: Some(partner) };
        let asked = Asked { request: wish.request, content: 0, command, age: NOW };
        self.tries += 1;
        Machine::new(NOW, Attempt::new(NOW, Terms::default(), self.ada.clone(), 100 * self.tries, asked))
    }

    fn ask(&mut self, wish: &Wish, agreed: Option<Spent>) -> Outcome {
        let attempt = self.attempt(wish, agreed);
        drive(&self.memory, attempt, |_| {})
    }

    /// Wood of ada and flint of bob.
    fn goods(&self) -> (u32, u32) {
        let held = |holding: &Holding, item: &str| {
            let body = records(&self.memory)[&holding.actor].body.clone().expect("an avatar");
            body.read::<deeds::Belongings>(1).expect("readable").bag.amount(&item.into())
        };
        (held(&self.ada, "wood"), held(&self.bob, "flint"))
    }
}

/// Drives a machine to its end; `before` comes before each of its requests.
fn drive<S: Steps>(memory: &MemoryStore, mut machine: Machine<S>, mut before: impl FnMut(usize)) -> S::Output {
    let mut now = NOW;
    for step in 0.. {
        before(step);
        match machine.poll_effect() {
            Some(Effect::Done(output)) => return output,
            Some(Effect::Store(ask)) => {
                let reply = memory.apply(ask.request().expect("a record is JSON"));
                machine.handle(now, Input::Answer(Answer::of(&Upcasters::default(), ask.key(), reply)));
            }
            None => {
                now = machine.next_wakeup().expect("it waits for something").0;
                machine.handle(now, Input::Wake);
            }
        }
    }
    unreachable!()
}

fn raise(memory: &MemoryStore, who: usize, holder: &str) -> Holding {
    let key = deeds::avatar_key(NAMES[who]);
    let raiser = Raiser::new(Terms::default(), key, Holder::new(holder), Right::Login { create: None });
    match drive(memory, Machine::new(NOW, raiser), |_| {}) {
        Raised::Mine(holding, _) => holding,
        other => panic!("{other:?}"),
    }
}

fn wish(request: u32) -> Wish {
    trade(0, request, 1, ("wood", 2), ("flint", 3))
}

fn consent(request: u32, epoch: Epoch) -> Option<Spent> {
    wish(request).bargain.map(|bargain| Spent { consent: Consent { bargain, epoch }, request })
}

const REFUSED: Outcome = Outcome::Refused(Code::NoConsent as u16);

#[test]
fn one_consent_is_one_trade_however_often_it_is_asked_for() {
    let mut market = Market::new();
    let agreed = consent(1, market.bob.epoch);
    assert_eq!(market.ask(&wish(1), None), REFUSED, "nobody agreed");
    assert!(matches!(market.ask(&wish(1), agreed.clone()), Outcome::Committed(_)));
    let Outcome::Repeated { code: 0, reply } = market.ask(&wish(1), agreed.clone()) else { panic!("not remembered") };
    let receipt: KeptReceipt = serde_json::from_value(reply).expect("a receipt");
    assert_eq!((receipt.gained, receipt.lost), (vec![("flint".into(), 3)], vec![("wood".into(), 2)]));
    assert!(matches!(market.ask(&wish(1), None), Outcome::Repeated { .. }), "what is done needs no consent");
    assert_eq!(market.ask(&wish(2), agreed), REFUSED, "another request");
    raise(&market.memory, 1, "bob again");
    assert_eq!(market.goods(), (28, 5));
}

#[test]
fn the_word_of_a_session_ends_with_it() {
    let mut market = Market::new();
    let agreed = consent(1, market.bob.epoch);
    raise(&market.memory, 1, "bob again");
    assert_eq!(market.ask(&wish(1), agreed), REFUSED);
    assert_eq!(market.goods(), (30, 8));
}

/// The other's session is replaced before any of the requests of the trade. From the commit on that is too late.
#[test]
fn a_session_that_is_replaced_during_the_trade_takes_its_word_back() {
    let mut committed = 0;
    for step in 0..8 {
        let mut market = Market::new();
        let agreed = consent(1, market.bob.epoch);
        let attempt = market.attempt(&wish(1), agreed);
        let memory = &market.memory;
        let outcome = drive(memory, attempt, |now| {
            if now == step {
                raise(memory, 1, "bob again");
            }
        });
        match outcome {
            Outcome::Committed(_) => {
                committed += 1;
                raise(memory, 1, "bob once more");
                assert_eq!(market.goods(), (28, 5), "step {step}: both have what they agreed to");
            }
            REFUSED => assert_eq!(market.goods(), (30, 8), "step {step}: nothing moved"),
            other => panic!("step {step}: {other:?}"),
        }
    }
    assert!((1..8).contains(&committed), "{committed} of 8 came after the commit");
}
