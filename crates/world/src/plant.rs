//! Planted bugs: single mutations of the production path that prove that a checker can see.
//!
//! A machine asks [`Planted::is`] at the mutation point. Without the cargo feature `plants` the answer is a constant
//! `false`, and the mutation is not in the binary. The feature is on in the workspace and off in packages.

/// One planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Plant {
    /// Ghosts accept what is older than what they hold.
    Resurrect,
    /// A frame behind a gap is applied as if nothing were missing.
    DeafToGaps,
    /// Summaries are ignored, so that a lost last message is never found.
    MuteSummaries,
    /// Who leaves for a chunk in view is removed at once instead of being awaited.
    NoLimbo,
    /// Chunks that went out of view go on being sent.
    LeakyInterest,
    /// A session begins without raising the epoch.
    SkipEpoch,
    /// A holder never looks whether it was replaced.
    DeafToEpochs,
    /// A request is carried out again although its reply is remembered.
    ForgetRequest,
    /// A write whose outcome is unknown is taken for done.
    GuessOnUnknown,
    /// What is held back behind a gap has no bound.
    Hoard,
    /// Nobody in limbo is ever removed.
    GhostForever,
    /// The streams of a silent publisher stay.
    TrustTheSilent,
    /// A keyframe is labelled with the tick after it.
    KeyframeEarly,
}

impl Plant {
    /// All plants with their names and what they do.
    pub const ALL: [(Self, &'static str, &'static str); 13] = [
        (Self::Resurrect, "resurrect", "ghosts accept what is older than what they hold"),
        (Self::DeafToGaps, "deaf-to-gaps", "a frame behind a gap is applied as if nothing were missing"),
        (Self::MuteSummaries, "mute-summaries", "summaries are ignored: a lost last message is never found"),
        (Self::NoLimbo, "no-limbo", "who leaves for a chunk in view is removed at once"),
        (Self::LeakyInterest, "leaky-interest", "chunks that went out of view go on being sent"),
        (Self::SkipEpoch, "skip-epoch", "a session begins without raising the epoch"),
        (Self::DeafToEpochs, "deaf-to-epochs", "a holder never looks whether it was replaced"),
        (Self::ForgetRequest, "forget-request", "a request is carried out again although its reply is remembered"),
        (Self::GuessOnUnknown, "guess-on-unknown", "a write whose outcome is unknown is taken for done"),
        (Self::Hoard, "hoard", "what is held back behind a gap has no bound"),
        (Self::GhostForever, "ghost-forever", "nobody in limbo is ever removed"),
        (Self::TrustTheSilent, "trust-the-silent", "the streams of a silent publisher stay"),
        (Self::KeyframeEarly, "keyframe-early", "a keyframe is labelled with the tick after it"),
    ];

    /// The plant with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n, _)| *n == name).map(|(plant, _, _)| *plant)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(plant, _, _)| *plant == self).map_or("", |(_, name, _)| name)
    }
}

/// The planted bug of a run, none in production.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Planted(#[cfg(feature = "plants")] Option<Plant>);

impl Planted {
    /// No bug.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// This bug.
    #[cfg(feature = "plants")]
    #[must_use]
    pub fn with(plant: Plant) -> Self {
        Self(Some(plant))
    }

    /// This bug, if this build has planted bugs at all.
    #[must_use]
    pub fn if_built_in(plant: Plant) -> Option<Self> {
        #[cfg(feature = "plants")]
        {
            Some(Self::with(plant))
        }
        #[cfg(not(feature = "plants"))]
        {
            let _ = plant;
            None
        }
    }

    /// The planted bug, if any.
    #[must_use]
    pub fn which(self) -> Option<Plant> {
        #[cfg(feature = "plants")]
        {
            self.0
        }
        #[cfg(not(feature = "plants"))]
        {
            None
        }
    }

    /// Whether this bug is planted.
    #[must_use]
    #[inline]
    pub fn is(self, plant: Plant) -> bool {
        #[cfg(feature = "plants")]
        {
            self.0 == Some(plant)
        }
        #[cfg(not(feature = "plants"))]
        {
            let _ = plant;
            false
        }
    }
}
