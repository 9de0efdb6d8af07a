//! Within what everything must be well again. `docs/operations.md` has the same figures; the machine that drills run on
//! may be slow and shared, so each has room above what it follows from.

use std::time::Duration;

/// From a kill to the moment at which no other node shows anybody of the dead one. Follows from `node::limits`: a
/// publisher that is silent for 10 s (`SILENT_MS`) is unbound, and its ghosts are awaited 0.5 s more. Where the
/// directory notices first (the lease of 5 s, and 3 s of silence) it is sooner; players who come back end their old
/// ghosts at once.
pub const GHOSTS_GONE: Duration = Duration::from_millis(12_000);

/// From a kill or a stop to the moment at which all players are in the world again. A client tries the next address
/// after 0.1 to 0.2 s, doubled with each failure (`client::limits`).
pub const CLIENTS_BACK: Duration = Duration::from_secs(15);

/// How long one player may be out, of those whose node was killed or stopped.
pub const RESUME_MS: f64 = 10_000.0;

/// How far a player may be set back by a kill: the fastest on foot, 6 m/s, for the time between two checkpoints
/// (`CHECKPOINT_EVERY_MS`, 5 s), one deadline of the store (2 s) for the one that was under way, and the time that the
/// player itself was out without noticing.
pub const SET_BACK_M: f64 = 6.0 * (5.0 + 2.0 + 1.0);

/// How far a player may be set back by a stop in good order, which writes its last place: what it walked until it heard
/// of the stop, at 6 m/s, and as much again for a slow machine.
pub const STOP_SET_BACK_M: f64 = 12.0;

/// How long a node is paused: longer than the 8 s of silence after which a client gives it up (`client::limits`).
pub const PAUSED: Duration = Duration::from_secs(12);

/// How far a player of a paused node may be set back. It walks on alone for those 8 s, which nobody else sees.
pub const PAUSE_SET_BACK_M: f64 = SET_BACK_M + 6.0 * 8.0;

/// From SIGTERM to the end of the process: nodes have 8 s for their goodbyes and 2 s to end, the directory has 2 s to
/// forget the host (`host::limits`), the map 2 s (`console::limits`).
pub const STOPPED: Duration = Duration::from_secs(14);

/// From the start of a process to links in both directions with all others.
pub const JOINED: Duration = Duration::from_secs(30);

/// How long etcd or the store is away.
pub const AWAY: Duration = Duration::from_secs(10);

/// The longest time for which a player in the world may hear nothing. Servers speak once a second at least, also where
/// nothing happens.
pub const SILENCE: Duration = Duration::from_secs(5);

/// From the start of the players to all of them in the world, besides their ramp of 100 a second.
pub const ENTERED: Duration = Duration::from_secs(30);

/// How long a process may take to answer on its map.
pub const ANSWER: Duration = Duration::from_secs(3);

/// Play between two faults, so that what one broke does not hide in the next.
pub const REST: Duration = Duration::from_secs(5);

/// The same between the many faults of one kind.
pub const BREATH: Duration = Duration::from_secs(2);

/// A pause from which on clients may leave: they wait for 8 s (`client::limits`), and look once a second.
pub const LEFT_AFTER: Duration = Duration::from_secs(7);

/// A pause from which on all of them leave: the 8 s, and a look.
pub const GIVEN_UP: Duration = Duration::from_secs(10);

/// The longest time for which a player may hear nothing where nodes stand still: the 8 s after which it gives up, and a
/// look.
pub const PAUSE_SILENCE: Duration = Duration::from_secs(9);

/// From the end of a pause to the moment at which all nodes agree. A link that was given up is made anew after 5 s
/// (`mesh-zeromq`), each attempt takes at most 3 s, and two follow each other within 1 s; then a summary, once a second,
/// and a keyframe, asked for once a second. A player in back-off may be a moment longer.
pub const AGREED: Duration = Duration::from_secs(20);

/// The same from the end of a cut. Here TCP is slower as well: what it sends again waits up to twice as long as the
/// silence was, so a link is mended sooner by being made anew.
pub const HEALED: Duration = Duration::from_secs(20);

/// A cut that has taken no packet yet may last so much longer. Hosts renew their lease every 1.7 s, and read their epochs
/// every 2 s.
pub const IDLE_CUT: Duration = Duration::from_secs(10);
