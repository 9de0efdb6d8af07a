//! Which generator made an island. A generator is never changed once islands live on it: a better one is a new version.

use thiserror::Error;

/// A version of the generator that this build can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum GeneratorVersion {
    /// The first: lobes, warped noise, ridges, lakes and inlets.
    V1 = 1,
}

impl GeneratorVersion {
    /// Every version that this build knows, oldest first.
    pub const ALL: [Self; 1] = [Self::V1];
    /// The version for new islands.
    pub const LATEST: Self = Self::V1;

    /// Its number, as stored and configured.
    #[must_use]
    pub const fn number(self) -> u16 {
        self as u16
    }
}

/// This build has no generator of that number: it is newer than the build, or a typing error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("unknown generator version {0}; this build knows up to {latest}", latest = GeneratorVersion::LATEST.number())]
pub struct UnknownGenerator(pub u16);

impl TryFrom<u16> for GeneratorVersion {
    type Error = UnknownGenerator;

    fn try_from(number: u16) -> Result<Self, UnknownGenerator> {
        Self::ALL.into_iter().find(|v| v.number() == number).ok_or(UnknownGenerator(number))
    }
}
