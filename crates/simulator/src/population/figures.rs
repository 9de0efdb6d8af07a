//! Everything that a run of a population counts or measures. Assertions name these.

use std::collections::BTreeMap;

crate::names::names! {
    /// A figure.
    Figure {
        /// People who came, retries and returns included.
        Arrivals = "arrivals",
        /// Newcomers who gave up in the funnel.
        FunnelDropped = "funnel_dropped",
        /// Times that somebody joined the queue.
        Queued = "queued",
        /// Times that somebody gave up in the queue.
        GaveUp = "gave_up",
        /// Times that the queue was full.
        TurnedAway = "turned_away",
        /// Admissions from the queue.
        Admitted = "admitted",
        /// Admissions that found no room and went back to their place.
        PutBack = "put_back",
        /// Sessions that began on an island.
        Sessions = "sessions",
        /// Voyages that arrived.
        Voyages = "voyages",
        /// Most people in the world at once.
        PeakPeople = "peak_people",
        /// People in the world at the end.
        PeopleAtEnd = "people_at_end",
        /// Most people in the queue at once.
        PeakQueue = "peak_queue",
        /// Arrivals on an island that was at its hard cap.
        OverCap = "over_cap",
        /// The fullest that an island ever was, per mille of its hard cap.
        FullestPerMille = "fullest_island_per_mille",
        /// Samples in which the median island was in its band, per mille of those judged.
        MedianInBandPerMille = "median_in_band_per_mille",
        /// Samples that were judged.
        SamplesJudged = "samples_judged",
        /// The median island's people, on average over the samples judged.
        MedianPeople = "median_people",
        /// Looks at a waiting time that were held against the real one.
        WaitsCompared = "waits_compared",
        /// Shown against real waiting time: the error of nine in ten looks is at most so many per mille of the real one.
        WaitErrorP90PerMille = "wait_error_p90_per_mille",
        /// The same for half of the looks.
        WaitErrorP50PerMille = "wait_error_p50_per_mille",
        /// The waiting time of half of those admitted, in seconds, of those who are watched.
        WaitP50S = "wait_p50_s",
        /// The same of nine in ten.
        WaitP90S = "wait_p90_s",
        /// Admissions past somebody who waited with a connection on an earlier place.
        Overtaken = "overtaken",
        /// Places that were lost.
        PlacesLost = "places_lost",
        /// Accounts that were in two places or in none when counted.
        AccountsLost = "accounts_lost",
        /// Askings that were never answered.
        Unanswered = "unanswered",
        /// Decisions without a fitting reason, answers to nobody, promises made twice.
        Unreasonable = "unreasonable",
        /// Islands put to sleep or archived with people on them.
        LaidDownWithPeople = "laid_down_with_people",
        /// Islands that were archived.
        Archived = "archived",
        /// Seats counted at the end that neither people nor live tickets take.
        SeatsForNobody = "seats_for_nobody",
        /// Parties that came.
        Parties = "parties",
        /// Parties that were placed as a whole, per mille.
        PartiesTogetherPerMille = "parties_together_per_mille",
        /// Decisions of the allocator.
        Decisions = "decisions",
        /// Decisions that told somebody to wait.
        ToldToWait = "told_to_wait",
        /// Decisions that refused.
        Refused = "refused",
        /// Tickets that ran out before the client had loaded.
        LateTickets = "late_tickets",
        /// Islands that were open at once, at most.
        IslandsOpen = "islands_open",
        /// Times that an island was ordered up.
        IslandsRaised = "islands_raised",
        /// Leaders that died or were put out.
        LeadersLost = "leaders_lost",
        /// Login nodes that died.
        LoginNodesLost = "login_nodes_lost",
        /// Nodes that died.
        NodesLost = "nodes_lost",
        /// People whom an incident drew to a friend or a festival.
        Drawn = "drawn",
        /// The highest load of a node, per mille of what it can do.
        PeakLoadPerMille = "peak_load_per_mille",
        /// Requests to the store of seats.
        StoreRequests = "store_requests",
    }
}

/// The figure of a file's rival at the best of its values, as the file's `rival.best` chose it. Known only to whoever runs
/// the rival.
pub const RIVAL_BEST: &str = "rival_best";

/// The figures of a run.
#[derive(Clone, Debug)]
pub(super) struct Figures(BTreeMap<Figure, u64>);

impl Figures {
    pub fn new() -> Self {
        Self(Figure::ALL.iter().map(|figure| (*figure, 0)).collect())
    }

    pub fn get(&self, figure: Figure) -> u64 {
        self.0.get(&figure).copied().unwrap_or(0)
    }

    pub fn add(&mut self, figure: Figure, more: u64) {
        *self.0.entry(figure).or_default() += more;
    }

    pub fn one(&mut self, figure: Figure) {
        self.add(figure, 1);
    }

    pub fn set(&mut self, figure: Figure, value: u64) {
        self.0.insert(figure, value);
    }

    pub fn raise(&mut self, figure: Figure, value: u64) {
        let held = self.0.entry(figure).or_default();
        *held = (*held).max(value);
    }

    pub fn by_name(&self) -> BTreeMap<String, u64> {
        self.0.iter().map(|(figure, value)| (figure.name().to_owned(), *value)).collect()
    }
}
