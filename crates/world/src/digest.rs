//! A content hash of 64 bits: FNV-1a.
//!
//! It names content (a baseline in a client's cache, the nature of an island in a configuration) and notices accidents.
//! It is deliberately no security: the server that states the hash also serves the bytes, so nobody gains by a
//! collision, and an accidental one among a million chunks has a chance of about one in forty million. FNV-1a was
//! chosen over SHA-2 because a client in any language writes it in three lines, and because a chunk of one kilobyte
//! costs about a microsecond.
//!
//! Invariant: the value depends on the bytes written and on nothing else, on every target.

/// The running hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(u64);

impl Digest {
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;

    /// The hash of nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(Self::OFFSET_BASIS)
    }

    /// The hash of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> u64 {
        let mut digest = Self::new();
        digest.write(bytes);
        digest.finish()
    }

    /// Goes on with `bytes`.
    pub fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(Self::PRIME);
        }
    }

    /// The hash of everything written.
    #[must_use]
    pub const fn finish(self) -> u64 {
        self.0
    }
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}
