//! What is seen at one moment, as plain data: the screen is drawn from it and from nothing else of the client.

use client::{Client, State};
use protocol::things::{Heap, Trace, TraceKind};
use world::{Chunk, EntityId, Millis, Motion, Position, Tick};

/// Somebody else in view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub entity: EntityId,
    /// The name, fit to be drawn.
    pub name: String,
    /// The tint.
    pub tint: u8,
    /// Where.
    pub at: Position,
    /// How he goes.
    pub motion: Motion,
    /// Whether he left one stream and has not come to another one yet.
    pub awaited: bool,
}

/// What is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Where the client stands with the world.
    pub state: State,
    /// Who one is. None before the first welcome.
    pub entity: Option<EntityId>,
    /// The own avatar, as predicted. None before the first welcome.
    pub me: Option<(Position, Motion)>,
    /// The others.
    pub people: Vec<Person>,
    /// The node that serves, as `host.node`.
    pub node: String,
    /// The server's tick.
    pub tick: Tick,
    /// The way to the server and back in milliseconds.
    pub round_trip_ms: Option<u64>,
    /// How often another session was needed.
    pub reconnects: u64,
    /// How often the server put the avatar elsewhere.
    pub corrections: u64,
    /// How often something was seen that should never be.
    pub violations: u64,
    /// What the bag holds.
    pub bag: Vec<Heap>,
    /// Piles and buildings in view.
    pub things: Vec<Thing>,
    /// The parcel of the ground where one stands.
    pub parcel: Option<String>,
}

/// A pile or a building.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    /// Its chunk.
    pub chunk: Chunk,
    /// What is known of it.
    pub trace: Trace,
}

impl Thing {
    /// Where it is.
    pub fn at(&self) -> Position {
        Position::new(self.trace.x, self.trace.y)
    }

    /// Whether it was built.
    pub fn is_built(&self) -> bool {
        self.trace.kind == TraceKind::Built as u8
    }
}

impl Sight {
    /// What a client sees at `now`.
    pub fn of(client: &Client, now: Millis) -> Self {
        let tick = client.server_tick(now).unwrap_or_default();
        let motion = client.prediction().map(|p| p.segment().motion);
        Self {
            state: client.state(),
            entity: client.entity(),
            me: client.position(now).zip(motion),
            people: people(client, tick),
            node: client.node().map(|n| format!("{}.{}", n.host(), n.node())).unwrap_or_default(),
            tick,
            round_trip_ms: client.clock().and_then(client::ServerClock::round_trip_ms),
            reconnects: client.counts().welcomes.saturating_sub(1),
            corrections: client.counts().corrections,
            violations: client.checks().total(),
            bag: client.bag().map(|bag| bag.items.clone()).unwrap_or_default(),
            things: things(client),
            parcel: parcel(client, now),
        }
    }

    /// The chunk of the own avatar.
    pub fn chunk(&self) -> Option<Chunk> {
        self.me.map(|(at, _)| at.chunk())
    }
}

fn parcel(client: &Client, now: Millis) -> Option<String> {
    let chunk = client.position(now)?.chunk();
    client.picture()?.pages().land(chunk).map(|land| land.name.clone())
}

fn things(client: &Client) -> Vec<Thing> {
    let Some(pages) = client.picture().map(client::Picture::pages) else { return Vec::new() };
    let shown = |trace: &&Trace| trace.kind != TraceKind::Taken as u8;
    let of = |chunk: Chunk| pages.traces(chunk).filter(shown).map(move |trace| Thing { chunk, trace: trace.clone() });
    pages.chunks().flat_map(of).collect()
}

fn people(client: &Client, tick: Tick) -> Vec<Person> {
    let (Some(picture), Some(prediction)) = (client.picture(), client.prediction()) else { return Vec::new() };
    let others = picture.entities().filter(|ghost| ghost.entity != picture.me());
    others
        .map(|ghost| Person {
            entity: ghost.entity,
            name: printable(&ghost.look.name),
            tint: ghost.look.tint,
            at: ghost.segment.at(tick, prediction.pace()),
            motion: ghost.segment.motion,
            awaited: ghost.stream.is_none(),
        })
        .collect()
}

/// A text of somebody else, without what would turn a line around or move the cursor.
pub fn printable(text: &str) -> String {
    let moves = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().map(|c| if moves(c) { '\u{b7}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_speaks_to_the_terminal() {
        let cases = [
            ("hello", "hello"),
            ("grüß dich, 世界", "grüß dich, 世界"),
            ("\u{1b}[2Jgone", "·[2Jgone"),
            ("\u{202e}backwards", "·backwards"),
            ("a\u{200b}b", "a·b"),
        ];
        for (text, expected) in cases {
            assert_eq!(printable(text), expected);
        }
    }
}
