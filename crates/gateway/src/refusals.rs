//! Each way in which a client is turned away or cut: counted always, logged now and then.
//!
//! A line says how many there were since the last of its kind, and of one of them where it came from and the trace of
//! its last message. Never what it said.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use node::ConnId;

use crate::counters::Counters;
use crate::crowd::Origin;
use crate::rates::Family;

/// One line of a kind in so long.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// Why a client was turned away or cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no room for anybody.
    Full,
    /// Too many connections from one address.
    Address,
    /// Too many new connections from one address.
    Arrivals,
    /// Too many bytes.
    Bytes,
    /// Too many messages.
    Messages,
    /// Too many messages of a kind.
    Kind(Family),
    /// What cannot be a message.
    Malformed,
    /// No TLS where it is required.
    Plain,
    /// No TLS that can be spoken here.
    Greeting,
    /// TLS was not ready in time.
    LateGreeting,
    /// It does not read, and more would have to be kept than the limits allow.
    Overflow,
    /// It did not read for too long.
    Stuck,
}

/// Whom a line is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whom {
    pub(crate) origin: Origin,
    pub(crate) conn: Option<ConnId>,
    pub(crate) trace: u64,
}

/// How many kinds of lines there are: messages of each kind share one.
const LINES: usize = 12;

/// When which line was written last.
#[derive(Debug, Default)]
pub(crate) struct Refusals(RefCell<[Line; LINES]>);

#[derive(Clone, Copy, Debug, Default)]
struct Line {
    written: Option<Instant>,
    unsaid: u64,
}

impl Refusal {
    pub(crate) fn count(self, c: &mut Counters) {
        match self {
            Self::Full => c.refused_full += 1,
            Self::Address => c.refused_address += 1,
            Self::Arrivals => c.refused_arrivals += 1,
            Self::Bytes | Self::Messages | Self::Kind(_) => c.rate_limited += 1,
            Self::Malformed => c.malformed += 1,
            Self::Plain => c.refused_plain += 1,
            Self::Greeting => c.refused_greeting += 1,
            Self::LateGreeting => c.late_greeting += 1,
            Self::Overflow => c.overflowed += 1,
            Self::Stuck => c.stuck += 1,
        }
        match self {
            Self::Bytes => c.limited_bytes += 1,
            Self::Messages => c.limited_messages += 1,
            Self::Kind(Family::Hello) => c.limited_hello += 1,
            Self::Kind(Family::Input) => c.limited_input += 1,
            Self::Kind(Family::Speak) => c.limited_speak += 1,
            Self::Kind(Family::Deed) => c.limited_deed += 1,
            Self::Kind(Family::Baseline) => c.limited_baseline += 1,
            Self::Kind(Family::Ping) => c.limited_ping += 1,
            Self::Kind(Family::Bye) => c.limited_bye += 1,
            Self::Kind(Family::Other) => c.limited_other += 1,
            _ => {}
        }
    }

    fn line(self) -> (usize, &'static str) {
        match self {
            Self::Full => (0, "there is no room for more connections"),
            Self::Address => (1, "too many connections from one address"),
            Self::Arrivals => (2, "too many new connections from one address"),
            Self::Bytes => (3, "too many bytes"),
            Self::Messages => (4, "too many messages"),
            Self::Kind(_) => (5, "too many messages of one kind"),
            Self::Malformed => (6, "what it sent cannot be a message"),
            Self::Plain => (7, "it came without TLS, which is required"),
            Self::Greeting => (8, "it does not speak TLS as this server does, or does not believe it"),
            Self::LateGreeting => (9, "TLS was not ready in time"),
            Self::Overflow => (10, "it does not read, and too much would have to be kept"),
            Self::Stuck => (11, "it did not read for too long"),
        }
    }
}

impl Refusals {
    /// Writes a line, if it is time for one of its kind.
    pub(crate) fn note(&self, refusal: Refusal, whom: Whom) {
        let (index, reason) = refusal.line();
        let Some(times) = self.0.borrow_mut()[index].due(Instant::now()) else { return };
        let Whom { origin, conn, trace } = whom;
        let kind = if let Refusal::Kind(family) = refusal { Some(family) } else { None };
        let conn = conn.map(|conn| conn.0);
        let trace = format!("{trace:016x}");
        tracing::warn!(%origin, conn, trace, kind = kind.map(tracing::field::debug), times, reason, "refused");
    }
}

impl Line {
    /// How many there were since the last line, if another is due.
    fn due(&mut self, now: Instant) -> Option<u64> {
        self.unsaid += 1;
        if self.written.is_some_and(|written| now.saturating_duration_since(written) < LOG_INTERVAL) {
            return None;
        }
        self.written = Some(now);
        Some(std::mem::take(&mut self.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_writes_a_line_now_and_then_that_counts_the_rest() {
        let (mut line, began) = (Line::default(), Instant::now());
        let at = |ms: u64| began + Duration::from_millis(ms);
        let said: Vec<_> = [0, 1, 9_999, 10_000, 10_001, 30_000].map(|ms| line.due(at(ms))).to_vec();
        assert_eq!(said, [Some(1), None, None, Some(3), None, Some(2)]);
    }

    #[test]
    fn each_refusal_is_counted_once_in_all_and_has_a_line() {
        let kinds = [Family::Hello, Family::Input, Family::Speak, Family::Deed, Family::Baseline, Family::Ping];
        let others = [
            Refusal::Full,
            Refusal::Address,
            Refusal::Arrivals,
            Refusal::Bytes,
            Refusal::Messages,
            Refusal::Malformed,
            Refusal::Plain,
            Refusal::Greeting,
            Refusal::LateGreeting,
            Refusal::Overflow,
            Refusal::Stuck,
        ];
        for refusal in others.into_iter().chain(kinds.map(Refusal::Kind)) {
            let mut counters = Counters::default();
            refusal.count(&mut counters);
            let named = counters.named();
            let of = |limited: bool| -> u64 {
                named.iter().filter(|(name, _)| name.starts_with("limited_") == limited).map(|(_, count)| count).sum()
            };
            assert_eq!((of(false), of(true)), (1, counters.rate_limited), "{refusal:?}");
            assert!(refusal.line().0 < LINES);
        }
    }
}
