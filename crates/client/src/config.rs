//! What a client is told when it is made, and the words for where it stands.

/// How much a client reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observe {
    /// Everything: it keeps a picture.
    Everything,
    /// Item and record headers only: it counts, and has no picture.
    Headers,
}

/// What a client is made of.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// The account.
    pub name: String,
    /// Where to enter, `host:port`, the first one first.
    pub addresses: Vec<String>,
    /// Spreads the pauses between attempts and names traces.
    pub seed: u64,
    /// How much to read.
    pub observe: Observe,
    /// Whether to ask for the ground of what is in view. Only with [`Observe::Everything`].
    pub want_baselines: bool,
    /// Whether to follow a server's invitation to another node. Who does not plays on where they are.
    pub follow_invites: bool,
    /// Whether every move seen is an event. Only with [`Observe::Everything`].
    pub report_moves: bool,
    /// Whether every input sent is an event.
    pub report_inputs: bool,
}

impl ClientConfig {
    /// A client that keeps a picture and reports the rare events only.
    #[must_use]
    pub fn new(name: impl Into<String>, addresses: Vec<String>, seed: u64) -> Self {
        Self {
            name: name.into(),
            addresses,
            seed,
            observe: Observe::Everything,
            want_baselines: false,
            follow_invites: true,
            report_moves: false,
            report_inputs: false,
        }
    }
}

/// Where a client stands, for display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It was not told to join.
    Idle,
    /// It waits for a connection.
    Connecting,
    /// It waits for the welcome.
    Greeting,
    /// It is in the world.
    Playing,
    /// It waits before it connects again.
    BackingOff,
    /// It is over.
    Stopped,
}
