//! Connections between clients and nodes: bytes on their way, sockets that fill up, and ends that close on their own.

use std::sync::Arc;

use client::{Beside, ClientInput};
use node::{ConnId, Input};

use super::{Happening, World};
use crate::cluster::{Link, SOCKET_BYTES};
use crate::faults::FaultKind;

impl World {
    pub(super) fn server_writes(
        &mut self,
        host: u16,
        conn: ConnId,
        control: Vec<u8>,
        frames: Vec<u8>,
        shared: &[Arc<[u8]>],
    ) {
        let Some(id) = self.hosts[usize::from(host)].links.get(&conn).copied() else { return };
        let Some(link) = self.links.get_mut(&id) else { return };
        self.checkers.hear(&self.players[link.player].name, id, &control);
        let player = link.player;
        let mut bytes = control.clone();
        bytes.extend_from_slice(&frames);
        shared.iter().for_each(|part| bytes.extend_from_slice(part));
        if !link.stalled && !link.blocked {
            let at = link.to_client_at.max(self.now + self.chance.between(1, 8));
            link.to_client_at = at;
            self.checkers.sent(self.now, player, &bytes[control.len()..]);
            return self.at(at, Happening::ToClient { link: id, bytes });
        }
        if !link.blocked && link.unread.len() + bytes.len() <= SOCKET_BYTES {
            return link.unread.extend_from_slice(&bytes);
        }
        link.held.extend_from_slice(&control);
        let (life, first) = (link.life, !std::mem::replace(&mut link.blocked, true));
        if first {
            self.fired.note(FaultKind::ClientBlocked);
            self.after(0, Happening::ToNode { host, life, input: Input::Blocked { conn } });
        }
    }

    pub(super) fn server_closes(&mut self, host: u16, conn: ConnId) {
        let Some(id) = self.hosts[usize::from(host)].links.remove(&conn) else { return };
        let Some(link) = self.links.get_mut(&id) else { return };
        link.server_open = false;
        let at = link.to_client_at.max(self.now + 1) + 1;
        self.at(at, Happening::ServerGone { link: id });
    }

    pub(super) fn reach_client(&mut self, id: u64, bytes: &[u8]) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.stalled {
            return link.unread.extend_from_slice(bytes);
        }
        let player = link.player;
        if self.players[player].link == Some(id) {
            self.feed_player(player, ClientInput::Bytes(bytes));
        } else if self.players[player].beside == Some(id) {
            self.feed_player(player, ClientInput::Beside(Beside::Bytes(bytes)));
        }
    }

    /// The server's end is closed and everything it wrote was delivered.
    pub(super) fn server_gone(&mut self, id: u64) {
        let Some(link) = self.links.remove(&id) else { return };
        self.end_of_link(link.player, id);
    }

    /// A link of a player has ended, from the other side or on the way.
    fn end_of_link(&mut self, player: usize, id: u64) {
        if self.players[player].link == Some(id) {
            self.players[player].link = None;
            self.feed_player(player, ClientInput::Disconnected);
        } else if self.players[player].beside == Some(id) {
            self.players[player].beside = None;
            self.feed_player(player, ClientInput::Beside(Beside::Disconnected));
        }
    }

    /// The client's end is closed.
    pub(super) fn client_gone(&mut self, id: u64) {
        let Some(link) = self.links.remove(&id) else { return };
        self.hosts[usize::from(link.host)].links.remove(&link.conn);
        if link.server_open {
            self.feed_node(link.host, link.life, Input::Closed { conn: link.conn });
        }
    }

    pub(super) fn connect(&mut self, player: usize, id: u64, host: Option<u16>) {
        let beside = self.players[player].beside == Some(id);
        if self.players[player].link != Some(id) && !beside {
            return;
        }
        let answers = |h: u16| self.hosts[usize::from(h)].node.is_some() && !self.hosts[usize::from(h)].suspended;
        let target = host.filter(|h| answers(*h));
        let Some(host) = target else {
            return self.end_of_link(player, id);
        };
        let (life, conn) = (self.hosts[usize::from(host)].life, ConnId(id));
        self.links.insert(id, Link::new(player, host, life, conn, self.now));
        self.hosts[usize::from(host)].links.insert(conn, id);
        self.feed_node(host, life, Input::Opened { conn });
        let connected = if beside { ClientInput::Beside(Beside::Connected) } else { ClientInput::Connected };
        self.feed_player(player, connected);
    }

    pub(super) fn reach_server(&mut self, id: u64, bytes: &[u8]) {
        let Some(link) = self.links.get_mut(&id).filter(|l| l.server_open) else { return };
        link.splitter.push(bytes);
        let mut messages = Vec::new();
        while let Ok(Some(message)) = link.splitter.next_message() {
            messages.push(message.to_vec());
        }
        let (host, life, conn) = (link.host, link.life, link.conn);
        for bytes in messages {
            self.feed_node(host, life, Input::Message { conn, bytes });
        }
    }
}
