//! Who asks for seats, and how they come.

use world::{Chunk, IslandId};

use crate::ids::PersonId;

/// The ways to an island. There is no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Coming into the world, on whichever island is best.
    Login,
    /// Travel from island to island. The seat on the old one stays taken until the leave is reported.
    Voyage {
        /// Where from.
        from: IslandId,
        /// Where to; `None` lets the allocator steer.
        to: Option<IslandId>,
    },
    /// Coming back to life, at home if at all possible.
    Revival {
        /// The home island.
        home: IslandId,
    },
    /// A jump to a named island.
    Warp {
        /// Where to.
        to: IslandId,
        /// The chunk aimed at, if any.
        near: Option<Chunk>,
    },
    /// To a friend.
    Friend {
        /// The friend.
        friend: PersonId,
        /// Where the friend was seen last, if the asker knows; the allocator's own knowledge is taken first.
        seen_on: Option<IslandId>,
        /// The friend's chunk, if known.
        near: Option<Chunk>,
    },
}

/// What a party wants if no island has room for all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Together {
    /// Wait.
    Must,
    /// Go in ones, each as close to the others as there is room.
    #[default]
    IfPossible,
}

/// One asking for seats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The people, one or a party.
    pub people: Vec<PersonId>,
    /// How they come.
    pub way: Way,
    /// Friends who are not in the party, to be near if possible.
    pub friends: Vec<PersonId>,
    /// What a party wants if it does not fit.
    pub together: Together,
}

impl Arrival {
    /// One person without friends.
    #[must_use]
    pub fn alone(person: PersonId, way: Way) -> Self {
        Self { people: vec![person], way, friends: Vec::new(), together: Together::default() }
    }

    /// How many seats are asked for.
    #[must_use]
    pub fn seats(&self) -> u32 {
        u32::try_from(self.people.len()).unwrap_or(u32::MAX)
    }
}
