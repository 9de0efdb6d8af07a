//! What a scenario of an ecology may say, value by value.

use super::run::Figure;
use super::scenario::Scenario;
use crate::scenario::{ScenarioError, check_bounds, out_of_range};

impl Scenario {
    /// Looks at every value.
    ///
    /// # Errors
    /// The key and what is allowed.
    pub fn check(&self) -> Result<(), ScenarioError> {
        let Self { course, template, people, .. } = self;
        for (key, found, allowed) in [
            ("course.days", course.days, 1..=366),
            ("course.step_min", course.step_min, 1..=720),
            ("template.size_chunks", u64::from(template.size_chunks), 8..=128),
            ("template.food_half_min", template.food_half_min, 1..=1_000_000),
            ("template.grass_half_min", template.grass_half_min, 1..=1_000_000),
            ("template.yield_per_mille", template.yield_per_mille, 0..=100_000),
            ("people.planned", people.planned, 1..=100_000),
            ("people.portions_per_day_milli", people.portions_per_day_milli, 1..=1_000_000),
            ("people.meat_per_mille", people.meat_per_mille, 0..=1_000),
        ] {
            if !allowed.contains(&found) {
                return Err(out_of_range(key, found, format!("{} to {}", allowed.start(), allowed.end())));
            }
        }
        let rising = people.curve.windows(2).all(|pair| pair[0][0] < pair[1][0]);
        let within = people.curve.iter().all(|[day, value]| *day <= 366 && *value <= 1_000_000);
        if people.curve.is_empty() || !rising || !within {
            let allowed = "[day, per mille] pairs, each day after the one before, per mille to 1000000".to_owned();
            return Err(out_of_range("people.curve", format!("{:?}", people.curve), allowed));
        }
        self.check_herds()?;
        check_bounds(&self.assert, Figure::ALL.iter().map(|figure| figure.name()))
    }

    fn check_herds(&self) -> Result<(), ScenarioError> {
        if self.herd.len() > 64 {
            return Err(out_of_range("herd", self.herd.len(), "up to 64 herds".to_owned()));
        }
        for (n, herd) in self.herd.iter().enumerate() {
            for (key, found, allowed) in [
                ("heads", u64::from(herd.heads), 2..=1_000_000),
                ("most", u64::from(herd.most), u64::from(herd.heads)..=1_000_000),
                ("births_per_mille", herd.births_per_mille, 0..=1_000),
                ("starve_per_mille", herd.starve_per_mille, 0..=1_000),
                ("portions", herd.portions, 1..=10_000),
                ("shy_per_mille", herd.shy_per_mille, 0..=1_000),
            ] {
                if !allowed.contains(&found) {
                    let allowed = format!("{} to {}", allowed.start(), allowed.end());
                    return Err(out_of_range(format!("herd.{n}.{key}"), found, allowed));
                }
            }
        }
        Ok(())
    }
}
