//! The house: which crate stands in which layer, what it may use, and whether it is pure. One row a crate.
//!
//! This table is the rule, `docs/architecture.md` is its explanation. A crate that has no row does not build green; a
//! row may stand before its crate does.

use Layer::{Adapters, Beside, Bin, Ground, Heart, Shell};
use Purity::{Driven, Pure, PureBut};
use Uses::{All, One};

/// A storey of the house. Dependencies point down only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The rules of the world and the bytes.
    Ground,
    /// The machines.
    Heart,
    /// The heart's ports on real systems.
    Adapters,
    /// Sockets, threads, clocks.
    Shell,
    /// Clients, tests and tools.
    Beside,
    /// The one binary.
    Bin,
}

/// Whether a crate may touch the machine that it runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purity {
    /// It may.
    Driven,
    /// No clock, I/O, thread, async, ambient randomness, floating point or hash order.
    Pure,
    /// Pure but for these modules, files or folders under `src/`.
    PureBut(&'static [&'static str]),
}

/// What a crate may depend on.
#[derive(Clone, Copy, Debug)]
pub enum Uses {
    /// Every crate of a layer.
    All(Layer),
    /// One crate.
    One(&'static str),
}

/// One row of the table.
pub struct Room {
    /// The crate.
    pub name: &'static str,
    /// Where it stands.
    pub layer: Layer,
    /// Whether it may touch the machine.
    pub purity: Purity,
    /// What it may use, in the library and in its build script.
    pub uses: &'static [Uses],
    /// What its tests may use as well.
    pub tests_use: &'static [Uses],
    /// What its library must link, so that what it shows is shown of the code that serves players.
    pub links: &'static [&'static str],
}

impl Room {
    /// True for pure crates, with or without excepted modules.
    pub fn is_pure(&self) -> bool {
        self.purity != Driven
    }
}

const NOTHING: &[Uses] = &[];
const GROUND_AND_HEART: &[Uses] = &[All(Ground), All(Heart)];
const BELOW_THE_SHELL: &[Uses] = &[All(Ground), All(Heart), All(Adapters)];
const SPOILED: &[Uses] = &[One("fuzz")];
const PLAYERS: &[Uses] = &[One("client"), One("bots")];
/// What a simulation is of.
const SIMULATED: &[&str] = &["node", "client", "population", "store", "world"];

/// The table.
#[rustfmt::skip]
pub const ROOMS: &[Room] = &[
    // ground
    room("world",           Ground,   Pure,   NOTHING),
    room("protocol",        Ground,   Pure,   &[One("world")]),
    room("ghosts",          Ground,   Pure,   &[One("world"), One("protocol")]),
    // heart
    // The conformance suites of the ports await: they are tests that live in the library, behind a feature.
    room("store",           Heart,    PureBut(&["conformance"]), &[One("world")]),
    room("node",            Heart,    PureBut(&["ports/directory_conformance"]), &[All(Ground), One("store"), One("deeds")]),
    room("population",      Heart,    Pure,   &[One("world"), One("store")]),
    room("deeds",           Heart,    Pure,   &[One("world"), One("protocol"), One("store")]),
    // adapters
    room("mesh-zeromq",     Adapters, Driven, GROUND_AND_HEART).tested_with(SPOILED),
    room("directory-etcd",  Adapters, Driven, GROUND_AND_HEART).tested_with(SPOILED),
    room("store-fjall",     Adapters, Driven, GROUND_AND_HEART),
    room("store-couchbase", Adapters, Driven, GROUND_AND_HEART),
    room("store-shared",    Adapters, Driven, GROUND_AND_HEART).tested_with(SPOILED),
    room("queue-redis",     Adapters, Driven, GROUND_AND_HEART),
    // Bytes for both ends of a client's connection.
    room("tls",             Adapters, Driven, NOTHING),
    // shell
    room("gateway",         Shell,    Driven, BELOW_THE_SHELL).tested_with(PLAYERS),
    room("console",         Shell,    Driven, BELOW_THE_SHELL).tested_with(PLAYERS),
    room("host",            Shell,    Driven, &[All(Ground), All(Heart), All(Adapters), All(Shell)]).tested_with(PLAYERS),
    // beside
    room("client",          Beside,   PureBut(&["tcp"]), &[All(Ground), One("tls")]).tested_with(&[All(Heart), One("gateway")]),
    // What clients were told beside what is stored, for drills and simulations alike.
    room("ledger",          Beside,   Pure,   &[One("deeds"), One("store")]).tested_with(&[One("world")]),
    // It reads the tables as a player reads the manual.
    room("bots",            Beside,   Driven, &[All(Ground), One("client"), One("deeds"), One("ledger")]).tested_with(&[All(Heart), All(Shell), One("fuzz")]),
    room("simulator",       Beside,   Pure,   &[All(Ground), All(Heart), One("client")]).linking(SIMULATED),
    room("example-fishing", Beside,   Pure,   &[One("deeds"), One("protocol"), One("world")]).tested_with(&[All(Heart)]),
    room("bench",           Beside,   Driven, &[All(Ground), All(Heart), All(Adapters), All(Shell)]),
    room("xtask",           Beside,   Driven, NOTHING),
    // Its targets are tests: of the protocol and of both machines.
    room("fuzz",            Beside,   Driven, NOTHING).tested_with(&[All(Ground), All(Heart), One("client")]),
    // bin: nothing depends on it
    room("tombolo",         Bin,      Driven, &[All(Ground), All(Heart), All(Adapters), All(Shell), All(Beside)]),
];

const fn room(name: &'static str, layer: Layer, purity: Purity, uses: &'static [Uses]) -> Room {
    Room { name, layer, purity, uses, tests_use: NOTHING, links: &[] }
}

impl Room {
    const fn tested_with(mut self, tests_use: &'static [Uses]) -> Self {
        self.tests_use = tests_use;
        self
    }

    const fn linking(mut self, links: &'static [&'static str]) -> Self {
        self.links = links;
        self
    }
}

/// The row of a crate.
pub fn find(rooms: &'static [Room], name: &str) -> Option<&'static Room> {
    rooms.iter().find(|room| room.name == name)
}
