//! What a scenario of a population may say, value by value.

use super::figures::{Figure, RIVAL_BEST};
use super::scenario::Scenario;
use crate::scenario::{ScenarioError, check_bounds, out_of_range};

/// The longest time in minutes: a month.
const MONTH_MIN: u64 = 31 * 24 * 60;
/// Samples times islands at most: what is kept for the map of all islands.
const CELLS: u64 = 200_000_000;

impl Scenario {
    /// Looks at every value.
    ///
    /// # Errors
    /// The key and what is allowed.
    pub fn check(&self) -> Result<(), ScenarioError> {
        let wrong = self.ranges().into_iter().find(|(_, found, allowed)| !allowed.contains(found));
        if let Some((key, found, allowed)) = wrong {
            return Err(out_of_range(key, found, format!("{} to {}", allowed.start(), allowed.end())));
        }
        self.check_shares()?;
        self.check_spans()?;
        self.check_orders()?;
        self.check_incidents()?;
        let rivals = self.rival.iter().map(|_| RIVAL_BEST);
        check_bounds(&self.assert, Figure::ALL.iter().map(|figure| figure.name()).chain(rivals))?;
        self.check_rival()
    }

    #[rustfmt::skip]
    fn ranges(&self) -> Vec<(&'static str, u64, std::ops::RangeInclusive<u64>)> {
        let Self { course, world, nodes, people, arrivals, voyages, queue, policy, .. } = self;
        vec![
            ("course.minutes", course.minutes, 1..=MONTH_MIN),
            ("course.sample_s", course.sample_s, 1..=3_600),
            ("course.measure_from_min", course.measure_from_min, 0..=MONTH_MIN),
            ("course.measure_to_min", course.measure_to_min, 0..=MONTH_MIN),
            ("world.islands", u64::from(world.islands), 1..=20_000),
            ("world.hard_cap", u64::from(world.hard_cap), 1..=60_000),
            ("world.keep_open", u64::from(world.keep_open), 0..=u64::from(world.islands)),
            ("world.archive_after_min", world.archive_after_min, 0..=MONTH_MIN),
            ("nodes.count", u64::from(nodes.count), 1..=5_000),
            ("nodes.people", u64::from(nodes.people), 1..=100_000),
            ("nodes.login", u64::from(nodes.login), 1..=500),
            ("people.registered", u64::from(people.registered), 1..=20_000_000),
            ("people.session_min", people.session_min, 1..=MONTH_MIN),
            ("people.bounce_min", people.bounce_min, 1..=MONTH_MIN),
            ("people.friends", u64::from(people.friends), 0..=31),
            ("people.patience_min", people.patience_min, 0..=MONTH_MIN),
            ("people.retry_min", people.retry_min, 0..=MONTH_MIN),
            ("arrivals.planned_per_min", arrivals.planned_per_min, 0..=1_000_000),
            ("voyages.every_min", voyages.every_min, 0..=MONTH_MIN),
            ("queue.keep_place_min", queue.keep_place_min, 1..=1_440),
            ("queue.most_per_s", queue.most_per_s, 1..=100_000),
            ("queue.watch_one_in", u64::from(queue.watch_one_in), 1..=1_000_000),
            ("policy.window_s", policy.window_s, 0..=3_600),
            ("policy.open_first", u64::from(policy.open_first), 0..=20_000),
            ("policy.open_lead_s", policy.open_lead_s, 0..=86_400),
            ("policy.fill_ahead_s", policy.fill_ahead_s, 0..=86_400),
            ("policy.raising", u64::from(policy.raising), 1..=20_000),
            ("policy.drain_after_s", policy.drain_after_s, 1..=86_400),
            ("policy.sleep_after_s", policy.sleep_after_s, 1..=86_400),
            ("policy.ticket_s", policy.ticket_s, 1..=3_600),
        ]
    }

    fn check_shares(&self) -> Result<(), ScenarioError> {
        let Self { nodes, people, voyages, policy, reports, store, .. } = self;
        for (key, per_mille) in [
            ("nodes.quit_per_mille", nodes.quit_per_mille),
            ("people.veterans_per_mille", people.veterans_per_mille),
            ("people.bounce_per_mille", people.bounce_per_mille),
            ("people.party_per_mille", people.party_per_mille),
            ("people.inseparable_per_mille", people.inseparable_per_mille),
            ("people.to_friend_per_mille", people.to_friend_per_mille),
            ("people.retry_per_mille", people.retry_per_mille),
            ("people.unused_per_mille", people.unused_per_mille),
            ("people.lost_answers_per_mille", people.lost_answers_per_mille),
            ("voyages.named_per_mille", voyages.named_per_mille),
            ("voyages.to_friend_per_mille", voyages.to_friend_per_mille),
            ("policy.reserve_per_mille", policy.reserve_per_mille),
            ("reports.lost_per_mille", reports.lost_per_mille),
            ("reports.twice_per_mille", reports.twice_per_mille),
            ("store.fail_per_mille", store.fail_per_mille),
            ("store.unknown_per_mille", store.unknown_per_mille),
        ] {
            if per_mille > 1_000 {
                return Err(out_of_range(key, per_mille, "0 to 1000".to_owned()));
            }
        }
        Ok(())
    }

    fn check_spans(&self) -> Result<(), ScenarioError> {
        for (key, [low, high], most) in [
            ("world.raise_s", self.world.raise_s, 3_600),
            ("people.load_s", self.people.load_s, 3_600),
            ("voyages.takes_s", self.voyages.takes_s, 3_600),
            ("reports.delay_ms", self.reports.delay_ms, 60_000),
            ("store.delay_ms", self.store.delay_ms, 60_000),
        ] {
            if low > high || high > most {
                let allowed = format!("[least, most] with least <= most <= {most}");
                return Err(out_of_range(key, format!("[{low}, {high}]"), allowed));
            }
        }
        for (n, step) in self.funnel.iter().enumerate() {
            let [low, high] = step.seconds;
            if low > high || high > 86_400 {
                let allowed = "[least, most] with least <= most <= 86400".to_owned();
                return Err(out_of_range(format!("funnel.{n}.seconds"), format!("[{low}, {high}]"), allowed));
            }
            if step.drop_per_mille > 1_000 {
                let key = format!("funnel.{n}.drop_per_mille");
                return Err(out_of_range(key, step.drop_per_mille, "0 to 1000".to_owned()));
            }
        }
        Ok(())
    }

    fn check_orders(&self) -> Result<(), ScenarioError> {
        let world = &self.world;
        let [low, high] = world.band;
        if !(0 < low && low <= high && high <= world.capacity) {
            let allowed = "[low, high] with 0 < low <= high <= world.capacity".to_owned();
            return Err(out_of_range("world.band", format!("[{low}, {high}]"), allowed));
        }
        if world.capacity > world.hard_cap {
            let allowed = "the upper end of world.band to world.hard_cap".to_owned();
            return Err(out_of_range("world.capacity", world.capacity, allowed));
        }
        let rising = self.arrivals.curve.windows(2).all(|pair| pair[0][0] < pair[1][0]);
        let within = self.arrivals.curve.iter().all(|[minute, value]| *minute <= MONTH_MIN && *value <= 1_000_000);
        if self.arrivals.curve.is_empty() || !rising || !within {
            let allowed = "[minute, per mille] pairs, each minute after the one before, per mille to 1000000";
            return Err(out_of_range("arrivals.curve", format!("{:?}", self.arrivals.curve), allowed.to_owned()));
        }
        let samples = self.course.minutes * 60 / self.course.sample_s.max(1);
        if samples * u64::from(world.islands) > CELLS {
            let allowed = format!("enough that samples times islands is at most {CELLS}");
            return Err(out_of_range("course.sample_s", self.course.sample_s, allowed));
        }
        let classes = self.queue.shares.len();
        if !(1..=population::limits::CLASSES).contains(&classes) || self.queue.shares.contains(&0) {
            let allowed = format!("1 to {} shares, each at least 1", population::limits::CLASSES);
            return Err(out_of_range("queue.shares", format!("{:?}", self.queue.shares), allowed));
        }
        let of_classes: u64 = self.queue.class_per_mille.iter().map(|share| u64::from(*share)).sum();
        if self.queue.class_per_mille.len() > classes || of_classes > 1_000 {
            let allowed = "as many as queue.shares, together at most 1000".to_owned();
            return Err(out_of_range("queue.class_per_mille", format!("{:?}", self.queue.class_per_mille), allowed));
        }
        if self.funnel.len() > 16 {
            return Err(out_of_range("funnel", self.funnel.len(), "up to 16 steps".to_owned()));
        }
        Ok(())
    }

    fn check_incidents(&self) -> Result<(), ScenarioError> {
        if self.incident.len() > 1_000 {
            return Err(out_of_range("incident", self.incident.len(), "up to 1000 incidents".to_owned()));
        }
        for (n, incident) in self.incident.iter().enumerate() {
            for (key, found, most) in [
                ("at_min", incident.at_min, MONTH_MIN),
                ("every_min", incident.every_min, MONTH_MIN),
                ("lasts_s", incident.lasts_s, 86_400),
                ("per_mille", u64::from(incident.per_mille), 1_000),
                ("people", u64::from(incident.people), 100_000_000),
            ] {
                if found > most {
                    return Err(out_of_range(format!("incident.{n}.{key}"), found, format!("0 to {most}")));
                }
            }
        }
        Ok(())
    }

    fn check_rival(&self) -> Result<(), ScenarioError> {
        let Some(rival) = &self.rival else { return Ok(()) };
        let known = Figure::ALL.iter().any(|figure| figure.name() == rival.best);
        if !known {
            let names: Vec<&str> = Figure::ALL.iter().map(|figure| figure.name()).collect();
            return Err(out_of_range("rival.best", &rival.best, format!("one of {}", names.join(", "))));
        }
        Ok(())
    }
}
