//! The nodes of this host: who hears what, and the batches that go to them.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use node::ports::mesh::{Delivery, DeliverySink, MeshLane};
use node::ports::subscriptions::{Filter, NodeSet, Subscriptions};
use protocol::Incarnation;
use protocol::mesh::Topic;

use crate::counters::Counters;

#[derive(Default)]
pub(crate) struct Locals {
    nodes: BTreeMap<u8, Local>,
    pub subscriptions: Subscriptions,
}

struct Local {
    incarnation: Incarnation,
    attachment: u64,
    sink: DeliverySink,
    batch: Vec<Delivery>,
}

impl Locals {
    /// Takes in a node, in the place of another with its index. Returns the filters that are wanted no more.
    pub(crate) fn attach(&mut self, incarnation: Incarnation, attachment: u64, sink: DeliverySink) -> Vec<Filter> {
        let fresh = Local { incarnation, attachment, sink, batch: Vec::new() };
        self.nodes.insert(incarnation.node(), fresh);
        self.subscriptions.remove_node(incarnation.node())
    }

    /// Lets a node go, if it is still the one that was attached so. Returns the filters that are wanted no more.
    pub(crate) fn detach(&mut self, node: u8, attachment: u64) -> Vec<Filter> {
        if self.attached(node, attachment).is_none() {
            return Vec::new();
        }
        self.nodes.remove(&node);
        self.subscriptions.remove_node(node)
    }

    /// The node that has this index by this attachment.
    pub(crate) fn attached(&self, node: u8, attachment: u64) -> Option<Incarnation> {
        self.nodes.get(&node).filter(|local| local.attachment == attachment).map(|local| local.incarnation)
    }

    /// Whether just this life of a node is here.
    pub(crate) fn knows(&self, node: Incarnation) -> bool {
        self.nodes.get(&node.node()).is_some_and(|local| local.incarnation == node)
    }

    /// Who hears a topic.
    pub(crate) fn listeners(&self, topic: &Topic) -> NodeSet {
        self.subscriptions.listeners(topic)
    }

    /// Puts a message into the batches of some nodes.
    pub(crate) fn put(&mut self, nodes: impl Iterator<Item = u8>, from_host: u16, lane: MeshLane, bytes: &Arc<[u8]>) {
        for node in nodes {
            if let Some(local) = self.nodes.get_mut(&node) {
                local.batch.push(Delivery { from_host, lane, bytes: Arc::clone(bytes) });
            }
        }
    }

    /// Hands every node its batch. A sink that panics loses its batch and nothing else.
    pub(crate) fn flush(&mut self, counters: &Counters) {
        for local in self.nodes.values_mut().filter(|local| !local.batch.is_empty()) {
            let room = local.batch.len();
            let batch = std::mem::replace(&mut local.batch, Vec::with_capacity(room));
            let dropped = catch_unwind(AssertUnwindSafe(|| (local.sink)(batch))).unwrap_or_else(|_| {
                tracing::error!(node = %local.incarnation, messages = room, "a node panicked over its messages");
                room
            });
            let dropped = dropped.min(room);
            counters.dropped(dropped as u64);
            counters.delivered((room - dropped) as u64);
        }
    }
}
