//! What happens in a play: who is there and wants what, how requests fare, and when sessions end.

use std::collections::BTreeMap;

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use store::commit::terms::WINDOW;
use store::{Document, Fate, Key};

use super::wishes::{NAMES, Wish, endowed, gift, trade, wish};

/// Seeded dice.
#[derive(Clone, Debug)]
pub struct Dice(Pcg64Mcg);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(Pcg64Mcg::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.0.next_u64()) * u128::from(bound)) >> 64) as u64
    }
}

/// Milliseconds after which a write that was answered `Unknown` has landed, or never will.
pub const LATEST_MS: u64 = 4_000;

/// Every way in which a request can go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    Slow,
    Conflict,
    /// Refused, and said so.
    NotApplied,
    /// Carried out, and nobody is told.
    AnswerLost,
    /// Neither carried out nor answered.
    Gone,
    /// Not answered, and carried out later.
    Late,
}

impl Fault {
    pub const ALL: [Self; 7] =
        [Self::None, Self::Slow, Self::Conflict, Self::NotApplied, Self::AnswerLost, Self::Gone, Self::Late];
    /// Those that differ for somebody who does not hear the answer.
    pub const UNHEARD: [Self; 3] = [Self::None, Self::Gone, Self::Late];

    pub fn fate(self, dice: &mut Dice) -> Fate {
        let soon = 1 + dice.below(12);
        let silence = 100 + dice.below(900);
        match self {
            Self::None => Fate::Pass { apply_after_ms: soon / 2, answer_after_ms: soon },
            Self::Slow => Fate::Pass { apply_after_ms: dice.below(1_000), answer_after_ms: 1_000 },
            Self::Conflict => Fate::Conflict { answer_after_ms: soon },
            Self::NotApplied => Fate::NotApplied { answer_after_ms: soon },
            Self::AnswerLost => Fate::Unknown { answer_after_ms: silence, apply_after_ms: Some(soon) },
            Self::Gone => Fate::Unknown { answer_after_ms: silence, apply_after_ms: None },
            Self::Late => {
                let late = 1 + dice.below(LATEST_MS - silence);
                Fate::Unknown { answer_after_ms: silence, apply_after_ms: Some(silence + late) }
            }
        }
    }
}

/// How a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its node dies, and the client goes to another.
    Dies,
    /// Its node dies, and the client stays away for long: only passers-by are there.
    DiesAlone,
    /// The client takes it for dead and goes to another node, while it works on.
    TakenForDead,
    /// It does not.
    GoesOn,
}

/// The session that is watched: what happens after so many of its requests to the store.
#[derive(Clone, Copy, Debug)]
pub struct Crash {
    /// Whose first session.
    pub who: usize,
    /// Its how many-th request, from 1, meets this.
    pub step: u32,
    pub fault: Fault,
    pub end: End,
}

/// What happens in a play.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    /// What is there in the beginning.
    pub documents: BTreeMap<Key, Document>,
    /// What each of [`NAMES`] wants.
    pub wishes: Vec<Vec<Wish>>,
    /// Wishes of one that are under way together.
    pub together: usize,
    /// Replies that a document remembers.
    pub window: usize,
    pub crash: Option<Crash>,
    /// Milliseconds of storm.
    pub storm_ms: u64,
    /// Of a thousand requests, so many meet a fault during the storm.
    pub faults_per_mille: u64,
    /// Of a thousand answers, so many are the last that their session hears during the storm.
    pub deaths_per_mille: u64,
}

impl Plan {
    /// Everybody wants many things at once while everything fails.
    pub fn storm(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let wishes = |who: usize| (1..=8).map(|request| wish(&mut dice, who, request)).collect();
        Self {
            seed,
            documents: endowed(),
            wishes: (0..NAMES.len()).map(wishes).collect(),
            together: 2,
            window: [WINDOW, 3][(seed % 2) as usize],
            crash: None,
            storm_ms: 12_000,
            faults_per_mille: 200,
            deaths_per_mille: 12,
        }
    }

    /// Two who do nothing but give to each other and trade, while everything fails.
    pub fn duel(seed: u64) -> Self {
        let mut dice = Dice::new(seed ^ 0xd0e1);
        let mut wishes = |who: usize| -> Vec<Wish> {
            let each = |request| match dice.below(3) {
                0 => trade(who, request, 1 - who, ("reed", 1), ("berry", 1)),
                _ => gift(request, 1 - who, "berry", 1),
            };
            (1..=8).map(each).collect()
        };
        let wishes = vec![wishes(0), wishes(1)];
        Self { wishes, faults_per_mille: 300, ..Self::storm(seed) }
    }

    /// Nothing fails but what `crash` says.
    pub fn quiet(documents: BTreeMap<Key, Document>, wishes: Vec<Vec<Wish>>, crash: Option<Crash>) -> Self {
        let seed = crash.map_or(0, |crash| u64::from(crash.step));
        let (storm_ms, faults_per_mille, deaths_per_mille) = (0, 0, 0);
        let (together, window) = (1, WINDOW);
        Self { seed, documents, wishes, together, window, crash, storm_ms, faults_per_mille, deaths_per_mille }
    }

    pub fn fault(&self, dice: &mut Dice) -> Fault {
        match dice.below(1000) < self.faults_per_mille {
            true => Fault::ALL[1 + dice.below(6) as usize],
            false => Fault::None,
        }
    }
}
