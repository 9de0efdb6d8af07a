//! The files of those who do things: gatherers, builders, traders, thieves, retriers.

use serde::Deserialize;

use super::{ACT_MS, BehaviourConfig, Check, ConfigError, GaitName, METRES, Span};

/// Units, items and visits at a time.
const FEW: (u64, u64) = (1, 100);
const MANY: (u64, u64) = (1, 1_000);
/// Parts in a hundred.
const PERCENT: (u64, u64) = (0, 100);
/// Milliseconds for which a trader waits.
const WAIT_MS: (u64, u64) = (500, 600_000);
/// How often a request is said again.
const REPEATS: (u64, u64) = (1, 10);

files! {
    /// `kind = "gatherer"`
    Gatherer {
        /// Milliseconds between two acts.
        act_every_ms: Span,
        /// The gait on the way.
        gait: GaitName,
        /// Units that it takes at once.
        units: Span,
        /// Percent of its bag at which it is emptied.
        full_percent: Span,
        /// How often in 100 it eats and does not drop.
        eat_percent: u32,
        /// How often in 100 acts it picks something up.
        pick_up_percent: u32,
        /// How often in 100 it agrees to an offer that it can keep.
        agree_percent: u32,
        /// Metres from the place of arrival beyond which it turns back.
        radius_m: u32,
    }
    /// `kind = "builder"`
    Builder {
        /// Milliseconds between two acts.
        act_every_ms: Span,
        /// The gait on the way.
        gait: GaitName,
        /// Units that it takes at once.
        units: Span,
        /// What it may build.
        buildings: Vec<String>,
        /// Times that it puts in or takes out.
        visits: Span,
        /// How often in 100 it claims land first.
        claim_percent: u32,
        /// Metres from the place of arrival beyond which it turns back.
        radius_m: u32,
    }
    /// `kind = "trader"`
    Trader {
        /// Milliseconds between two acts.
        act_every_ms: Span,
        /// The gait on the way.
        gait: GaitName,
        /// Units that it takes at once.
        units: Span,
        /// Items before it trades.
        stock: Span,
        /// Of an item in one trade.
        amount: Span,
        /// How often in 100 it gives.
        give_percent: u32,
        /// How often in 100 it agrees.
        agree_percent: u32,
        /// How often in 100 it does a trade twice.
        again_percent: u32,
        /// Milliseconds for which it waits for the other.
        wait_ms: Span,
        /// Metres from the place of arrival beyond which it turns back.
        radius_m: u32,
    }
    /// `kind = "thief"`
    Thief {
        /// Milliseconds between two acts.
        act_every_ms: Span,
        /// The gait on the way.
        gait: GaitName,
        /// Metres from the place of arrival beyond which it turns back.
        radius_m: u32,
    }
    /// `kind = "retrier"`
    Retrier {
        /// Milliseconds between two acts.
        act_every_ms: Span,
        /// The gait on the way.
        gait: GaitName,
        /// Units that it takes at once.
        units: Span,
        /// How often a request is said again.
        repeats: Span,
        /// How often in 100 from another node.
        elsewhere_percent: u32,
        /// How often in 100 with another content.
        other_content_percent: u32,
        /// Metres from the place of arrival beyond which it turns back.
        radius_m: u32,
    }
}

impl Check<'_> {
    fn walks(&self, act_every_ms: Span, gait: GaitName, radius_m: u32) -> Result<(), ConfigError> {
        self.span("act_every_ms", act_every_ms, ACT_MS)?;
        self.moving(gait)?;
        self.number("radius_m", radius_m, METRES)
    }

    pub(super) fn gatherer(&self, c: Gatherer) -> Result<BehaviourConfig, ConfigError> {
        self.walks(c.act_every_ms, c.gait, c.radius_m)?;
        self.span("units", c.units, FEW)?;
        self.span("full_percent", c.full_percent, (1, 100))?;
        self.number("eat_percent", c.eat_percent, PERCENT)?;
        self.number("pick_up_percent", c.pick_up_percent, PERCENT)?;
        self.number("agree_percent", c.agree_percent, PERCENT)?;
        Ok(BehaviourConfig::Gatherer(c))
    }

    pub(super) fn builder(&self, c: Builder) -> Result<BehaviourConfig, ConfigError> {
        self.walks(c.act_every_ms, c.gait, c.radius_m)?;
        self.span("units", c.units, FEW)?;
        self.span("visits", c.visits, MANY)?;
        if c.buildings.is_empty() {
            return Err(self.not_allowed("buildings", "[]".into(), "at least one building".into()));
        }
        self.number("claim_percent", c.claim_percent, PERCENT)?;
        Ok(BehaviourConfig::Builder(c))
    }

    pub(super) fn trader(&self, c: Trader) -> Result<BehaviourConfig, ConfigError> {
        self.walks(c.act_every_ms, c.gait, c.radius_m)?;
        self.span("units", c.units, FEW)?;
        self.span("stock", c.stock, MANY)?;
        self.span("amount", c.amount, MANY)?;
        self.number("give_percent", c.give_percent, PERCENT)?;
        self.number("agree_percent", c.agree_percent, PERCENT)?;
        self.number("again_percent", c.again_percent, PERCENT)?;
        self.span("wait_ms", c.wait_ms, WAIT_MS)?;
        Ok(BehaviourConfig::Trader(c))
    }

    pub(super) fn thief(&self, c: Thief) -> Result<BehaviourConfig, ConfigError> {
        self.walks(c.act_every_ms, c.gait, c.radius_m)?;
        Ok(BehaviourConfig::Thief(c))
    }

    pub(super) fn retrier(&self, c: Retrier) -> Result<BehaviourConfig, ConfigError> {
        self.walks(c.act_every_ms, c.gait, c.radius_m)?;
        self.span("units", c.units, FEW)?;
        self.span("repeats", c.repeats, REPEATS)?;
        self.number("elsewhere_percent", c.elsewhere_percent, PERCENT)?;
        self.number("other_content_percent", c.other_content_percent, PERCENT)?;
        Ok(BehaviourConfig::Retrier(c))
    }
}
