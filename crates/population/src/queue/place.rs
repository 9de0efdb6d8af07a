//! A place in the queue, as a client keeps it.

use world::Millis;

/// A class of the queue; the settings say what it stands for and its share. Nobody overtakes within one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class(pub u8);

/// A place: it is given once and never again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// In which class.
    pub class: Class,
    /// Lower is earlier. Numbers of later lives of a queue are higher.
    pub number: u64,
    /// When it was given.
    pub issued_at: Millis,
}

/// Bytes of an encoded place: version, class, number, time.
pub const PLACE_BYTES: usize = 18;

/// The version that this build writes and reads.
const VERSION: u8 = 1;

impl Place {
    /// The bytes to be signed: version, class, number and time, big endian.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; PLACE_BYTES] {
        let mut bytes = [0; PLACE_BYTES];
        bytes[0] = VERSION;
        bytes[1] = self.class.0;
        bytes[2..10].copy_from_slice(&self.number.to_be_bytes());
        bytes[10..].copy_from_slice(&self.issued_at.0.to_be_bytes());
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote, after its signature was checked. `None` for anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<2>()?;
        let (number, rest) = rest.split_first_chunk::<8>()?;
        let issued_at: &[u8; 8] = rest.try_into().ok()?;
        (head[0] == VERSION).then_some(Self {
            class: Class(head[1]),
            number: u64::from_be_bytes(*number),
            issued_at: Millis(u64::from_be_bytes(*issued_at)),
        })
    }
}

/// Makes the token of a place. Keys live in the shell, and so does checking.
pub trait Seal {
    /// The token that a client is given: opaque to it, and of no use to anybody who changes it.
    fn seal(&self, place: &Place) -> Vec<u8>;
}
