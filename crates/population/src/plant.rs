//! Planted bugs of this crate: single mutations of the production path that prove that [`crate::Audit`] can see.
//!
//! The mechanism is that of `world::plant`: without the feature `plants` (and outside this crate's tests) the answer is
//! a constant `false`, and the mutation is not in the binary.

/// One planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Plant {
    /// Promises do not count until their people arrive.
    PromisesAreFree,
    /// An expired promise gives its seat back at once, without a census.
    FreeAtExpiry,
    /// Promises are made before the document grants their seats.
    PromiseAhead,
    /// A new leader believes that nobody is on an island before the first census.
    ForgetTheFormer,
    /// A repeated report of somebody leaving frees a second seat.
    LeaveTwice,
    /// A store write of unknown outcome is taken for done.
    GuessOnUnknown,
    /// Islands are archived without a look whether they are empty.
    ArchiveAnyhow,
    /// Islands that look empty are put to sleep although their document does not say so.
    SleepUnstored,
    /// A census frees no seat: what was promised and never used counts for ever.
    KeepExpired,
    /// Seats that are promised are told twice.
    AnswerTwice,
    /// Whoever waited in vain for a grant is forgotten instead of being answered.
    ForgetAskings,
    /// Who should wait is refused, with the reason for waiting.
    WrongReason,
    /// The queue admits whoever came last.
    LastFirst,
    /// Who loses the connection loses the place and stays counted.
    LosePlaces,
}

impl Plant {
    /// All plants with their names and what they do.
    pub const ALL: [(Self, &'static str, &'static str); 14] = [
        (Self::PromisesAreFree, "promises-are-free", "promises do not count until their people arrive"),
        (Self::FreeAtExpiry, "free-at-expiry", "an expired promise gives its seat back without a census"),
        (Self::PromiseAhead, "promise-ahead", "promises are made before the document grants their seats"),
        (Self::ForgetTheFormer, "forget-the-former", "a new leader believes that nobody is there"),
        (Self::LeaveTwice, "leave-twice", "a repeated report of leaving frees a second seat"),
        (Self::GuessOnUnknown, "guess-on-unknown", "a write of unknown outcome is taken for done"),
        (Self::ArchiveAnyhow, "archive-anyhow", "islands are archived without a look whether they are empty"),
        (Self::SleepUnstored, "sleep-unstored", "islands are put to sleep although nothing is stored"),
        (Self::KeepExpired, "keep-expired", "a census frees no seat, so that unused promises count for ever"),
        (Self::AnswerTwice, "answer-twice", "seats that are promised are told twice"),
        (Self::ForgetAskings, "forget-askings", "who waited in vain for a grant is never answered"),
        (Self::WrongReason, "wrong-reason", "who should wait is refused with the reason for waiting"),
        (Self::LastFirst, "last-first", "the queue admits whoever came last"),
        (Self::LosePlaces, "lose-places", "who loses the connection loses the place"),
    ];

    /// The plant with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n, _)| *n == name).map(|(plant, _, _)| *plant)
    }
}

/// The planted bug of a run, none in production.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Planted(#[cfg(any(test, feature = "plants"))] Option<Plant>);

impl Planted {
    /// No bug.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// This bug.
    #[cfg(any(test, feature = "plants"))]
    #[must_use]
    pub fn with(plant: Plant) -> Self {
        Self(Some(plant))
    }

    /// Whether this bug is planted.
    #[must_use]
    #[inline]
    pub fn is(self, plant: Plant) -> bool {
        #[cfg(any(test, feature = "plants"))]
        {
            self.0 == Some(plant)
        }
        #[cfg(not(any(test, feature = "plants")))]
        {
            let _ = plant;
            false
        }
    }
}
