//! A run: people live of the island for weeks, and what they lack is counted day by day.

use std::collections::BTreeMap;

use world::ecology::{DAY_MIN, Ecology, Growth, Meal, REGION_CHUNKS, Species};
use world::island::PlanError;
use world::{Digest, GeneratorVersion, Island, IslandPlan};

use super::scenario::Scenario;
use crate::outcome::{self, Bound, Heat, Line, Look, Outcome, Plot, Table};
use crate::population::along;

/// A day on which less than this part of what was needed was eaten is a hungry one.
const HUNGRY_PER_MILLE: u64 = 950;
/// The island carries so many people if none of their days is hungry.
const CARRIES_TRIES: u32 = 24;

crate::names::names! {
    /// The figures of an ecology.
    Figure {
        /// What was eaten of what was needed, per mille, over the whole run.
        FedPerMille = "fed_per_mille",
        /// The same on the worst day.
        WorstDayPerMille = "worst_day_per_mille",
        /// Days on which less than 950 per mille was eaten.
        HungryDays = "hungry_days",
        /// The first of them, from 1; 0 for none.
        FirstHungryDay = "first_hungry_day",
        /// People that the island carries for the whole time without a hungry day, if they are always as many.
        Carries = "carries_people",
        /// The most people at once.
        MostPeople = "most_people",
        /// What was left to gather at the end, per mille of what the ground carries.
        FoodLeftPerMille = "food_left_per_mille",
        /// The least that was ever left, per mille.
        FoodLeastPerMille = "food_least_per_mille",
        /// Of what was eaten, hunted, per mille.
        MeatPerMille = "meat_per_mille",
        /// Heads of all herds at the end.
        HeadsAtEnd = "heads_at_end",
        /// Herds that are gone for good.
        HerdsGone = "herds_gone",
        /// Portions that were eaten.
        Portions = "portions_eaten",
    }
}

/// A day's sums.
#[derive(Clone, Debug, Default)]
struct Day {
    meal: Meal,
    people: u64,
    food_left: u64,
    heads: Vec<u64>,
}

impl Day {
    fn fed_per_mille(&self) -> u64 {
        (self.meal.gathered + self.meal.hunted) * 1_000 / self.meal.needed.max(1)
    }
}

/// A run. It has no dice: nature is the island's, and the seed only names the run.
#[derive(Debug)]
pub struct Simulation {
    scenario: Scenario,
    seed: u64,
    fresh: Ecology,
    ecology: Ecology,
    at_min: u64,
    today: Day,
    days: Vec<Day>,
    steps: u64,
    digest: Digest,
}

impl Simulation {
    /// A run before its first day, of a scenario that was checked.
    ///
    /// # Errors
    /// The island's seed draws no landing.
    pub fn new(scenario: &Scenario, seed: u64) -> Result<Self, PlanError> {
        let template = &scenario.template;
        let (seed_of_island, size_chunks) = (template.island_seed, template.size_chunks);
        let plan = IslandPlan { seed: seed_of_island, size_chunks, version: GeneratorVersion::LATEST };
        let growth = Growth {
            food_half_min: template.food_half_min,
            grass_half_min: template.grass_half_min,
            yield_per_mille: template.yield_per_mille,
        };
        let mut ecology = Ecology::of(&Island::new(plan)?, growth);
        for herd in &scenario.herd {
            let species = Species {
                name: herd.name.clone(),
                births_per_mille: herd.births_per_mille,
                starve_per_mille: herd.starve_per_mille,
                portions: herd.portions * 1_000,
                most: herd.most,
                shy_per_mille: herd.shy_per_mille,
            };
            ecology.settle(species, herd.heads);
        }
        Ok(Self {
            scenario: scenario.clone(),
            seed,
            fresh: ecology.clone(),
            ecology,
            at_min: 0,
            today: Day::default(),
            days: Vec::new(),
            steps: 0,
            digest: Digest::new(),
        })
    }

    fn people_now(&self) -> u64 {
        // The curve counts days; `along` reads minutes.
        let curve: Vec<[u64; 2]> = self.scenario.people.curve.iter().map(|[day, n]| [day * DAY_MIN, *n]).collect();
        self.scenario.people.planned * along(&curve, self.at_min * 60_000) / 1_000
    }

    fn step(&mut self) {
        let minutes = self.scenario.course.step_min.min(DAY_MIN - self.at_min % DAY_MIN);
        let people = self.people_now();
        let needs = &self.scenario.people;
        let meal = self.ecology.step(minutes, people, needs.portions_per_day_milli, needs.meat_per_mille);
        for part in [meal.needed, meal.gathered, meal.hunted] {
            self.digest.write(&part.to_le_bytes());
        }
        self.today.meal.needed += meal.needed;
        self.today.meal.gathered += meal.gathered;
        self.today.meal.hunted += meal.hunted;
        self.today.people = self.today.people.max(people);
        self.at_min += minutes;
        self.steps += 1;
        if self.at_min.is_multiple_of(DAY_MIN) {
            self.today.food_left = self.food_left_per_mille();
            self.today.heads = self.ecology.herds().iter().map(world::ecology::Herd::heads).collect();
            self.days.push(std::mem::take(&mut self.today));
        }
    }

    fn food_left_per_mille(&self) -> u64 {
        let (left, all) = self.ecology.food().fold((0, 0), |(left, all), (l, a)| (left + l, all + a));
        left * 1_000 / all.max(1)
    }

    /// The most people who never have a hungry day, found by halving.
    fn carries(&self) -> u64 {
        let needs = &self.scenario.people;
        let fed = |people: u64| {
            let mut ecology = self.fresh.clone();
            (0..self.scenario.course.days).all(|_| {
                let hours =
                    (0..24).map(|_| ecology.step(60, people, needs.portions_per_day_milli, needs.meat_per_mille));
                let (needed, lacked) = hours.fold((0, 0), |(n, l), meal| (n + meal.needed, l + meal.lacked()));
                lacked * 1_000 <= needed * (1_000 - HUNGRY_PER_MILLE)
            })
        };
        let (mut low, mut high) = (0, needs.planned * 64);
        for _ in 0..CARRIES_TRIES {
            if high - low <= 1 {
                break;
            }
            let middle = low + (high - low) / 2;
            if fed(middle) { low = middle } else { high = middle }
        }
        low
    }

    fn figures(&self) -> BTreeMap<String, u64> {
        let sum = |of: fn(&Meal) -> u64| self.days.iter().map(|day| of(&day.meal)).sum::<u64>();
        let (needed, gathered, hunted) = (sum(|m| m.needed), sum(|m| m.gathered), sum(|m| m.hunted));
        let eaten = gathered + hunted;
        let hungry = |day: &Day| day.meal.needed > 0 && day.fed_per_mille() < HUNGRY_PER_MILLE;
        let hungry_days = self.days.iter().filter(|day| hungry(day)).count() as u64;
        let worst = self.days.iter().filter(|day| day.meal.needed > 0).map(Day::fed_per_mille).min().unwrap_or(1_000);
        let first = self.days.iter().position(hungry).map_or(0, |day| day as u64 + 1);
        let herds = self.ecology.herds();
        let value = |figure: Figure| match figure {
            Figure::FedPerMille => eaten * 1_000 / needed.max(1),
            Figure::WorstDayPerMille => worst,
            Figure::HungryDays => hungry_days,
            Figure::FirstHungryDay => first,
            Figure::Carries => self.carries(),
            Figure::MostPeople => self.days.iter().map(|day| day.people).max().unwrap_or(0),
            Figure::FoodLeftPerMille => self.food_left_per_mille(),
            Figure::FoodLeastPerMille => self.days.iter().map(|day| day.food_left).min().unwrap_or(1_000),
            Figure::MeatPerMille => hunted * 1_000 / eaten.max(1),
            Figure::HeadsAtEnd => herds.iter().map(world::ecology::Herd::heads).sum(),
            Figure::HerdsGone => herds.iter().filter(|herd| herd.is_gone()).count() as u64,
            Figure::Portions => eaten / 1_000,
        };
        Figure::ALL.iter().map(|figure| (figure.name().to_owned(), value(*figure))).collect()
    }

    fn plots(&self) -> Vec<Plot> {
        let at: Vec<u64> = (1..=self.days.len() as u64).collect();
        let plot = |id: &str, title: &str, note: &str, unit: &str, lines: Vec<Line>| Plot {
            id: id.to_owned(),
            title: title.to_owned(),
            note: note.to_owned(),
            unit: unit.to_owned(),
            axis: "day".to_owned(),
            at: at.clone(),
            lines,
        };
        let line = |name: &str, look: Look, value: &dyn Fn(&Day) -> u64| {
            Line::new(name, look, self.days.iter().map(|day| Some(value(day))).collect())
        };
        let mut plots = vec![
            plot(
                "meals",
                "Meals",
                "What people needed, and what they gathered and hunted.",
                "portions a day",
                vec![
                    line("needed", Look::Bound, &|day| day.meal.needed / 1_000),
                    line("gathered", Look::Line, &|day| day.meal.gathered / 1_000),
                    line("hunted", Look::Line, &|day| day.meal.hunted / 1_000),
                ],
            ),
            plot(
                "fed",
                "Fed",
                "Eaten of what was needed, and what is left to gather.",
                "per mille",
                vec![
                    line("fed", Look::Line, &Day::fed_per_mille),
                    line("food left", Look::Line, &|day| day.food_left),
                    line("hungry below", Look::Bound, &|_| HUNGRY_PER_MILLE),
                ],
            ),
            plot(
                "people",
                "People",
                "Who lives of the island.",
                "people",
                vec![
                    line("people", Look::Line, &|day| day.people),
                    line("planned", Look::Bound, &|_| self.scenario.people.planned),
                ],
            ),
        ];
        if !self.scenario.herd.is_empty() {
            let herd = |(n, herd): (usize, &world::ecology::Herd)| {
                line(&herd.species().name, Look::Line, &|day| day.heads.get(n).copied().unwrap_or(0))
            };
            let lines = self.ecology.herds().iter().enumerate().map(herd).collect();
            plots.push(plot("herds", "Herds", "Heads of each herd.", "heads", lines));
        }
        plots
    }

    fn heat(&self) -> Heat {
        let side = usize::from(self.ecology.side());
        let share = |(left, all): (u64, u64)| left * 1_000 / all.max(1);
        let regions: Vec<u64> = self.ecology.food().map(share).collect();
        // A cell a chunk, so that it looks like the island.
        let chunks = usize::from(self.scenario.template.size_chunks);
        let step = usize::from(REGION_CHUNKS);
        let cell = |x: usize, y: usize| regions.get(y / step * side + x / step).copied().unwrap_or(0);
        Heat {
            id: "food".to_owned(),
            title: "Food left, chunk by chunk".to_owned(),
            note: "The island from above at the end: what is left to gather of what the ground carries.".to_owned(),
            unit: "per mille".to_owned(),
            full: 1_000,
            columns: "chunks".to_owned(),
            end: chunks as u64,
            rows: "chunks from north to south".to_owned(),
            cells: (0..chunks).map(|y| (0..chunks).map(|x| cell(x, y)).collect()).collect(),
        }
    }

    fn herds(&self) -> Table {
        let row = |(herd, plan): (&world::ecology::Herd, &super::scenario::HerdPlan)| {
            vec![herd.species().name.clone(), plan.heads.to_string(), herd.heads().to_string()]
        };
        Table {
            id: "herds".to_owned(),
            title: "Herds".to_owned(),
            note: "Heads at the beginning and at the end.".to_owned(),
            head: ["herd", "at first", "at the end"].map(str::to_owned).to_vec(),
            rows: self.ecology.herds().iter().zip(&self.scenario.herd).map(row).collect(),
        }
    }
}

impl outcome::Course for Simulation {
    fn go_on(&mut self, ms: u64) -> bool {
        let end = self.scenario.course.days * DAY_MIN;
        // A step at least: days are long, and callers think in seconds.
        let until = (self.at_min + (ms / 60_000).max(1)).min(end);
        while self.at_min < until {
            self.step();
        }
        self.at_min < end
    }

    fn at_ms(&self) -> u64 {
        self.at_min * 60_000
    }

    fn length_ms(&self) -> u64 {
        self.scenario.course.days * DAY_MIN * 60_000
    }

    fn events(&self) -> u64 {
        self.steps
    }

    fn outcome(&self) -> Outcome {
        let figures = self.figures();
        Outcome {
            kind: "ecology".to_owned(),
            scenario: self.scenario.name.clone(),
            about: self.scenario.about.clone(),
            seed: self.seed,
            digest: format!("{:016x}", self.digest.finish()),
            simulated_ms: self.at_min * 60_000,
            events: self.steps,
            assertions: self.scenario.assert.iter().flat_map(|bound: &Bound| bound.judge(&figures)).collect(),
            figures,
            violations: Vec::new(),
            tables: vec![self.herds()],
            plots: self.plots(),
            heats: vec![self.heat()],
        }
    }
}
