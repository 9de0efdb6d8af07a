//! A node's loop: it waits for anything to happen, tells the machine, and does what the machine wants done.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deeds::tables::Tables;
use gateway::{Event, Gateway, Written};
use node::ports::mesh::{Delivery, MeshCommand};
use node::{Effect, Input, Node, Note, Status};
use protocol::Incarnation;
use tokio::sync::mpsc;
use tokio::time::sleep_until;
use world::{Millis, TickRate};

use crate::board::{Board, NodeReport, ShellCounters};
use crate::clock::Clock;
use crate::errands::Errands;
use crate::inbox::Inbox;
use crate::limits::{
    BUSY_EVERY, EVENTS_PER_TURN, LATE_MS, NODE_STOP, ORDERS, OVERRUN_SHARE, REPLIES_PER_TURN, STATUS_EVERY, TURNS_APART,
};
use crate::notes;
use crate::outbox::Outbox;

/// What the host tells a node. That the host is gone ends the node at once.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    /// A node is in the directory.
    PeerUp(Incarnation, String),
    /// Its record has vanished.
    PeerVanished(Incarnation),
    /// The tables of the rules were replaced.
    Tables(Arc<Tables>),
    /// Say goodbye and end.
    Stop,
}

/// A machine and everything that it lives on.
pub(crate) struct Shell {
    pub(crate) incarnation: Incarnation,
    pub(crate) address: SocketAddr,
    pub(crate) rate: TickRate,
    pub(crate) node: Node,
    pub(crate) clock: Clock,
    pub(crate) gateway: Gateway,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) outbox: Outbox,
    pub(crate) errands: Errands,
    pub(crate) orders: mpsc::Receiver<Order>,
    pub(crate) complaints: mpsc::Sender<u16>,
    pub(crate) board: Arc<Board>,
    pub(crate) news: News,
    pub(crate) life: Life,
}

/// What has happened since the last turn. The vectors are reused.
#[derive(Default)]
pub(crate) struct News {
    orders: Vec<Order>,
    events: Vec<Event>,
    deliveries: Vec<Delivery>,
    inputs: Vec<Input>,
}

/// How far a node's loop is.
#[derive(Default)]
pub(crate) struct Life {
    counters: ShellCounters,
    status: Option<Arc<Status>>,
    shown_at: Option<Instant>,
    gathered_at: Option<Instant>,
    strayed: bool,
    busy: Busy,
    stopping: Option<Stopping>,
}

/// How much of the time the node is at work.
#[derive(Default)]
struct Busy {
    since: Option<Instant>,
    worked: Duration,
}

impl Busy {
    /// A turn took so long. Once a second: how many thousandths of it were work.
    fn worked(&mut self, now: Instant, took: Duration) -> Option<u16> {
        self.worked += took;
        let passed = now - *self.since.get_or_insert(now);
        if passed < BUSY_EVERY {
            return None;
        }
        let per_mille = self.worked.as_micros() * 1_000 / passed.as_micros().max(1);
        *self = Self { since: Some(now), worked: Duration::ZERO };
        Some(per_mille.min(1_000) as u16)
    }
}

/// A node that says goodbye.
struct Stopping {
    since: Instant,
    /// When the tick in which its avatars leave is published for certain.
    told_at: Millis,
}

impl Shell {
    /// Runs until the node is stopped, or the host is gone.
    pub(crate) async fn run(mut self) {
        self.perform();
        while self.wait().await {
            self.gather().await;
            self.turn();
            if self.is_done() {
                break;
            }
            // Whoever greets and drains has a turn too, however much there is to do here.
            tokio::task::yield_now().await;
        }
        self.show(true);
    }

    /// Waits until something happens or it is time. False when the host is gone.
    async fn wait(&mut self) -> bool {
        let wake_at = self.clock.instant_of(self.node.next_wakeup().0);
        tokio::select! {
            order = self.orders.recv() => match order {
                Some(order) => self.news.orders.push(order),
                None => return false,
            },
            () = self.gateway.events(&mut self.news.events, EVENTS_PER_TURN) => {}
            () = self.inbox.filled() => {}
            (op, reply) = self.errands.next() => self.news.inputs.push(Input::Store { op, reply }),
            () = sleep_until(wake_at) => {}
        }
        true
    }

    /// Lets what comes gather for a moment if the last turn was just now, without a look at the sockets: a wake-up for
    /// each input would cost more than the input. Who comes after a pause is served at once.
    async fn gather(&mut self) {
        let wake_at = self.clock.instant_of(self.node.next_wakeup().0);
        let since = self.life.gathered_at.map_or(TURNS_APART, |at| at.elapsed());
        let pause = TURNS_APART.saturating_sub(since).min(wake_at.saturating_duration_since(Instant::now().into()));
        if !pause.is_zero() {
            // The whole thread sleeps, and with it its runtime: that is the point.
            std::thread::sleep(pause);
        }
        // The runtime asks the system, and those ring who have something to read: the turn does.
        tokio::task::yield_now().await;
        self.life.gathered_at = Some(Instant::now());
    }

    /// Takes in all that is there, each kind up to its bound, so that none keeps the others waiting.
    fn turn(&mut self) {
        let asked_for = self.node.next_wakeup().0;
        let now = self.clock.now();
        self.count_turn(now.since(asked_for));
        for _ in 0..ORDERS {
            let Ok(order) = self.orders.try_recv() else { break };
            self.news.orders.push(order);
        }
        let room = EVENTS_PER_TURN.saturating_sub(self.news.events.len());
        self.gateway.try_events(&mut self.news.events, room);
        self.life.counters.inbox_dropped += self.inbox.take(&mut self.news.deliveries);
        for _ in 0..REPLIES_PER_TURN {
            let Some((op, reply)) = self.errands.try_next() else { break };
            self.news.inputs.push(Input::Store { op, reply });
        }
        let began = Instant::now();
        // What is here when a tick begins came before it, and belongs to it; a machine that slept must know that first.
        let late = now.since(asked_for);
        let heard_at = if late < self.rate.period_ms() { now.min(Millis(asked_for.0.saturating_sub(1))) } else { now };
        self.tell(now, heard_at);
        self.perform();
        let took = began.elapsed();
        if took >= Duration::from_millis(self.rate.period_ms()).mul_f32(OVERRUN_SHARE) {
            let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            self.feed_back(Input::Overrun { ms });
            self.perform();
        }
        if let Some(per_mille) = self.life.busy.worked(Instant::now(), took) {
            self.feed_back(Input::Busy { per_mille });
        }
        self.show(false);
    }

    fn tell(&mut self, now: Millis, heard_at: Millis) {
        for delivery in self.news.deliveries.drain(..) {
            let Delivery { from_host, lane, bytes } = delivery;
            self.node.handle(heard_at, Input::Mesh { from_host, lane, bytes });
        }
        for input in self.news.inputs.drain(..) {
            self.node.handle(heard_at, input);
        }
        for event in self.news.events.drain(..) {
            self.node.handle(heard_at, event.into());
        }
        for order in self.news.orders.drain(..) {
            let input = match order {
                Order::PeerUp(peer, client_address) => Input::PeerUp { peer, client_address },
                Order::PeerVanished(peer) => Input::PeerVanished { peer },
                Order::Tables(tables) => Input::Tables(tables),
                Order::Stop => {
                    self.gateway.shut_the_door();
                    let told_at = now + 2 * self.rate.period_ms();
                    self.life.stopping.get_or_insert(Stopping { since: Instant::now(), told_at });
                    Input::Stop
                }
            };
            self.node.handle(heard_at, input);
        }
        self.node.handle(now, Input::Wake);
    }

    /// Does what the machine wants done, and hands the mesh its batch.
    fn perform(&mut self) {
        while let Some(effect) = self.node.poll_effect() {
            match effect {
                Effect::Write { conn, control, frames, shared } => {
                    match self.gateway.write(conn, &control, &frames, &shared) {
                        // Of a connection that is gone the queue tells.
                        Written::Taken | Written::Gone => {}
                        Written::Blocked => self.feed_back(Input::Blocked { conn }),
                    }
                }
                Effect::Close { conn, code: _ } => self.gateway.close(conn),
                Effect::Publish { topic, bytes } => self.outbox.push(MeshCommand::Publish { topic, bytes }),
                Effect::Send { to, bytes } => self.outbox.push(MeshCommand::Send { to, bytes }),
                Effect::Subscribe { filter } => self.outbox.push(MeshCommand::Subscribe { filter }),
                Effect::Unsubscribe { filter } => self.outbox.push(MeshCommand::Unsubscribe { filter }),
                Effect::Store { op, request } => {
                    if let Some(reply) = self.errands.send(op, request) {
                        self.life.counters.store_refused += 1;
                        self.feed_back(Input::Store { op, reply });
                    }
                }
                Effect::Note(note) => self.note(&note),
            }
        }
        self.life.counters.outbox_dropped += self.outbox.submit() as u64;
    }

    fn feed_back(&mut self, input: Input) {
        let now = self.clock.now();
        self.node.handle(now, input);
    }

    fn note(&self, note: &Note) {
        notes::log(note);
        if let Note::PeerGarbage { host } = note {
            // If the host is behind with complaints, it has heard this one already.
            let _ = self.complaints.try_send(*host);
        }
    }

    fn count_turn(&mut self, late_ms: u64) {
        self.life.counters.turns += 1;
        if late_ms > LATE_MS {
            self.life.counters.late_turns += 1;
            self.life.counters.late_ms += late_ms;
        }
        match (self.clock.strays(), self.life.strayed) {
            (true, false) => tracing::error!("the wall clock was set far back; this node keeps its own time"),
            (false, true) => tracing::warn!("the wall clock is followed again"),
            (true, true) | (false, false) => {}
        }
        self.life.strayed = self.clock.strays();
        assert!(self.gateway.is_open() || self.life.stopping.is_some(), "the gateway's door closed by itself");
    }

    fn show(&mut self, last: bool) {
        if !last && self.life.shown_at.is_some_and(|at| at.elapsed() < STATUS_EVERY) {
            return;
        }
        if last || self.board.is_watched() {
            self.life.status = Some(Arc::new(self.node.status()));
        }
        self.life.shown_at = Some(Instant::now());
        self.board.put(NodeReport {
            incarnation: self.incarnation,
            client_address: self.address,
            node: self.node.counters(),
            gateway: self.gateway.counters(),
            shell: self.life.counters,
            crowds: self.node.crowded(),
            status: self.life.status.clone(),
        });
    }

    /// Whether a stopping node has said all that it had to say: to its clients, its peers and the store.
    fn is_done(&mut self) -> bool {
        let now = self.clock.now();
        let Some(stopping) = &self.life.stopping else { return false };
        let told = now >= stopping.told_at && self.gateway.counters().connections == 0;
        (told && self.errands.is_empty()) || stopping.since.elapsed() >= NODE_STOP
    }
}
