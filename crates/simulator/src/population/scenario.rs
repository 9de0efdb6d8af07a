//! What a scenario of a population may say. All numbers are whole; a rate is per mille, a time carries its unit.

use schemars::JsonSchema;
use serde::Deserialize;

use super::incident::Incident;
use crate::outcome::Bound;

/// The kind of file that this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// People, islands, the queue and the allocator.
    Population,
}

/// A scenario of a population.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// `population`.
    pub kind: Kind,
    /// A short name.
    pub name: String,
    /// What it is for, for people.
    #[serde(default)]
    pub about: String,
    /// How long it runs.
    #[serde(default)]
    pub course: Course,
    /// The islands.
    #[serde(default)]
    pub world: World,
    /// The machines.
    #[serde(default)]
    pub nodes: Nodes,
    /// Who plays, and how.
    #[serde(default)]
    pub people: People,
    /// When they come.
    #[serde(default)]
    pub arrivals: Arrivals,
    /// What a newcomer goes through before the queue, step by step.
    #[serde(default)]
    pub funnel: Vec<Step>,
    /// Travel between islands.
    #[serde(default)]
    pub voyages: Voyages,
    /// The queue.
    #[serde(default)]
    pub queue: Queue,
    /// Who decides where people go.
    #[serde(default)]
    pub policy: PolicyChoice,
    /// What hosts tell the allocator.
    #[serde(default)]
    pub reports: Reports,
    /// The store of the islands' seats.
    #[serde(default)]
    pub store: StoreWeather,
    /// What happens, and when.
    #[serde(default)]
    pub incident: Vec<Incident>,
    /// Another policy in the same weather, for comparison.
    #[serde(default)]
    pub rival: Option<Rival>,
    /// What must hold.
    #[serde(default)]
    pub assert: Vec<Bound>,
}

/// How long it runs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Course {
    /// Minutes of the whole run, 1 to 44640 (a month).
    pub minutes: u64,
    /// Seconds between two samples for plots, 1 to 3600.
    pub sample_s: u64,
    /// Minutes from which on bands and waiting times are judged: before it the world fills up.
    pub measure_from_min: u64,
    /// Minutes up to which they are judged; 0 for the end.
    pub measure_to_min: u64,
}

/// The islands. All are planned alike.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct World {
    /// Islands that may be opened, 1 to 20000.
    pub islands: u32,
    /// From how many to how many people an island is at its best.
    pub band: [u32; 2],
    /// People for whom an island is built.
    pub capacity: u32,
    /// People that an island never exceeds.
    pub hard_cap: u32,
    /// Islands that stay open however few people there are.
    pub keep_open: u32,
    /// Seconds that hosts need to raise an island, from and to.
    pub raise_s: [u64; 2],
    /// Minutes of sleep after which an island is archived; 0 for never.
    pub archive_after_min: u64,
}

/// The machines.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Nodes {
    /// Nodes that serve people, 1 to 5000.
    pub count: u32,
    /// People that fill a node: its load is 1000 per mille then.
    pub people: u32,
    /// Login nodes, 1 to 500.
    pub login: u32,
    /// Of a thousand people on a node that dies, so many do not come back.
    pub quit_per_mille: u32,
}

/// Who plays, and how.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct People {
    /// Accounts that may come, 1 to 20000000.
    pub registered: u32,
    /// Of a thousand accounts, so many have played before: they skip the funnel.
    pub veterans_per_mille: u32,
    /// Mean minutes of a session.
    pub session_min: u64,
    /// Of a thousand sessions, so many are short.
    pub bounce_per_mille: u32,
    /// Mean minutes of a short session.
    pub bounce_min: u64,
    /// Friends that each account has, 0 to 31.
    pub friends: u32,
    /// Of a thousand who come, so many bring those friends who are not playing.
    pub party_per_mille: u32,
    /// Of a thousand parties, so many would rather wait than be split.
    pub inseparable_per_mille: u32,
    /// Of a thousand who come, so many ask to be where a friend is.
    pub to_friend_per_mille: u32,
    /// Seconds from the ticket to the first step on the island, from and to.
    pub load_s: [u64; 2],
    /// Mean minutes after which somebody in the queue gives up; 0 for never.
    pub patience_min: u64,
    /// Of a thousand who gave up, so many try again.
    pub retry_per_mille: u32,
    /// Mean minutes until they do.
    pub retry_min: u64,
    /// Of a thousand tickets, so many are never used.
    pub unused_per_mille: u32,
    /// Of a thousand answers of the allocator, so many are lost on the way to the client, which asks again.
    pub lost_answers_per_mille: u32,
}

/// When people come.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Arrivals {
    /// Arrivals a minute that the world was planned for.
    pub planned_per_min: u64,
    /// `[minute, per mille of the plan]` in the order of time, with straight lines between; level before and after.
    pub curve: Vec<[u64; 2]>,
}

/// A step of the funnel.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its name, for reports.
    pub name: String,
    /// Seconds that it takes, from and to.
    pub seconds: [u64; 2],
    /// Of a thousand newcomers, so many give up here.
    #[serde(default)]
    pub drop_per_mille: u32,
}

/// Travel between islands.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Voyages {
    /// Mean minutes between two voyages of somebody who plays; 0 for none.
    pub every_min: u64,
    /// Seconds that a voyage takes, from and to. The seat left behind stays taken meanwhile.
    pub takes_s: [u64; 2],
    /// Of a thousand voyages, so many go to an island that the traveller names.
    pub named_per_mille: u32,
    /// Of a thousand voyages, so many go to a friend.
    pub to_friend_per_mille: u32,
}

/// The queue.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Queue {
    /// The shares of its classes in admissions, 1 to 8 of them.
    pub shares: Vec<u32>,
    /// Of a thousand who come, so many are of each class; the last class takes the rest.
    pub class_per_mille: Vec<u32>,
    /// Minutes for which a place without a connection is kept.
    pub keep_place_min: u64,
    /// Most admissions a second.
    pub most_per_s: u64,
    /// One in so many people in the queue looks at the waiting time every half minute, and is measured.
    pub watch_one_in: u32,
}

/// The policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyKind {
    /// The allocator that serves players.
    Allocator,
    /// The next island in the row, whoever asks.
    RoundRobin,
    /// The island whose measured number of people, averaged over a window, is lowest.
    WindowedDensity,
}

/// Who decides where people go.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyChoice {
    /// Which policy.
    pub kind: PolicyKind,
    /// `windowed-density`: seconds of its window.
    pub window_s: u64,
    /// `windowed-density` and `round-robin`: islands that are open from the beginning.
    pub open_first: u32,
    /// `allocator`: seconds ahead for which islands are opened.
    pub open_lead_s: u64,
    /// `allocator`: seconds of arrivals for which the islands being filled have room.
    pub fill_ahead_s: u64,
    /// `allocator`: seats kept free in the bands, per mille of all people.
    pub reserve_per_mille: u32,
    /// `allocator`: islands raised at once.
    pub raising: u32,
    /// `allocator`: seconds below its band after which an island drains.
    pub drain_after_s: u64,
    /// `allocator`: seconds for which a draining island is empty before it sleeps.
    pub sleep_after_s: u64,
    /// Seconds for which a ticket is good.
    pub ticket_s: u64,
}

/// What hosts tell the allocator.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Reports {
    /// Milliseconds of a report's way, from and to.
    pub delay_ms: [u64; 2],
    /// Of a thousand reports, so many are lost.
    pub lost_per_mille: u32,
    /// Of a thousand reports, so many come twice.
    pub twice_per_mille: u32,
}

/// The store of the islands' seats.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StoreWeather {
    /// Milliseconds to an answer, from and to.
    pub delay_ms: [u64; 2],
    /// Of a thousand requests, so many do nothing and say so.
    pub fail_per_mille: u32,
    /// Of a thousand requests, so many have an outcome that is not told; half of them take effect.
    pub unknown_per_mille: u32,
}

/// Another policy in the same weather: the same file with some values set, once for each value of a sweep.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rival {
    /// What it is, for people.
    pub name: String,
    /// `key = value` as for `--set`.
    #[serde(default)]
    pub set: Vec<String>,
    /// `key=a,b,c` as for `--sweep`.
    pub sweep: String,
    /// The figure that tells which value is best; the least is.
    pub best: String,
    /// Figures that are drawn beside it.
    #[serde(default)]
    pub also: Vec<String>,
}
