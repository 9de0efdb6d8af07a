//! A host's record as it is stored: JSON, with a schema number, unknown fields ignored.

use node::ports::directory::{Claim, Half, HostEntry};
use serde::{Deserialize, Serialize};

/// Bytes of the longest record. A host with 255 client addresses stays below; what is longer is not ours.
pub(crate) const RECORD_BYTES: usize = 32 * 1024;

/// The newest schema that this build reads. A change that old builds cannot read is a new number.
const SCHEMA: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    schema: u32,
    name: String,
    host: u16,
    life: u64,
    nodes: u8,
    publish_address: String,
    direct_address: String,
    #[serde(default)]
    mesh_key: String,
    client_addresses: Vec<String>,
    shard: String,
    half: StoredHalf,
    #[serde(default)]
    draining: bool,
    software: String,
    /// The host took its leave and the record is about to go: others need not wonder whether it crashed.
    #[serde(default)]
    left: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StoredHalf {
    A,
    B,
}

/// What a record says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// The host is there.
    There(HostEntry),
    /// This life of the host took its leave.
    Left(Claim),
}

/// The bytes of a record.
pub(crate) fn encode(entry: &HostEntry, left: bool) -> Result<Vec<u8>, String> {
    let entry = entry.clone();
    let record = Record {
        schema: SCHEMA,
        name: entry.name,
        host: entry.claim.host,
        life: entry.claim.life,
        nodes: entry.nodes,
        publish_address: entry.publish_address,
        direct_address: entry.direct_address,
        mesh_key: entry.mesh_key,
        client_addresses: entry.client_addresses,
        shard: entry.shard,
        half: match entry.half {
            Half::A => StoredHalf::A,
            Half::B => StoredHalf::B,
        },
        draining: entry.draining,
        software: entry.software,
        left,
    };
    let bytes = serde_json::to_vec(&record).map_err(|e| e.to_string())?;
    if bytes.len() > RECORD_BYTES {
        return Err(format!("the record has {} bytes, the limit is {RECORD_BYTES}", bytes.len()));
    }
    Ok(bytes)
}

/// The record in `bytes`, which stood under the key of `host`.
pub(crate) fn decode(host: u16, bytes: &[u8]) -> Result<Stored, String> {
    if bytes.len() > RECORD_BYTES {
        return Err(format!("it has {} bytes, the limit is {RECORD_BYTES}", bytes.len()));
    }
    let record: Record = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    if record.schema > SCHEMA {
        return Err(format!("it has schema {}; this build reads up to {SCHEMA}", record.schema));
    }
    if record.host != host {
        return Err(format!("it says that it is of host {}", record.host));
    }
    let claim = Claim { host, life: record.life };
    if record.left {
        return Ok(Stored::Left(claim));
    }
    Ok(Stored::There(HostEntry {
        name: record.name,
        claim,
        nodes: record.nodes,
        publish_address: record.publish_address,
        direct_address: record.direct_address,
        mesh_key: record.mesh_key,
        client_addresses: record.client_addresses,
        shard: record.shard,
        half: match record.half {
            StoredHalf::A => Half::A,
            StoredHalf::B => Half::B,
        },
        draining: record.draining,
        software: record.software,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use node::ports::directory_conformance::entry;

    #[test]
    fn a_record_comes_back_as_it_went() {
        let entry = entry("anna", Claim { host: 7, life: 3 });
        let bytes = encode(&entry, false).unwrap();
        assert_eq!(decode(7, &bytes), Ok(Stored::There(entry.clone())));
        let bytes = encode(&entry, true).unwrap();
        assert_eq!(decode(7, &bytes), Ok(Stored::Left(entry.claim)));
    }

    #[test]
    fn what_is_not_ours_is_refused_and_what_is_new_is_ignored() {
        let good = String::from_utf8(encode(&entry("anna", Claim { host: 7, life: 3 }), false).unwrap()).unwrap();
        let cases = [
            (good.replacen('{', "{\"later\":[1],", 1), 7, true),
            (good.replace("\"mesh_key\":\"key of anna\",", ""), 7, true),
            (good.clone(), 8, false),
            (good.replace("\"schema\":1", "\"schema\":2"), 7, false),
            (good.replace("\"half\":\"b\"", "\"half\":\"c\""), 7, false),
            (good.replace("\"nodes\":2", "\"nodes\":256"), 7, false),
            (good[..good.len() - 1].to_owned(), 7, false),
            (String::new(), 7, false),
            (format!("{good}{}", " ".repeat(RECORD_BYTES)), 7, false),
        ];
        for (text, host, readable) in cases {
            assert_eq!(decode(host, text.as_bytes()).is_ok(), readable, "{text}");
        }
    }

    /// Whatever is spoiled in a record: what is still read can be written and read again.
    #[test]
    fn fuzz_records() {
        let good = encode(&entry("anna", Claim { host: 7, life: 3 }), false).unwrap();
        bolero::check!().for_each(|bytes: &[u8]| {
            let spoiled = fuzz::edited(&mut fuzz::Tape::new(bytes), &good);
            if let Ok(Stored::There(entry)) = decode(7, &spoiled)
                && let Ok(again) = encode(&entry, false)
            {
                assert_eq!(decode(7, &again), Ok(Stored::There(entry)));
            }
            let _ = decode(7, bytes);
        });
    }
}
