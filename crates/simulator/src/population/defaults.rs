//! What a scenario does not say: a middling evening of a small world.

use population::limits;

use super::scenario::{
    Arrivals, Course, Nodes, People, PolicyChoice, PolicyKind, Queue, Reports, StoreWeather, Voyages, World,
};

impl Default for Course {
    fn default() -> Self {
        Self { minutes: 120, sample_s: 60, measure_from_min: 30, measure_to_min: 0 }
    }
}

impl Default for World {
    fn default() -> Self {
        Self {
            islands: 40,
            band: [120, 200],
            capacity: 240,
            hard_cap: 280,
            keep_open: 1,
            raise_s: [5, 20],
            archive_after_min: 0,
        }
    }
}

impl Default for Nodes {
    fn default() -> Self {
        Self { count: 8, people: 2_000, login: 3, quit_per_mille: 100 }
    }
}

impl Default for People {
    fn default() -> Self {
        Self {
            registered: 50_000,
            veterans_per_mille: 500,
            session_min: 60,
            bounce_per_mille: 150,
            bounce_min: 5,
            friends: 5,
            party_per_mille: 100,
            inseparable_per_mille: 200,
            to_friend_per_mille: 50,
            load_s: [8, 40],
            patience_min: 60,
            retry_per_mille: 500,
            retry_min: 60,
            unused_per_mille: 10,
            lost_answers_per_mille: 2,
        }
    }
}

impl Default for Arrivals {
    fn default() -> Self {
        Self { planned_per_min: 60, curve: vec![[0, 1_000]] }
    }
}

impl Default for Voyages {
    fn default() -> Self {
        Self { every_min: 60, takes_s: [20, 60], named_per_mille: 200, to_friend_per_mille: 300 }
    }
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            shares: vec![limits::CLASS_SHARE],
            class_per_mille: Vec::new(),
            keep_place_min: limits::KEEP_PLACE_MS / 60_000,
            most_per_s: limits::ADMIT_MAX_MILLI / 1_000,
            watch_one_in: 40,
        }
    }
}

impl Default for PolicyChoice {
    fn default() -> Self {
        Self {
            kind: PolicyKind::Allocator,
            window_s: 30,
            open_first: 1,
            open_lead_s: limits::OPEN_LEAD_MS / 1_000,
            fill_ahead_s: limits::FILL_AHEAD_MS / 1_000,
            reserve_per_mille: limits::RESERVE_PER_MILLE,
            raising: u32::try_from(limits::RAISING).unwrap_or(u32::MAX),
            drain_after_s: limits::DRAIN_AFTER_MS / 1_000,
            sleep_after_s: limits::SLEEP_AFTER_MS / 1_000,
            ticket_s: limits::PROMISE_TTL_MS / 1_000,
        }
    }
}

impl Default for Reports {
    fn default() -> Self {
        Self { delay_ms: [20, 1_500], lost_per_mille: 5, twice_per_mille: 5 }
    }
}

impl Default for StoreWeather {
    fn default() -> Self {
        Self { delay_ms: [1, 12], fail_per_mille: 1, unknown_per_mille: 1 }
    }
}
