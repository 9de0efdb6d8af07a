//! The limits of the commit protocol, with their units and reasons, and what happens at each.

use world::{Millis, Planted};

/// Replies that an avatar's document remembers. A client has at most 8 requests in flight, so twice that.
pub const WINDOW: usize = 16;
/// Committed transactions of one avatar whose intents may still stand. At the limit the next deed waits for them: each
/// is in every write of the document.
pub const OPEN: usize = 4;
/// Documents that a deed may read, its actor's included: the pages of a parcel of four chunks with all of their cells.
/// More are refused: each of them is written once more.
pub const KEYS: usize = 72;
/// Times that a command may ask for more documents. More are refused: it would never come to an end.
pub const ROUNDS: usize = 8;
/// Attempts at one deed before its client is told to ask again.
pub const TRIES: u32 = 120;
/// Milliseconds for which others leave an attempt alone. Longer than a store under load takes for the writes of a deed,
/// shorter than a person waits.
pub const INTENT_MS: u64 = 2_000;
/// Milliseconds after which a deed that did not come through is answered with "ask again".
pub const DEED_MS: u64 = 8_000;
/// The first pause in milliseconds before an attempt is repeated; it doubles.
pub const PAUSE_MS: u64 = 10;
/// The longest pause in milliseconds before an attempt is repeated. Where many are at one document, most of them pause:
/// whoever has waited long must not sleep through the moments in which it is free.
pub const PAUSE_MOST_MS: u64 = 80;
/// The pause in milliseconds after an answer that tells nothing.
pub const RETRY_MS: u64 = 100;
/// Milliseconds for which the intents of a committed deed are left for the session's next deed, which often writes the
/// same documents and then carries them out with its own write. Everybody else sees through them at any time.
pub const LINGER_MS: u64 = 25;
/// Milliseconds after which a transaction that is over everywhere is forgotten by a write of its own, if no further deed
/// was committed, whose write forgets it too.
pub const FORGET_MS: u64 = 1_000;
/// Milliseconds after which a write that nobody saw happen is taken for dead, the difference of two clocks included.
/// Backends give up after 2 s; a request that hangs in a network for longer than this has never been seen.
pub const LATE_WRITE_MS: u64 = 600_000;

/// The limits that a run may choose otherwise, and its planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Terms {
    /// Replies in the window.
    pub window: usize,
    /// Open transactions.
    pub open: usize,
    /// Attempts at one deed.
    pub tries: u32,
    /// Milliseconds for which others leave an attempt alone.
    pub intent_ms: u64,
    /// Milliseconds for a deed.
    pub deed_ms: u64,
    /// The first pause in milliseconds between attempts; 0 for none.
    pub pause_ms: u64,
    /// The pause in milliseconds after an answer that tells nothing.
    pub retry_ms: u64,
    /// Milliseconds for which intents are left for the next deed.
    pub linger_ms: u64,
    /// Milliseconds until a transaction is forgotten without a further deed.
    pub forget_ms: u64,
    /// Milliseconds until a late write is dead.
    pub late_write_ms: u64,
    /// The planted bug.
    pub planted: Planted,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            window: WINDOW,
            open: OPEN,
            tries: TRIES,
            intent_ms: INTENT_MS,
            deed_ms: DEED_MS,
            pause_ms: PAUSE_MS,
            retry_ms: RETRY_MS,
            linger_ms: LINGER_MS,
            forget_ms: FORGET_MS,
            late_write_ms: LATE_WRITE_MS,
            planted: Planted::none(),
        }
    }
}

impl Terms {
    /// When an attempt is repeated: later with each try, and not at the same moment for two who met. `who` is anything
    /// that differs between them.
    #[must_use]
    pub(crate) fn next_try(&self, now: Millis, tries: u32, who: &str) -> Millis {
        let most = PAUSE_MOST_MS.max(self.pause_ms);
        let pause = (self.pause_ms << tries.min(16)).min(most);
        now + pause / 2 + spread(who, tries) % pause.max(1)
    }

    /// When to ask again after an answer that tells nothing.
    #[must_use]
    pub(crate) fn retry_at(&self, now: Millis) -> Millis {
        now + self.retry_ms
    }
}

/// A number from a text and a number, the same everywhere (FNV-1a, 64 bits).
fn spread(who: &str, tries: u32) -> u64 {
    let bytes = who.bytes().chain(tries.to_le_bytes());
    let hash = bytes
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    hash >> 20
}
