//! Where the world can be entered, and how long to wait before the next attempt.
//!
//! Pauses grow exponentially and are spread by a generator that the caller seeds, so that thousands of clients whose
//! node died do not come back in one instant.

use crate::limits::{ADDRESS_BYTES, ADDRESSES, BACKOFF_FIRST_MS, BACKOFF_MAX_MS};

/// The known addresses, and the one to try next.
#[derive(Clone, Debug)]
pub struct Addresses {
    known: Vec<String>,
    next: usize,
    failures: u32,
    random: u64,
}

impl Addresses {
    /// The addresses to begin with, the first one first, and a seed for the spread.
    #[must_use]
    pub fn new(first: &[String], seed: u64) -> Self {
        let mut addresses = Self { known: Vec::new(), next: 0, failures: 0, random: seed };
        addresses.learn(first);
        addresses
    }

    /// Remembers more addresses, in an order of this client's own behind the current one: those whose node died must
    /// not all go to the same neighbour. Known ones, and what lies beyond the limits, are passed over.
    pub fn learn(&mut self, more: &[String]) {
        for address in more {
            let sound = !address.is_empty() && address.len() <= ADDRESS_BYTES;
            if sound && self.known.len() < ADDRESSES && !self.known.contains(address) {
                let behind = self.known.len().saturating_sub(self.next + 1) as u64;
                let place = self.known.len() - (self.draw() % (behind + 1)) as usize;
                self.known.insert(place, address.clone());
            }
        }
    }

    /// The address to try, `None` if there is none.
    #[must_use]
    pub fn current(&self) -> Option<&str> {
        self.known.get(self.next).map(String::as_str)
    }

    /// Every known address.
    #[must_use]
    pub fn known(&self) -> &[String] {
        &self.known
    }

    /// The client is at this address now.
    pub fn turn_to(&mut self, address: &str) {
        self.learn(&[address.to_owned()]);
        if let Some(index) = self.known.iter().position(|known| known == address) {
            self.next = index;
        }
    }

    /// The current address failed: turns to the next one. Returns the pause before it is tried, in milliseconds.
    pub fn failed(&mut self) -> u64 {
        self.next = (self.next + 1) % self.known.len().max(1);
        self.pause()
    }

    /// The current address wants a moment: it will be tried again. Returns the pause, in milliseconds.
    pub fn again(&mut self) -> u64 {
        self.pause()
    }

    /// The current address has served long enough: the next failure is the first.
    pub fn steady(&mut self) {
        self.failures = 0;
    }

    fn pause(&mut self) -> u64 {
        let whole = BACKOFF_FIRST_MS.saturating_mul(1 << self.failures.min(16)).min(BACKOFF_MAX_MS);
        self.failures = self.failures.saturating_add(1);
        whole / 2 + self.draw() % (whole / 2 + 1)
    }

    /// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
    pub(crate) fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_whose_node_died_do_not_all_go_to_the_same_neighbour() {
        let more = ["b", "c", "d"].map(str::to_owned);
        let mut second = std::collections::BTreeMap::new();
        for seed in 0..300 {
            let mut addresses = Addresses::new(&["a".to_owned()], seed);
            addresses.learn(&more);
            addresses.failed();
            *second.entry(addresses.current().unwrap_or_default().to_owned()).or_insert(0) += 1;
        }
        assert!(second.len() == 3 && second.values().all(|n| *n > 60), "{second:?}");
    }
}
