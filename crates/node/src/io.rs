//! What goes into the machine and what comes out: closed sets, one verb each way.

use std::sync::Arc;

use deeds::tables::Tables;
use protocol::mesh::Topic;
use protocol::{Code, Incarnation};
use store::{Reply, Request};
use world::{Chunk, Millis};

use crate::crowd::ladder::Step;
use crate::handover::{Outcome, Reason};
use crate::ports::mesh::MeshLane;

/// A client's connection, numbered by the shell and never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// A request to the store, numbered by the machine and never reused. An answer to an unknown number is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpId(pub u64);

/// What the machine is told.
#[derive(Clone, Debug)]
pub enum Input {
    /// Time has passed; see [`crate::Node::next_wakeup`].
    Wake,
    /// A client has connected.
    Opened {
        /// Its connection.
        conn: ConnId,
    },
    /// A client sent a whole message, envelope included.
    Message {
        /// Its connection.
        conn: ConnId,
        /// The message.
        bytes: Vec<u8>,
    },
    /// A connection is gone.
    Closed {
        /// Which.
        conn: ConnId,
    },
    /// The frames of a write were not taken because the client has not read those before: they are lost. Its control
    /// bytes are kept.
    Blocked {
        /// Which connection.
        conn: ConnId,
    },
    /// A blocked connection takes writes again.
    Drained {
        /// Which connection.
        conn: ConnId,
    },
    /// A node is in the directory.
    PeerUp {
        /// Its incarnation.
        peer: Incarnation,
        /// Where it takes clients.
        client_address: String,
    },
    /// A node's record has vanished from the directory. Its link may live on.
    PeerVanished {
        /// Its incarnation.
        peer: Incarnation,
    },
    /// A message came from another node.
    Mesh {
        /// The host at the other end of the link.
        from_host: u16,
        /// The lane.
        lane: MeshLane,
        /// The message, envelope included.
        bytes: Arc<[u8]>,
    },
    /// The store answered.
    Store {
        /// Which request.
        op: OpId,
        /// How it ended.
        reply: Reply,
    },
    /// A tick took so much of its period that the next may come late. The machine has no clock to measure it by.
    Overrun {
        /// Milliseconds that it took.
        ms: u64,
    },
    /// How much of the last second the node's thread was at work, in thousandths. The machine has no clock to tell.
    Busy {
        /// Thousandths.
        per_mille: u16,
    },
    /// Hand a session over to another node.
    HandOver {
        /// Its connection.
        conn: ConnId,
        /// To whom.
        to: Incarnation,
    },
    /// The tables of the rules were written anew: deeds go by them from now on.
    Tables(Arc<Tables>),
    /// The process is to end: close all sessions.
    Stop,
}

/// What the machine wants done.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Write to a client in one go. While an earlier write is not read, `control` is kept for later and the frames
    /// are dropped whole: then tell [`Input::Blocked`], and [`Input::Drained`] when the client has caught up.
    Write {
        /// Which connection.
        conn: ConnId,
        /// Messages that must arrive.
        control: Vec<u8>,
        /// The beginning of a tick message, empty where there is none.
        frames: Vec<u8>,
        /// The rest of the tick message, shared with other clients.
        shared: Vec<Arc<[u8]>>,
    },
    /// Close a connection after its last write.
    Close {
        /// Which.
        conn: ConnId,
        /// Why, for logs and metrics.
        code: Code,
    },
    /// Say something on the ordered lane.
    Publish {
        /// The topic.
        topic: Topic,
        /// The message.
        bytes: Arc<[u8]>,
    },
    /// Tell one node on the direct lane.
    Send {
        /// Which node.
        to: Incarnation,
        /// The message.
        bytes: Arc<[u8]>,
    },
    /// Hear all topics that begin so.
    Subscribe {
        /// The front of the topics.
        filter: Vec<u8>,
    },
    /// Stop hearing them.
    Unsubscribe {
        /// The front of the topics.
        filter: Vec<u8>,
    },
    /// Ask the store.
    Store {
        /// The number that the answer is to carry.
        op: OpId,
        /// What to ask.
        request: Request,
    },
    /// Something happened that an operator may want to know.
    Note(Note),
}

/// Why the machine wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WakeReason {
    /// The next tick begins: publish.
    Publish,
    /// What other nodes published in this tick should be here: write to the clients.
    Flush,
}

/// A happening, with its place in the world of operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A session began.
    SessionBegan {
        /// Its connection.
        conn: ConnId,
        /// The account.
        name: String,
        /// The trace of its hello.
        trace: u64,
    },
    /// A session ended.
    SessionEnded {
        /// Its connection.
        conn: ConnId,
        /// The account, empty before hello.
        name: String,
        /// Why.
        code: Code,
        /// The trace of its hello.
        trace: u64,
    },
    /// A peer sent its first summary.
    PeerHeard {
        /// Which.
        peer: Incarnation,
    },
    /// A peer was silent for too long and all that it showed is unbound.
    PeerUnbound {
        /// Which.
        peer: Incarnation,
    },
    /// A peer sent what is not a message.
    PeerGarbage {
        /// The host of its link.
        host: u16,
    },
    /// A chunk went up or down a step of the crowd contract. While it is on the last, nobody should be sent there.
    CrowdStep {
        /// Which.
        chunk: Chunk,
        /// The step before.
        from: Step,
        /// The step now.
        to: Step,
        /// How many it holds.
        movers: u32,
    },
    /// The process was stopped for this long and all sessions are verified anew.
    Stalled {
        /// Milliseconds.
        ms: u64,
    },
    /// A handover of an own session has ended.
    HandoverEnded {
        /// The session's connection.
        conn: ConnId,
        /// To whom it was to go.
        to: Incarnation,
        /// Why.
        reason: Reason,
        /// How it ended.
        outcome: Outcome,
    },
    /// A stored document cannot be read.
    Unreadable {
        /// Its key.
        key: String,
        /// What is wrong.
        reason: String,
    },
}

/// When the machine wants to be woken at the latest.
pub type Wakeup = (Millis, WakeReason);
