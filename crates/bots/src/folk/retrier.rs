//! Says everything at least twice under the same id, also at another node, and now and then something else under an id
//! that was used. The same request must get the same answer, and another one under its id must be refused.

use std::collections::VecDeque;
use std::sync::Arc;

use client::{Outcome, Performed, Receipt};
use deeds::tables::Tables;
use protocol::Code;
use protocol::things::Deed;

use super::gathering::{Gathering, legs};
use super::legs::Legs;
use super::{Doing, Sight, Wrong, is_own, refused};
use crate::behaviour::{Act, draw};
use crate::config;
use crate::random::Random;

/// Requests whose answers are remembered. Servers remember 16 of an avatar.
const KNOWN: usize = 24;
/// How long an answer to something said again is awaited, in milliseconds: with a connection it may be lost.
const PATIENCE_MS: u64 = 8_000;
/// Items with which it begins to drop.
const LOAD: u64 = 12;
/// What a request that was done may be answered besides the same.
const EXCUSES: [Code; 4] = [Code::TooOld, Code::RateLimited, Code::StoreUnavailable, Code::TooManyRequests];
/// What another request under its id may be answered.
const REUSED: [Code; 5] =
    [Code::IdReused, Code::TooOld, Code::RateLimited, Code::StoreUnavailable, Code::TooManyRequests];

#[derive(Clone, Debug)]
struct Known {
    request: u32,
    deed: Deed,
    receipt: Receipt,
}

/// What it wants to do with a request that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Go to another node.
    Elsewhere,
    /// Say it again.
    Same,
    /// Say something else under its id.
    Other,
}

#[derive(Clone, Debug)]
pub(crate) struct Retrier {
    config: config::Retrier,
    legs: Legs,
    gathering: Gathering,
    known: VecDeque<Known>,
    plans: VecDeque<(u32, Next)>,
    /// What was said again and is not answered: the request, whether it was something else, and until when to wait.
    said: Option<(u32, Next, u64)>,
    waits: bool,
    fresh: Option<u32>,
}

impl Retrier {
    pub(super) fn new(config: config::Retrier, tables: Arc<Tables>) -> Self {
        let legs = legs(config.gait, config.radius_m);
        let gathering = Gathering::new(tables, config.units);
        let (known, plans) = (VecDeque::new(), VecDeque::new());
        Self { config, legs, gathering, known, plans, said: None, waits: false, fresh: None }
    }

    pub(super) fn act(&mut self, sight: &Sight<'_>, random: &mut Random) -> Doing {
        self.said.take_if(|(.., until_ms)| *until_ms <= sight.now_ms);
        if self.said.is_some() || self.waits || self.gathering.waits {
            return Doing::nothing();
        }
        if let Some(request) = self.fresh.take() {
            self.plan(request, random);
        }
        if let Some((request, next)) = self.plans.pop_front() {
            return self.again(sight, request, next);
        }
        if sight.load() >= LOAD
            && let Some(heap) = random.pick(sight.items())
        {
            self.waits = true;
            return Doing::now(Act::Twice(client::deed::drop(&heap.item, heap.amount)));
        }
        let doing = self.gathering.next(&mut self.legs, sight, None, random);
        match doing.act {
            Act::Do(deed) => Doing { act: Act::Twice(deed), ..doing },
            _ => doing,
        }
    }

    pub(super) fn performed(&mut self, told: &Performed, wrongs: &mut Vec<Wrong>) {
        self.gathering.performed(told);
        self.gathering.is_full = false;
        if let (true, Some(deed)) = (is_own(told), &told.deed) {
            self.waits = false;
            if told.outcome == Outcome::Done {
                self.remember(Known { request: told.request, deed: deed.clone(), receipt: told.receipt.clone() });
            }
            return;
        }
        let said = self.said.take_if(|(request, ..)| *request == told.request);
        let Some(known) = self.known.iter().find(|known| known.request == told.request) else { return };
        match said {
            Some((_, Next::Other, _)) => judge_other(known, told, wrongs),
            Some(_) | None => judge_same(known, told, wrongs),
        }
    }

    fn remember(&mut self, known: Known) {
        if self.known.len() == KNOWN {
            self.known.pop_front();
        }
        self.fresh = Some(known.request);
        self.known.push_back(known);
    }

    fn plan(&mut self, request: u32, random: &mut Random) {
        if random.percent(self.config.elsewhere_percent) {
            self.plans.push_back((request, Next::Elsewhere));
        }
        let repeats = draw(random, self.config.repeats);
        (0..repeats).for_each(|_| self.plans.push_back((request, Next::Same)));
        // One of long ago, too.
        let old: Vec<u32> = self.known.iter().map(|known| known.request).collect();
        self.plans.extend(random.pick(&old).map(|request| (*request, Next::Same)));
        if random.percent(self.config.other_content_percent) {
            self.plans.push_back((request, Next::Other));
        }
    }

    fn again(&mut self, sight: &Sight<'_>, request: u32, next: Next) -> Doing {
        let Some(known) = self.known.iter().find(|known| known.request == request) else { return Doing::nothing() };
        let deed = match next {
            Next::Elsewhere => return Doing::now(Act::Elsewhere),
            Next::Same => known.deed.clone(),
            Next::Other => client::deed::eat("berry", request),
        };
        self.said = Some((request, next, sight.now_ms + PATIENCE_MS));
        Doing::now(Act::DoAs { request, deed })
    }
}

fn judge_same(known: &Known, told: &Performed, wrongs: &mut Vec<Wrong>) {
    let request = known.request;
    match told.outcome {
        Outcome::Done if told.receipt == known.receipt => {}
        Outcome::Done => {
            let what = format!("request {request} was answered {:?}, then {:?}", known.receipt, told.receipt);
            wrongs.push(Wrong::new(Wrong::TWO_ANSWERS, what));
        }
        Outcome::Refused { code, .. } if !excused(told, &EXCUSES) => {
            let what = format!("request {request} was done, then refused: {}", client::event::label(code));
            wrongs.push(Wrong::new(Wrong::TWO_ANSWERS, what));
        }
        Outcome::Refused { .. } | Outcome::NotSent => {}
    }
}

fn judge_other(known: &Known, told: &Performed, wrongs: &mut Vec<Wrong>) {
    let request = known.request;
    match told.outcome {
        Outcome::Done => {
            let what = format!("something else under request {request} was done: {:?}", told.receipt);
            wrongs.push(Wrong::new(Wrong::ID_REUSED, what));
        }
        Outcome::Refused { code, .. } if !excused(told, &REUSED) => {
            let what = format!("something else under request {request} was refused: {}", client::event::label(code));
            wrongs.push(Wrong::new(Wrong::CODE, what));
        }
        Outcome::Refused { .. } | Outcome::NotSent => {}
    }
}

fn excused(told: &Performed, excuses: &[Code]) -> bool {
    refused(told).and_then(Code::from_number).is_some_and(|code| excuses.contains(&code))
}
