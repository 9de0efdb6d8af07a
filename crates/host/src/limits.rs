//! Every limit of a host, with its unit, its reason and what happens there.

use std::time::Duration;

/// Nodes of one host: one per core of a large machine. More are refused at the start.
pub(crate) const NODES: u8 = 64;
/// Messages of the mesh that wait for one node. What comes on top is dropped and counted; keyframes heal it.
pub(crate) const INBOX_MESSAGES: usize = 65_536;
/// Bytes of the mesh that wait for one node, with the same end.
pub(crate) const INBOX_BYTES: usize = 64 * 1024 * 1024;
/// Events of clients that one turn of a node's loop takes in, before the mesh and the clock have their turn.
pub(crate) const EVENTS_PER_TURN: usize = 1_024;
/// Time from one turn of a node's loop to the next, at least: what comes in between is taken in together. It is what an
/// answer to a ping or a step of a deed may take longer when there is much to do.
pub(crate) const TURNS_APART: Duration = Duration::from_millis(10);
/// Replies of the store that one turn takes in.
pub(crate) const REPLIES_PER_TURN: usize = 1_024;
/// Orders of the host that wait for one node: who came and went in the directory, and the end. A node that does not
/// take them for [`NODE_STUCK`] ends the host.
pub(crate) const ORDERS: usize = 4_096;
/// How long the host waits for room in a node's orders.
pub(crate) const NODE_STUCK: Duration = Duration::from_secs(5);
/// Complaints of nodes about their peers that wait for the host; further ones are dropped, they would say the same.
pub(crate) const COMPLAINTS: usize = 64;
/// How long a request to the store may take. Then its outcome is unknown.
pub(crate) const STORE_DEADLINE: Duration = Duration::from_secs(2);
/// Requests of one node at the store at once. A further one is answered "not applied" and repeated by the machine.
pub(crate) const STORE_IN_FLIGHT: usize = 16_384;
/// How long the directory may take to answer at the start. Then the host does not start.
pub(crate) const DIRECTORY_START: Duration = Duration::from_secs(30);
/// How long the host waits to be taken out of the directory. Then its lease runs out instead.
pub(crate) const DIRECTORY_LEAVE: Duration = Duration::from_secs(2);
/// How long a node may take to say goodbye to its clients and finish its writes, after which it just ends.
pub(crate) const NODE_STOP: Duration = Duration::from_secs(4);
/// How long the host waits for its nodes to say goodbye. Then they are told to end at once.
pub(crate) const THREADS_STOP: Duration = Duration::from_secs(8);
/// How long a node's thread may take to end at once. One that is still busy then is left behind, and the host ends
/// with an error.
pub(crate) const THREADS_END: Duration = Duration::from_secs(2);
/// How long a link to a host is kept whose record has vanished: a directory that fails must not end play.
pub(crate) const VANISHED_LINK: Duration = Duration::from_secs(60);
/// How long a link stays cut that brought garbage.
pub(crate) const GARBAGE_CUT: Duration = Duration::from_secs(5);
/// Time between two refreshes of what a node shows.
pub(crate) const STATUS_EVERY: Duration = Duration::from_millis(200);
/// How long after a look a node goes on showing its status.
pub(crate) const WATCHED_FOR: Duration = Duration::from_secs(3);
/// A node that is woken later than this after it asked counts as late.
pub(crate) const LATE_MS: u64 = 20;
/// A turn of a node's loop that takes more than this part of a tick is told to the machine as an overrun: with what
/// comes between turns, the next tick would soon be late.
pub(crate) const OVERRUN_SHARE: f32 = 0.75;
/// Between two measurements of how much of the time a node is at work, which placement goes by.
pub(crate) const BUSY_EVERY: Duration = Duration::from_secs(1);
