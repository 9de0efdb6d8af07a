//! The names of the checkers.

use crate::names::names;

names! {
    /// A checker. A suite in which one never compared anything has proven nothing by it.
    Checker {
        /// What was acknowledged is in the avatar's document, as far back as it remembers.
        DeedDurable = "deed_durable",
        /// No deed was done twice, and none that nobody asked for.
        DeedOnce = "deed_once",
        /// Documents never go back.
        DocumentForward = "document_forward",
        /// Nobody else takes an epoch that is held.
        HolderUnique = "holder_unique",
        /// No epoch is given to two sessions.
        EpochGivenOnce = "epoch_given_once",
        /// Two nodes move one avatar for a bounded time at most.
        OverlapBounded = "overlap_bounded",
        /// A session is taken over only after it was released to the node that takes it.
        TakenAsReleased = "taken_as_released",
        /// Nothing is committed for a session between its release and the next epoch.
        NothingAfterRelease = "nothing_after_release",
        /// No client is frozen for longer than a bounded time.
        FrozenBounded = "frozen_bounded",
        /// Nothing that is held back grows without bound.
        QueueBounded = "queue_bounded",
        /// What a client is sent makes sense to it.
        ClientSeesSense = "client_sees_sense",
        /// What a node shows of an avatar never goes back.
        NothingGoesBack = "nothing_goes_back",
        /// Once everything must have healed, every player is in the world again.
        ClientIsBack = "client_is_back",
        /// Everybody in a client's view is on its screen.
        EveryoneInViewIsShown = "everyone_in_view_is_shown",
        /// Who was shown stays shown, also while a client goes over to another node.
        NobodyFlickers = "nobody_flickers",
        /// They are shown where they are.
        ShownWhereItIs = "shown_where_it_is",
        /// Nothing is shown from beyond the view.
        NothingElseLeaks = "nothing_else_leaks",
        /// Nobody is shown whom no node holds any more.
        NobodyIsShownWhoIsGone = "nobody_is_shown_who_is_gone",
        /// In any crowd, everybody in view is refreshed within a second.
        CrowdRefreshed = "crowd_refreshed",
        /// Who speaks or changes the look near by is told of at full rate.
        ActorAtFullRate = "actor_at_full_rate",
        /// No client is told more than its budget for long.
        BudgetKept = "budget_kept",
        /// The copies on all nodes agree with the holder.
        GhostsAgree = "ghosts_agree",
    }
}

/// All checkers.
pub const CHECKERS: &[Checker] = Checker::ALL;
