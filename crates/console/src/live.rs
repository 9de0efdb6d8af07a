//! The live feed: one frame for all watchers, five times a second, while there are any.
//!
//! A frame is a snapshot in a short form: the many small things are arrays instead of objects. Only the newest frame
//! is kept, so a watcher that is slow misses frames and never makes anybody wait.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::feed::Feed;
use crate::limits::{FRAME_INTERVAL, MAX_LIVE_ENTITIES, MAX_WATCHER_MESSAGE_BYTES, MAX_WATCHERS, SLOW_WATCHER_TIMEOUT};
use crate::server::Shared;
use crate::snapshot::{Cluster, Counters, Event, IslandView, NodeView, Snapshot};

/// RFC 6455: the endpoint goes away.
const GOING_AWAY: u16 = 1001;

/// The newest frame, and who waits for it.
pub(crate) struct Pulse {
    frame: watch::Sender<Utf8Bytes>,
    somebody_came: Notify,
    room: Arc<Semaphore>,
}

impl Pulse {
    pub(crate) fn new() -> Self {
        Self {
            frame: watch::Sender::new(Utf8Bytes::default()),
            somebody_came: Notify::new(),
            room: Arc::new(Semaphore::new(MAX_WATCHERS)),
        }
    }

    /// How many watch.
    pub(crate) fn watchers(&self) -> usize {
        self.frame.receiver_count()
    }

    /// Waits until nobody watches.
    pub(crate) async fn deserted(&self) {
        self.frame.closed().await;
    }

    /// Makes frames for ever, but only while somebody watches.
    pub(crate) async fn beat(&self, feed: &Feed) {
        loop {
            self.somebody_came.notified().await;
            let mut beat = interval(FRAME_INTERVAL);
            beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
            while self.watchers() > 0 {
                beat.tick().await;
                self.frame.send_replace(encode(&feed.snapshot()).into());
            }
        }
    }

    fn join(&self) -> watch::Receiver<Utf8Bytes> {
        let frames = self.frame.subscribe();
        self.somebody_came.notify_one();
        frames
    }
}

/// `GET /live`.
pub(crate) async fn live(State(shared): State<Arc<Shared>>, upgrade: WebSocketUpgrade) -> Response {
    let Ok(place) = Arc::clone(&shared.pulse.room).try_acquire_owned() else {
        let reason = format!("{MAX_WATCHERS} watchers are already here\n");
        return (StatusCode::SERVICE_UNAVAILABLE, reason).into_response();
    };
    upgrade
        .max_message_size(MAX_WATCHER_MESSAGE_BYTES)
        .max_frame_size(MAX_WATCHER_MESSAGE_BYTES)
        .on_upgrade(move |socket| watch_world(socket, shared, place))
}

/// Sends every frame that the watcher is quick enough for, until it leaves or the console closes.
async fn watch_world(mut socket: WebSocket, shared: Arc<Shared>, _place: OwnedSemaphorePermit) {
    let mut frames = shared.pulse.join();
    let mut closing = shared.closing.subscribe();
    loop {
        let message = tokio::select! {
            changed = frames.changed() => match changed {
                Ok(()) => Message::Text(frames.borrow_and_update().clone()),
                Err(_) => return,
            },
            received = socket.recv() => match received {
                // Nothing is expected; what comes is dropped.
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return,
            },
            _ = closing.wait_for(|closing| *closing) => {
                let close = CloseFrame { code: GOING_AWAY, reason: "the console stops".into() };
                Message::Close(Some(close))
            }
        };
        let last = matches!(message, Message::Close(_));
        let sent = timeout(SLOW_WATCHER_TIMEOUT, socket.send(message)).await;
        if last || !matches!(sent, Ok(Ok(()))) {
            return;
        }
    }
}

/// Chunk: column, row, viewers, (node, entities) for each publisher, step of the crowd contract, movers if it is above 0,
/// taken props, piles, buildings, whether it is claimed.
type ChunkRow = (i16, i16, u16, Vec<(u16, u32)>, u8, u32, (u32, u32, u32, bool));
/// Entity: id, x, y, heading, gait, tint, node, other nodes with a ghost, name or null.
type EntityRow<'a> = (String, i32, i32, u8, u8, u8, u16, u16, Option<&'a str>);
/// Link: from, to, frames per second, bytes per second, gaps, up.
type LinkRow = (u16, u16, f64, f64, u64, bool);

#[derive(Serialize)]
struct Frame<'a> {
    at_ms: u64,
    cluster: &'a Cluster,
    island: &'a IslandView,
    nodes: &'a [NodeView],
    chunks: Vec<ChunkRow>,
    entities: Vec<EntityRow<'a>>,
    entities_left_out: usize,
    links: Vec<LinkRow>,
    counters: &'a Counters,
    events: &'a [Event],
}

/// The short form of a snapshot, as JSON.
pub(crate) fn encode(snapshot: &Snapshot) -> String {
    let chunks = snapshot.chunks.iter().map(|c| {
        let publishers = c.publishers.iter().map(|p| (p.node.0, p.entities)).collect();
        let things = (c.things.taken, c.things.piles, c.things.built, c.things.claimed);
        (c.cx, c.cy, c.viewers, publishers, c.step, c.movers, things)
    });
    let entities = snapshot
        .entities
        .iter()
        .take(MAX_LIVE_ENTITIES)
        .map(|e| (e.id.to_string(), e.x, e.y, e.heading, e.gait, e.tint, e.node.0, e.ghost_on, e.name.as_deref()));
    let links = snapshot.links.iter().map(|l| (l.from.0, l.to.0, l.frames_per_s, l.bytes_per_s, l.gap_count, l.up));
    let frame = Frame {
        at_ms: snapshot.at_ms,
        cluster: &snapshot.cluster,
        island: &snapshot.island,
        nodes: &snapshot.nodes,
        chunks: chunks.collect(),
        entities: entities.collect(),
        entities_left_out: snapshot.entities.len().saturating_sub(MAX_LIVE_ENTITIES),
        links: links.collect(),
        counters: &snapshot.counters,
        events: &snapshot.events,
    };
    serde_json::to_string(&frame).expect("a frame has text keys and plain values")
}
