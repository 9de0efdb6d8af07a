//! How many connections there are, in all and from each address.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::bucket::Bucket;
use crate::limits::{Limits, ORIGINS};

/// Whom a connection counts for: an IPv4 address, or the /64 network that one IPv6 subscriber is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Origin(IpAddr);

impl Origin {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.into()),
            IpAddr::V6(address) => Self(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into()),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// For anybody.
    Full,
    /// For another one from there.
    Address,
    /// For another one from there so soon.
    Arrivals,
}

/// The connections that are counted.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    total: usize,
    origins: BTreeMap<Origin, Guests>,
}

/// Those of one origin.
#[derive(Clone, Copy, Debug)]
struct Guests {
    here: usize,
    arrivals: Bucket,
}

impl Crowd {
    /// Lets somebody in, `now` on a clock that begins with the crowd.
    pub(crate) fn enter(&mut self, now: Duration, origin: Origin, limits: &Limits) -> Result<(), NoRoom> {
        if self.origins.len() >= limits.connections + ORIGINS {
            self.origins.retain(|_, guests| guests.here > 0);
        }
        let burst = u32::try_from(limits.per_address.saturating_mul(2)).unwrap_or(u32::MAX);
        let arrivals = Bucket::new(now, burst, limits.arrivals_per_s);
        let guests = self.origins.entry(origin).or_insert(Guests { here: 0, arrivals });
        if !guests.arrivals.take(now, 1) {
            return Err(NoRoom::Arrivals);
        }
        if guests.here >= limits.per_address {
            return Err(NoRoom::Address);
        }
        if self.total >= limits.connections {
            return Err(NoRoom::Full);
        }
        guests.here += 1;
        self.total += 1;
        Ok(())
    }

    /// Somebody goes. How fast others came from there is remembered for a while.
    pub(crate) fn leave(&mut self, origin: Origin) {
        if let Some(guests) = self.origins.get_mut(&origin).filter(|guests| guests.here > 0) {
            guests.here -= 1;
            self.total -= 1;
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who of `arrivals` is let in where 3 fit, 2 of one origin.
    fn check(arrivals: &[&str], expected: &[Result<(), NoRoom>]) {
        let limits = Limits { connections: 3, per_address: 2, ..Limits::default() };
        let mut crowd = Crowd::default();
        let enter =
            |address: &&str| crowd.enter(Duration::ZERO, Origin::of(address.parse().expect("an address")), &limits);
        assert_eq!(arrivals.iter().map(enter).collect::<Vec<_>>(), expected, "{arrivals:?}");
    }

    #[test]
    fn one_origin_does_not_take_all_room() {
        let (address, full) = (Err(NoRoom::Address), Err(NoRoom::Full));
        check(&["10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.3"], &[Ok(()), Ok(()), address, Ok(()), full]);
        check(&["10.0.0.1", "::ffff:10.0.0.1", "::ffff:10.0.0.1"], &[Ok(()), Ok(()), address]);
        check(&["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1"], &[Ok(()), Ok(()), address, Ok(())]);
    }

    #[test]
    fn who_leaves_makes_room() {
        let limits = Limits { connections: 1, per_address: 2, ..Limits::default() };
        let origin = Origin::of([10, 0, 0, 1].into());
        let mut crowd = Crowd::default();
        for second in 0..3 {
            let now = Duration::from_secs(second);
            assert_eq!(crowd.enter(now, origin, &limits), Ok(()));
            assert_eq!(crowd.enter(now, origin, &limits), Err(NoRoom::Full));
            crowd.leave(origin);
            crowd.leave(origin);
        }
        assert_eq!(crowd.len(), 0);
    }

    #[test]
    fn who_comes_and_goes_too_fast_has_to_wait_and_others_need_not() {
        let limits = Limits { per_address: 2, arrivals_per_s: 1, ..Limits::default() };
        let [fast, other] = [1, 2].map(|last| Origin::of([10, 0, 0, last].into()));
        let mut crowd = Crowd::default();
        let mut come = |ms: u64, origin| {
            let entered = crowd.enter(Duration::from_millis(ms), origin, &limits);
            if entered.is_ok() {
                crowd.leave(origin);
            }
            entered
        };
        assert_eq!([0, 0, 0, 0, 0].map(|ms| come(ms, fast)), [Ok(()), Ok(()), Ok(()), Ok(()), Err(NoRoom::Arrivals)]);
        assert_eq!(come(0, other), Ok(()));
        assert_eq!(
            [999, 1_000, 1_001].map(|ms| come(ms, fast)),
            [Err(NoRoom::Arrivals), Ok(()), Err(NoRoom::Arrivals)]
        );
    }

    #[test]
    fn a_flood_of_addresses_is_forgotten_when_they_are_too_many() {
        let limits = Limits { connections: 10, ..Limits::default() };
        let mut crowd = Crowd::default();
        let stays = Origin::of([192, 168, 0, 1].into());
        assert_eq!(crowd.enter(Duration::ZERO, stays, &limits), Ok(()));
        for n in 0..3 * ORIGINS as u32 {
            let origin = Origin::of(std::net::Ipv4Addr::from_bits(n).into());
            assert_eq!(crowd.enter(Duration::ZERO, origin, &limits), Ok(()));
            crowd.leave(origin);
        }
        assert!(crowd.origins.len() <= ORIGINS + 10);
        assert_eq!((crowd.len(), crowd.origins[&stays].here), (1, 1));
    }
}
