//! The documents of a bucket, and what the server does to them.
//!
//! Invariant: each write that happened is in the history, once, in the order in which they happened.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use super::packet::{Asked, Said, op, status};

/// Bytes of the largest document.
const LARGEST: usize = 20 * 1024 * 1024;
/// What the SDK marks JSON with.
const JSON_FLAGS: [u8; 4] = [2, 0, 0, 0];

/// A write that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub key: String,
    /// The CAS that it made.
    pub cas: u64,
    /// `None`: the document was removed.
    pub value: Option<Vec<u8>>,
}

/// A collection of documents.
#[derive(Debug)]
pub struct Documents {
    held: BTreeMap<Vec<u8>, (u64, Vec<u8>)>,
    /// Keys with a durable write that is not yet acknowledged by the other copies.
    pending: BTreeMap<Vec<u8>, u32>,
    last_cas: u64,
    pub history: Vec<Written>,
    /// What a client of ours must never ask for.
    pub violations: Vec<String>,
}

impl Default for Documents {
    fn default() -> Self {
        // Like a server's: the clock's, so that one which starts again does not use a number twice.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        let last_cas = u64::try_from(now).unwrap_or(1) & !0xffff;
        let (held, pending, history, violations) = Default::default();
        Self { held, pending, last_cas, history, violations }
    }
}

/// Whether a write can be carried out.
enum Judgement {
    Go,
    Refused(u16),
}

impl Documents {
    /// Carries out a read or a write at once.
    pub fn carry_out(&mut self, asked: &Asked, key: &[u8]) -> Said {
        match asked.op {
            op::GET => match self.held.get(key) {
                Some((cas, value)) => Said { cas: *cas, extras: JSON_FLAGS.to_vec(), ..Said::value(value.clone()) },
                None => Said::status(status::NOT_FOUND),
            },
            _ => match self.judge(asked, key) {
                Judgement::Refused(status) => Said::status(status),
                Judgement::Go => Said::cas(self.write(asked, key)),
            },
        }
    }

    /// Begins a durable write: until it is finished nobody else may write the document, and all still read the old.
    pub fn prepare(&mut self, asked: &Asked, key: &[u8]) -> Result<(), Said> {
        match self.judge(asked, key) {
            Judgement::Refused(status) => Err(Said::status(status)),
            Judgement::Go => {
                self.pending.insert(key.to_vec(), asked.opaque);
                Ok(())
            }
        }
    }

    /// Finishes what was prepared.
    pub fn commit(&mut self, asked: &Asked, key: &[u8]) -> Said {
        self.pending.remove(key);
        Said::cas(self.write(asked, key))
    }

    /// Another client writes the document, whatever it is.
    pub fn rival(&mut self, key: &[u8]) {
        let cas = self.next_cas();
        if let Some((held, _)) = self.held.get_mut(key) {
            *held = cas;
        } else {
            self.held.insert(key.to_vec(), (cas, br#"{"schema":1,"rival":true}"#.to_vec()));
        }
        self.note(key, cas);
    }

    /// Puts something there that is no document of ours.
    pub fn put(&mut self, key: &str, value: &[u8]) {
        let cas = self.next_cas();
        self.held.insert(key.as_bytes().to_vec(), (cas, value.to_vec()));
    }

    fn judge(&mut self, asked: &Asked, key: &[u8]) -> Judgement {
        self.watch(asked, key);
        if self.pending.contains_key(key) {
            return Judgement::Refused(status::SYNC_WRITE_IN_PROGRESS);
        }
        let held = self.held.get(key).map(|(cas, _)| *cas);
        match (asked.op, held) {
            (op::ADD | op::REPLACE, _) if asked.value.len() > LARGEST => Judgement::Refused(status::TOO_BIG),
            (op::ADD, None) => Judgement::Go,
            (op::ADD, Some(_)) => Judgement::Refused(status::EXISTS),
            (op::REPLACE | op::DELETE, None) => Judgement::Refused(status::NOT_FOUND),
            (op::REPLACE | op::DELETE, Some(held)) if asked.cas == 0 || asked.cas == held => Judgement::Go,
            (op::REPLACE | op::DELETE, Some(_)) => Judgement::Refused(status::EXISTS),
            _ => Judgement::Refused(status::UNKNOWN_COMMAND),
        }
    }

    fn write(&mut self, asked: &Asked, key: &[u8]) -> u64 {
        let cas = self.next_cas();
        match asked.op {
            op::DELETE => drop(self.held.remove(key)),
            _ => drop(self.held.insert(key.to_vec(), (cas, asked.value.clone()))),
        }
        self.note(key, cas);
        cas
    }

    fn note(&mut self, key: &[u8], cas: u64) {
        let value = self.held.get(key).map(|(_, value)| value.clone());
        self.history.push(Written { key: String::from_utf8_lossy(key).into_owned(), cas, value });
    }

    fn next_cas(&mut self) -> u64 {
        self.last_cas += 0x1_0000;
        self.last_cas
    }

    /// Every write of ours names the version that it replaces, and writes JSON that says so.
    fn watch(&mut self, asked: &Asked, key: &[u8]) {
        let key = String::from_utf8_lossy(key);
        if matches!(asked.op, op::REPLACE | op::DELETE) && asked.cas == 0 {
            self.violations.push(format!("{key}: a write without a version"));
        }
        if asked.op == op::SET || (asked.op == op::ADD && asked.cas != 0) {
            self.violations.push(format!("{key}: operation {:#x} with version {}", asked.op, asked.cas));
        }
        if matches!(asked.op, op::ADD | op::REPLACE) {
            if asked.extras.get(..4) != Some(&JSON_FLAGS[..]) || asked.extras.get(4..) != Some(&[0; 4][..]) {
                self.violations.push(format!("{key}: flags and expiry {:?}", asked.extras));
            }
            if serde_json::from_slice::<serde_json::Value>(&asked.value).is_err() {
                self.violations.push(format!("{key}: a value that is no JSON"));
            }
        }
    }
}
