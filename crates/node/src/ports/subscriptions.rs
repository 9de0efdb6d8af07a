//! Who of a host's nodes hears which topics: counted filters, looked up by topic.
//!
//! It is the part of a mesh that is the same over every transport. It sends nothing: it tells its owner when a filter
//! becomes wanted by the host and when it is wanted no more. Main type: [`Subscriptions`].
//!
//! Invariant: a filter is in the table exactly while some node has subscribed it more often than unsubscribed.

use std::collections::BTreeMap;

use protocol::mesh::{TOPIC_BYTES, Topic};

/// A topic or the front of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Filter {
    length: u8,
    bytes: [u8; TOPIC_BYTES],
}

impl Filter {
    /// A filter of these bytes, `None` if they are more than a topic has: such a filter hears nothing.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut filter = Self { length: u8::try_from(bytes.len()).ok()?, bytes: [0; TOPIC_BYTES] };
        filter.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(filter)
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// A set of nodes of one host, by index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeSet([u64; 4]);

impl NodeSet {
    /// The set without a node.
    #[must_use]
    pub fn without(mut self, node: u8) -> Self {
        self.0[usize::from(node >> 6)] &= !(1 << (node & 63));
        self
    }

    /// The nodes, in order.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        self.0.into_iter().zip(0u8..).flat_map(|(mut word, i)| {
            std::iter::from_fn(move || {
                let bit = word.trailing_zeros();
                word &= word.wrapping_sub(1);
                (bit < 64).then_some(i << 6 | bit as u8)
            })
        })
    }

    fn insert(&mut self, node: u8) {
        self.0[usize::from(node >> 6)] |= 1 << (node & 63);
    }

    fn join(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(a, b)| *a |= b);
    }

    fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// The filters of all nodes of a host.
#[derive(Debug, Default)]
pub struct Subscriptions {
    listeners: BTreeMap<Filter, NodeSet>,
    /// How often each node subscribed each filter; only entries above zero.
    counts: BTreeMap<(u8, Filter), u32>,
    /// How many filters have each length, so that a look-up tries only lengths in use.
    lengths: [usize; TOPIC_BYTES + 1],
}

impl Subscriptions {
    /// Counts one more subscription of a node. True if no node of the host had the filter before.
    pub fn subscribe(&mut self, node: u8, filter: Filter) -> bool {
        let count = self.counts.entry((node, filter)).or_default();
        *count = count.saturating_add(1);
        let listeners = self.listeners.entry(filter).or_default();
        let first = listeners.is_empty();
        listeners.insert(node);
        self.lengths[usize::from(filter.length)] += usize::from(first);
        first
    }

    /// Counts one less subscription of a node. True if now no node of the host has the filter any more.
    pub fn unsubscribe(&mut self, node: u8, filter: Filter) -> bool {
        match self.counts.get_mut(&(node, filter)) {
            None => false,
            Some(count) if *count > 1 => {
                *count -= 1;
                false
            }
            Some(_) => {
                self.counts.remove(&(node, filter));
                self.stop_listening(node, filter)
            }
        }
    }

    /// Ends all subscriptions of a node. Returns the filters that no node of the host has any more.
    pub fn remove_node(&mut self, node: u8) -> Vec<Filter> {
        let first = Filter { length: 0, bytes: [0; TOPIC_BYTES] };
        let last = Filter { length: u8::MAX, bytes: [u8::MAX; TOPIC_BYTES] };
        let mine: Vec<Filter> = self.counts.range((node, first)..=(node, last)).map(|((_, f), _)| *f).collect();
        mine.into_iter()
            .filter(|filter| {
                self.counts.remove(&(node, *filter));
                self.stop_listening(node, *filter)
            })
            .collect()
    }

    /// The nodes that hear a topic.
    #[must_use]
    pub fn listeners(&self, topic: &Topic) -> NodeSet {
        let mut found = NodeSet::default();
        for (length, used) in (0u8..).zip(self.lengths) {
            if used > 0
                && let Some(filter) = Filter::new(&topic.0[..usize::from(length)])
                && let Some(nodes) = self.listeners.get(&filter)
            {
                found.join(*nodes);
            }
        }
        found
    }

    /// All filters of the host, each once.
    pub fn filters(&self) -> impl Iterator<Item = &Filter> {
        self.listeners.keys()
    }

    fn stop_listening(&mut self, node: u8, filter: Filter) -> bool {
        let Some(listeners) = self.listeners.get_mut(&filter) else { return false };
        *listeners = listeners.without(node);
        let last = listeners.is_empty();
        if last {
            self.listeners.remove(&filter);
            self.lengths[usize::from(filter.length)] -= 1;
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(bytes: &[u8]) -> Filter {
        Filter::new(bytes).expect("no longer than a topic")
    }

    fn heard(table: &Subscriptions, topic: &[u8; TOPIC_BYTES]) -> Vec<u8> {
        table.listeners(&Topic(*topic)).iter().collect()
    }

    #[test]
    fn subscriptions_are_counted_per_node() {
        let mut table = Subscriptions::default();
        let f = filter(b"C12345678");
        assert!(table.subscribe(0, f));
        assert!(!table.subscribe(0, f));
        assert!(!table.subscribe(200, f));
        assert_eq!(heard(&table, b"C123456780"), [0, 200]);
        assert!(!table.unsubscribe(0, f));
        assert_eq!(heard(&table, b"C123456780"), [0, 200]);
        assert!(!table.unsubscribe(0, f));
        assert_eq!(heard(&table, b"C123456780"), [200]);
        assert!(!table.unsubscribe(0, f), "one too many changes nothing");
        assert!(table.unsubscribe(200, f));
        assert!(heard(&table, b"C123456780").is_empty());
        assert_eq!(table.filters().count(), 0);
    }

    #[test]
    fn every_front_of_a_topic_hears_it_once() {
        let mut table = Subscriptions::default();
        let topic = b"C123456789";
        for length in 0..=TOPIC_BYTES {
            assert!(table.subscribe(63, filter(&topic[..length])));
            assert!(!table.subscribe(64, filter(&topic[..length])));
        }
        assert_eq!(heard(&table, topic), [63, 64]);
        assert_eq!(heard(&table, b"X123456789"), [63, 64], "the empty filter hears everything");
        assert_eq!(table.listeners(&Topic(*topic)).without(63).iter().collect::<Vec<_>>(), [64]);
    }

    #[test]
    fn a_short_filter_is_not_the_same_padded_with_zeros() {
        let mut table = Subscriptions::default();
        table.subscribe(1, filter(b"C12345678\0"));
        table.subscribe(2, filter(b"C12345678"));
        assert_eq!(heard(&table, b"C12345678\0"), [1, 2]);
        assert_eq!(heard(&table, b"C12345678\x01"), [2]);
    }

    #[test]
    fn a_filter_longer_than_a_topic_is_none() {
        assert_eq!(Filter::new(&[0; TOPIC_BYTES + 1]), None);
        assert_eq!(Filter::new(&[0; 300]), None);
    }

    #[test]
    fn a_node_that_leaves_takes_only_its_own() {
        let mut table = Subscriptions::default();
        table.subscribe(7, filter(b"only mine"));
        table.subscribe(7, filter(b"ours"));
        table.subscribe(7, filter(b"ours"));
        table.subscribe(8, filter(b"ours"));
        table.subscribe(6, filter(b"theirs"));
        assert_eq!(table.remove_node(7), [filter(b"only mine")]);
        assert_eq!(heard(&table, b"ours456789"), [8]);
        assert_eq!(table.remove_node(7), []);
        assert_eq!(table.filters().count(), 2);
    }
}
