//! Those who come by: they look at documents now and then, free them of intents whose time is over, and sweep tombstones;
//! some do not wait for any time to be over. They also notice what stands for too long.

use std::collections::BTreeMap;

use store::commit::{Answer, Ask, Effect, Input, Machine, Patience, Resolver, Steps, Sweeper, Terms};
use store::{Document, Key, MemoryStore};
use world::Millis;

/// Milliseconds between two looks.
const LOOK_MS: u64 = 500;
/// Milliseconds for which an intent may stand in quiet times: its deadline, two looks, and a few answers of the store.
const INTENT_BOUND_MS: u64 = 2_000 + 2 * LOOK_MS + 1_500;

enum Passer {
    Resolver(Machine<Resolver>),
    Sweeper(Machine<Sweeper>),
}

pub struct Passers {
    terms: Terms,
    next_look: Millis,
    looks: u64,
    last: u64,
    passing: BTreeMap<u64, (Key, Passer)>,
    /// Since when an intent stands.
    intents: BTreeMap<(Key, String), Millis>,
    quiet_from: Millis,
    wrong: Option<String>,
}

impl Passers {
    pub fn new(begin: Millis, quiet_from: Millis, terms: Terms) -> Self {
        let (passing, intents) = (BTreeMap::new(), BTreeMap::new());
        Self { terms, next_look: begin + LOOK_MS, looks: 0, last: 0, passing, intents, quiet_from, wrong: None }
    }

    pub fn next_wakeup(&self) -> Millis {
        let waiting = self.passing.values().filter_map(|(_, passer)| match passer {
            Passer::Resolver(machine) => machine.next_wakeup(),
            Passer::Sweeper(machine) => machine.next_wakeup(),
        });
        waiting.map(|(at, _)| at).chain([self.next_look]).min().unwrap_or(self.next_look)
    }

    pub fn wrong(&mut self) -> Option<String> {
        self.wrong.take()
    }

    pub fn what_is_left(&self) -> String {
        format!("intents {:?}", self.intents.keys())
    }

    /// Whether anything still waits for somebody to come by.
    pub fn are_needed(&self, memory: &MemoryStore) -> bool {
        let resolving = self.passing.values().any(|(_, passer)| matches!(passer, Passer::Resolver(_)));
        resolving || memory.dump().iter().any(|(_, document)| intent(document).is_some())
    }

    /// Looks around, if it is time.
    pub fn act(&mut self, now: Millis, race: bool, memory: &MemoryStore) -> Vec<(u64, Ask)> {
        let mut out = Vec::new();
        for n in self.passing.keys().copied().collect::<Vec<_>>() {
            match self.passing.get_mut(&n) {
                Some((_, Passer::Resolver(machine))) => machine.handle(now, Input::Wake),
                Some((_, Passer::Sweeper(machine))) => machine.handle(now, Input::Wake),
                None => {}
            }
            out.extend(self.drain(n));
        }
        if now >= self.next_look {
            self.next_look = now + LOOK_MS;
            self.looks += 1;
            out.extend(self.look(now, race, &memory.dump()));
        }
        out
    }

    pub fn answer(&mut self, now: Millis, n: u64, answer: Answer) -> Vec<(u64, Ask)> {
        match self.passing.get_mut(&n) {
            Some((_, Passer::Resolver(machine))) => machine.handle(now, Input::Answer(answer)),
            Some((_, Passer::Sweeper(machine))) => machine.handle(now, Input::Answer(answer)),
            None => {}
        }
        self.drain(n)
    }

    fn look(&mut self, now: Millis, race: bool, documents: &[(Key, Document)]) -> Vec<(u64, Ask)> {
        let stand: Vec<(Key, String)> =
            documents.iter().filter_map(|(key, document)| Some((key.clone(), intent(document)?.to_owned()))).collect();
        self.intents.retain(|known, _| stand.contains(known));
        let mut out = Vec::new();
        for (key, txn) in stand {
            let since = *self.intents.entry((key.clone(), txn.clone())).or_insert(now);
            if now.since(since.max(self.quiet_from)) > INTENT_BOUND_MS && now > self.quiet_from {
                self.wrong = Some(format!("an intent of {txn} stands on {key} for too long"));
            }
            // Two who do not know of each other; one of them is in a hurry.
            let hurried = race && self.looks.is_multiple_of(3);
            let patience = if hurried { Patience::None } else { Patience::Deadline };
            for patience in [patience, Patience::Deadline] {
                let resolver = Resolver::new(self.terms, key.clone(), patience);
                out.extend(self.begin(&key, Passer::Resolver(Machine::new(now, resolver))));
            }
        }
        let tombstones = documents.iter().filter(|(_, document)| document.fields().contains_key("gone"));
        for (key, _) in tombstones {
            let swept =
                self.passing.values().any(|(other, passer)| other == key && matches!(passer, Passer::Sweeper(_)));
            if !swept {
                let sweeper = Sweeper::new(self.terms, key.clone());
                out.extend(self.begin(key, Passer::Sweeper(Machine::new(now, sweeper))));
            }
        }
        out
    }

    fn begin(&mut self, key: &Key, passer: Passer) -> Option<(u64, Ask)> {
        // At most two of each at a document.
        let there = self.passing.values().filter(|(other, _)| other == key).count();
        if there >= 4 {
            return None;
        }
        self.last += 1;
        self.passing.insert(self.last, (key.clone(), passer));
        self.drain(self.last).pop()
    }

    fn drain(&mut self, n: u64) -> Vec<(u64, Ask)> {
        let asked = match self.passing.get_mut(&n) {
            Some((_, Passer::Resolver(machine))) => effect(machine),
            Some((_, Passer::Sweeper(machine))) => effect(machine),
            None => None,
        };
        match asked {
            None => Vec::new(),
            Some(Some(ask)) => vec![(n, ask)],
            Some(None) => {
                self.passing.remove(&n);
                Vec::new()
            }
        }
    }
}

/// What a machine wants: `Some(None)` is its end.
fn effect<S: Steps>(machine: &mut Machine<S>) -> Option<Option<Ask>> {
    match machine.poll_effect()? {
        Effect::Store(ask) => Some(Some(ask)),
        Effect::Done(_) => Some(None),
    }
}

/// The transaction that waits on a document.
fn intent(document: &Document) -> Option<&str> {
    document.fields().get("intent")?.get("txn")?.as_str()
}
