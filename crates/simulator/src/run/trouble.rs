//! Trouble: the faults of the plan strike, and are lifted again.

use client::{Beside, ClientInput};
use node::{ConnId, Input};
use protocol::Incarnation;
use world::Millis;

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
/// Milliseconds between two orders of a rehoming: several handovers are under way at a time.
const REHOME_EVERY_MS: u64 = 400;
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
            Fault::Crash(host) => self.crash(host, lasts_ms, LONG_DOWN_PER_MILLE),
            Fault::Restart(host) => self.crash(host, lasts_ms, 0),
            Fault::Pause(host) => self.pause(host, lasts_ms),
            Fault::Cut(a, b) => self.cut(a, b, Cut::Both) && self.cut(b, a, Cut::Both),
            Fault::OneWayCut(from, to) => self.cut(from, to, Cut::Both),
            Fault::DirectCut(from, to) => self.cut(from, to, Cut::Direct),
            Fault::ClientCut(client) => self.cut_client(client as usize),
            Fault::ClientStall(client) => self.stall_client(client as usize),
            Fault::Twin(client) => self.twin(client as usize, lasts_ms),
            Fault::StoreCut(host) => self.cut_store(host),
            Fault::HandOver(client, to) => self.hand_over(client as usize, to),
            Fault::Rehoming(host) => {
                self.rehome(host, self.now + lasts_ms);
                true
            }
            Fault::StoreGone => (0..self.hosts.len() as u16).all(|host| self.cut_store(host)),
            Fault::Suspension(host) => self.suspend(host, lasts_ms),
            Fault::ClockStill(host) => self.stop_clock(host),
            Fault::ClockAhead(host, ms) => self.move_clock(host, i64::from(ms)),
            Fault::ClockBack(host, ms) => self.move_clock(host, -i64::from(ms)),
            Fault::SlowLink(a, b) => {
                self.mesh.slow_down(a, b, true);
                true
            }
            Fault::DirectoryGone => self.lose_directory(),
            Fault::DirectorySlow => self.slow_directory(true),
            Fault::DirectoryStale(host) => self.deafen(host),
            Fault::LeaseLost(host) => self.lose_record(host),
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
            Fault::StoreCut(host) => self.mend_store(host),
            Fault::StoreGone => (0..self.hosts.len() as u16).for_each(|host| self.mend_store(host)),
            Fault::ClockStill(host) => self.start_clock(host),
            Fault::ClockAhead(host, ms) => drop(self.move_clock(host, -i64::from(ms))),
            Fault::ClockBack(host, ms) => drop(self.move_clock(host, i64::from(ms))),
            Fault::SlowLink(a, b) => self.mesh.slow_down(a, b, false),
            Fault::DirectoryGone => self.find_directory(),
            Fault::DirectorySlow => drop(self.slow_directory(false)),
            Fault::DirectoryStale(host) => self.hear_again(host),
            Fault::LeaseLost(host) => self.renew_record(host),
            Fault::Suspension(_) | Fault::Restart(_) | Fault::Rehoming(_) => {}
            Fault::Crash(_) | Fault::Pause(_) | Fault::ClientCut(_) | Fault::Twin(_) | Fault::HandOver(..) => {}
        }
    }

    /// A node dies with its memory, and starts again after a while; so many of a thousand stay away for long.
    fn crash(&mut self, host: u16, lasts_ms: u64, long_per_mille: u32) -> bool {
        let h = &mut self.hosts[usize::from(host)];
        let incarnation = h.incarnation();
        let Some(node) = h.node.take() else { return false };
        h.paused_until = None;
        h.suspended = false;
        let links = std::mem::take(&mut h.links);
        self.dead.add(&node.counters());
        self.mesh.forget(host);
        links.into_values().for_each(|id| self.break_pipe(id));
        let long = self.chance.per_mille(long_per_mille);
        let down = if long { self.chance.between(AWAY_MS[0], AWAY_MS[1]) } else { RESTART_MS };
        self.after(down.max(lasts_ms), Happening::Restart(host));
        let lease = self.chance.between(LEASE_MS[0], LEASE_MS[1]);
        self.lose_lease(host, incarnation, lease);
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

    /// The record of a node that does not renew it vanishes from the directory after so long, and everybody is told.
    fn lose_lease(&mut self, host: u16, peer: Incarnation, lease: u64) {
        for other in self.others(host) {
            self.news(other, lease, Input::PeerVanished { peer });
        }
    }

    /// A machine stands still, and its connections end. Its clients notice; it notices when it goes on.
    fn suspend(&mut self, host: u16, lasts_ms: u64) -> bool {
        if !self.pause(host, lasts_ms) {
            return false;
        }
        let peer = self.incarnation_of(host);
        let h = &mut self.hosts[usize::from(host)];
        h.suspended = true;
        let links: Vec<(ConnId, u64)> = std::mem::take(&mut h.links).into_iter().collect();
        for (conn, link) in links {
            self.hosts[usize::from(host)].backlog.push_back(Input::Closed { conn });
            self.break_pipe(link);
        }
        let lease = self.chance.between(LEASE_MS[0], LEASE_MS[1]);
        if lease < lasts_ms {
            self.lose_lease(host, peer, lease);
        }
        true
    }

    /// A machine that was suspended goes on: it joins the directory again.
    pub(super) fn come_back(&mut self, host: u16) {
        self.renew_record(host);
    }

    fn stop_clock(&mut self, host: u16) -> bool {
        let now = self.now;
        let clock = &mut self.hosts[usize::from(host)].clock;
        let (since, faults) = clock.stands.unwrap_or((now, 0));
        clock.stands = Some((since, faults + 1));
        true
    }

    fn start_clock(&mut self, host: u16) {
        let clock = &mut self.hosts[usize::from(host)].clock;
        clock.stands = clock.stands.and_then(|(since, faults)| (faults > 1).then_some((since, faults - 1)));
    }

    fn move_clock(&mut self, host: u16, by_ms: i64) -> bool {
        self.hosts[usize::from(host)].clock.ahead_ms += by_ms;
        true
    }

    fn mend_store(&mut self, host: u16) {
        let h = &mut self.hosts[usize::from(host)];
        h.store_cuts = h.store_cuts.saturating_sub(1);
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

    /// One session of a node is told to go elsewhere, and one from elsewhere to come to it; again and again.
    pub(super) fn rehome(&mut self, host: u16, until: Millis) {
        let (here, elsewhere): (Vec<usize>, Vec<usize>) = (0..self.players.len())
            .filter(|player| self.served_by(*player).is_some())
            .partition(|player| self.served_by(*player) == Some(host));
        let away = (self.chance.pick(&here).copied(), self.chance.pick(&self.others(host)).copied());
        let home = (self.chance.pick(&elsewhere).copied(), Some(host));
        for order in [away, home] {
            if let (Some(player), Some(to)) = order
                && self.hand_over(player, to)
            {
                self.fired.note(FaultKind::HandOver);
            }
        }
        if self.now + REHOME_EVERY_MS < until {
            self.after(REHOME_EVERY_MS, Happening::Rehome { host, until });
        }
    }

    /// The host whose node serves a player.
    fn served_by(&self, player: usize) -> Option<u16> {
        let player = &self.players[player];
        let link = player.link.and_then(|id| self.links.get(&id)).filter(|_| player.is_playing() && !player.guest);
        link.map(|link| link.host)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::BEGINNING;
    use crate::scenario::Scenario;

    /// When the others are told that a machine is gone which is suspended for so long, and when it goes on.
    fn told_of_a_suspension(seed: u64, lasts_ms: u64) -> (Vec<Millis>, Millis) {
        let scenario =
            Scenario::parse("name = \"suspended\"\n[world]\nnodes = 3\n[players]\ncount = 1").expect("valid");
        let plan = vec![Planned { at_ms: 500, lasts_ms, fault: Fault::Suspension(1) }];
        let mut world = World::new(&scenario, seed, world::Planted::none(), plan).expect("valid");
        world.go_on_until(BEGINNING + 500);
        let told = world.queue.iter().filter_map(|((at, _), happening)| match happening {
            Happening::ToNode { input: Input::PeerVanished { .. }, .. } => Some(*at),
            _ => None,
        });
        (told.collect(), BEGINNING + 500 + lasts_ms)
    }

    #[test]
    fn a_machine_that_came_back_is_not_said_to_be_gone() {
        let mut vanished = 0;
        for (seed, lasts_ms) in (1..12).flat_map(|seed| [1_500, 2_600, 3_500, 4_900].map(|lasts| (seed, lasts))) {
            let (told, back) = told_of_a_suspension(seed, lasts_ms);
            assert!(told.iter().all(|at| *at < back), "seed {seed}, {lasts_ms} ms: {told:?}, back at {back:?}");
            vanished += told.len();
        }
        assert!(vanished > 0, "no record ever vanished");
    }
}
