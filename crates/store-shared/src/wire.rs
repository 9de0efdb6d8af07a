//! The bytes between client and server.
//!
//! | offset | field | type |
//! | --- | --- | --- |
//! | 0 | length of the payload in bytes | u32 |
//! | 4 | kind | u16 |
//! | 6 | version of the payload | u16 |
//! | 8 | id of the request | u64 |
//! | 16 | payload | |
//!
//! Integers are little endian. A payload is, as its kind demands, a version (u64), a key (u16 length, UTF-8), and a
//! document (JSON, the rest), in this order. A server answers a kind that it does not know with `NotApplied`, a client
//! skips it.
//!
//! Invariant: decoding is total; whatever the bytes are, the answer is a message or a [`WireError`].

use protocol::WireError;
use protocol::wire::{Put, Reader};
use store::document::KEY_BYTES;
use store::{Document, Key, Reply, Request, Version};

/// Bytes of the largest document, as JSON. A page of a full chunk stays far below.
pub const DOCUMENT_BYTES: usize = 512 * 1024;
/// Bytes of the largest payload: a document, its key and a version.
pub const MESSAGE_BYTES: usize = DOCUMENT_BYTES + KEY_BYTES + 16;
/// Bytes in front of the payload.
pub(crate) const HEADER_BYTES: usize = 16;

/// The version of all payloads.
const VERSION: u16 = 1;

mod kind {
    pub(super) const GET: u16 = 1;
    pub(super) const INSERT: u16 = 2;
    pub(super) const REPLACE: u16 = 3;
    pub(super) const REMOVE: u16 = 4;
    pub(super) const FOUND: u16 = 65;
    pub(super) const ABSENT: u16 = 66;
    pub(super) const APPLIED: u16 = 67;
    pub(super) const CONFLICT: u16 = 68;
    pub(super) const NOT_APPLIED: u16 = 69;
    pub(super) const UNKNOWN: u16 = 70;
}

/// One message as it lies in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    kind: u16,
    version: u16,
    /// Which request it is or answers.
    pub(crate) id: u64,
    payload: &'a [u8],
}

impl<'a> Message<'a> {
    /// The first message of `bytes` and how many bytes it takes, `None` while it is incomplete.
    pub(crate) fn split(bytes: &'a [u8]) -> Result<Option<(Self, usize)>, WireError> {
        let mut r = Reader::new(bytes);
        let Ok(length) = r.u32("length") else { return Ok(None) };
        let length = length as usize;
        if length > MESSAGE_BYTES {
            return Err(WireError::TooLarge { what: "payload", found: length as u64, limit: MESSAGE_BYTES as u64 });
        }
        if bytes.len() < HEADER_BYTES + length {
            return Ok(None);
        }
        let (kind, version, id) = (r.u16("kind")?, r.u16("version")?, r.u64("id")?);
        let payload = r.bytes(length, "payload")?;
        Ok(Some((Self { kind, version, id, payload }, HEADER_BYTES + length)))
    }

    /// The request that this is, `None` if this build does not know the kind.
    pub(crate) fn request(&self) -> Result<Option<Request>, WireError> {
        let mut r = Reader::new(self.payload);
        let request = match (self.kind, self.version) {
            (kind::GET, VERSION) => Request::Get { key: key(&mut r)? },
            (kind::INSERT, VERSION) => Request::Insert { key: key(&mut r)?, document: document(&mut r)? },
            (kind::REPLACE, VERSION) => {
                let version = Version(r.u64("version")?);
                Request::Replace { key: key(&mut r)?, version, document: document(&mut r)? }
            }
            (kind::REMOVE, VERSION) => {
                let version = Version(r.u64("version")?);
                Request::Remove { key: key(&mut r)?, version }
            }
            _ => return Ok(None),
        };
        r.finish()?;
        Ok(Some(request))
    }

    /// The reply that this is, `None` if this build does not know the kind.
    pub(crate) fn reply(&self) -> Result<Option<Reply>, WireError> {
        let mut r = Reader::new(self.payload);
        let reply = match (self.kind, self.version) {
            (kind::FOUND, VERSION) => {
                let version = Version(r.u64("version")?);
                Reply::Found { version, document: document(&mut r)? }
            }
            (kind::APPLIED, VERSION) => Reply::Applied { version: Version(r.u64("version")?) },
            (kind::ABSENT, VERSION) => Reply::Absent,
            (kind::CONFLICT, VERSION) => Reply::Conflict,
            (kind::NOT_APPLIED, VERSION) => Reply::NotApplied,
            (kind::UNKNOWN, VERSION) => Reply::Unknown,
            _ => return Ok(None),
        };
        r.finish()?;
        Ok(Some(reply))
    }
}

/// The bytes of a request with the id 0, which [`set_id`] changes.
pub(crate) fn encode_request(request: &Request) -> Result<Vec<u8>, WireError> {
    let mut out = begin(match request {
        Request::Get { .. } => kind::GET,
        Request::Insert { .. } => kind::INSERT,
        Request::Replace { .. } => kind::REPLACE,
        Request::Remove { .. } => kind::REMOVE,
    });
    match request {
        Request::Get { .. } | Request::Insert { .. } => {}
        Request::Replace { version, .. } | Request::Remove { version, .. } => out.put_u64(version.0),
    }
    put_key(&mut out, request.key())?;
    match request {
        Request::Get { .. } | Request::Remove { .. } => {}
        Request::Insert { document, .. } | Request::Replace { document, .. } => put_document(&mut out, document)?,
    }
    Ok(finish(out))
}

/// The bytes of a reply to the request with this id.
pub(crate) fn encode_reply(id: u64, reply: &Reply) -> Result<Vec<u8>, WireError> {
    let mut out = begin(match reply {
        Reply::Found { .. } => kind::FOUND,
        Reply::Absent => kind::ABSENT,
        Reply::Applied { .. } => kind::APPLIED,
        Reply::Conflict => kind::CONFLICT,
        Reply::NotApplied => kind::NOT_APPLIED,
        Reply::Unknown => kind::UNKNOWN,
    });
    match reply {
        Reply::Found { version, document } => {
            out.put_u64(version.0);
            put_document(&mut out, document)?;
        }
        Reply::Applied { version } => out.put_u64(version.0),
        Reply::Absent | Reply::Conflict | Reply::NotApplied | Reply::Unknown => {}
    }
    set_id(&mut out, id);
    Ok(finish(out))
}

/// Gives a whole message its id.
pub(crate) fn set_id(message: &mut [u8], id: u64) {
    message[8..HEADER_BYTES].copy_from_slice(&id.to_le_bytes());
}

fn begin(kind: u16) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.put_u32(0);
    out.put_u16(kind);
    out.put_u16(VERSION);
    out.put_u64(0);
    out
}

fn finish(mut out: Vec<u8>) -> Vec<u8> {
    let length = u32::try_from(out.len() - HEADER_BYTES).unwrap_or(u32::MAX);
    out[..4].copy_from_slice(&length.to_le_bytes());
    out
}

fn put_key(out: &mut Vec<u8>, key: &Key) -> Result<(), WireError> {
    let bytes = key.as_str().as_bytes();
    let length = u16::try_from(bytes.len()).ok().filter(|_| bytes.len() <= KEY_BYTES);
    out.put_u16(length.ok_or(too_large("key", bytes.len(), KEY_BYTES))?);
    out.extend_from_slice(bytes);
    Ok(())
}

fn put_document(out: &mut Vec<u8>, document: &Document) -> Result<(), WireError> {
    let start = out.len();
    serde_json::to_writer(&mut *out, document).map_err(|_| WireError::Invalid("document"))?;
    match out.len() - start {
        bytes if bytes > DOCUMENT_BYTES => Err(too_large("document", bytes, DOCUMENT_BYTES)),
        _ => Ok(()),
    }
}

fn key(r: &mut Reader<'_>) -> Result<Key, WireError> {
    let length = usize::from(r.u16("key's length")?);
    if length > KEY_BYTES {
        return Err(too_large("key", length, KEY_BYTES));
    }
    let text = std::str::from_utf8(r.bytes(length, "key")?).map_err(|_| WireError::Invalid("key"))?;
    let (kind, id) = text.split_once('/').ok_or(WireError::Invalid("key"))?;
    Ok(Key::new(kind, id))
}

fn document(r: &mut Reader<'_>) -> Result<Document, WireError> {
    let rest = r.rest().len();
    if rest > DOCUMENT_BYTES {
        return Err(too_large("document", rest, DOCUMENT_BYTES));
    }
    serde_json::from_slice(r.bytes(rest, "document")?).map_err(|_| WireError::Invalid("document"))
}

fn too_large(what: &'static str, found: usize, limit: usize) -> WireError {
    WireError::TooLarge { what, found: found as u64, limit: limit as u64 }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
