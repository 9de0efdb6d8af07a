//! Every limit of a node, with its unit, its reason and what happens there. What clients can feel is in
//! [`protocol::limits`].

/// Milliseconds in which an arrival must be through the store. Then it is refused with `store_unavailable`.
pub const ARRIVAL_MS: u64 = 10_000;
/// Milliseconds between two looks of a holder at its avatar's document.
pub const VERIFY_EVERY_MS: u64 = 2_000;
/// Milliseconds without a successful look after which an avatar stands still: its holder may have been replaced.
pub const VERIFY_WITHIN_MS: u64 = 6_000;
/// Milliseconds between two calls of the machine after which its process must have been stopped. No avatar moves then
/// before its document was read again.
pub const STALL_MS: u64 = 1_000;
/// A wall clock that is set back by more milliseconds than this is not followed. By less, a node's time runs at half
/// speed until it fits.
pub const CLOCK_STRAY_MS: u64 = 10_000;
/// Milliseconds between two checkpoints of a moving avatar's place. A crash sets an avatar back by at most this and
/// what it takes to write one.
pub const CHECKPOINT_EVERY_MS: u64 = 5_000;
/// Milliseconds before a store request that certainly did nothing, or found no answer, is repeated.
pub const STORE_RETRY_MS: u64 = 250;
/// Milliseconds for one attempt of a deed. Then the client is told to retry; the same request id is safe.
pub const DEED_MS: u64 = 8_000;
/// Sessions of one node, unless its configuration says less. One more is refused with `full`.
pub const SESSIONS: usize = 5_000;
/// Milliseconds before a handle may name another entity.
pub const HANDLE_REST_MS: u64 = 60_000;
/// Frames that are held back behind a gap. Beyond it they are dropped and a keyframe is asked for again.
pub const GAP_FRAMES: usize = 32;
/// Milliseconds between two requests for the keyframe of one stream.
pub const KEYFRAME_RETRY_MS: u64 = 1_000;
/// Milliseconds before the keyframe of a stream is asked for whose first frame came without it. It is sent in the tick in
/// which our interest arrives; later it is lost, and who entered meanwhile is shown where he went before.
pub const FIRST_KEYFRAME_MS: u64 = 200;
/// Milliseconds of a gap after which its stream is unbound.
pub const GAP_UNBIND_MS: u64 = 30_000;
/// Milliseconds without a summary after which a publisher's streams are unbound.
pub const SILENT_MS: u64 = 10_000;
/// The same for a publisher whose host's record has vanished from the directory.
pub const SILENT_VANISHED_MS: u64 = 3_000;
/// Milliseconds for which a chunk stays in the interest after nobody needs it.
pub const INTEREST_LINGER_MS: u64 = 3_000;
/// Streams of one peer that a viewer keeps: as many as an interest may name. Frames of further ones are dropped.
pub const STREAMS_PER_PEER: usize = protocol::limits::INTEREST_CHUNKS;
/// Peers that a node knows. A directory entry beyond them is not connected.
pub const PEERS: usize = 1_024;
/// Keyframes that one peer is sent in one tick; the others wait for the next. A newcomer that sees 2000 chunks is
/// served within a second.
pub const KEYFRAMES_PER_TICK: usize = 256;
/// Milliseconds for which who spoke, or changed the look, counts as acting upon those around: they are told of it at
/// full rate, whatever the crowd.
pub const ACTING_MS: u64 = 3_000;
/// Movers that a threshold of the crowd contract may name: as many as handles of one node.
pub const CROWD_MOVERS: u32 = 65_536;
/// Bytes a second that the budget of a client may be set to, from and to: half a hundred people at full rate, and what a
/// client of the largest view could ever be told.
pub const CROWD_BUDGET_BYTES_S: std::ops::RangeInclusive<u32> = 1_024..=16 * 1024 * 1024;
/// A tick that took too long takes the fullest chunk up only if it holds more than this part of the first step's movers:
/// with fewer, something else took the time.
pub const CROWD_OVERRUN_SHARE: u32 = 4;
/// Milliseconds for which a lower rung must have been enough before a chunk goes down one.
pub const CROWD_FALL_MS: u64 = 5_000;
/// Milliseconds between two rungs that pressure takes: a second of bytes must have been seen after each.
pub const CROWD_PRESS_EVERY_MS: u64 = 1_000;
/// Milliseconds for which a rung that pressure took is held; doubled each time it is needed again at once.
pub const CROWD_HOLD_MS: u64 = 10_000;
/// The longest that it is held.
pub const CROWD_HOLD_MAX_MS: u64 = 160_000;
/// Milliseconds after the last step above 0 after which a chunk's streams are joined again.
pub const CROWD_JOIN_MS: u64 = 10_000;
/// Ticks in which everybody in a divided chunk may change the sub-cell once: a chunk that is split, or joined again,
/// restates its people over as many ticks.
pub const CROWD_RESETTLE_TURNS: u64 = 4;
/// The same in a packed chunk. 3000 people who run to and fro cost its viewers some 4 KiB/s by it.
pub const CROWD_PACKED_TURNS: u64 = 256;
/// Bytes of messages that wait for a client that does not read. Beyond it its session ends with `rate_limited`. A view
/// of 25 baselines at their largest stays below.
pub const OUTBOX_BYTES: usize = 256 * 1024;

/// Sessions that a node gives away at a time. Further ones wait for the policy's next turn.
pub const GIVINGS: usize = 16;
/// Sessions of other nodes that a node gets ready for at a time. One more is declined.
pub const GUESTS: usize = 32;
/// Milliseconds before a word between the nodes of a handover is said again.
pub const WORD_AGAIN_MS: u64 = 400;
/// Milliseconds for which S waits until T is ready: longer than T tries to get warm.
pub const PREPARE_MS: u64 = 5_000;
/// Milliseconds in which T must have learnt who is around: summaries come once a second, and a keyframe may have to be
/// asked for.
pub const WARM_MS: u64 = 4_000;
/// Milliseconds in which the client must have followed an invitation and frozen. Then the invitation lapses.
pub const INVITE_MS: u64 = 6_000;
/// Milliseconds for which T keeps room for a client that does not come: longer than its invitation holds.
pub const EXPECT_MS: u64 = 8_000;
/// Milliseconds for which T keeps a client that came and is not released: longer than S and the client wait.
pub const ATTACHED_MS: u64 = 15_000;
/// Milliseconds after the client came after which T looks at the document by itself: S's word should be here by then.
pub const LOOK_AFTER_MS: u64 = 700;
/// Milliseconds between two such looks.
pub const LOOK_EVERY_MS: u64 = 700;
/// Milliseconds for which T tries to take a released avatar. S takes back sooner, if it can.
pub const TAKE_MS: u64 = 8_000;
/// Milliseconds for the commits that were under way when the client froze. Then the session stays.
pub const FINISH_MS: u64 = 1_000;
/// Milliseconds, after those, for the write of the release.
pub const RELEASE_MS: u64 = 1_500;
/// Milliseconds after a release after which S takes back what T has not taken.
pub const TAKE_BACK_MS: u64 = 2_000;
/// Milliseconds for which a client may be frozen in all. Then its session ends with `fenced`, and it resumes elsewhere.
pub const FROZEN_MS: u64 = 9_000;

/// Milliseconds for which a session is left alone after it came, or after it was to be moved.
pub const SETTLED_MS: u64 = 6_000;
/// Sessions that a node begins to move in a second for a better place, and one more for each 64 that it has.
pub const MOVES_A_SECOND: usize = 2;
/// By how much another node must score better. With the knob in the middle it is a fifth of the people around whom the
/// node with most of them serves, or a fifth of a fair share of sessions.
pub const MOVE_MARGIN: i64 = 10_000;
/// Of a thousand milliseconds, so many a node may be at work before it begins to care less for who is around.
pub const STRAINED_PER_MILLE: u16 = 600;
/// Milliseconds after which what a node said of its load is too old to decide by.
pub const LOAD_MS: u64 = 3_500;

/// Documents of pages that a node reads at a time. Further ones wait: thousands of chunks may wake at once.
pub const PAGE_READS: usize = 64;
/// Milliseconds, and up to as many more, after which a page in view is read again: whatever was missed shows by then.
pub const PAGE_AGAIN_MS: u64 = 30_000;
/// Milliseconds, and up to as many more, after which a page that has just woken is read again: a node that changed it
/// meanwhile may not have known that we see it.
pub const PAGE_EARLY_MS: u64 = 1_500;
/// Milliseconds before a page is read again that lags behind what was told of it.
pub const PAGE_BEHIND_MS: u64 = 150;
/// Milliseconds before a page is read again when the store did not say.
pub const PAGE_RETRY_MS: u64 = 500;
/// Milliseconds over which the pages in view are read again when a peer is gone.
pub const PAGE_SPREAD_MS: u64 = 3_000;
/// Milliseconds after a deed of somebody else after which its partner's document is looked at: its intent is carried out
/// behind the reply by then.
pub const DEALT_LOOK_MS: u64 = 250;
/// Documents that a node frees of left intents at a time. Further ones are found again at the next look.
pub const MENDINGS: usize = 64;
