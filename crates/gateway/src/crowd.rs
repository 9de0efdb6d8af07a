//! How many connections there are, in all and from each address.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use crate::limits::Limits;

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

/// Why there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// For anybody.
    Full,
    /// For another one from there.
    Address,
}

/// The connections that are counted.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    total: usize,
    origins: BTreeMap<Origin, usize>,
}

impl Crowd {
    pub(crate) fn enter(&mut self, origin: Origin, limits: &Limits) -> Result<(), NoRoom> {
        if self.total >= limits.connections {
            return Err(NoRoom::Full);
        }
        let count = self.origins.get(&origin).copied().unwrap_or(0);
        if count >= limits.per_address {
            return Err(NoRoom::Address);
        }
        self.origins.insert(origin, count + 1);
        self.total += 1;
        Ok(())
    }

    pub(crate) fn leave(&mut self, origin: Origin) {
        let Some(count) = self.origins.get_mut(&origin) else { return };
        *count -= 1;
        if *count == 0 {
            self.origins.remove(&origin);
        }
        self.total -= 1;
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
        let enter = |address: &&str| crowd.enter(Origin::of(address.parse().expect("an address")), &limits);
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
        let limits = Limits { connections: 1, per_address: 1, ..Limits::default() };
        let origin = Origin::of([10, 0, 0, 1].into());
        let mut crowd = Crowd::default();
        for _ in 0..3 {
            assert_eq!(crowd.enter(origin, &limits), Ok(()));
            assert_eq!(crowd.enter(origin, &limits), Err(NoRoom::Full));
            crowd.leave(origin);
            crowd.leave(origin);
        }
        assert_eq!(crowd.len(), 0);
    }
}
