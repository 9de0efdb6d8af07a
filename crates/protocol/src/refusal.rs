//! What players are told when something does not go: a code, a meaning, never an internal message.

use std::fmt;

/// What the client should do about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Meaning {
    /// The rules say no. Asking again gives the same answer.
    Rejected = 1,
    /// Our fault or a lack of room. The same request id is safe to send again, after a pause.
    Retry = 2,
    /// The client's picture is stale. Take the newer state, then decide anew.
    Resync = 3,
    /// This session is over. Connect again, to this address or an alternative.
    Reconnect = 4,
}

impl Meaning {
    /// Every meaning.
    pub const ALL: [Self; 4] = [Self::Rejected, Self::Retry, Self::Resync, Self::Reconnect];

    /// The meaning with this number.
    #[must_use]
    pub fn from_number(n: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|m| *m as u8 == n)
    }

    /// A stable word for logs and metrics.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Retry => "retry",
            Self::Resync => "resync",
            Self::Reconnect => "reconnect",
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $meaning:ident, $label:literal;)*) => {
        /// Why something was refused or a session ends. The numbers are frozen.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Code { $($(#[$doc])* $name = $number,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code with this number.
            #[must_use]
            pub fn from_number(n: u16) -> Option<Self> {
                match n { $($number => Some(Self::$name),)* _ => None }
            }

            /// What the client should do.
            #[must_use]
            pub fn meaning(self) -> Meaning {
                match self { $(Self::$name => Meaning::$meaning,)* }
            }

            /// A stable word for logs and metrics.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }
        }
    };
}

codes! {
    /// The client speaks no version of the protocol that this server serves.
    VersionUnsupported = 1, Rejected, "version_unsupported";
    /// A message was not well formed, or not allowed at this moment.
    BadMessage = 2, Rejected, "bad_message";
    /// The name is empty, too long, or has characters that a name may not have.
    NameInvalid = 3, Rejected, "name_invalid";
    /// The text is empty, too long, or has control characters.
    TextInvalid = 4, Rejected, "text_invalid";
    /// More messages than the limit allows.
    RateLimited = 5, Retry, "rate_limited";
    /// The node has no room for another session.
    Full = 6, Reconnect, "full";
    /// The same account came in elsewhere.
    Replaced = 7, Rejected, "replaced";
    /// The node stops.
    ShuttingDown = 8, Reconnect, "shutting_down";
    /// The store did not answer.
    StoreUnavailable = 9, Retry, "store_unavailable";
    /// The request id is below the window of remembered requests.
    TooOld = 10, Rejected, "too_old";
    /// The request id was used with another content.
    IdReused = 11, Rejected, "id_reused";
    /// Nothing was heard from the client for too long.
    TimedOut = 12, Reconnect, "timed_out";
    /// More requests in flight than the limit allows.
    TooManyRequests = 13, Retry, "too_many_requests";
    /// The stored document cannot be read by this version.
    DocumentUnreadable = 14, Rejected, "document_unreadable";
    /// The node lost touch with the store and cannot vouch for the session.
    Fenced = 15, Reconnect, "fenced";
    /// The client said goodbye. Only in logs.
    Left = 16, Rejected, "left";
    /// The connection broke. Only in logs.
    Disconnected = 17, Reconnect, "disconnected";
    /// This server takes clients by TLS only.
    TlsRequired = 18, Rejected, "tls_required";
    /// Another node has taken the session over, or the one that was to take it over cannot.
    HandedOver = 19, Reconnect, "handed_over";
    /// There is no deed of this name.
    UnknownDeed = 40, Rejected, "unknown_deed";
    /// There is no item of this name.
    UnknownItem = 41, Rejected, "unknown_item";
    /// There is no recipe of this name.
    UnknownRecipe = 42, Rejected, "unknown_recipe";
    /// There is no building of this name.
    UnknownBuilding = 43, Rejected, "unknown_building";
    /// An amount is zero, or more than a request may name.
    AmountInvalid = 44, Rejected, "amount_invalid";
    /// The bag does not have what the deed takes.
    NotEnough = 45, Rejected, "not_enough";
    /// The bag has no room.
    BagFull = 46, Rejected, "bag_full";
    /// The chest has no room.
    ChestFull = 47, Rejected, "chest_full";
    /// Hands do not reach so far.
    OutOfRange = 48, Rejected, "out_of_range";
    /// What the request names is not there.
    NothingThere = 49, Resync, "nothing_there";
    /// What the request names is not as the client takes it to be.
    Stale = 50, Resync, "stale";
    /// Nothing is left to be taken; it grows back.
    Exhausted = 51, Rejected, "exhausted";
    /// The land or the building belongs to somebody else.
    NotYours = 52, Rejected, "not_yours";
    /// It cannot be done at this place.
    PlaceInvalid = 53, Rejected, "place_invalid";
    /// Something stands too near.
    Occupied = 54, Rejected, "occupied";
    /// So much stands here already that nothing more can be noted.
    PageFull = 55, Rejected, "page_full";
    /// Something still lies in it.
    NotEmpty = 56, Rejected, "not_empty";
    /// The hands are still at work.
    Busy = 57, Retry, "busy";
    /// It cannot be eaten.
    NotFood = 58, Rejected, "not_food";
    /// Nobody can be the other side of this deed.
    PartnerInvalid = 59, Rejected, "partner_invalid";
    /// The other is not here.
    PartnerAway = 60, Rejected, "partner_away";
    /// The other did not agree to these terms.
    NoConsent = 61, Rejected, "no_consent";
    /// The other does not have it.
    PartnerLacks = 62, Rejected, "partner_lacks";
    /// The other's bag has no room.
    PartnerBagFull = 63, Rejected, "partner_bag_full";
    /// The land belongs to somebody.
    LandTaken = 64, Rejected, "land_taken";
    /// More land, people or time than the rules allow.
    LandLimit = 65, Rejected, "land_limit";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}
