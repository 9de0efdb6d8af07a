//! How fast totals grew of late, second by second.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use console::Counters;

/// Seconds kept: what a wide terminal shows.
const SECONDS: usize = 240;
/// Time between two samples. Nodes show their totals five times a second, so shorter ones would flicker.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);

/// The figures in the order in which they are shown: a word, and the counter's name.
const FIGURES: [(&str, &str); 4] = [
    ("updates", "updates_delivered_total"),
    ("crossings", "border_crossings_total"),
    ("keyframes", "keyframes_sent_total"),
    ("gaps", "gaps_total"),
];

/// One total and its growth.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figure {
    /// What to call it.
    pub name: &'static str,
    /// The total.
    pub total: u64,
    /// The growth in each of the last seconds, the latest last.
    pub per_second: VecDeque<u64>,
}

/// The figures.
#[derive(Clone, Debug, Default)]
pub struct History {
    figures: Vec<Figure>,
    sampled: Option<(Instant, Vec<u64>)>,
}

impl History {
    /// Takes in the totals of this moment. Call it at least once a second.
    pub fn note(&mut self, now: Instant, counters: &Counters, bots: &bots::Progress) {
        let total = |name: &str| counters.iter().find(|(n, _)| *n == name).map_or(0, |(_, value)| value as u64);
        let mut totals: Vec<(&'static str, u64)> = FIGURES.map(|(word, name)| (word, total(name))).into();
        totals.push(("violations", bots.violations));
        self.figures.resize_with(totals.len(), Figure::default);
        for (figure, (name, total)) in self.figures.iter_mut().zip(&totals) {
            (figure.name, figure.total) = (name, *total);
        }
        let values: Vec<u64> = totals.into_iter().map(|(_, total)| total).collect();
        let Some((then, before)) = &self.sampled else {
            self.sampled = Some((now, values));
            return;
        };
        let elapsed = now.saturating_duration_since(*then);
        if elapsed < SAMPLE_EVERY {
            return;
        }
        for ((figure, value), before) in self.figures.iter_mut().zip(&values).zip(before) {
            figure.grew(value.saturating_sub(*before), elapsed);
        }
        self.sampled = Some((now, values));
    }

    /// The figures in the order in which they are shown.
    pub fn figures(&self) -> &[Figure] {
        &self.figures
    }
}

impl Figure {
    fn grew(&mut self, by: u64, elapsed: Duration) {
        if self.per_second.len() == SECONDS {
            self.per_second.pop_front();
        }
        self.per_second.push_back((by as f64 / elapsed.as_secs_f64()).round() as u64);
    }

    /// The growth of the last second.
    pub fn latest(&self) -> u64 {
        self.per_second.back().copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_per_second_however_late_the_sample_is() {
        let start = Instant::now();
        let mut history = History::default();
        let samples = [(0, 100), (500, 150), (1_000, 200), (3_000, 1_200), (3_100, 9_999)];
        for (ms, updates) in samples {
            let counters: Counters = [("updates_delivered_total", f64::from(updates))].into_iter().collect();
            let bots = bots::Progress { violations: 2, ..bots::Progress::default() };
            history.note(start + Duration::from_millis(ms), &counters, &bots);
        }
        let [updates, .., violations] = history.figures() else { panic!("there are five figures") };
        assert_eq!((updates.total, updates.latest()), (9_999, 500));
        assert_eq!(updates.per_second, [100, 500]);
        assert_eq!((violations.name, violations.total, violations.latest()), ("violations", 2, 0));
    }

    #[test]
    fn what_is_too_old_is_forgotten() {
        let start = Instant::now();
        let mut history = History::default();
        for second in 0..1_000 {
            history.note(start + Duration::from_secs(second), &Counters::default(), &bots::Progress::default());
        }
        assert!(history.figures().iter().all(|figure| figure.per_second.len() == SECONDS));
    }
}
