//! The hosts and nodes of a case: they speak numbered notes and remember what they hear.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use protocol::mesh::{Frame, Interest, MeshMessage, Topic};
use protocol::{Incarnation, StreamId};
use world::{Chunk, IslandId, Tick};

use super::{MeshFixture, Started};
use crate::ports::directory::Claim;
use crate::ports::mesh::{Delivery, MeshCommand, MeshFull, MeshLane, MeshPort};

/// Numbers from here on are fences: they prove that what was said before has arrived or never will.
const FENCE: u64 = 1 << 40;
/// Fences are published on the topics of nodes of a host that no case starts.
const FENCE_TOPICS: u64 = 0xffff << 48;

/// What a node heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// Who said it.
    pub from: Incarnation,
    /// On which lane.
    pub lane: MeshLane,
    /// Its number.
    pub number: u64,
}

/// A node with its port and its memory.
pub struct Ear {
    /// The node.
    pub node: Incarnation,
    port: Box<dyn MeshPort>,
    heard: Arc<Mutex<Heard>>,
    fences: u64,
}

#[derive(Default)]
struct Heard {
    notes: Vec<Note>,
    fences: BTreeSet<(Incarnation, u64)>,
}

/// Starts a host with this number and life.
pub fn start(fixture: &dyn MeshFixture, host: u16, life: u64) -> Started {
    fixture.start(Claim { host, life }, 2)
}

/// Connects all hosts with each other.
pub fn connect_all(hosts: &[&Started]) {
    for a in hosts {
        for b in hosts.iter().filter(|b| b.peer.host != a.peer.host) {
            a.mesh.connect(b.peer.clone());
        }
    }
}

/// The topic of the n-th chunk of the test island.
pub fn topic(n: u32) -> Topic {
    chunk_topic(n, 0)
}

/// The topic of a sub-cell of the n-th chunk of the test island.
pub fn chunk_topic(n: u32, sub: u8) -> Topic {
    Topic::chunk(IslandId(7), chunk(n), sub)
}

/// The n-th chunk of the test island.
pub fn chunk(n: u32) -> Chunk {
    Chunk { cx: (n / 200) as i16, cy: (n % 200) as i16 }
}

/// A message of the ordered lane.
pub fn frame(publisher: Incarnation, number: u64) -> Arc<[u8]> {
    let stream = StreamId { publisher, island: IslandId(7), chunk: chunk(0), sub: 0 };
    encode(&MeshMessage::Frame(Frame { stream, tick: Tick(number), prev_tick: None, body: b"body" }))
}

/// A message of the direct lane.
pub fn interest(from: Incarnation, number: u64) -> Arc<[u8]> {
    encode(&MeshMessage::Interest(Interest { from, version: number, chunks: vec![(IslandId(7), chunk(0))] }))
}

fn encode(message: &MeshMessage<'_>) -> Arc<[u8]> {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    bytes.into()
}

impl Ear {
    /// The node with this index of a host.
    pub fn of(host: &Started, index: u8) -> Self {
        let node = Incarnation::new(host.peer.host, index, host.peer.life);
        let heard = Arc::new(Mutex::new(Heard::default()));
        let memory = Arc::clone(&heard);
        let sink = move |batch: Vec<Delivery>| {
            let mut memory = memory.lock().expect("not poisoned");
            batch.iter().for_each(|delivery| memory.take_in(delivery));
            0
        };
        Self { node, port: host.mesh.attach(node, Box::new(sink)), heard, fences: FENCE }
    }

    /// Hands over a batch; the cases stay below every limit of a queue.
    pub fn submit(&mut self, batch: Vec<MeshCommand>) {
        self.offer(batch).expect("the cases stay below every limit of a queue");
    }

    /// Hands over a batch if there is room.
    pub fn offer(&mut self, batch: Vec<MeshCommand>) -> Result<(), MeshFull> {
        self.port.submit(batch)
    }

    /// Subscribes a filter once.
    pub fn subscribe(&mut self, filter: &[u8]) {
        self.submit(vec![MeshCommand::Subscribe { filter: filter.to_vec() }]);
    }

    /// Unsubscribes a filter once.
    pub fn unsubscribe(&mut self, filter: &[u8]) {
        self.submit(vec![MeshCommand::Unsubscribe { filter: filter.to_vec() }]);
    }

    /// Says a number on a topic.
    pub fn publish(&mut self, topic: Topic, number: u64) {
        let bytes = frame(self.node, number);
        self.submit(vec![MeshCommand::Publish { topic, bytes }]);
    }

    /// Says numbers on a topic, in one batch.
    pub fn publish_all(&mut self, topic: Topic, numbers: impl Iterator<Item = u64>) {
        let say = |number| MeshCommand::Publish { topic, bytes: frame(self.node, number) };
        let batch = numbers.map(say).collect();
        self.submit(batch);
    }

    /// Says numbers to one node, in one batch.
    pub fn tell_all(&mut self, to: Incarnation, numbers: impl Iterator<Item = u64>) {
        let say = |number| MeshCommand::Send { to, bytes: interest(self.node, number) };
        let batch = numbers.map(say).collect();
        self.submit(batch);
    }

    /// Says a number to one node.
    pub fn tell(&mut self, to: Incarnation, number: u64) {
        let bytes = interest(self.node, number);
        self.submit(vec![MeshCommand::Send { to, bytes }]);
    }

    /// What it heard so far but fences.
    pub fn heard(&self) -> Vec<Note> {
        self.heard.lock().expect("not poisoned").notes.clone()
    }

    /// The numbers that it heard from one node, in the order in which they came.
    pub fn numbers(&self, from: &Ear) -> Vec<u64> {
        self.heard().iter().filter(|note| note.from == from.node).map(|note| note.number).collect()
    }

    /// Waits until this node hears `from` on the ordered lane: all that it subscribed is in force there, and all that
    /// `from` published before has come.
    pub fn hear_frames_of(&mut self, fixture: &dyn MeshFixture, from: &mut Ear) {
        from.fences += 1;
        let fence = from.fences;
        let topic = Topic::node(Incarnation(FENCE_TOPICS | fence));
        self.subscribe(&topic.0);
        let heard = fixture.settle(&mut || {
            from.publish(topic, fence);
            self.passed(from, fence)
        });
        self.unsubscribe(&topic.0);
        assert!(heard, "{} never heard a frame of {}", self.node, from.node);
    }

    /// Waits until this node hears `from` on the direct lane.
    pub fn hear_words_of(&mut self, fixture: &dyn MeshFixture, from: &mut Ear) {
        from.fences += 1;
        let fence = from.fences;
        let heard = fixture.settle(&mut || {
            from.tell(self.node, fence);
            self.passed(from, fence)
        });
        assert!(heard, "{} never heard a word of {}", self.node, from.node);
    }

    fn passed(&self, from: &Ear, fence: u64) -> bool {
        self.heard.lock().expect("not poisoned").fences.contains(&(from.node, fence))
    }
}

impl Heard {
    fn take_in(&mut self, delivery: &Delivery) {
        let message = MeshMessage::decode(&delivery.bytes).expect("well formed").expect("of the mesh");
        let number = match &message {
            MeshMessage::Frame(frame) => frame.tick.0,
            MeshMessage::Interest(interest) => interest.version,
            other => panic!("nobody said {other:?}"),
        };
        let note = Note { from: message.from(), lane: delivery.lane, number };
        assert_eq!(delivery.from_host, note.from.host(), "a delivery names the host of its link");
        if number < FENCE {
            self.notes.push(note);
        } else {
            self.fences.insert((note.from, number));
        }
    }
}
