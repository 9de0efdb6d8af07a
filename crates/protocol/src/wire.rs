//! The packed primitives: little-endian integers, varints and short byte strings, over a slice or a vector.

use thiserror::Error;

/// Why bytes are not a message. Nothing has changed; the sender is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WireError {
    /// The bytes end before the value does.
    #[error("the message ends before its {0} does")]
    Truncated(&'static str),
    /// A count or a length is beyond its limit.
    #[error("{what} is {found}, the limit is {limit}")]
    TooLarge {
        /// What was counted.
        what: &'static str,
        /// The number found.
        found: u64,
        /// The limit from [`crate::limits`].
        limit: u64,
    },
    /// A field holds a value without a meaning.
    #[error("{0} is not valid")]
    Invalid(&'static str),
    /// The message goes on after its last field.
    #[error("{0} bytes follow the end of the message")]
    Trailing(usize),
}

impl WireError {
    /// An error unless `found` is at most `limit`.
    pub(crate) fn unless_within(what: &'static str, found: usize, limit: usize) -> Result<(), Self> {
        if found <= limit { Ok(()) } else { Err(Self::TooLarge { what, found: found as u64, limit: limit as u64 }) }
    }
}

/// Reads packed values from a slice, front to back.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the front of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything has been read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `n` bytes.
    pub fn bytes(&mut self, n: usize, what: &'static str) -> Result<&'a [u8], WireError> {
        let (head, rest) = self.rest.split_at_checked(n).ok_or(WireError::Truncated(what))?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], WireError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(WireError::Truncated(what))?;
        self.rest = rest;
        Ok(*head)
    }

    /// A byte.
    pub fn u8(&mut self, what: &'static str) -> Result<u8, WireError> {
        Ok(self.array::<1>(what)?[0])
    }

    /// Two bytes, little endian.
    pub fn u16(&mut self, what: &'static str) -> Result<u16, WireError> {
        Ok(u16::from_le_bytes(self.array(what)?))
    }

    /// Two bytes, little endian, signed.
    pub fn i16(&mut self, what: &'static str) -> Result<i16, WireError> {
        Ok(i16::from_le_bytes(self.array(what)?))
    }

    /// Four bytes, little endian.
    pub fn u32(&mut self, what: &'static str) -> Result<u32, WireError> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    /// Four bytes, little endian, signed.
    pub fn i32(&mut self, what: &'static str) -> Result<i32, WireError> {
        Ok(i32::from_le_bytes(self.array(what)?))
    }

    /// Eight bytes, little endian.
    pub fn u64(&mut self, what: &'static str) -> Result<u64, WireError> {
        Ok(u64::from_le_bytes(self.array(what)?))
    }

    /// A varint: seven bits a byte, least significant first, the top bit says that more follow. At most ten bytes.
    pub fn varint(&mut self, what: &'static str) -> Result<u64, WireError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8(what)?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(WireError::Invalid(what));
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(WireError::Invalid(what))
    }

    /// A varint that counts something, at most `limit`.
    pub fn count(&mut self, limit: usize, what: &'static str) -> Result<usize, WireError> {
        let found = self.varint(what)?;
        match usize::try_from(found) {
            Ok(n) if n <= limit => Ok(n),
            _ => Err(WireError::TooLarge { what, found, limit: limit as u64 }),
        }
    }

    /// A varint length of at most `limit`, and that many bytes.
    pub fn blob(&mut self, limit: usize, what: &'static str) -> Result<&'a [u8], WireError> {
        let n = self.count(limit, what)?;
        self.bytes(n, what)
    }

    /// A blob that is UTF-8.
    pub fn text(&mut self, limit: usize, what: &'static str) -> Result<&'a str, WireError> {
        std::str::from_utf8(self.blob(limit, what)?).map_err(|_| WireError::Invalid(what))
    }

    /// Nothing may be left.
    pub fn finish(self) -> Result<(), WireError> {
        if self.rest.is_empty() { Ok(()) } else { Err(WireError::Trailing(self.rest.len())) }
    }
}

/// Appends packed values to a vector.
pub trait Put {
    /// Bytes as they are.
    fn put(&mut self, bytes: &[u8]);

    /// A byte.
    fn put_u8(&mut self, v: u8) {
        self.put(&[v]);
    }
    /// Two bytes, little endian.
    fn put_u16(&mut self, v: u16) {
        self.put(&v.to_le_bytes());
    }
    /// Two bytes, little endian, signed.
    fn put_i16(&mut self, v: i16) {
        self.put(&v.to_le_bytes());
    }
    /// Four bytes, little endian.
    fn put_u32(&mut self, v: u32) {
        self.put(&v.to_le_bytes());
    }
    /// Four bytes, little endian, signed.
    fn put_i32(&mut self, v: i32) {
        self.put(&v.to_le_bytes());
    }
    /// Eight bytes, little endian.
    fn put_u64(&mut self, v: u64) {
        self.put(&v.to_le_bytes());
    }
    /// A varint, see [`Reader::varint`].
    fn put_varint(&mut self, mut v: u64) {
        while v >= 0x80 {
            self.put_u8((v & 0x7f) as u8 | 0x80);
            v >>= 7;
        }
        self.put_u8(v as u8);
    }
    /// A varint length and the bytes.
    fn put_blob(&mut self, bytes: &[u8]) {
        self.put_varint(bytes.len() as u64);
        self.put(bytes);
    }
}

impl Put for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}
