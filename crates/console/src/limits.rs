//! Every limit of the console, with its unit, its reason, and what happens there.

use std::time::Duration;

/// Connections open at once. A browser opens six; a scraper one. One more is closed as soon as it is accepted.
pub const MAX_CONNECTIONS: usize = 64;

/// Watchers of the live feed at once. One more is answered 503.
pub const MAX_WATCHERS: usize = 16;

/// Time between two frames of the live feed. The page draws the motion in between.
pub const FRAME_INTERVAL: Duration = Duration::from_millis(200);

/// How old a snapshot may be when it is handed out again. However often an address is polled, the source is not asked
/// more often than this.
pub const SNAPSHOT_MAX_AGE: Duration = Duration::from_millis(100);

/// A connection on which no byte moved for this long is closed. The live feed moves bytes all the time.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// A watcher that does not take a frame for this long is closed. Frames that are made meanwhile are skipped.
pub const SLOW_WATCHER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long [`crate::Console::serve`] waits for open answers after its shutdown before it drops them.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// Bytes that the kernel may hold for a slow watcher: a few frames, so that a picture is skipped rather than late.
pub const SEND_BUFFER_BYTES: usize = 256 * 1024;

/// The longest message, in bytes, that a watcher may send. Nothing is expected from it; a longer one closes the feed.
pub const MAX_WATCHER_MESSAGE_BYTES: usize = 1024;

/// Entities in one frame of the live feed. The rest is counted in `entities_left_out`.
pub const MAX_LIVE_ENTITIES: usize = 20_000;

/// Cells of a terrain, 2048 x 2048: about 8 MB on the wire with its relief.
pub const MAX_TERRAIN_CELLS: usize = 2048 * 2048;
