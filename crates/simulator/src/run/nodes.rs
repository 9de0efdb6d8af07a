//! Nodes: their lives, what they are fed, and what they want done.

use std::sync::Arc;

use node::ports::mesh::MeshLane;
use node::{Effect, Input};

use super::{Happening, World};
use crate::cluster::address;

impl World {
    /// A node begins a life; the directory tells everybody.
    pub(super) fn start(&mut self, host: u16) {
        let index = usize::from(host);
        self.mesh.forget(host);
        self.hosts[index].start(self.now, &self.island, &self.scenario, self.planted);
        let incarnation = self.incarnation_of(host);
        self.drain_node(host);
        for other in self.others(host) {
            let there = Input::PeerUp { peer: self.incarnation_of(other), client_address: address(other) };
            let here = Input::PeerUp { peer: incarnation, client_address: address(host) };
            let (soon, later) = (self.chance.between(5, 60), self.chance.between(5, 60));
            self.news(host, soon, there);
            self.news(other, later, here);
        }
    }

    pub(super) fn wake_node(&mut self, host: u16) {
        let h = &mut self.hosts[usize::from(host)];
        h.wake_at = None;
        let life = h.life;
        self.feed_node(host, life, Input::Wake);
    }

    pub(super) fn feed_node(&mut self, host: u16, life: u64, input: Input) {
        let h = &mut self.hosts[usize::from(host)];
        if h.life != life || h.node.is_none() {
            return;
        }
        if h.paused_until.is_some() {
            return h.keep_for_later(input);
        }
        let told = h.clock.read(self.now);
        if let Some(node) = &mut h.node {
            node.handle(told, input);
        }
        self.drain_node(host);
    }

    pub(super) fn resume(&mut self, host: u16) {
        let h = &mut self.hosts[usize::from(host)];
        if h.paused_until.is_none_or(|until| until > self.now) {
            return;
        }
        h.paused_until = None;
        if std::mem::take(&mut h.suspended) {
            self.come_back(host);
        }
        let h = &mut self.hosts[usize::from(host)];
        let (life, backlog) = (h.life, std::mem::take(&mut h.backlog));
        for input in backlog {
            self.feed_node(host, life, input);
        }
        self.feed_node(host, life, Input::Wake);
    }

    /// Carries out what a node wants, and schedules its next wake-up.
    fn drain_node(&mut self, host: u16) {
        let index = usize::from(host);
        while let Some(effect) = self.hosts[index].node.as_mut().and_then(node::Node::poll_effect) {
            self.digest.effect(self.now, host, &effect);
            self.carry_out(host, effect);
        }
        let h = &mut self.hosts[index];
        let Some((asked, _)) = h.node.as_ref().map(node::Node::next_wakeup) else { return };
        let at = h.clock.moment_of(self.now, asked);
        if h.wake_at.is_none_or(|scheduled| at < scheduled) {
            h.wake_at = Some(at);
            self.at(at, Happening::WakeNode(host));
        }
    }

    fn carry_out(&mut self, host: u16, effect: Effect) {
        match effect {
            Effect::Write { conn, control, frames, shared } => self.server_writes(host, conn, control, frames, &shared),
            Effect::Close { conn, .. } => self.server_closes(host, conn),
            Effect::Publish { topic, bytes } => {
                for to in self.mesh.hearers(&topic.0) {
                    self.mesh_send(host, to, MeshLane::Ordered, bytes.clone());
                }
            }
            Effect::Send { to, bytes } => self.mesh_send(host, to.host(), MeshLane::Direct, bytes),
            Effect::Subscribe { filter } => self.mesh.subscribe(host, filter),
            Effect::Unsubscribe { filter } => self.mesh.unsubscribe(host, &filter),
            Effect::Store { op, request } => self.ask_store(host, op, request),
            Effect::Note(_) => {}
        }
    }

    fn mesh_send(&mut self, from: u16, to: u16, lane: MeshLane, bytes: Arc<[u8]>) {
        let Some(target) = self.hosts.get(usize::from(to)).filter(|h| h.number != from && h.node.is_some()) else {
            return;
        };
        let life = target.life;
        for way in self.mesh.ways(self.weather(), from, to, lane) {
            let input = Input::Mesh { from_host: from, lane, bytes: bytes.clone() };
            self.after(way, Happening::ToNode { host: to, life, input });
        }
    }
}
