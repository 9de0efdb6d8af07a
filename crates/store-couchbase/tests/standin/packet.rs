//! The memcached binary protocol as Couchbase speaks it: packets, statuses, and the frames in front of a request.
//!
//! | offset | request | response |
//! | --- | --- | --- |
//! | 0 | magic 0x80, or 0x08 with frames | 0x81 |
//! | 1 | operation | operation |
//! | 2 | length of the key (u16); with frames: of the frames (u8), of the key (u8) | length of the key (u16) |
//! | 4 | length of the extras | length of the extras |
//! | 5 | datatype | datatype |
//! | 6 | vbucket (u16) | status (u16) |
//! | 8 | length of all that follows the header (u32) | the same |
//! | 12 | opaque (u32), repeated in the response | opaque |
//! | 16 | CAS (u64) | CAS |
//! | 24 | frames, extras, key, value | extras, key, value |
//!
//! Integers are big endian. A frame is one byte, its id and its length in four bits each, and its content.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

const HEADER: usize = 24;
/// Bytes of the largest packet that is taken: a document of 20 MiB, and change.
const LARGEST: usize = 21 * 1024 * 1024;

const REQUEST: u8 = 0x80;
const REQUEST_WITH_FRAMES: u8 = 0x08;
const RESPONSE: u8 = 0x81;
/// The frame that asks for durability.
const DURABILITY_FRAME: u8 = 1;

pub mod op {
    pub const GET: u8 = 0x00;
    pub const SET: u8 = 0x01;
    pub const ADD: u8 = 0x02;
    pub const REPLACE: u8 = 0x03;
    pub const DELETE: u8 = 0x04;
    pub const NOOP: u8 = 0x0a;
    pub const HELLO: u8 = 0x1f;
    pub const SASL_LIST: u8 = 0x20;
    pub const SASL_AUTH: u8 = 0x21;
    pub const SASL_STEP: u8 = 0x22;
    pub const SELECT_BUCKET: u8 = 0x89;
    pub const GET_CLUSTER_CONFIG: u8 = 0xb5;
    pub const GET_COLLECTION_ID: u8 = 0xbb;
    pub const GET_ERROR_MAP: u8 = 0xfe;
}

pub mod status {
    pub const SUCCESS: u16 = 0x00;
    pub const NOT_FOUND: u16 = 0x01;
    pub const EXISTS: u16 = 0x02;
    pub const TOO_BIG: u16 = 0x03;
    pub const INVALID: u16 = 0x04;
    pub const NOT_MY_VBUCKET: u16 = 0x07;
    pub const NO_BUCKET: u16 = 0x08;
    pub const LOCKED: u16 = 0x09;
    pub const AUTH_ERROR: u16 = 0x20;
    pub const AUTH_CONTINUE: u16 = 0x21;
    pub const NO_ACCESS: u16 = 0x24;
    pub const UNKNOWN_COMMAND: u16 = 0x81;
    pub const OUT_OF_MEMORY: u16 = 0x82;
    pub const INTERNAL: u16 = 0x84;
    pub const BUSY: u16 = 0x85;
    pub const TEMPORARY_FAILURE: u16 = 0x86;
    pub const UNKNOWN_COLLECTION: u16 = 0x88;
    pub const UNKNOWN_SCOPE: u16 = 0x8c;
    pub const DURABILITY_IMPOSSIBLE: u16 = 0xa1;
    pub const SYNC_WRITE_IN_PROGRESS: u16 = 0xa2;
    pub const SYNC_WRITE_AMBIGUOUS: u16 = 0xa3;
    pub const SYNC_WRITE_RECOMMIT: u16 = 0xa4;
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub op: u8,
    pub vbucket: u16,
    pub opaque: u32,
    pub cas: u64,
    /// The level that was asked for, as its number in the protocol.
    pub durability: Option<u8>,
    pub extras: Vec<u8>,
    pub key: Vec<u8>,
    pub value: Vec<u8>,
}

/// What is answered.
#[derive(Clone, Debug, Default)]
pub struct Said {
    pub status: u16,
    pub cas: u64,
    pub extras: Vec<u8>,
    pub value: Vec<u8>,
}

impl Said {
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    pub fn value(value: impl Into<Vec<u8>>) -> Self {
        Self { value: value.into(), ..Self::default() }
    }

    pub fn cas(cas: u64) -> Self {
        Self { cas, ..Self::default() }
    }

    /// The bytes that answer a request.
    pub fn bytes(&self, asked: &Asked) -> Vec<u8> {
        let mut bytes = vec![RESPONSE, asked.op, 0, 0];
        bytes.push(u8::try_from(self.extras.len()).expect("extras are short"));
        bytes.push(0);
        bytes.extend(self.status.to_be_bytes());
        let body = u32::try_from(self.extras.len() + self.value.len()).expect("below 4 GiB");
        bytes.extend(body.to_be_bytes());
        bytes.extend(asked.opaque.to_be_bytes());
        bytes.extend(self.cas.to_be_bytes());
        bytes.extend(&self.extras);
        bytes.extend(&self.value);
        bytes
    }
}

/// Reads one request. `None` at the end of the stream.
pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Asked>> {
    let mut header = [0; HEADER];
    match stream.read_exact(&mut header).await {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let short = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let (frames, key) = match header[0] {
        REQUEST => (0, usize::from(short(2))),
        REQUEST_WITH_FRAMES => (usize::from(header[2]), usize::from(header[3])),
        magic => return Err(garbage(format!("magic {magic:#x}"))),
    };
    let extras = usize::from(header[4]);
    let body = u32::from_be_bytes(header[8..12].try_into().expect("four bytes")) as usize;
    if body > LARGEST || frames + extras + key > body {
        return Err(garbage(format!("a body of {body} bytes")));
    }
    let mut rest = vec![0; body];
    stream.read_exact(&mut rest).await?;
    let value = rest.split_off(frames + extras + key);
    let key = rest.split_off(frames + extras);
    let extras = rest.split_off(frames);
    Ok(Some(Asked {
        op: header[1],
        vbucket: short(6),
        opaque: u32::from_be_bytes(header[12..16].try_into().expect("four bytes")),
        cas: u64::from_be_bytes(header[16..24].try_into().expect("eight bytes")),
        durability: durability(&rest)?,
        extras,
        key,
        value,
    }))
}

fn durability(mut frames: &[u8]) -> io::Result<Option<u8>> {
    let mut level = None;
    while let [head, rest @ ..] = frames {
        let (id, length) = (head >> 4, usize::from(head & 0x0f));
        let Some((content, rest)) = rest.split_at_checked(length) else { return Err(garbage("a frame".to_owned())) };
        if id == DURABILITY_FRAME {
            level = content.first().copied();
        }
        frames = rest;
    }
    Ok(level)
}

/// The number of the collection in front of a key (seven bits a byte, the lowest first), and the key.
pub fn split_collection(key: &[u8]) -> Option<(u32, &[u8])> {
    let last = key.iter().position(|byte| byte & 0x80 == 0)?;
    let (prefix, key) = key.split_at(last + 1);
    let number =
        prefix.iter().rev().try_fold(0_u32, |number, byte| Some(number.checked_mul(128)? + u32::from(byte & 0x7f)));
    Some((number?, key))
}

fn garbage(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_collection_stands_in_front_of_its_key() {
        assert_eq!(split_collection(b"\x00key"), Some((0, &b"key"[..])));
        assert_eq!(split_collection(b"\x09"), Some((9, &b""[..])));
        assert_eq!(split_collection(b"\x80\x01key"), Some((128, &b"key"[..])));
        assert_eq!(split_collection(b"\xff\xff"), None);
        assert_eq!(split_collection(b"\xff\xff\xff\xff\xff\x01"), None);
    }

    #[tokio::test]
    async fn a_request_with_a_durability_frame_is_read() {
        let mut bytes = vec![REQUEST_WITH_FRAMES, op::ADD, 2, 3, 8, 0, 0, 5];
        bytes.extend(15_u32.to_be_bytes());
        bytes.extend([0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend(*b"\x11\x03EXTRASEX\x09kyvv");
        bytes[11] = 15;
        let asked = read(&mut &bytes[..]).await.expect("well formed").expect("whole");
        assert_eq!((asked.op, asked.vbucket, asked.opaque, asked.durability), (op::ADD, 5, 7, Some(3)));
        assert_eq!(
            (&asked.extras[..], &asked.key[..], &asked.value[..]),
            (&b"EXTRASEX"[..], &b"\x09ky"[..], &b"vv"[..])
        );
        assert!(read(&mut &b""[..]).await.expect("an end is no error").is_none());
        assert!(read(&mut &[0xff; 24][..]).await.is_err());
    }
}
