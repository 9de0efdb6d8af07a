//! The judgement. For each account: what its window remembers must be what it was told; what its deeds made and used up
//! must stand in its tally; what its deeds and those of its partners moved must be in its bag.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::books::Books;
use crate::evidence::{Avatar, Evidence};
use crate::receipt::{Flow, Receipt, add};

/// Deeds whose gains come into the world.
const MAKE: [&str; 3] = ["gather", "craft", "dismantle"];
/// Deeds whose losses go out of it.
const USE: [&str; 5] = ["eat", "craft", "build", "claim", "upkeep"];
/// Deeds that neither make nor use up anything.
const MOVE: [&str; 8] = ["drop", "pick-up", "put-in", "take-out", "give", "trade", "share", "abandon"];
/// Deeds that move the same items the other way in the partner's bag.
const BOTH: [&str; 2] = ["give", "trade"];
/// Faults that are told one by one.
const TOLD: usize = 50;

/// What the ledger found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// Accounts with receipts.
    pub accounts: u64,
    /// Deeds that a client was told are done.
    pub acknowledged: u64,
    /// Acknowledgements beyond the first of a deed.
    pub repeated: u64,
    /// Answers that refused.
    pub refused: u64,
    /// Deeds that were never answered.
    pub unanswered: u64,
    /// Those of them that were done all the same.
    pub unanswered_done: u64,
    /// Acknowledged deeds that the documents do not know.
    pub missing: u64,
    /// Deeds that the documents know more than once, or that were answered in two ways.
    pub doubled: u64,
    /// Bags that differ from what their owners were told in a way that no one deed explains.
    pub unexplained: u64,
    /// Items that are held and not booked, or booked and not held.
    pub imbalance: u64,
    /// Lines and documents that cannot be read, and whether the dump was cut off.
    pub unreadable: u64,
    /// Accounts that did deeds which this ledger does not know: their tallies were not looked at.
    pub unknown_deeds: u64,
    /// The books, item by item.
    pub items: Books,
    /// The first faults, in words.
    pub faults: Vec<String>,
}

impl Findings {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.missing + self.doubled + self.unexplained + self.imbalance + self.unreadable == 0
    }

    fn tell(&mut self, fault: String) {
        if self.faults.len() < TOLD {
            self.faults.push(fault);
        }
    }

    fn is_missing(&mut self, fault: String) {
        self.missing += 1;
        self.tell(format!("missing: {fault}"));
    }

    fn is_doubled(&mut self, fault: String) {
        self.doubled += 1;
        self.tell(format!("doubled: {fault}"));
    }
}

/// Receipts and documents, taken in line by line.
#[derive(Debug, Default)]
pub struct Ledger {
    evidence: Evidence,
    receipts: BTreeMap<String, BTreeMap<u32, Vec<Receipt>>>,
    names: BTreeMap<u64, String>,
    unreadable: Vec<String>,
}

/// A deed that happened: what one avatar was told, and which one took part.
struct Deed {
    request: u32,
    name: String,
    partner: u64,
    gained: Vec<(String, u32)>,
    lost: Vec<(String, u32)>,
    /// The window does not know it though it should.
    missing: bool,
}

impl Deed {
    /// What it did to the bag of who did it.
    fn own(&self) -> Flow {
        let mut flow = Flow::new();
        add(&mut flow, &self.gained, 1);
        add(&mut flow, &self.lost, -1);
        flow
    }
}

impl Ledger {
    /// Takes in a line of a dump.
    pub fn document(&mut self, line: &str) {
        self.evidence.take(line);
    }

    /// Takes in a line of receipts.
    pub fn receipt(&mut self, line: &str) {
        match Receipt::parse(line) {
            Ok(receipt) => {
                self.names.insert(receipt.entity, receipt.account.clone());
                let of_account = self.receipts.entry(receipt.account.clone()).or_default();
                of_account.entry(receipt.request).or_default().push(receipt);
            }
            Err(why) => self.unreadable.push(why),
        }
    }

    /// Judges all that was taken in.
    #[must_use]
    pub fn check(mut self) -> Findings {
        let mut findings = Findings { accounts: self.receipts.len() as u64, ..Findings::default() };
        let avatars = self.evidence.avatars();
        findings.items = Books::of(&avatars, &mut self.evidence);
        findings.imbalance = findings.items.imbalance();
        let broken: Vec<String> =
            findings.items.0.iter().filter(|(_, i)| i.held != i.booked).map(|(name, i)| balance(name, i)).collect();
        broken.into_iter().for_each(|fault| findings.tell(fault));
        self.readability(&mut findings);
        let nothing = Avatar::default();
        let mut deeds = BTreeMap::new();
        for (account, receipts) in &self.receipts {
            let avatar = avatars.get(account).unwrap_or(&nothing);
            deeds.insert(account.as_str(), happened(account, receipts, avatar, &mut findings));
        }
        let expected = self.bags(&deeds);
        for (account, own) in &deeds {
            let avatar = avatars.get(*account).unwrap_or(&nothing);
            if tallies_agree(account, own, avatar, &mut findings) {
                let bag = expected.get(*account).cloned().unwrap_or_default();
                compare_bag(account, own, &difference(&avatar.bag, &bag), &mut findings);
            }
        }
        findings
    }

    fn readability(&mut self, findings: &mut Findings) {
        let faults = self.unreadable.drain(..).chain(self.evidence.unreadable.drain(..));
        for fault in faults {
            findings.unreadable += 1;
            findings.tell(format!("unreadable: {fault}"));
        }
        if !self.evidence.is_whole() {
            findings.unreadable += 1;
            findings.tell("unreadable: the dump has no end: it was cut off".to_owned());
        }
    }

    /// What each bag must hold after all that is known to have happened.
    fn bags(&self, deeds: &BTreeMap<&str, Vec<Deed>>) -> BTreeMap<String, Flow> {
        let mut bags: BTreeMap<String, Flow> = BTreeMap::new();
        for (account, own) in deeds {
            for deed in own.iter().filter(|deed| !deed.missing) {
                let mine = bags.entry((*account).to_owned()).or_default();
                add(mine, &deed.gained, 1);
                add(mine, &deed.lost, -1);
                if let (true, Some(other)) = (BOTH.contains(&deed.name.as_str()), self.names.get(&deed.partner)) {
                    let theirs = bags.entry(other.clone()).or_default();
                    add(theirs, &deed.lost, 1);
                    add(theirs, &deed.gained, -1);
                }
            }
        }
        bags
    }
}

fn balance(name: &str, item: &crate::books::Item) -> String {
    format!("imbalance: {} {name} are held, the books say {}", item.held, item.booked)
}

/// The deeds of an account that happened, as it was told or as its window says. What is contradictory is noted.
fn happened(
    account: &str,
    receipts: &BTreeMap<u32, Vec<Receipt>>,
    avatar: &Avatar,
    findings: &mut Findings,
) -> Vec<Deed> {
    let mut deeds = Vec::new();
    for (request, told) in receipts {
        let done: Vec<&Receipt> = told.iter().filter(|receipt| receipt.is_done()).collect();
        findings.refused += told.iter().filter(|receipt| receipt.code.is_some_and(|code| code != 0)).count() as u64;
        match done.first() {
            Some(first) => {
                findings.acknowledged += 1;
                findings.repeated += done.len() as u64 - 1;
                if done.iter().any(|receipt| !receipt.says_the_same(first)) {
                    findings.is_doubled(format!("{account} was answered in two ways to request {request}"));
                }
                deeds.push(acknowledged(account, first, avatar, findings));
            }
            None => {
                let pending = told.iter().find(|receipt| receipt.code.is_none());
                deeds.extend(pending.and_then(|receipt| unanswered(receipt, avatar, findings)));
            }
        }
    }
    remembered_twice(account, avatar, findings);
    deeds
}

fn acknowledged(account: &str, receipt: &Receipt, avatar: &Avatar, findings: &mut Findings) -> Deed {
    let Receipt { request, deed, partner, gained, lost, .. } = receipt.clone();
    let remembered = avatar.window.iter().find(|(id, ..)| *id == request);
    let missing = remembered.is_none() && request > avatar.forgotten;
    if missing {
        findings.is_missing(format!("{account} was told that request {request} ({deed}) is done; nothing knows of it"));
    }
    if let Some((_, done, kept)) = remembered {
        let same = *done && texts(&kept.gained) == gained && texts(&kept.lost) == lost;
        if !same {
            findings.is_doubled(format!("request {request} ({deed}) of {account} is remembered with another reply"));
        }
    }
    Deed { request, name: deed, partner, gained, lost, missing }
}

/// A deed without an answer happened if the window says so. Those that a client waits for are among its newest.
fn unanswered(receipt: &Receipt, avatar: &Avatar, findings: &mut Findings) -> Option<Deed> {
    findings.unanswered += 1;
    let (_, _, kept) = avatar.window.iter().find(|(id, done, _)| *id == receipt.request && *done)?;
    findings.unanswered_done += 1;
    let Receipt { request, deed, partner, .. } = receipt.clone();
    let (gained, lost) = (texts(&kept.gained), texts(&kept.lost));
    Some(Deed { request, name: deed, partner, gained, lost, missing: false })
}

fn remembered_twice(account: &str, avatar: &Avatar, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for (request, ..) in avatar.window.iter().filter(|(request, ..)| !seen.insert(*request)) {
        findings.is_doubled(format!("{account} remembers request {request} twice"));
    }
}

fn texts(stacks: &[deeds::tables::Stack]) -> Vec<(String, u32)> {
    stacks.iter().map(|(item, amount)| (item.0.clone(), *amount)).collect()
}

/// Compares what an account's deeds made and used up with its tally. `true`: they agree.
fn tallies_agree(account: &str, deeds: &[Deed], avatar: &Avatar, findings: &mut Findings) -> bool {
    let known = |deed: &Deed| [&MAKE[..], &USE, &MOVE].concat().contains(&deed.name.as_str());
    if !deeds.iter().all(known) {
        findings.unknown_deeds += 1;
        return true;
    }
    let (mut made, mut gone) = (Flow::new(), Flow::new());
    for deed in deeds.iter().filter(|deed| !deed.missing) {
        let is = |names: &[&str]| names.contains(&deed.name.as_str());
        add(&mut made, if is(&MAKE) { &deed.gained } else { &[] }, 1);
        add(&mut gone, if is(&USE) { &deed.lost } else { &[] }, 1);
    }
    let mut agree = true;
    for (word, found, told) in [("made", &avatar.made, &made), ("used up", &avatar.gone, &gone)] {
        for (item, more) in difference(found, told) {
            agree = false;
            let fault =
                format!("{account} was told of {} {item} {word}, its document of {more:+}", amount(told, &item));
            if more < 0 { findings.is_missing(fault) } else { findings.is_doubled(fault) }
        }
    }
    agree
}

/// Explains by how much a bag differs from what its owner was told.
fn compare_bag(account: &str, deeds: &[Deed], more: &Flow, findings: &mut Findings) {
    if more.is_empty() {
        return;
    }
    let negated: Flow = more.iter().map(|(item, amount)| (item.clone(), -amount)).collect();
    let shown: Vec<String> = more.iter().map(|(item, amount)| format!("{amount:+} {item}")).collect();
    let shown = shown.join(", ");
    let by = |flow: &Flow| deeds.iter().rev().find(|deed| !deed.missing && deed.own() == *flow);
    if let Some(deed) = by(&negated) {
        findings
            .is_missing(format!("the bag of {account} is without request {} ({}): {shown}", deed.request, deed.name));
    } else if let Some(deed) = by(more) {
        findings
            .is_doubled(format!("the bag of {account} has request {} ({}) twice: {shown}", deed.request, deed.name));
    } else {
        findings.unexplained += 1;
        findings.tell(format!("unexplained: the bag of {account} differs by {shown}"));
    }
}

fn amount(flow: &Flow, item: &str) -> i128 {
    flow.get(item).copied().unwrap_or(0)
}

/// By how much `a` is more than `b`, where it is.
fn difference(a: &Flow, b: &Flow) -> Flow {
    let items: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let more = |item: &&String| (amount(a, item) - amount(b, item), (*item).clone());
    items.iter().map(more).filter(|(more, _)| *more != 0).map(|(more, item)| (item, more)).collect()
}
