//! What was decided, and why. There is no decision without a reason, and the reasons are a closed set.

use world::{IslandId, Millis};

use crate::ids::{PersonId, PromiseId};

/// One promised seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Who may take it.
    pub person: PersonId,
    /// Its name, for the ticket and for all later reports.
    pub promise: PromiseId,
}

/// Where on the island.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landing {
    /// Where the asker wanted, or at the island's landing.
    AsAsked,
    /// On the island, but away from the crowded chunk that was aimed at.
    Elsewhere,
}

/// The answer to an asking, for the people that it is sent with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Seats are promised.
    Promised {
        /// Where.
        island: IslandId,
        /// A seat for each of the people.
        seats: Vec<Seat>,
        /// No ticket is good after this.
        until: Millis,
        /// Where on the island.
        landing: Landing,
        /// Why there.
        reason: Reason,
    },
    /// Not now; nothing is held.
    Wait {
        /// Milliseconds after which to ask again.
        ask_again_ms: u64,
        /// Why.
        reason: Reason,
    },
    /// Not at all; asking again is of no use.
    Refused {
        /// Why.
        reason: Reason,
    },
}

impl Decision {
    /// Why.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Promised { reason, .. } | Self::Wait { reason, .. } | Self::Refused { reason } => *reason,
        }
    }

    /// Which kind of decision it is.
    #[must_use]
    pub fn stance(&self) -> Stance {
        match self {
            Self::Promised { .. } => Stance::Promise,
            Self::Wait { .. } => Stance::Wait,
            Self::Refused { .. } => Stance::Refusal,
        }
    }
}

/// The kinds of decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stance {
    /// Seats.
    Promise,
    /// Ask again.
    Wait,
    /// No.
    Refusal,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident, $stance:ident, $words:literal;)*) => {
        /// Why an asking was answered as it was.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            /// All reasons.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The kind of decision that it is a reason for.
            #[must_use]
            pub fn stance(self) -> Stance {
                match self { $(Self::$name => Stance::$stance,)* }
            }

            /// In words, for operators.
            #[must_use]
            pub fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }
        }
    };
}

reasons! {
    /// The island is among those that are being filled.
    Filling, Promise, "it is among the islands that are being filled";
    /// Friends are there.
    WithFriends, Promise, "most of the friends are there";
    /// The party fits there as a whole.
    PartyTogether, Promise, "the party fits there as a whole";
    /// The party fits nowhere as a whole, so its people went one by one.
    PartySplit, Promise, "no island has room for the whole party, so its people go one by one";
    /// It is the island that was asked for.
    AsAsked, Promise, "it was asked for";
    /// It is home.
    Home, Promise, "it is home";
    /// The island asked for has no room; this is the best other one.
    SecondBest, Promise, "the island asked for has no room";
    /// No island has room in its band and none is left to open, so one was filled above its band.
    Pressure, Promise, "no island has room in its band and none is left to open";
    /// It was the next in turn (only the round robin says so).
    NextInTurn, Promise, "it is the next in turn";
    /// It looked emptiest (only the windowed density says so).
    LooksEmptiest, Promise, "it looks emptiest over the window";
    /// Islands are being opened.
    Opening, Wait, "an island is being opened";
    /// No island has room.
    NoRoom, Wait, "no island has room";
    /// The island asked for has no room.
    IslandFull, Wait, "the island has no room";
    /// The landings of all islands with room are crowded.
    Crowded, Wait, "the landings of all islands with room are crowded";
    /// No island has room for the whole party, and it must stay together.
    PartyDoesNotFit, Wait, "no island has room for the whole party";
    /// The leader is new and still reads the seats.
    LeaderIsNew, Wait, "the allocator has just begun and reads the seats";
    /// Another leader has taken over.
    Deposed, Wait, "another allocator has taken over";
    /// The store did not grant seats in time.
    StoreIsSlow, Wait, "the store did not grant seats in time";
    /// Too many askings are waiting.
    TooManyAsking, Wait, "too many askings are waiting";
    /// Nobody knows where the friend is.
    FriendUnknown, Refusal, "nobody knows where the friend is";
    /// There is no such island.
    NoSuchIsland, Refusal, "there is no such island";
    /// The island is archived.
    IslandArchived, Refusal, "the island is archived";
    /// Operators are emptying the island.
    IslandClosed, Refusal, "operators are emptying the island";
    /// The party is empty, larger than any, or names somebody twice.
    BadParty, Refusal, "a party has 1 to 32 different people";
}

/// Why an island went from phase to phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LifeReason {
    /// Fewer seats are free than people are expected.
    Needed,
    /// Somebody asked for it.
    AskedFor,
    /// An operator ordered it.
    Ordered,
    /// Hosts hold it up.
    Ready,
    /// People and promises reached the upper end of its band.
    BandReached,
    /// People and promises fell well below the upper end of its band.
    RoomAgain,
    /// It was below its band for long, and the others have room.
    LongBelowBand,
    /// It was empty for long.
    LongEmpty,
    /// It slept for long.
    LongAsleep,
    /// A new leader found it so.
    TakenOver,
}
