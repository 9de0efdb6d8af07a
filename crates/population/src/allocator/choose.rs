//! Which island: the rules, in their order. Nothing is changed here.

use std::collections::BTreeMap;

use world::{Chunk, IslandId};

use super::Allocator;
use super::asking::{Choice, Verdict};
use super::island::Island;
use crate::arrival::{Arrival, Together, Way};
use crate::decision::{Landing, Reason};
use crate::limits::{FRIENDS, PARTY};
use crate::plan::Phase;

/// An island that somebody named, and how far it may be filled for them.
struct Named {
    island: IslandId,
    seats: u32,
    near: Option<Chunk>,
    for_friends: bool,
    reason: Reason,
}

impl Allocator {
    /// Decides where an arrival goes.
    pub(super) fn choose(&self, arrival: &Arrival) -> Verdict {
        if !is_party(arrival) {
            return Verdict::Refuse(Reason::BadParty);
        }
        let seats = arrival.seats();
        let ask = |island, near, for_friends, reason| Named { island, seats, near, for_friends, reason };
        let verdict = match arrival.way {
            Way::Login => self.anywhere(arrival, None),
            Way::Voyage { from, to: None } => self.anywhere(arrival, Some(from)),
            Way::Voyage { to: Some(to), .. } => self.named(&ask(to, None, false, Reason::AsAsked)),
            Way::Warp { to, near } => self.named(&ask(to, near, false, Reason::AsAsked)),
            Way::Revival { home } => self.home(arrival, &ask(home, None, true, Reason::Home)),
            Way::Friend { friend, seen_on, near } => {
                match self.whereabouts.get(&friend).map(|(island, _)| *island).or(seen_on) {
                    Some(island) => self.named(&ask(island, near, true, Reason::WithFriends)),
                    None => Verdict::Refuse(Reason::FriendUnknown),
                }
            }
        };
        match verdict {
            Verdict::Split if seats == 1 => Verdict::Wait(Reason::NoRoom),
            Verdict::Split if arrival.together == Together::Must => Verdict::Wait(Reason::PartyDoesNotFit),
            other => other,
        }
    }

    fn home(&self, arrival: &Arrival, home: &Named) -> Verdict {
        match self.named(home) {
            Verdict::Go(choice) => Verdict::Go(choice),
            Verdict::Wait(Reason::Opening) => Verdict::Wait(Reason::Opening),
            Verdict::Split | Verdict::Wait(_) | Verdict::Refuse(_) => match self.anywhere(arrival, None) {
                Verdict::Go(choice) => Verdict::Go(Choice { reason: Reason::SecondBest, ..choice }),
                other => other,
            },
        }
    }

    fn named(&self, named: &Named) -> Verdict {
        let Some(island) = self.islands.get(&named.island) else { return Verdict::Refuse(Reason::NoSuchIsland) };
        if !island.escrow.claimed() {
            return Verdict::Wait(Reason::LeaderIsNew);
        }
        match island.phase {
            Phase::Archived => return Verdict::Refuse(Reason::IslandArchived),
            _ if island.closing.is_some() => return Verdict::Refuse(Reason::IslandClosed),
            Phase::Planned | Phase::Woken | Phase::Asleep => return Verdict::Wait(Reason::Opening),
            Phase::Open | Phase::Full | Phase::Draining => {}
        }
        let room = island.room(if named.for_friends { island.plan.hard_cap } else { island.plan.capacity });
        if room < named.seats {
            return if named.seats > 1 && room > 0 { Verdict::Split } else { Verdict::Wait(Reason::IslandFull) };
        }
        let near = named.near.unwrap_or(island.plan.landing);
        Verdict::Go(self.go(named.island, island, near, named.reason))
    }

    fn go(&self, id: IslandId, island: &Island, near: Chunk, reason: Reason) -> Choice {
        let crowded = island.is_crowded(self.now, near);
        Choice { island: id, reason, landing: if crowded { Landing::Elsewhere } else { Landing::AsAsked } }
    }

    /// Where the allocator may steer: friends first, then the islands being filled, then any open one, and only when
    /// none is left to open above the bands.
    fn anywhere(&self, arrival: &Arrival, avoid: Option<IslandId>) -> Verdict {
        let seats = arrival.seats();
        let reason = if seats > 1 { Reason::PartyTogether } else { Reason::Filling };
        if let Some(choice) = self.with_friends(arrival, avoid) {
            return Verdict::Go(choice);
        }
        let in_band = |island: &Island| island.takes_strangers() && island.room(island.plan.band.high) >= seats;
        let filling = self.filling.iter().filter_map(|id| self.islands.get_key_value(id));
        let found = self.emptiest(filling, avoid, in_band);
        if let Some(id) = found.or_else(|| self.emptiest(self.islands.iter(), avoid, in_band)) {
            return Verdict::Go(Choice { island: id, reason, landing: Landing::AsAsked });
        }
        let to_capacity = |island: &Island| island.takes_guests() && island.room(island.plan.capacity) >= seats;
        let coming = self.is_opening();
        if coming && seats == 1 {
            return Verdict::Wait(Reason::Opening);
        }
        if let Some(id) = self.emptiest(self.islands.iter(), avoid, to_capacity) {
            let reason = if seats > 1 { Reason::PartyTogether } else { Reason::Pressure };
            return Verdict::Go(Choice { island: id, reason, landing: Landing::AsAsked });
        }
        if coming { Verdict::Wait(Reason::Opening) } else { self.nowhere(seats) }
    }

    /// Why there is no room anywhere.
    fn nowhere(&self, seats: u32) -> Verdict {
        let room_for =
            |seats| move |island: &&Island| island.takes_guests() && island.room(island.plan.capacity) >= seats;
        if self.islands.values().any(|island| !island.escrow.claimed()) {
            return Verdict::Wait(Reason::LeaderIsNew);
        }
        let crowded = |island: &&Island| island.is_crowded(self.now, island.plan.landing);
        if self.islands.values().filter(crowded).any(|island| room_for(seats)(&island)) {
            return Verdict::Wait(Reason::Crowded);
        }
        if seats > 1 && self.islands.values().any(|island| room_for(1)(&island)) {
            return Verdict::Split;
        }
        Verdict::Wait(Reason::NoRoom)
    }

    /// Whether an island is being raised or will be.
    fn is_opening(&self) -> bool {
        self.islands.values().any(|island| island.phase == Phase::Woken || island.can_be_raised())
    }

    /// The island with most of the friends that has room for the party.
    fn with_friends(&self, arrival: &Arrival, avoid: Option<IslandId>) -> Option<Choice> {
        let mut friends: BTreeMap<IslandId, u32> = BTreeMap::new();
        // Somebody whose own seat is still taken goes back to it, if only to save a voyage.
        for person in arrival.friends.iter().take(FRIENDS).chain(&arrival.people) {
            if let Some((island, _)) = self.whereabouts.get(person) {
                *friends.entry(*island).or_default() += 1;
            }
        }
        let fits = |id: &IslandId| {
            let island = self.islands.get(id)?;
            let fits = island.takes_guests() && island.room(island.plan.capacity) >= arrival.seats();
            (fits && Some(*id) != avoid).then_some(island)
        };
        let best = friends.iter().filter_map(|(id, n)| fits(id).map(|island| (*n, std::cmp::Reverse(*id), island)));
        let (_, id, island) = best.max_by_key(|(n, id, _)| (*n, *id))?;
        Some(self.go(id.0, island, island.plan.landing, Reason::WithFriends))
    }

    /// The island with the least load for its band among those that fit and whose landing is not crowded.
    fn emptiest<'a>(
        &self,
        islands: impl Iterator<Item = (&'a IslandId, &'a Island)>,
        avoid: Option<IslandId>,
        fits: impl Fn(&Island) -> bool,
    ) -> Option<IslandId> {
        islands
            .filter(|(id, island)| Some(**id) != avoid && fits(island))
            .filter(|(_, island)| !island.is_crowded(self.now, island.plan.landing))
            .min_by_key(|(id, island)| (island.fill_per_mille(), **id))
            .map(|(id, _)| *id)
    }
}

/// A party has 1 to [`PARTY`] different people.
fn is_party(arrival: &Arrival) -> bool {
    let mut people = arrival.people.clone();
    people.sort_unstable();
    people.dedup();
    people.len() == arrival.people.len() && (1..=PARTY).contains(&people.len())
}
