//! What everybody claimed lately, so that observers can say when the change that they see was due.

use std::time::Instant;

use world::{Motion, Position};

/// Inputs remembered for each walker: 1.6 s at 10 Hz.
const REMEMBERED: usize = 16;

/// One input.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// When it was to be sent.
    pub due: Instant,
    /// Where the walker claimed to be.
    pub at: Position,
    /// How it went on.
    pub motion: Motion,
    /// Its place as the floor writes it.
    pub written: (u16, u16),
}

/// The inputs of all walkers.
#[derive(Debug, Default)]
pub struct Trail {
    rings: Vec<Ring>,
}

#[derive(Clone, Debug)]
struct Ring {
    claims: [Option<Claim>; REMEMBERED],
    next: usize,
}

impl Trail {
    /// A trail of so many walkers.
    #[must_use]
    pub fn new(walkers: usize) -> Self {
        Self { rings: vec![Ring { claims: [None; REMEMBERED], next: 0 }; walkers] }
    }

    /// Remembers an input.
    pub fn add(&mut self, walker: usize, claim: Claim) {
        let ring = &mut self.rings[walker];
        ring.claims[ring.next] = Some(claim);
        ring.next = (ring.next + 1) % REMEMBERED;
    }

    /// The newest input of a walker for which `fits` holds.
    #[must_use]
    pub fn newest(&self, walker: usize, fits: impl Fn(&Claim) -> bool) -> Option<&Claim> {
        let ring = self.rings.get(walker)?;
        (1..=REMEMBERED)
            .filter_map(|back| ring.claims[(ring.next + REMEMBERED - back) % REMEMBERED].as_ref())
            .find(|claim| fits(claim))
    }
}
