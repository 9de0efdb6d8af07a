//! Trouble: the faults of the plan strike, and are lifted again.

use client::{Beside, ClientInput};
use node::Input;
use protocol::Incarnation;

use super::{Happening, World};
use crate::cluster::address;
use crate::dice::Dice;
use crate::faults::FaultKind;
use crate::mesh::Cut;
use crate::plan::{Fault, Planned};
use crate::players::{self, Player};

/// Milliseconds from a node's death until its record has vanished from the directory, from and to.
const LEASE_MS: [u64; 2] = [2_000, 5_000];
/// Milliseconds from a node's death until a client's machine notices, from and to.
const BROKEN_PIPE_MS: [u64; 2] = [1, 50];
/// Milliseconds from a cut until the server's end notices, from and to.
const HALF_OPEN_MS: [u64; 2] = [1, 4_000];
/// Milliseconds that a process needs at least to start again.
const RESTART_MS: u64 = 200;
/// Of a thousand players whose node dies, so many stay away for a while.
const GIVE_UP_PER_MILLE: u32 = 250;
/// For how many milliseconds, from and to.
pub(super) const AWAY_MS: [u64; 2] = [20_000, 40_000];
/// Of a thousand nodes that die, so many stay down as long.
const LONG_DOWN_PER_MILLE: u32 = 350;

impl World {
    /// A fault of the plan strikes. It is counted if there was anybody whom it could strike.
    pub(super) fn strike(&mut self, index: usize) {
        let Planned { fault, lasts_ms, .. } = self.plan[index];
        let struck = match fault {
            Fault::Crash(host) => self.crash(host, lasts_ms),
            Fault::Pause(host) => self.pause(host, lasts_ms),
            Fault::Cut(a, b) => self.cut(a, b, Cut::Both) && self.cut(b, a, Cut::Both),
            Fault::OneWayCut(from, to) => self.cut(from, to, Cut::Both),
            Fault::DirectCut(from, to) => self.cut(from, to, Cut::Direct),
            Fault::ClientCut(client) => self.cut_client(client as usize),
            Fault::ClientStall(client) => self.stall_client(client as usize),
            Fault::Twin(client) => self.twin(client as usize, lasts_ms),
            Fault::StoreCut(host) => self.cut_store(host),
            Fault::HandOver(client, to) => self.hand_over(client as usize, to),
        };
        if struck {
            self.fired.note(fault.kind());
        }
    }

    /// A fault ends. Those that end on their own, or are lifted by what they caused, are left alone.
    pub(super) fn lift(&mut self, index: usize) {
        match self.plan[index].fault {
            Fault::Cut(a, b) => {
                self.mesh.mend(a, b, Cut::Both);
                self.mesh.mend(b, a, Cut::Both);
            }
            Fault::OneWayCut(from, to) => self.mesh.mend(from, to, Cut::Both),
            Fault::DirectCut(from, to) => self.mesh.mend(from, to, Cut::Direct),
            Fault::ClientStall(client) => self.read_again(client as usize),
            Fault::StoreCut(host) => {
                let h = &mut self.hosts[usize::from(host)];
                h.store_cuts = h.store_cuts.saturating_sub(1);
            }
            Fault::Crash(_) | Fault::Pause(_) | Fault::ClientCut(_) | Fault::Twin(_) | Fault::HandOver(..) => {}
        }
    }

    /// A node dies with its memory, and starts again after a while.
    fn crash(&mut self, host: u16, lasts_ms: u64) -> bool {
        let h = &mut self.hosts[usize::from(host)];
        let incarnation = h.incarnation();
        let Some(node) = h.node.take() else { return false };
        h.paused_until = None;
        let links = std::mem::take(&mut h.links);
        self.dead.add(&node.counters());
        self.mesh.forget(host);
        links.into_values().for_each(|id| self.break_pipe(id));
        let long = self.chance.per_mille(LONG_DOWN_PER_MILLE);
        let down = if long { self.chance.between(AWAY_MS[0], AWAY_MS[1]) } else { RESTART_MS };
        self.after(down.max(lasts_ms), Happening::Restart(host));
        self.lose_lease(incarnation);
        true
    }

    /// The machine of a dead process tells its client; some players then stay away for a while.
    fn break_pipe(&mut self, link: u64) {
        let after = self.chance.between(BROKEN_PIPE_MS[0], BROKEN_PIPE_MS[1]);
        if let Some(link) = self.links.get_mut(&link) {
            link.server_open = false;
            let player = link.player;
            if self.chance.per_mille(GIVE_UP_PER_MILLE) {
                self.fired.note(FaultKind::PlayerGaveUp);
                self.after(after + 1, Happening::Leave(player));
            }
        }
        self.after(after, Happening::ServerGone { link });
    }

    /// The record of a dead node vanishes from the directory, and everybody is told.
    fn lose_lease(&mut self, peer: Incarnation) {
        let lease = self.chance.between(LEASE_MS[0], LEASE_MS[1]);
        let others: Vec<(u16, u64)> =
            self.hosts.iter().filter(|h| h.node.is_some()).map(|h| (h.number, h.life)).collect();
        for (host, life) in others {
            self.after(lease, Happening::ToNode { host, life, input: Input::PeerVanished { peer } });
        }
    }

    fn pause(&mut self, host: u16, lasts_ms: u64) -> bool {
        let until = self.now + lasts_ms;
        let h = &mut self.hosts[usize::from(host)];
        if h.node.is_none() {
            return false;
        }
        h.paused_until = Some(h.paused_until.map_or(until, |other| other.max(until)));
        self.at(until, Happening::Resume(host));
        true
    }

    fn cut(&mut self, from: u16, to: u16, cut: Cut) -> bool {
        self.mesh.cut(from, to, cut);
        true
    }

    fn cut_store(&mut self, host: u16) -> bool {
        self.hosts[usize::from(host)].store_cuts += 1;
        true
    }

    /// The node of a player is told to hand it over, unless it is there already.
    fn hand_over(&mut self, player: usize, to: u16) -> bool {
        let Some(link) = self.players[player].link.and_then(|id| self.links.get(&id)) else { return false };
        let (host, life, conn) = (link.host, link.life, link.conn);
        let target = &self.hosts[usize::from(to)];
        if host == to || target.node.is_none() || !self.players[player].is_playing() {
            return false;
        }
        let input = Input::HandOver { conn, to: target.incarnation() };
        self.feed_node(host, life, input);
        true
    }

    /// The connection breaks, and with it a second one beside it; each end learns it on its own.
    fn cut_client(&mut self, player: usize) -> bool {
        let Some(link) = self.players[player].link.take() else { return false };
        let after = self.chance.between(HALF_OPEN_MS[0], HALF_OPEN_MS[1]);
        self.after(after, Happening::ClientGone { link });
        if let Some(link) = self.players[player].beside.take() {
            self.after(after, Happening::ClientGone { link });
            self.feed_player(player, ClientInput::Beside(Beside::Disconnected));
        }
        self.feed_player(player, ClientInput::Disconnected);
        true
    }

    fn stall_client(&mut self, player: usize) -> bool {
        let Some(link) = self.players[player].link.and_then(|id| self.links.get_mut(&id)) else { return false };
        link.stalled = true;
        true
    }

    fn read_again(&mut self, player: usize) {
        let Some(id) = self.players[player].link else { return };
        let Some(link) = self.links.get_mut(&id).filter(|l| l.stalled) else { return };
        link.stalled = false;
        let mut bytes = std::mem::take(&mut link.unread);
        bytes.append(&mut link.held);
        let (host, life, conn) = (link.host, link.life, link.conn);
        if std::mem::take(&mut link.blocked) {
            self.after(0, Happening::ToNode { host, life, input: Input::Drained { conn } });
        }
        self.reach_client(id, &bytes);
    }

    /// Somebody logs into a player's account from elsewhere, and leaves after a while.
    fn twin(&mut self, player: usize, lasts_ms: u64) -> bool {
        let addresses = (0..self.hosts.len() as u16).map(address).collect();
        let dice = Dice::new(self.chance.below(u64::MAX), 5);
        let mut twin = Player::new(self.players[player].name.clone(), addresses, players::home(&self.island), dice);
        twin.guest = true;
        self.players.push(twin);
        let twin = self.players.len() - 1;
        self.after(0, Happening::PlayAgain(twin));
        self.after(lasts_ms, Happening::Leave(twin));
        true
    }
}
