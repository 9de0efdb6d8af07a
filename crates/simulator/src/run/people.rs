//! The players: what their clients want done, and what they decide.

use client::{ClientEffect, ClientInput, Ending, Event};

use super::trouble::AWAY_MS;
use super::{Happening, World};
use crate::cluster::host_of;

/// Milliseconds after which a player whom a server refused tries again, from and to.
const TRY_AGAIN_MS: [u64; 2] = [1_000, 4_000];

impl World {
    pub(super) fn feed_player(&mut self, player: usize, input: ClientInput<'_>) {
        self.players[player].client.handle(self.now, input);
        self.drain_player(player);
    }

    fn drain_player(&mut self, player: usize) {
        while let Some(effect) = self.players[player].client.poll_effect() {
            match effect {
                ClientEffect::Connect { address } => {
                    let link = self.dial(player, &address);
                    self.players[player].link = Some(link);
                }
                ClientEffect::Write(bytes) => self.client_writes(player, self.players[player].link, bytes),
                ClientEffect::Disconnect => self.hang_up(player),
                ClientEffect::ConnectBeside { address } => {
                    let link = self.dial(player, &address);
                    self.players[player].beside = Some(link);
                }
                ClientEffect::WriteBeside(bytes) => self.client_writes(player, self.players[player].beside, bytes),
                ClientEffect::DisconnectBeside => {
                    let link = self.players[player].beside.take();
                    self.hang_up_on(link);
                }
                ClientEffect::Promote => {
                    self.hang_up(player);
                    self.players[player].link = self.players[player].beside.take();
                }
                ClientEffect::Event(event) => self.player_event(player, &event),
            }
        }
        if let Some((at, _)) = self.players[player].client.next_wakeup() {
            self.at(at, Happening::WakePlayer(player));
        }
    }

    /// Begins to connect. Returns the link that it will be.
    fn dial(&mut self, player: usize, address: &str) -> u64 {
        self.last_link += 1;
        let link = self.last_link;
        let after = self.chance.between(2, 40);
        self.after(after, Happening::Connect { player, link, host: host_of(address) });
        link
    }

    fn client_writes(&mut self, player: usize, link: Option<u64>, bytes: Vec<u8>) {
        let Some(id) = link else { return };
        let Some(link) = self.links.get_mut(&id) else { return };
        let at = link.to_server_at.max(self.now + self.chance.between(1, 8));
        link.to_server_at = at;
        self.checkers.asked(&self.players[player].name, id, &bytes);
        self.at(at, Happening::ToServer { link: id, bytes });
    }

    pub(super) fn hang_up(&mut self, player: usize) {
        let link = self.players[player].link.take();
        self.hang_up_on(link);
    }

    pub(super) fn hang_up_on(&mut self, link: Option<u64>) {
        let Some(id) = link else { return };
        let Some(link) = self.links.get(&id) else { return };
        let at = link.to_server_at.max(self.now + 1) + 1;
        self.at(at, Happening::ClientGone { link: id });
    }

    fn player_event(&mut self, player: usize, event: &Event) {
        let now = self.now;
        match event {
            Event::Welcomed { .. } => self.players[player].welcomed_at = Some(now),
            Event::Replied { request, asked, outcome, .. } => {
                let name = self.players[player].name.clone();
                self.checkers.replied(&name, *request, *asked, *outcome);
            }
            Event::Reconnecting { .. } => self.players[player].welcomed_at = None,
            Event::Closed(ending) if !self.players[player].guest => {
                let [low, high] = if *ending == Ending::Left { AWAY_MS } else { TRY_AGAIN_MS };
                let pause = self.chance.between(low, high);
                self.after(pause, Happening::PlayAgain(player));
            }
            Event::Speech { entity, .. } => self.checkers.heard(now, player, *entity),
            Event::Closed(_)
            | Event::Performed(_)
            | Event::BagChanged
            | Event::PageChanged { .. }
            | Event::Offered(_)
            | Event::Agreed { .. }
            | Event::Handed { .. }
            | Event::Corrected { .. }
            | Event::Moved { .. }
            | Event::InputSent { .. } => {}
        }
    }

    pub(super) fn play_again(&mut self, player: usize) {
        if self.players[player].is_stopped() {
            self.hang_up(player);
            self.players[player].begin_anew();
        }
        self.players[player].joined_at = self.now;
        self.feed_player(player, ClientInput::Join);
        self.after(1, Happening::Decide(player));
    }

    pub(super) fn decide(&mut self, player: usize) {
        if self.players[player].is_stopped() {
            return;
        }
        if let Some(decision) = self.players[player].decide(self.now, &self.scenario.players) {
            self.players[player].act(self.now, &decision);
            self.drain_player(player);
        }
        let [low, high] = self.scenario.players.decide_ms;
        let after = self.players[player].dice.between(low, high);
        self.after(after.max(1), Happening::Decide(player));
    }
}
