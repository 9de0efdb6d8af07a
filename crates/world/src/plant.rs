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
    /// A node takes a session over that was not released to it.
    TakeUnreleased,
    /// A node goes on acknowledging deeds of a session that it releases.
    AckAfterFreeze,
    /// A session that was released and not taken is never taken back.
    NeverTakeBack,
    /// A node that takes a session over does not tell its client to forget what the other node said.
    NoResetOnHandover,
    /// Where a crowd takes turns, some are left out of every turn.
    SkipInTheRound,
    /// Clients' budgets are ignored.
    SpendFreely,
    /// Who acts in a crowd waits for its turn like everybody.
    SlowActors,
    /// A deed of several documents writes the others before its commit.
    UnstageEarly,
    /// A request's id names its attempts, so that two attempts are taken for one.
    RequestAsAttempt,
    /// A write that was not seen to happen is taken for one that never will.
    IgnoreLateWrites,
    /// A resolver decides by a commit record that it read earlier.
    CachedResolve,
    /// An unstaged document gets the header that it had when it was first read.
    UnstageOverHeader,
    /// A transaction is forgotten before its documents are known to be without it.
    ForgetEarly,
    /// An attempt begins without a look at the remembered replies.
    BlindToWindow,
    /// All raises of an epoch use one holder.
    SharedHolder,
    /// A deleted document is removed at once instead of leaving a tombstone.
    RemoveBare,
    /// The epoch is raised while an intent waits on the avatar.
    RaiseOverIntent,
    /// A document is staged although it changed since it was read.
    StageUnread,
    /// The window of replies slides without keeping how far it forgot.
    SlideBlindly,
    /// What a deed only reads is not locked.
    NoLocks,
    /// The sweeper does not wait until late writes are dead.
    SweepEarly,
}

impl Plant {
    /// The plants in nodes, with their names and what they do. The simulator finds them.
    pub const ALL: [(Self, &'static str, &'static str); 20] = [
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
        (Self::TakeUnreleased, "take-unreleased", "a node takes a session over that was not released to it"),
        (Self::AckAfterFreeze, "ack-after-freeze", "a node goes on acknowledging deeds of a session that it releases"),
        (Self::NeverTakeBack, "never-take-back", "a session that was released and not taken is never taken back"),
        (
            Self::NoResetOnHandover,
            "no-reset-on-handover",
            "a client that was taken over keeps what the other node said",
        ),
        (Self::SkipInTheRound, "skip-in-the-round", "where a crowd takes turns, some are left out of every turn"),
        (Self::SpendFreely, "spend-freely", "clients' budgets are ignored"),
        (Self::SlowActors, "slow-actors", "who acts in a crowd waits for its turn like everybody"),
    ];

    /// The plants in the commit protocol of deeds, which the tests of `store` and `deeds` find.
    pub const COMMIT: [(Self, &'static str, &'static str); 17] = [
        (Self::UnstageEarly, "unstage-early", "the other documents of a deed are written before its commit"),
        (Self::GuessOnUnknown, "guess-on-unknown", "a write whose outcome is unknown is taken for done"),
        (Self::ForgetRequest, "forget-request", "a commit does not remember its request"),
        (Self::RequestAsAttempt, "request-as-attempt", "a request's id names its attempts"),
        (Self::IgnoreLateWrites, "ignore-late-writes", "what was not seen to happen is taken for what never will"),
        (Self::CachedResolve, "cached-resolve", "a resolver decides by a commit record that it read earlier"),
        (Self::UnstageOverHeader, "unstage-over-header", "an unstaged document gets the header it first had"),
        (Self::ForgetEarly, "forget-early", "a transaction is forgotten before its documents are without it"),
        (Self::BlindToWindow, "blind-to-window", "an attempt begins without a look at the replies"),
        (Self::SharedHolder, "shared-holder", "all raises of an epoch use one holder"),
        (Self::RemoveBare, "remove-bare", "a deleted document leaves no tombstone"),
        (Self::SkipEpoch, "skip-epoch", "a session begins without raising the epoch"),
        (Self::RaiseOverIntent, "raise-over-intent", "the epoch is raised while an intent waits on the avatar"),
        (Self::StageUnread, "stage-unread", "a document is staged although it changed since it was read"),
        (Self::SlideBlindly, "slide-blindly", "the window slides without keeping how far it forgot"),
        (Self::NoLocks, "no-locks", "what a deed only reads is not locked"),
        (Self::SweepEarly, "sweep-early", "the sweeper does not wait until late writes are dead"),
    ];

    /// The plant in nodes with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n, _)| *n == name).map(|(plant, _, _)| *plant)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().chain(&Self::COMMIT).find(|(plant, _, _)| *plant == self).map_or("", |(_, name, _)| name)
    }
}

/// The planted bug of a run, none in production.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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
