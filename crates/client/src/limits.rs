//! Every limit of a client, with its unit and its reason.

/// Milliseconds to wait for a TCP connection. A living host on another continent answers in a tenth of it.
pub const CONNECT_TIMEOUT_MS: u64 = 5_000;
/// Milliseconds from the connection to the welcome. The server reads and writes one document in between.
pub const GREETING_TIMEOUT_MS: u64 = 8_000;
/// Milliseconds of silence after which a connection is given up: two pings were not answered.
pub const SILENCE_MS: u64 = 8_000;
/// Milliseconds from a second connection to its being ready, in a handover. It is ready when it is asked.
pub const FOLLOW_TIMEOUT_MS: u64 = 8_000;
/// Milliseconds for which a client waits, frozen, for one node or the other. Servers end it sooner.
pub const FROZEN_MS: u64 = 12_000;
/// Milliseconds for which a frozen client whose first connection is gone waits for its second.
pub const ALONE_MS: u64 = 3_000;
/// Messages kept while frozen: a player says a line or two. What comes beyond is answered with
/// [`crate::Outcome::NotSent`].
pub const HELD_MESSAGES: usize = 16;
/// Milliseconds between two pings once the clock has settled. A prime: servers answer in step with their ticks, and
/// pings in step with them too would all be wrong alike.
pub const PING_EVERY_MS: u64 = 2_917;
/// Milliseconds between the first pings of a session, which settle the clock. A prime likewise.
pub const FIRST_PING_EVERY_MS: u64 = 233;
/// How many pings are sent at that pace.
pub const FIRST_PINGS: u32 = 4;
/// A pong to a ping older than this, in milliseconds, says nothing about the clock.
pub const PONG_MAX_AGE_MS: u64 = 30_000;
/// Milliseconds after which a moving avatar's place is stated again, so that a dropped connection loses little.
pub const RESTATE_MS: u64 = 1_000;
/// Inputs kept until they are acknowledged: three seconds at 20 Hz. The oldest is forgotten, which can at worst make
/// one reconciliation coarser.
pub const INPUTS_KEPT: usize = 64;
/// Requests sent and not yet answered. A server refuses more than a few.
pub const REQUESTS_IN_FLIGHT: usize = 4;
/// Requests waiting to be sent. One more is answered with [`crate::Outcome::NotSent`].
pub const REQUESTS_WAITING: usize = 32;
/// Milliseconds before a request that was answered with "retry" is sent again, doubled each time.
pub const REQUEST_RETRY_MS: u64 = 500;
/// The longest pause between two sendings of a request, in milliseconds.
pub const REQUEST_RETRY_MAX_MS: u64 = 10_000;
/// Offers of one's own that are remembered, so that an agreement is known for what it is. The oldest is forgotten.
pub const OFFERS_KEPT: usize = 8;
/// Baselines asked for and not yet received, so that ground never delays motion.
pub const BASELINES_IN_FLIGHT: usize = 4;
/// Milliseconds after which a baseline is asked for again.
pub const BASELINE_PATIENCE_MS: u64 = 5_000;
/// Baselines kept: 1024 are about 1 MiB and an hour's walk. The oldest is forgotten and asked for anew.
pub const BASELINES_KEPT: usize = 1_024;
/// Chunks whose baseline is awaited. A view has at most some hundreds of chunks; what comes beyond is not asked for.
pub const BASELINES_WANTED: usize = 4_096;
/// Milliseconds before the first attempt to reconnect, doubled with each failure; between half and all of it is waited.
pub const BACKOFF_FIRST_MS: u64 = 200;
/// The longest pause between two attempts, in milliseconds.
pub const BACKOFF_MAX_MS: u64 = 10_000;
/// Milliseconds of play after which the next failure counts as the first.
pub const STEADY_PLAY_MS: u64 = 5_000;
/// The longest pause that a server may ask for, in milliseconds.
pub const RETRY_AFTER_MAX_MS: u64 = 60_000;
/// Addresses remembered. Alternatives beyond it are not taken in.
pub const ADDRESSES: usize = 32;
/// Bytes of the longest address that is remembered: a host name of 253 and a port.
pub const ADDRESS_BYTES: usize = 259;
/// Milliseconds for which the own avatar may be missing in its own view.
pub const SELF_MISSING_MS: u64 = 3_000;
/// Milliseconds for which a chunk too far from the avatar may stay in view.
pub const STRAY_CHUNK_MS: u64 = 3_000;
/// Milliseconds between two looks for what is missing or stray.
pub const SWEEP_MS: u64 = 1_000;
/// Chunks that may be in view. A view of 31 x 31 stays below; a server that shows more is at fault.
pub const CHUNKS_IN_VIEW: usize = 4_096;
/// Entities in the picture. As many as 100 full streams of a crowd; a server that shows more is at fault.
pub const ENTITIES: usize = 100_000;
/// Pages and cells of pages that are kept. All cells of all chunks that may be in view stay below; a server that tells
/// more is at fault.
pub const PAGES: usize = CHUNKS_IN_VIEW * 17;
/// Traces in the picture: 200 chunks with all that may stand in them stay below; a server that tells more is at fault.
pub const TRACES: usize = 1_000_000;
