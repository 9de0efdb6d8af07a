//! Identifiers that outlive a process. Identifiers of processes and links belong to `node` and `protocol`.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty), $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

id!(
    /// An avatar, an animal or a prop, for ever. Never reused.
    EntityId(u64),
    "entity-"
);
id!(
    /// The life of a session of one avatar: raised by compare-and-swap in the store, it fences off older holders.
    Epoch(u32),
    "epoch-"
);
id!(
    /// How often an entity crossed from stream to stream within one epoch. `(Epoch, Hop)` orders everything that is
    /// said of an entity.
    Hop(u32),
    "hop-"
);
id!(
    /// An island of the world.
    IslandId(u32),
    "island-"
);

impl Epoch {
    /// The next epoch. `u32` raises last four thousand years at one a second.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.checked_add(1).expect("an epoch outlives every session"))
    }
}

impl Hop {
    /// The next hop.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.checked_add(1).expect("a hop outlives every session"))
    }
}
