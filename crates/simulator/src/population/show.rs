//! Showing: a run as figures, judged bounds, tables and plots.

use std::collections::BTreeMap;

use population::{Phase, Reason, Stance, Violation};

use super::figures::{Figure, Figures, RIVAL_BEST};
use super::model::Simulation;
use super::people::State;
use super::scenario::PolicyKind;
use crate::outcome::{Bound, Outcome, Table};

/// Rows of a table of what was decided about islands.
const LIVES: usize = 400;
/// Violations that are told in words.
const VIOLATIONS: usize = 20;

impl Simulation {
    pub(super) fn show(&self) -> Outcome {
        let figures = self.all_figures().by_name();
        let assertions = self.bounds().iter().flat_map(|bound| bound.judge(&figures)).collect();
        Outcome {
            kind: "population".to_owned(),
            scenario: self.scenario.name.clone(),
            about: self.scenario.about.clone(),
            seed: self.seed,
            digest: format!("{:016x}", self.digest.finish()),
            simulated_ms: self.now_ms,
            events: self.events,
            figures,
            assertions,
            violations: self.violations(),
            tables: self.tables(),
            plots: self.plots(),
            heats: self.heat().into_iter().collect(),
        }
    }

    /// What the file demands, and what always must hold.
    fn bounds(&self) -> Vec<Bound> {
        let mut always = vec![
            (Figure::Overtaken, "nobody overtakes"),
            (Figure::PlacesLost, "no place in the queue is lost"),
            (Figure::AccountsLost, "nobody is in two places or in none"),
            (Figure::Unanswered, "everybody who asks is answered"),
            (Figure::Unreasonable, "every decision has a fitting reason"),
            (Figure::LaidDownWithPeople, "no island is put away with people on it"),
        ];
        if self.scenario.policy.kind == PolicyKind::Allocator {
            always.push((Figure::OverCap, "nobody enters an island at its hard cap"));
        }
        let always = always.into_iter().map(|(figure, name)| Bound::none_of(figure.name(), name));
        let demanded = self.scenario.assert.iter().filter(|bound| bound.figure != RIVAL_BEST);
        demanded.cloned().chain(always).collect()
    }

    fn violations(&self) -> Vec<String> {
        let found = self.audit.violations().iter().map(|violation| format!("{violation:?}"));
        found.chain(self.measure.astray.iter().cloned()).take(VIOLATIONS).collect()
    }

    fn all_figures(&self) -> Figures {
        let mut figures = self.figures.clone();
        let measure = &self.measure;
        for violation in self.audit.violations() {
            figures.one(match violation {
                Violation::OverCap { .. } => Figure::OverCap,
                Violation::LaidDownWithPeople { .. } | Violation::ArchivedWithPeople { .. } => {
                    Figure::LaidDownWithPeople
                }
                Violation::Overtaken { .. } => Figure::Overtaken,
                Violation::Unanswered { .. } => Figure::Unanswered,
                Violation::AnsweredTwice { .. } | Violation::Unreasonable { .. } | Violation::PromisedTwice { .. } => {
                    Figure::Unreasonable
                }
            });
        }
        let islands = (1..=self.scenario.world.islands).map(world::IslandId);
        let fullest = islands.map(|island| self.audit.peak(island)).max().unwrap_or(0);
        let (judged, in_band, median) = measure.bands();
        let people = self.people.count(State::Playing);
        for (figure, value) in [
            (Figure::FullestPerMille, u64::from(fullest) * 1_000 / u64::from(self.scenario.world.hard_cap)),
            (Figure::MedianInBandPerMille, in_band),
            (Figure::SamplesJudged, judged),
            (Figure::MedianPeople, median),
            (Figure::WaitsCompared, measure.waits_compared()),
            (Figure::WaitErrorP90PerMille, measure.error_per_mille(900)),
            (Figure::WaitErrorP50PerMille, measure.error_per_mille(500)),
            (Figure::WaitP50S, measure.wait_s(500)),
            (Figure::WaitP90S, measure.wait_s(900)),
            (Figure::PeopleAtEnd, people),
            (Figure::PartiesTogetherPerMille, measure.parties_together_per_mille(figures.get(Figure::Parties))),
            (Figure::StoreRequests, self.harbour.store_requests()),
        ] {
            figures.set(figure, value);
        }
        figures.add(Figure::Unanswered, self.harbour.unanswered(self.now_ms));
        if let (Some(counted), Some(promised)) = (self.harbour.counted(), self.harbour.promised()) {
            figures.set(Figure::SeatsForNobody, counted.saturating_sub(promised + people));
        }
        figures
    }

    fn tables(&self) -> Vec<Table> {
        let mut tables = vec![self.reasons(), self.lives()];
        if !self.scenario.funnel.is_empty() {
            tables.push(self.funnel());
        }
        if !self.measure.incidents.is_empty() {
            let rows = self.measure.incidents.iter().map(|(at_ms, name)| vec![clock(*at_ms), (*name).to_owned()]);
            let note = "What the scenario did to the world.";
            tables.push(table("incidents", "Incidents", note, &["when", "what"], rows.collect()));
        }
        tables
    }

    fn reasons(&self) -> Table {
        let all: u64 = self.harbour.reasons.values().sum();
        let mut reasons: Vec<(&Reason, &u64)> = self.harbour.reasons.iter().collect();
        reasons.sort_by_key(|(reason, times)| (std::cmp::Reverse(**times), **reason));
        let row = |(reason, times): (&Reason, &u64)| {
            let stance = match reason.stance() {
                Stance::Promise => "a seat",
                Stance::Wait => "wait",
                Stance::Refusal => "no",
            };
            let share = times * 1_000 / all.max(1);
            let share = format!("{}.{} %", share / 10, share % 10);
            vec![stance.to_owned(), reason.words().to_owned(), times.to_string(), share]
        };
        let rows = reasons.into_iter().map(row).collect();
        let note = "Every decision has a reason; these are how often each was given.";
        table("reasons", "Decisions and their reasons", note, &["answer", "because", "times", "share"], rows)
    }

    /// Full and open again is the breath of a busy island, hundreds of thousands of times a day: it is left out.
    fn lives(&self) -> Table {
        let row = |(at_ms, island, from, to, reason): &(u64, u32, Phase, Phase, population::LifeReason)| {
            vec![clock(*at_ms), island.to_string(), word(from), word(to), apart(&format!("{reason:?}"))]
        };
        let breath =
            |from: Phase, to: Phase| matches!((from, to), (Phase::Open, Phase::Full) | (Phase::Full, Phase::Open));
        let told: Vec<_> = self.harbour.lives.iter().filter(|(_, _, from, to, _)| !breath(*from, *to)).collect();
        let (all, breaths) = (told.len(), self.harbour.lives.len() - told.len());
        let rows = told.into_iter().take(LIVES).map(row).collect();
        let first = if all > LIVES { format!("The first {LIVES} of {all} changes") } else { "All changes".to_owned() };
        let note = format!("{first}, but for the {breaths} times that an island was full or open again.");
        table("islands", "The life of islands", &note, &["when", "island", "from", "to", "because"], rows)
    }

    fn funnel(&self) -> Table {
        let steps = self.scenario.funnel.iter().zip(&self.measure.steps);
        let first = self.measure.steps.first().copied().unwrap_or(0);
        let row = |(step, reached): (&super::scenario::Step, &u64)| {
            vec![step.name.clone(), reached.to_string(), format!("{} %", reached * 100 / first.max(1))]
        };
        let note = "How many newcomers, or parties with one, reached each step.";
        table("funnel", "The way in", note, &["step", "reached", "of the first"], steps.map(row).collect())
    }
}

fn table(id: &str, title: &str, note: &str, head: &[&str], rows: Vec<Vec<String>>) -> Table {
    let head = head.iter().map(|word| (*word).to_owned()).collect();
    Table { id: id.to_owned(), title: title.to_owned(), note: note.to_owned(), head, rows }
}

/// Hours, minutes and seconds of the run.
fn clock(at_ms: u64) -> String {
    let seconds = at_ms / 1_000;
    format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// The words of a name that is written in one, in small letters.
fn apart(name: &str) -> String {
    let letter = |(n, c): (usize, char)| {
        let gap = if n > 0 && c.is_uppercase() { " " } else { "" };
        format!("{gap}{}", c.to_ascii_lowercase())
    };
    name.chars().enumerate().map(letter).collect()
}

fn word(phase: &Phase) -> String {
    let words: BTreeMap<Phase, &str> = BTreeMap::from([
        (Phase::Planned, "planned"),
        (Phase::Woken, "woken"),
        (Phase::Open, "open"),
        (Phase::Full, "full"),
        (Phase::Draining, "draining"),
        (Phase::Asleep, "asleep"),
        (Phase::Archived, "archived"),
    ]);
    words.get(phase).copied().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_taken_apart() {
        for (name, words) in [("Needed", "needed"), ("LongBelowBand", "long below band"), ("", "")] {
            assert_eq!(super::apart(name), words);
        }
    }
}
