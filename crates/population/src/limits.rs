//! Every limit of this crate, with its unit, its reason and what happens there. What a designer turns is a field of
//! [`crate::Settings`] or of a queue's settings; its default is here.

/// Milliseconds between two looks of the allocator at everything that time changes: expired promises, repeated store
/// requests, life of islands. Shorter costs processor time on thousands of islands, longer makes writes wait.
pub const BEAT_MS: u64 = 500;
/// Milliseconds for which a promise's ticket is good. Long enough to load a client, short enough that the seat of
/// somebody who gave up is back soon.
pub const PROMISE_TTL_MS: u64 = 60_000;
/// Milliseconds by which two clocks of the cluster may differ, either way. A host whose clock strays further takes no
/// tickets.
pub const SKEW_MS: u64 = 2_000;
/// Milliseconds after a ticket's end from which on a census vouches that nobody comes by it any more: the skew of the
/// node that takes the ticket and the skew of the census.
pub const CLOSING_MS: u64 = 2 * SKEW_MS;
/// Milliseconds between two requests for a census of an island. It bounds for how long the seat of a lost report or of
/// an expired promise stays taken.
pub const CENSUS_EVERY_MS: u64 = 30_000;
/// Milliseconds by which a grant of seats outlives the promises that are made at once. A document is written again
/// before it is used up.
pub const GRANT_SLACK_MS: u64 = 60_000;
/// Fewest seats that a document grants ahead of promises. Each write grants about what comes within two seconds.
pub const GRANT_AHEAD_MIN: u32 = 4;
/// Most seats that a document grants ahead. A leader that dies leaves them taken for one life of a grant.
pub const GRANT_AHEAD_MAX: u32 = 64;
/// The part of an island's band that is granted ahead at most: a new leader takes what was granted for people, and must
/// not find every island full.
pub const GRANT_AHEAD_PART: u32 = 8;
/// Milliseconds after which a grant that is much too large is written down, so that a dead leader leaves little.
pub const GRANT_SHRINK_MS: u64 = 30_000;
/// Milliseconds before a store request that did nothing, or found no answer, is repeated.
pub const STORE_RETRY_MS: u64 = 250;
/// Milliseconds before a document that this build cannot read is read again. Its island takes nobody meanwhile.
pub const UNREADABLE_RETRY_MS: u64 = 60_000;
/// Names of seats whose people have left without a report. Beyond it all names of the island are forgotten, and the
/// next census counts them.
pub const GHOST_NAMES: i64 = 64;

/// Milliseconds for which an asking waits for a write of seats. Then it is told to wait: `StoreIsSlow`.
pub const ASK_MS: u64 = 5_000;
/// Askings that wait for writes. One more is told to wait: `TooManyAsking`.
pub const ASKS: usize = 20_000;
/// People in one asking. A larger party is refused.
pub const PARTY: usize = 32;
/// Friends that one asking may name. Further ones are not looked at.
pub const FRIENDS: usize = 64;
/// Milliseconds after which somebody who was told to wait should ask again.
pub const ASK_AGAIN_MS: u64 = 5_000;
/// Milliseconds for which a crowded chunk counts as crowded without a new report: its reporter may have died.
pub const CROWDED_MS: u64 = 15_000;

/// Milliseconds between two looks at need: which islands are filled, opened, drained.
pub const POLICY_EVERY_MS: u64 = 1_000;
/// Milliseconds over which arrivals are counted for the rate that is expected to go on.
pub const RATE_WINDOW_MS: u64 = 30_000;
/// Milliseconds that it takes to raise an island, with margin: islands are opened so much ahead of need.
pub const OPEN_LEAD_MS: u64 = 60_000;
/// Milliseconds of arrivals that the islands which are being filled must have room for. More spreads arrivals over
/// more landing places, fewer keeps more islands in their band.
pub const FILL_AHEAD_MS: u64 = 20_000;
/// Seats in the band kept free beyond what is expected, per mille of all people.
pub const RESERVE_PER_MILLE: u32 = 50;
/// Islands that are raised at once: a host's processor generates them.
pub const RAISING: usize = 16;
/// Milliseconds after which the order to raise an island is repeated.
pub const RAISE_AGAIN_MS: u64 = 60_000;
/// How far below the band's upper end a full island must fall before it is open again, per mille of that end.
pub const REOPEN_PER_MILLE: u32 = 50;
/// Milliseconds for which an island must be below its band before it is drained.
pub const DRAIN_AFTER_MS: u64 = 600_000;
/// Milliseconds for which a draining island must be empty before it sleeps.
pub const SLEEP_AFTER_MS: u64 = 120_000;
/// Milliseconds between two islands that begin to drain by themselves, so that the effect of one is seen first.
pub const DRAIN_PACE_MS: u64 = 60_000;
/// Announcements of expected people that are remembered. The one that ends first makes way.
pub const EXPECTATIONS: usize = 256;

/// Classes of the queue.
pub const CLASSES: usize = 8;
/// People in the queue. One more is refused: `Full`.
pub const WAITING: usize = 4_000_000;
/// Places in one block of the rank structure before it is split: 4 KiB of numbers, moved in well under a microsecond.
pub const RANK_BLOCK: usize = 512;
/// Milliseconds for which the place of somebody who lost the connection is kept.
pub const KEEP_PLACE_MS: u64 = 300_000;
/// Milliseconds for which an admission waits to be used; it is repeated to whoever asks meanwhile.
pub const ADMISSION_MS: u64 = 60_000;
/// Milliseconds in one bucket of the measured admission rate.
pub const RATE_BUCKET_MS: u64 = 5_000;
/// Buckets of the measured rate: a quarter of an hour.
pub const RATE_BUCKETS: usize = 180;
/// Milliseconds over which rates are measured at least. Seats come free in lumps, and in bursts after a leader died, so
/// a wait is told by the first measure that is at least as long, or by the last.
pub const RATE_SPANS_MS: [u64; 3] = [120_000, 300_000, 900_000];
/// Milliseconds for which a measured rate is used before it is measured again.
pub const RATE_EVERY_MS: u64 = 1_000;
/// Admissions that make a rate worth showing; the newest buckets that hold so many are used. 400 have a relative error
/// of about 5 % if they come at random.
pub const RATE_SAMPLES: u64 = 400;

/// Admissions a second that the governor begins with, in thousandths.
pub const ADMIT_START_MILLI: u64 = 10_000;
/// Fewest admissions a second while anything works, in thousandths: enough to see whether it got better.
pub const ADMIT_FLOOR_MILLI: u64 = 500;
/// Most admissions a second, in thousandths.
pub const ADMIT_MAX_MILLI: u64 = 2_000_000;
/// What a healthy second adds to the rate, per mille of it.
pub const ADMIT_RISE_PER_MILLE: u64 = 50;
/// What a distressed look leaves of the rate, per mille.
pub const ADMIT_FALL_PER_MILLE: u64 = 700;
/// Milliseconds between two changes of the rate, so that one distress is not punished twice before it can show.
pub const GOVERN_EVERY_MS: u64 = 1_000;
/// Milliseconds after which a report of health is too old: the rate falls to its floor.
pub const HEALTH_STALE_MS: u64 = 10_000;
/// Milliseconds of admissions that may be made at once after a pause.
pub const ADMIT_BURST_MS: u64 = 1_000;
/// Load of the busiest node, per mille of what it can do, above which admission falls.
pub const LOAD_DISTRESS_PER_MILLE: u32 = 900;
/// The same below which admission rises. Between the two it stays, so that it does not swing.
pub const LOAD_CALM_PER_MILLE: u32 = 750;
/// Ticks that ended late, per mille, above which admission falls.
pub const OVERRUN_DISTRESS_PER_MILLE: u32 = 50;
/// The same below which admission rises.
pub const OVERRUN_CALM_PER_MILLE: u32 = 10;
/// Store requests that failed or were of unknown outcome, per mille, above which admission falls.
pub const STORE_DISTRESS_PER_MILLE: u32 = 20;
/// The same below which admission rises.
pub const STORE_CALM_PER_MILLE: u32 = 5;
/// The same above which nobody is admitted: an arrival would only fail.
pub const STORE_DOWN_PER_MILLE: u32 = 500;
/// Share of a class of the queue unless its settings say otherwise.
pub const CLASS_SHARE: u32 = 1_000;
