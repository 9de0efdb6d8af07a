//! The plots of a run: its samples thinned out to what a screen can show.

use population::{Reason, limits};

use super::measure::Sample;
use super::model::Simulation;
use crate::outcome::{Heat, Line, Look, Plot};

/// Columns of a plot at most.
const COLUMNS: usize = 360;
/// Rows of a heat map at most.
const ROWS: usize = 160;
/// Reasons that are drawn.
const REASONS: usize = 6;

/// Samples, so many to a column.
struct Columns<'a> {
    samples: &'a [Sample],
    each: usize,
}

impl Columns<'_> {
    fn plot(&self, id: &str, title: &str, note: &str, unit: &str, lines: Vec<Line>) -> Plot {
        Plot {
            id: id.to_owned(),
            title: title.to_owned(),
            note: note.to_owned(),
            unit: unit.to_owned(),
            axis: "minutes".to_owned(),
            at: self.samples.iter().step_by(self.each).map(|sample| sample.at_ms / 60_000).collect(),
            lines,
        }
    }

    /// The first sample of each column.
    fn line(&self, name: &str, look: Look, value: impl Fn(&Sample) -> Option<u64>) -> Line {
        Line::new(name, look, self.samples.iter().step_by(self.each).map(value).collect())
    }

    /// All samples of each column together.
    fn sum(&self, name: &str, look: Look, value: impl Fn(&[Sample]) -> Option<u64>) -> Line {
        Line::new(name, look, self.samples.chunks(self.each).map(value).collect())
    }

    fn bound(&self, name: &str, value: u32) -> Line {
        self.line(name, Look::Bound, |_| Some(u64::from(value)))
    }
}

impl Simulation {
    pub(super) fn plots(&self) -> Vec<Plot> {
        let samples = self.measure.samples.as_slice();
        let columns = Columns { samples, each: samples.len().div_ceil(COLUMNS).max(1) };
        vec![
            columns.plot(
                "people",
                "People",
                "Where everybody is.",
                "people",
                vec![
                    columns.line("in the world", Look::Line, |s| Some(s.playing)),
                    columns.line("in the queue", Look::Line, |s| Some(s.queue)),
                    columns.line("signing up", Look::Thin, |s| Some(s.funnel)),
                    columns.line("loading", Look::Thin, |s| Some(s.loading)),
                ],
            ),
            self.island_plot(&columns),
            columns.plot(
                "promises",
                "Promises and room",
                "Tickets that are out, seats left in the bands, and seats counted for people who are gone.",
                "seats",
                vec![
                    columns.line("tickets out", Look::Line, |s| s.promised),
                    columns.line("room in the bands", Look::Line, |s| s.room),
                    columns.line("counted for nobody", Look::Thin, |s| {
                        Some(s.counted?.saturating_sub(s.promised? + s.playing))
                    }),
                ],
            ),
            self.queue_plot(&columns),
            self.wait_plot(&columns),
            self.decision_plot(&columns),
            columns.plot(
                "open",
                "Islands",
                "How many are open, and how many hosts hold up.",
                "islands",
                vec![
                    columns.line("open", Look::Line, |s| Some(s.open)),
                    columns.line("up", Look::Thin, |s| Some(s.up)),
                ],
            ),
            columns.plot(
                "load",
                "Load of nodes",
                "The median node and the busiest, of what a node can do.",
                "per mille",
                vec![
                    columns.line("median", Look::Line, |s| Some(s.load[0])),
                    columns.line("busiest", Look::Line, |s| Some(s.load[1])),
                    columns.bound("admission falls", limits::LOAD_DISTRESS_PER_MILLE),
                ],
            ),
        ]
    }

    fn island_plot(&self, columns: &Columns<'_>) -> Plot {
        let world = &self.scenario.world;
        let spread = |n: usize| move |sample: &Sample| sample.spread.map(|spread| spread[n]);
        // The fullest of all samples that a column stands for: no peak may hide between two columns.
        let fullest = |all: &[Sample]| all.iter().filter_map(|sample| sample.spread.map(|spread| spread[4])).max();
        let note = "Of all open islands: the emptiest, the middle and the fullest, against the band and the hard cap.";
        columns.plot(
            "islands",
            "People on an island",
            note,
            "people",
            vec![
                columns.line("emptiest", Look::Thin, spread(0)),
                columns.line("a tenth below", Look::Thin, spread(1)),
                columns.line("median", Look::Line, spread(2)),
                columns.line("a tenth above", Look::Thin, spread(3)),
                columns.sum("fullest", Look::Line, fullest),
                columns.bound("band from", world.band[0]),
                columns.bound("band to", world.band[1]),
                columns.bound("hard cap", world.hard_cap),
            ],
        )
    }

    fn queue_plot(&self, columns: &Columns<'_>) -> Plot {
        let sample_s = self.scenario.course.sample_s;
        let rate = |all: &[Sample]| {
            let admitted: u64 = all.iter().map(|sample| sample.admitted).sum();
            Some(admitted * 60 / (sample_s * all.len() as u64))
        };
        columns.plot(
            "queue",
            "The queue",
            "Its length, and admissions a minute.",
            "people",
            vec![
                columns.line("waiting", Look::Line, |s| Some(s.queue)),
                columns.sum("admitted a minute", Look::Line, rate),
            ],
        )
    }

    fn wait_plot(&self, columns: &Columns<'_>) -> Plot {
        let shown = &self.measure.shown;
        let mean = |of: fn(&(u64, u64, u64)) -> u64| -> Vec<Option<u64>> {
            let column = |first: usize| {
                let looks = &shown[first.min(shown.len())..(first + columns.each).min(shown.len())];
                let count: u64 = looks.iter().map(|(_, _, count)| count).sum();
                (looks.iter().map(of).sum::<u64>() / 1_000).checked_div(count)
            };
            (0..columns.samples.len()).step_by(columns.each).map(column).collect()
        };
        let note = "What people were shown at that moment, and how long those same people then really waited.";
        columns.plot(
            "waits",
            "Waiting time",
            note,
            "seconds",
            vec![
                Line::new("shown", Look::Line, mean(|(shown, _, _)| *shown)),
                Line::new("real", Look::Line, mean(|(_, real, _)| *real)),
            ],
        )
    }

    fn decision_plot(&self, columns: &Columns<'_>) -> Plot {
        let mut reasons: Vec<(&Reason, &u64)> = self.harbour.reasons.iter().collect();
        reasons.sort_by_key(|(reason, times)| (std::cmp::Reverse(**times), **reason));
        let line = |reason: &Reason| {
            let count = |all: &[Sample]| Some(all.iter().filter_map(|sample| sample.decided.get(reason)).sum());
            columns.sum(reason.words(), Look::Stacked, count)
        };
        let lines = reasons.into_iter().take(REASONS).map(|(reason, _)| line(reason)).collect();
        columns.plot("decisions", "Decisions", "By reason, the most frequent ones.", "decisions", lines)
    }

    /// Islands over time, each per mille of its hard cap.
    pub(super) fn heat(&self) -> Option<Heat> {
        let islands = self.scenario.world.islands as usize;
        let samples = self.measure.samples.len();
        let used = (0..islands).rev().find(|n| (0..samples).any(|s| self.measure.islands[s * islands + n] > 0))? + 1;
        let (across, down) = (samples.div_ceil(COLUMNS).max(1), used.div_ceil(ROWS).max(1));
        let cap = u64::from(self.scenario.world.hard_cap);
        let cell = |row: usize, column: usize| {
            let rows = row * down..((row + 1) * down).min(used);
            let columns = column * across..((column + 1) * across).min(samples);
            let all = columns.flat_map(|s| rows.clone().map(move |n| (s, n)));
            all.map(|(s, n)| u64::from(self.measure.islands[s * islands + n]) * 1_000 / cap).max().unwrap_or(0)
        };
        let columns = samples.div_ceil(across);
        let cells = (0..used.div_ceil(down)).map(|row| (0..columns).map(|column| cell(row, column)).collect());
        let rows = if down > 1 { format!("the fullest of {down} islands each") } else { "islands".to_owned() };
        Some(Heat {
            id: "heat".to_owned(),
            title: "Every island".to_owned(),
            note: "A row an island, from the first that was opened down; time to the right.".to_owned(),
            unit: "per mille of the hard cap".to_owned(),
            full: 1_000,
            columns: "minutes".to_owned(),
            end: self.now_ms / 60_000,
            rows,
            cells: cells.collect(),
        })
    }
}
