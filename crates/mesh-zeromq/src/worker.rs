//! The mesh's thread: it takes orders, reads all links, and hands every node what came, round by round.
//!
//! Invariant: neither a peer nor a sink ends it or makes it wait. Every send and receive is immediate, every round
//! reads only so many messages off one socket, and a panic costs one round.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use node::ports::directory::Claim;
use node::ports::mesh::{MeshCommand, MeshLane, MeshPeer};
use node::ports::subscriptions::Filter;
use protocol::Incarnation;
use protocol::mesh::{TOPIC_BYTES, Topic};

use crate::Shared;
use crate::config::MeshConfig;
use crate::counters::RefusalLog;
use crate::doors::Doors;
use crate::gate::Gate;
use crate::intake::Intake;
use crate::link::{Closing, Link, LinkError, LinkMaker};
use crate::locals::Locals;
use crate::queue::{Order, Wake};
use crate::wire;

/// Milliseconds after which the thread looks at the state of its links although nothing happened.
const LOOK_INTERVAL_MS: u16 = 100;
/// A link that could not be made, for want of a socket or of a sound address, is tried again so often.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);
/// Between two looks whether all links are closed, at the end.
const CLOSING_PAUSE: Duration = Duration::from_millis(1);

/// Messages of one link that were refused, since it was made, after which it is cut for [`RETRY_INTERVAL`]. An honest
/// host sends none; one of another version may send some that are no harm.
const RUBBISH: u32 = 256;

pub(crate) struct Worker {
    claim: Claim,
    shared: Arc<Shared>,
    wake: Wake,
    doors: Doors,
    links: BTreeMap<u16, Link>,
    /// Peers whose links could not be made, and when that was tried.
    unmade: BTreeMap<u16, (Instant, MeshPeer)>,
    closing: Closing,
    maker: LinkMaker,
    intake: Intake,
    /// Emptied in each round and kept for its room.
    orders: Vec<Order>,
    ready: Vec<bool>,
    looked: Instant,
}

impl Worker {
    pub(crate) fn new(
        context: zmq::Context,
        config: &MeshConfig,
        claim: Claim,
        doors: Doors,
        wake: Wake,
        shared: &Arc<Shared>,
    ) -> Self {
        Self {
            claim,
            shared: Arc::clone(shared),
            wake,
            doors,
            links: BTreeMap::new(),
            unmade: BTreeMap::new(),
            closing: Closing::default(),
            maker: LinkMaker { context, limits: config.limits, security: config.security.clone(), claim, made: 0 },
            intake: Intake {
                host: claim.host,
                shared: Arc::clone(shared),
                locals: Locals::default(),
                log: RefusalLog::default(),
                rubbish: BTreeMap::new(),
            },
            orders: Vec::new(),
            ready: Vec::new(),
            looked: Instant::now(),
        }
    }

    /// Runs until the queue is stopped.
    pub(crate) fn run(mut self) {
        loop {
            match catch_unwind(AssertUnwindSafe(|| self.round())) {
                Ok(true) => {}
                Ok(false) => return self.end(),
                Err(_) => tracing::error!(host = self.claim.host, "a round of the mesh panicked; it goes on"),
            }
        }
    }

    /// Closes all links. It waits for what ending the context would wait for as well.
    fn end(mut self) {
        std::mem::take(&mut self.links).into_values().for_each(|link| self.closing.close(link));
        self.doors.close(&mut self.closing);
        while !self.closing.look() {
            std::thread::sleep(CLOSING_PAUSE);
        }
    }

    fn round(&mut self) -> bool {
        self.wait();
        self.wake.reset();
        let mut orders = std::mem::take(&mut self.orders);
        let goes_on = self.shared.queue.take(&mut orders);
        orders.drain(..).for_each(|order| self.obey(order));
        self.orders = orders;
        self.doors.look(&self.shared.counters);
        self.hear();
        self.cut_rubbish();
        self.intake.locals.flush(&self.shared.counters);
        self.look_at_links();
        goes_on
    }

    /// Waits for anything, and notes which sockets have something. The order is that of [`Self::hear`].
    fn wait(&mut self) {
        let mut items = Vec::with_capacity(4 + 2 * self.links.len());
        items.push(zmq::PollItem::from_fd(self.wake.fd(), zmq::POLLIN));
        items.push(self.doors.publish.as_poll_item(zmq::POLLIN));
        items.push(self.doors.direct.as_poll_item(zmq::POLLIN));
        items.extend(self.doors.gate().map(Gate::as_poll_item));
        let others = items.len();
        for link in self.links.values() {
            items.push(link.frames.socket.as_poll_item(zmq::POLLIN));
            items.push(link.words.socket.as_poll_item(zmq::POLLIN));
        }
        // An interrupted wait finds nothing ready; the next one will.
        let found = zmq::poll(&mut items, i64::from(LOOK_INTERVAL_MS)).is_ok();
        self.ready.clear();
        self.ready.extend(items.iter().skip(others).map(|item| found && item.is_readable()));
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Batch { node, attachment, commands } => {
                if let Some(from) = self.intake.locals.attached(node, attachment) {
                    commands.into_iter().for_each(|command| self.command(from, command));
                }
            }
            Order::Attach { node, attachment, sink } => {
                let unwanted = self.intake.locals.attach(node, attachment, sink);
                unwanted.iter().for_each(|filter| self.unsubscribe_links(filter));
            }
            Order::Detach { node, attachment } => {
                let unwanted = self.intake.locals.detach(node, attachment);
                unwanted.iter().for_each(|filter| self.unsubscribe_links(filter));
            }
            Order::Connect(peer) => self.connect(peer),
            Order::Disconnect(host) => self.unlink(host),
        }
    }

    fn command(&mut self, from: Incarnation, command: MeshCommand) {
        match command {
            MeshCommand::Publish { topic, bytes } => self.publish(from, &topic, &bytes),
            MeshCommand::Send { to, bytes } => self.send(to, &bytes),
            MeshCommand::Subscribe { filter } => {
                if let Some(filter) = Filter::new(&filter)
                    && self.intake.locals.subscriptions.subscribe(from.node(), filter)
                {
                    self.subscribe_links(&filter);
                }
            }
            MeshCommand::Unsubscribe { filter } => {
                if let Some(filter) = Filter::new(&filter)
                    && self.intake.locals.subscriptions.unsubscribe(from.node(), filter)
                {
                    self.unsubscribe_links(&filter);
                }
            }
        }
    }

    fn publish(&mut self, from: Incarnation, topic: &Topic, bytes: &Arc<[u8]>) {
        if self.is_too_large(bytes) {
            return;
        }
        let next_door = self.intake.locals.listeners(topic).without(from.node());
        self.intake.locals.put(next_door.iter(), self.claim.host, MeshLane::Ordered, bytes);
        match self.doors.publish.send(wire::part(topic, bytes), zmq::DONTWAIT) {
            Ok(()) => self.shared.counters.sent(TOPIC_BYTES + bytes.len()),
            Err(_) => self.shared.counters.dropped(1),
        }
    }

    fn send(&mut self, to: Incarnation, bytes: &Arc<[u8]>) {
        if self.is_too_large(bytes) {
            return;
        }
        if to.host() == self.claim.host {
            if self.intake.locals.knows(to) {
                self.intake.locals.put([to.node()].into_iter(), self.claim.host, MeshLane::Direct, bytes);
            } else {
                self.shared.counters.dropped(1);
            }
            return;
        }
        match self.send_out(to, bytes) {
            Ok(()) => self.shared.counters.sent(TOPIC_BYTES + bytes.len()),
            Err(_) => self.shared.counters.dropped(1),
        }
    }

    fn send_out(&self, to: Incarnation, bytes: &[u8]) -> zmq::Result<()> {
        if !self.links.contains_key(&to.host()) {
            return Err(zmq::Error::EHOSTUNREACH);
        }
        // The id names the life, so libzmq itself finds that another life is nobody. It also says so when the peer's
        // queue is full, before it has taken a part.
        let id = wire::routing_id(to.host(), to.life());
        self.doors.direct.send(&id[..], zmq::DONTWAIT | zmq::SNDMORE)?;
        self.doors.direct.send(wire::part(&Topic::node(to), bytes), zmq::DONTWAIT)
    }

    /// A message over the limit would make its receivers cut the link, so it is stopped here.
    fn is_too_large(&self, bytes: &[u8]) -> bool {
        let too_large = bytes.len() > wire::MESSAGE_BYTES;
        if too_large {
            tracing::error!(bytes = bytes.len(), limit = wire::MESSAGE_BYTES, "a node's message is too large; dropped");
            self.shared.counters.dropped(1);
        }
        too_large
    }

    fn subscribe_links(&self, filter: &Filter) {
        for link in self.links.values() {
            warn_if_failed(link.frames.socket.set_subscribe(filter.as_bytes()), "subscribe", link.peer.host);
        }
    }

    fn unsubscribe_links(&self, filter: &Filter) {
        for link in self.links.values() {
            warn_if_failed(link.frames.socket.set_unsubscribe(filter.as_bytes()), "unsubscribe", link.peer.host);
        }
    }

    fn connect(&mut self, peer: MeshPeer) {
        let host = peer.host;
        let known = self.links.get(&host);
        let old_news = known.is_some_and(|link| peer.life < link.peer.life || link.leads_to(&peer));
        if host == self.claim.host || old_news {
            return;
        }
        if known.is_none() && self.links.len() >= usize::from(self.maker.limits.peers) {
            tracing::error!(host, limit = self.maker.limits.peers, "the mesh has no room for another link");
            return;
        }
        self.link(peer);
    }

    fn link(&mut self, peer: MeshPeer) {
        let host = peer.host;
        // The old ears go first, so that the peer's ROUTER sees one connection of this host after the other.
        self.unlink(host);
        match self.maker.link(peer.clone(), self.intake.locals.subscriptions.filters(), &mut self.closing) {
            Ok(link) => {
                self.links.insert(host, link);
            }
            Err(error) => {
                if !matches!(error, LinkError::Socket(_)) {
                    self.shared.counters.key_refused();
                }
                tracing::error!(host, %error, "the link to a host cannot be made; it is tried again");
                self.unmade.insert(host, (Instant::now(), peer));
            }
        }
    }

    fn unlink(&mut self, host: u16) {
        self.unmade.remove(&host);
        self.intake.rubbish.remove(&host);
        if let Some(link) = self.links.remove(&host) {
            self.closing.close(link);
        }
        // What was ready is not in its old place any more; what is skipped now is still there in the next round.
        self.ready.clear();
    }

    fn hear(&mut self) {
        self.intake.hear_subscribers(&self.doors.publish);
        self.intake.hear_callers(&self.doors.direct);
        for (link, ready) in self.links.values_mut().zip(self.ready.chunks_exact(2)) {
            if ready[0] {
                self.intake.hear(&link.frames.socket, link.peer.host, MeshLane::Ordered);
            }
            if ready[1] && self.intake.hear(&link.words.socket, link.peer.host, MeshLane::Direct) {
                link.answered();
            }
        }
    }

    /// Cuts the links that brought nothing but rubbish for long enough. They are tried again after a while.
    fn cut_rubbish(&mut self) {
        let cut: Vec<u16> =
            self.intake.rubbish.iter().filter(|(_, count)| **count >= RUBBISH).map(|(h, _)| *h).collect();
        for host in cut {
            let peer = self.links.get(&host).map(|link| link.peer.clone());
            self.unlink(host);
            if let Some(peer) = peer {
                tracing::warn!(host, limit = RUBBISH, "a host sends rubbish; its link is cut for a while");
                self.shared.counters.cut();
                self.unmade.insert(host, (Instant::now(), peer));
            }
        }
    }

    fn look_at_links(&mut self) {
        if self.looked.elapsed() >= Duration::from_millis(LOOK_INTERVAL_MS.into()) {
            self.looked = Instant::now();
            self.closing.look();
            let up = self.links.values_mut().map(|link| u64::from(link.is_up())).sum();
            self.shared.counters.set_links(up);
            self.links.values_mut().for_each(Link::ask);
            let is_over = |link: &&Link| link.is_stale() || !self.maker.still_accepts(link);
            let stale: Vec<_> = self.links.values().filter(is_over).map(|link| link.peer.clone()).collect();
            let owed = self.unmade.values().filter(|(tried, _)| tried.elapsed() >= RETRY_INTERVAL);
            let owed: Vec<_> = owed.map(|(_, peer)| peer.clone()).collect();
            owed.into_iter().chain(stale).for_each(|peer| self.link(peer));
        }
    }
}

fn warn_if_failed(result: zmq::Result<()>, what: &str, host: u16) {
    if let Err(error) = result {
        tracing::error!(host, %error, "a link does not {what}");
    }
}
