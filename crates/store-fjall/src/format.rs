//! How a document is stored: `[format u8][version u64 little-endian][JSON]` under the bytes of its key.

use store::{Document, Version};

use crate::error::FjallStoreError;

/// The format that this build writes, of values and of the whole store.
pub(crate) const FORMAT: u8 = 1;
/// Bytes of the largest document as JSON. Larger ones are not applied: they would stall everybody's reads and writes.
pub const DOCUMENT_BYTES: usize = 1024 * 1024;
/// Bytes before the JSON.
const HEAD: usize = 9;

/// A stored value; `None` if the document is too large or cannot be JSON.
pub(crate) fn encode(version: Version, document: &Document) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(256);
    bytes.push(FORMAT);
    bytes.extend(version.0.to_le_bytes());
    serde_json::to_writer(&mut bytes, document).ok()?;
    (bytes.len() - HEAD <= DOCUMENT_BYTES).then_some(bytes)
}

/// The version of a stored value.
pub(crate) fn version(bytes: &[u8]) -> Result<Version, String> {
    match bytes {
        [FORMAT, rest @ ..] if rest.len() >= 8 => {
            let (version, _) = rest.split_at(8);
            Ok(Version(version.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))))
        }
        [other, ..] if *other != FORMAT => Err(format!("its format is {other}, not {FORMAT}")),
        _ => Err(format!("it has only {} bytes", bytes.len())),
    }
}

/// A stored value, read.
pub(crate) fn decode(key: &str, bytes: &[u8]) -> Result<(Version, Document), FjallStoreError> {
    let damaged = |reason: String| FjallStoreError::Damaged { key: key.to_owned(), reason };
    let version = version(bytes).map_err(damaged)?;
    let document = serde_json::from_slice(&bytes[HEAD..]).map_err(|error| damaged(error.to_string()))?;
    Ok((version, document))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_come_back_and_damage_is_named() {
        let document = Document::new(3, &json!({"a": [1, null, "\u{e4}"]})).unwrap();
        for number in [0, 1, 255, 256, u64::MAX] {
            let bytes = encode(Version(number), &document).unwrap();
            assert_eq!(decode("k", &bytes).unwrap(), (Version(number), document.clone()));
        }
        let good = encode(Version(7), &document).unwrap();
        for (bytes, what) in [
            (&b""[..], "bytes"),
            (&good[..8], "bytes"),
            (&good[..9], "EOF"),
            (&good[..good.len() - 1], "EOF"),
            (&b"\x02\0\0\0\0\0\0\0\0{}"[..], "format is 2"),
        ] {
            let error = decode("k", bytes).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
        let large = Document::new(1, &json!({ "a": "x".repeat(DOCUMENT_BYTES) })).unwrap();
        assert_eq!(encode(Version(1), &large), None);
    }
}
