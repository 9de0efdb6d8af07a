//! How fast one client may send: in bytes, in messages, and in messages of each kind.

use std::time::Duration;

use protocol::Kind;
use tokio::time::Instant;

use crate::bucket::Bucket;
use crate::limits::{Limits, Rate};
use crate::refusals::Refusal;

/// The kinds that have a rate of their own. All that clients of this version do not send share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Hello,
    Input,
    Speak,
    Deed,
    Baseline,
    Ping,
    Bye,
    Other,
}

/// How many there are.
const FAMILIES: usize = 8;

impl Family {
    const ALL: [Self; FAMILIES] =
        [Self::Hello, Self::Input, Self::Speak, Self::Deed, Self::Baseline, Self::Ping, Self::Bye, Self::Other];

    pub(crate) fn of(kind: u16) -> Self {
        match Kind::from_number(kind) {
            Some(Kind::Hello) => Self::Hello,
            Some(Kind::Input) => Self::Input,
            Some(Kind::Speak) => Self::Speak,
            Some(Kind::Dress | Kind::Deed) => Self::Deed,
            Some(Kind::GetBaseline) => Self::Baseline,
            Some(Kind::Ping) => Self::Ping,
            Some(Kind::Bye) => Self::Bye,
            Some(_) | None => Self::Other,
        }
    }

    fn rate(self, limits: &Limits) -> Rate {
        let kinds = &limits.kinds;
        match self {
            Self::Hello => kinds.hello,
            Self::Input => kinds.input,
            Self::Speak => kinds.speak,
            Self::Deed => kinds.deed,
            Self::Baseline => kinds.baseline,
            Self::Ping => kinds.ping,
            Self::Bye => kinds.bye,
            Self::Other => kinds.other,
        }
    }
}

/// The buckets of one client.
#[derive(Debug)]
pub(crate) struct Rates {
    since: Instant,
    messages: Bucket,
    bytes: Bucket,
    kinds: [Bucket; FAMILIES],
}

impl Rates {
    pub(crate) fn new(limits: &Limits) -> Self {
        let full = |rate: Rate| Bucket::new(Duration::ZERO, rate.burst, rate.per_s);
        Self {
            since: Instant::now(),
            messages: Bucket::new(Duration::ZERO, limits.message_burst, limits.messages_per_s),
            bytes: Bucket::new(Duration::ZERO, limits.byte_burst, limits.bytes_per_s),
            kinds: Family::ALL.map(|family| full(family.rate(limits))),
        }
    }

    /// So many bytes have come.
    pub(crate) fn bytes(&mut self, bytes: usize) -> Result<(), Refusal> {
        if self.bytes.take(self.since.elapsed(), bytes) { Ok(()) } else { Err(Refusal::Bytes) }
    }

    /// A message of this kind has come.
    pub(crate) fn message(&mut self, kind: u16) -> Result<(), Refusal> {
        let (now, family) = (self.since.elapsed(), Family::of(kind));
        if !self.messages.take(now, 1) {
            return Err(Refusal::Messages);
        }
        if !self.kinds[family as usize].take(now, 1) {
            return Err(Refusal::Kind(family));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_rate_of_its_own_and_all_share_one() {
        let mut rates = Rates::new(&Limits::default());
        for family in Family::ALL {
            assert_eq!(family as usize, Family::ALL.iter().position(|other| *other == family).expect("listed"));
        }
        let burst = Limits::default().kinds.speak.burst;
        for _ in 0..burst {
            assert_eq!(rates.message(Kind::Speak as u16), Ok(()));
        }
        assert_eq!(rates.message(Kind::Speak as u16), Err(Refusal::Kind(Family::Speak)));
        assert_eq!(rates.message(Kind::Input as u16), Ok(()), "another kind goes on");
        let kinds = [Kind::Welcome as u16, Kind::Frame as u16, 9_999];
        kinds.iter().for_each(|kind| assert_eq!(Family::of(*kind), Family::Other));
        let mut rates = Rates::new(&Limits { message_burst: 3, ..Limits::default() });
        let outcomes: Vec<_> = (0..4).map(|_| rates.message(Kind::Input as u16)).collect();
        assert_eq!(outcomes, [Ok(()), Ok(()), Ok(()), Err(Refusal::Messages)]);
    }
}
