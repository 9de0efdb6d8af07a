//! What happens when: a list a second, and a heap for the second that is under way.
//!
//! Putting something into a later second costs a push; only what shares a second is ever sorted. So a million people
//! who will leave some day cost nothing until that day.
//!
//! Invariant: happenings come out in the order of time, those of one millisecond in the order in which they went in.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Milliseconds of one list.
const SPAN_MS: u64 = 1_000;

#[derive(Debug)]
struct Entry<T> {
    at_ms: u64,
    number: u64,
    what: T,
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at_ms, self.number).cmp(&(other.at_ms, other.number))
    }
}

/// The calendar of a run of a known length. What would happen after the end is forgotten.
#[derive(Debug)]
pub(super) struct Calendar<T> {
    later: Vec<Vec<Entry<T>>>,
    /// The list that is in `soon`.
    span: usize,
    soon: BinaryHeap<Reverse<Entry<T>>>,
    last: u64,
}

impl<T> Calendar<T> {
    pub fn new(length_ms: u64) -> Self {
        let spans = usize::try_from(length_ms / SPAN_MS + 1).unwrap_or(usize::MAX);
        Self { later: (0..spans).map(|_| Vec::new()).collect(), span: 0, soon: BinaryHeap::new(), last: 0 }
    }

    pub fn put(&mut self, at_ms: u64, what: T) {
        self.last += 1;
        let entry = Entry { at_ms, number: self.last, what };
        let span = usize::try_from(at_ms / SPAN_MS).unwrap_or(usize::MAX);
        if span <= self.span {
            self.soon.push(Reverse(entry));
        } else if let Some(list) = self.later.get_mut(span) {
            list.push(entry);
        }
    }

    /// When something happens next.
    pub fn next_at(&mut self) -> Option<u64> {
        while self.soon.is_empty() && self.span + 1 < self.later.len() {
            self.span += 1;
            self.soon.extend(std::mem::take(&mut self.later[self.span]).into_iter().map(Reverse));
        }
        self.soon.peek().map(|first| first.0.at_ms)
    }

    /// What happens next, if it does up to `until_ms`.
    pub fn take(&mut self, until_ms: u64) -> Option<(u64, T)> {
        if self.next_at()? > until_ms {
            return None;
        }
        self.soon.pop().map(|Reverse(first)| (first.at_ms, first.what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_come_out_in_the_order_of_time_and_then_of_coming_in() {
        let mut calendar = Calendar::new(10_000);
        for (at_ms, what) in [(5_000, 'e'), (10, 'b'), (999, 'c'), (10, 'x'), (1_000, 'd'), (0, 'a'), (20_000, 'z')] {
            calendar.put(at_ms, what);
        }
        assert_eq!(calendar.take(5), Some((0, 'a')));
        let mut order = vec![];
        while let Some((at_ms, what)) = calendar.take(u64::MAX) {
            if what == 'd' {
                calendar.put(1_000, 'D');
                calendar.put(2_500, 'E');
            }
            order.push((at_ms, what));
        }
        let expected = [(10, 'b'), (10, 'x'), (999, 'c'), (1_000, 'd'), (1_000, 'D'), (2_500, 'E'), (5_000, 'e')];
        assert_eq!(order, expected);
    }
}
