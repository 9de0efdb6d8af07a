//! What a run of bots is: how many, where, how fast they come, what they do, and for how long.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use client::tcp::Trust;
use deeds::tables::Tables;
use thiserror::Error;

use crate::behaviour::Behaviour;

/// Files that a process needs besides its connections: streams, timers, a log.
const SPARE_FILES: u64 = 48;
/// The most bots in one run, so that a mistyped number is an answer and not an outage.
pub const MAX_BOTS: u32 = 100_000;

/// A run of bots.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where to enter, `host:port`. Bots begin at them in turn and learn the others.
    pub addresses: Vec<String>,
    /// How many bots.
    pub count: u32,
    /// What they do; in turn, if there are several.
    pub behaviours: Vec<Behaviour>,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// New connections a second.
    pub ramp_per_second: u32,
    /// How long the run takes, from the first connection to the farewell. `None`: until told.
    pub duration: Option<Duration>,
    /// One bot in so many observes everything, and at least one per address. 0: none.
    pub observe_one_in: u32,
    /// Open files that a bot needs in this process: 1, or 2 if the server runs in the same process.
    pub files_per_bot: u32,
    /// Whom to believe. With it the bots come by TLS, without it in the clear.
    pub trust: Option<Trust>,
    /// The tables of the world: what those know who do things.
    pub tables: Arc<Tables>,
    /// Where a receipt of each deed is written as a line of JSON. The file is made anew.
    pub receipts: Option<PathBuf>,
}

impl Plan {
    /// A plan with the usual figures: 100 connections a second, one observer in ten.
    #[must_use]
    pub fn new(addresses: Vec<String>, count: u32, behaviour: Behaviour) -> Self {
        Self {
            addresses,
            count,
            behaviours: vec![behaviour],
            seed: 1,
            ramp_per_second: 100,
            duration: None,
            observe_one_in: 10,
            files_per_bot: 1,
            trust: None,
            tables: Arc::new(Tables::built_in()),
            receipts: None,
        }
    }

    /// Whether the plan can be carried out in this process.
    ///
    /// # Errors
    /// Says what to change. Nothing was started.
    pub fn check(&self) -> Result<(), BotsError> {
        self.check_with(open_files())
    }

    fn check_with(&self, files: Option<OpenFiles>) -> Result<(), BotsError> {
        if self.addresses.is_empty() {
            return Err(BotsError::NoAddress);
        }
        if self.behaviours.is_empty() {
            return Err(BotsError::NoBehaviour);
        }
        if !(1..=MAX_BOTS).contains(&self.count) {
            return Err(BotsError::Count(self.count));
        }
        if self.ramp_per_second == 0 {
            return Err(BotsError::Ramp);
        }
        let Some(files) = files else { return Ok(()) };
        let per_bot = u64::from(self.files_per_bot.max(1));
        let possible = files.limit.saturating_sub(files.used + SPARE_FILES) / per_bot;
        if u64::from(self.count) <= possible {
            return Ok(());
        }
        let needed = u64::from(self.count) * per_bot + files.used + SPARE_FILES;
        Err(BotsError::FileLimit { count: self.count, limit: files.limit, possible, needed })
    }

    /// Whether bot `index` observes.
    #[must_use]
    pub fn observes(&self, index: u32) -> bool {
        let addresses = u32::try_from(self.addresses.len()).unwrap_or(u32::MAX).max(1);
        // Who does things must see them.
        let does_deeds = self.behaviour_of(index).is_some_and(Behaviour::does_deeds);
        does_deeds || self.observe_one_in > 0 && (index / addresses).is_multiple_of(self.observe_one_in)
    }

    /// The addresses of bot `index`, the one to begin with first.
    #[must_use]
    pub fn addresses_of(&self, index: u32) -> Vec<String> {
        let mut addresses = self.addresses.clone();
        let first = index as usize % addresses.len().max(1);
        addresses.rotate_left(first);
        addresses
    }

    /// The behaviour of bot `index`.
    #[must_use]
    pub fn behaviour_of(&self, index: u32) -> Option<&Behaviour> {
        // Whole rounds of the addresses share a behaviour, so that each address gets every behaviour.
        let round = index as usize / self.addresses.len().max(1);
        self.behaviours.get(round % self.behaviours.len().max(1))
    }

    /// The account of bot `index`. Runs with different seeds do not take each other's accounts.
    #[must_use]
    pub fn name_of(&self, index: u32) -> String {
        format!("bot-{:08x}-{index}", self.seed as u32 ^ (self.seed >> 32) as u32)
    }

    /// How long after the start bot `index` connects.
    #[must_use]
    pub fn starts_after(&self, index: u32) -> Duration {
        Duration::from_millis(u64::from(index) * 1000 / u64::from(self.ramp_per_second.max(1)))
    }
}

/// Why a run cannot be. Nothing was started.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BotsError {
    /// No address was given.
    #[error("there is no address to connect to")]
    NoAddress,
    /// No behaviour was given.
    #[error("there is no behaviour for the bots")]
    NoBehaviour,
    /// Too many or none.
    #[error("{0} bots cannot be run; allowed: 1 to {MAX_BOTS}")]
    Count(u32),
    /// Nobody would ever come.
    #[error("a ramp of 0 connections a second lets nobody in; allowed: 1 and more")]
    Ramp,
    /// The process may not open as many files.
    #[error(
        "this process may open {limit} files, which is enough for {possible} bots and not for {count}: \
         run `ulimit -n {needed}` first, or ask for fewer"
    )]
    FileLimit {
        /// Bots asked for.
        count: u32,
        /// The limit.
        limit: u64,
        /// Bots that are possible.
        possible: u64,
        /// The limit that would do.
        needed: u64,
    },
    /// The file of receipts could not be made.
    #[error("the receipts cannot be written to {file}: {why}")]
    Receipts {
        /// The file.
        file: String,
        /// What the system says.
        why: String,
    },
    /// The runtime could not be made.
    #[error("the runtime could not be started: {0}")]
    Runtime(String),
}

#[derive(Clone, Copy, Debug)]
struct OpenFiles {
    limit: u64,
    used: u64,
}

/// What Linux tells; `None` where there is no `/proc`, or no limit.
fn open_files() -> Option<OpenFiles> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find(|line| line.starts_with("Max open files"))?;
    let limit = line.split_whitespace().nth(3)?.parse().ok()?;
    let used = std::fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64);
    Some(OpenFiles { limit, used })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(count: u32) -> Plan {
        Plan::new(vec!["a:1".into(), "b:1".into(), "c:1".into()], count, Behaviour::load("idle").expect("built in"))
    }

    #[test]
    fn too_few_files_are_one_answer() {
        let files = Some(OpenFiles { limit: 1024, used: 10 });
        assert_eq!(plan(966).check_with(files), Ok(()));
        let error = plan(2_000).check_with(files).unwrap_err();
        assert!(error.to_string().contains("enough for 966 bots and not for 2000"), "{error}");
        assert!(error.to_string().contains("ulimit -n 2058"), "{error}");
        let both_ends = Plan { files_per_bot: 2, ..plan(500) };
        assert!(matches!(both_ends.check_with(files), Err(BotsError::FileLimit { possible: 483, .. })));
    }

    #[test]
    fn every_address_has_an_observer_and_every_behaviour() {
        let mut plan = plan(60);
        plan.behaviours.push(Behaviour::load("wander").expect("built in"));
        for address in 0..3 {
            let of_address = (0..60).filter(|i| plan.addresses_of(*i)[0] == plan.addresses[address]);
            let (mut observers, mut names) = (0, std::collections::BTreeSet::new());
            for index in of_address {
                observers += u32::from(plan.observes(index));
                names.insert(plan.behaviour_of(index).expect("one").name().to_owned());
            }
            assert_eq!((observers, names.len()), (2, 2));
        }
        assert!((0..3).all(|i| plan.observes(i)));
    }

    #[test]
    fn names_are_what_a_server_allows() {
        let plan = Plan { seed: u64::MAX / 3, ..plan(1) };
        assert!(protocol::client::valid_name(&plan.name_of(MAX_BOTS)));
    }
}
