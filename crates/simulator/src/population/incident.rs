//! Incidents: what happens to the world from outside, at a moment or again and again.

use schemars::JsonSchema;
use serde::Deserialize;

/// An incident.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    /// Minute at which it happens first.
    pub at_min: u64,
    /// Minutes after which it happens again, to the end; 0 for once.
    #[serde(default)]
    pub every_min: u64,
    /// Seconds for which it lasts, where it lasts.
    #[serde(default = "a_minute")]
    pub lasts_s: u64,
    /// What.
    pub what: What,
    /// `friend-island`, `festival`: of a thousand who log in or sail, so many go there. `reports-fail`, `store-fails`:
    /// of a thousand, so many fail.
    #[serde(default = "all")]
    pub per_mille: u32,
    /// `people-expected`: how many people are announced to the allocator.
    #[serde(default)]
    pub people: u32,
}

fn a_minute() -> u64 {
    60
}

fn all() -> u32 {
    500
}

crate::names::names! {
    /// The kinds of incidents.
    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "kebab-case")]
    What {
        /// The allocator's leader dies; another is elected after its lease of five seconds.
        LeaderDies = "leader-dies",
        /// The leader stands still for a while; another is elected, and the old one wakes without knowing.
        LeaderPauses = "leader-pauses",
        /// A login node dies; whoever waits there reconnects to another with the token of the place.
        LoginNodeDies = "login-node-dies",
        /// The queue's memory is lost; everybody comes back with tokens of the old one.
        QueueLost = "queue-lost",
        /// A node dies; most of its people resume on others, and it comes back when the incident is over.
        NodeDies = "node-dies",
        /// The store takes two seconds for everything.
        StoreSlow = "store-slow",
        /// The store fails; half of the failures are of unknown outcome.
        StoreFails = "store-fails",
        /// Reports of hosts take up to half a minute.
        ReportsLate = "reports-late",
        /// Reports of hosts are lost.
        ReportsFail = "reports-fail",
        /// Many want to be where one person is.
        FriendIsland = "friend-island",
        /// Many want to be in one chunk of one island.
        Festival = "festival",
        /// People are announced for the time that it lasts.
        PeopleExpected = "people-expected",
    }
}
