//! The directory as the nodes hear it: who came and went, late, or not at all for a while.
//!
//! What one node hears of, it hears in order.

use node::Input;
use protocol::Incarnation;

use super::{Happening, World};
use crate::cluster::address;
use crate::faults::FaultKind;

/// Milliseconds until a node hears of another that came back, from and to.
const NEWS_MS: [u64; 2] = [5, 60];

/// What the directory suffers from.
#[derive(Debug, Default)]
pub(super) struct SimDirectory {
    /// Faults that keep everybody from it.
    gone: u32,
    /// Faults that make it slow.
    slow: u32,
    /// Hosts that wait until they can join.
    waiting: Vec<u16>,
}

impl World {
    /// A process is there and wants to join. Without the directory it waits.
    pub(super) fn want_to_start(&mut self, host: u16) {
        if self.directory.gone == 0 {
            return self.start(host);
        }
        self.fired.note(FaultKind::NewsHeldBack);
        self.directory.waiting.push(host);
    }

    /// News for a node, on their way for so long.
    pub(super) fn news(&mut self, host: u16, way_ms: u64, input: Input) {
        let life = self.hosts[usize::from(host)].life;
        if self.directory.gone > 0 || self.hosts[usize::from(host)].stale > 0 {
            self.fired.note(FaultKind::NewsHeldBack);
            return self.hosts[usize::from(host)].unheard.push((life, input));
        }
        let mut at = self.now + way_ms;
        if self.directory.slow > 0 {
            self.fired.note(FaultKind::NewsLate);
            let [low, high] = self.scenario.faults.directory_late_ms;
            at = at + self.chance.between(low, high);
        }
        let h = &mut self.hosts[usize::from(host)];
        let at = at.max(h.heard_until);
        if self.directory.slow > 0 {
            h.heard_until = at;
        }
        self.at(at, Happening::ToNode { host, life, input });
    }

    pub(super) fn lose_directory(&mut self) -> bool {
        self.directory.gone += 1;
        true
    }

    pub(super) fn find_directory(&mut self) {
        self.directory.gone = self.directory.gone.saturating_sub(1);
        if self.directory.gone == 0 {
            (0..self.hosts.len() as u16).for_each(|host| self.catch_up_on_news(host));
            let waiting = std::mem::take(&mut self.directory.waiting);
            waiting.into_iter().for_each(|host| self.start(host));
        }
    }

    pub(super) fn slow_directory(&mut self, slow: bool) -> bool {
        let count = &mut self.directory.slow;
        *count = if slow { *count + 1 } else { count.saturating_sub(1) };
        true
    }

    pub(super) fn deafen(&mut self, host: u16) -> bool {
        self.hosts[usize::from(host)].stale += 1;
        true
    }

    pub(super) fn hear_again(&mut self, host: u16) {
        let h = &mut self.hosts[usize::from(host)];
        h.stale = h.stale.saturating_sub(1);
        self.catch_up_on_news(host);
    }

    fn catch_up_on_news(&mut self, host: u16) {
        let h = &mut self.hosts[usize::from(host)];
        if h.stale > 0 || self.directory.gone > 0 {
            return;
        }
        for (life, input) in std::mem::take(&mut h.unheard) {
            if life == self.hosts[usize::from(host)].life {
                let way = self.chance.between(NEWS_MS[0], NEWS_MS[1]);
                let h = &mut self.hosts[usize::from(host)];
                h.heard_until = h.heard_until.max(self.now + way);
                let at = h.heard_until;
                self.at(at, Happening::ToNode { host, life, input });
            }
        }
    }

    /// The record of a node that lives vanishes: everybody else is told.
    pub(super) fn lose_record(&mut self, host: u16) -> bool {
        if self.hosts[usize::from(host)].node.is_none() {
            return false;
        }
        let peer = self.hosts[usize::from(host)].incarnation();
        self.tell_of(host, &Input::PeerVanished { peer });
        true
    }

    /// The record of a node is there again, if it lives.
    pub(super) fn renew_record(&mut self, host: u16) {
        if self.hosts[usize::from(host)].node.is_some() {
            let peer = self.hosts[usize::from(host)].incarnation();
            self.tell_of(host, &Input::PeerUp { peer, client_address: address(host) });
        }
    }

    /// Everybody but the one whom it is about.
    fn tell_of(&mut self, host: u16, input: &Input) {
        for other in self.others(host) {
            let way = self.chance.between(NEWS_MS[0], NEWS_MS[1]);
            self.news(other, way, input.clone());
        }
    }

    /// The other hosts that run or stand still.
    pub(super) fn others(&self, host: u16) -> Vec<u16> {
        self.hosts.iter().filter(|h| h.number != host && h.node.is_some()).map(|h| h.number).collect()
    }

    /// The life of a host's node.
    pub(super) fn incarnation_of(&self, host: u16) -> Incarnation {
        self.hosts[usize::from(host)].incarnation()
    }
}
