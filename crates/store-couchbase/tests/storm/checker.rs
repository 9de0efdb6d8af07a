//! Holds what a store said against what the stand-in did.

use std::collections::BTreeMap;

use serde::Deserialize;
use store::{Document, Key, Reply, Version};

use crate::standin::Written;

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Read,
    /// Tokens are unique.
    Insert {
        token: u64,
    },
    Replace {
        version: Version,
        token: u64,
    },
    /// Nobody else removes this version.
    Remove {
        version: Version,
    },
}

/// A request and what was said of it.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub key: Key,
    pub told: Told,
    pub reply: Reply,
}

#[derive(Deserialize)]
struct Body {
    n: u64,
}

/// The token in a document.
pub fn token_of(document: &Document) -> Option<u64> {
    document.read::<Body>(1).ok().map(|body| body.n)
}

/// One document's life.
#[derive(Default)]
struct Life {
    /// What each write made, in order: its CAS, and the token or nothing.
    states: Vec<(u64, Option<u64>)>,
}

impl Life {
    fn with_token(&self, token: u64) -> Vec<u64> {
        self.states.iter().filter(|(_, held)| *held == Some(token)).map(|(cas, _)| *cas).collect()
    }

    /// What came after a version.
    fn after(&self, version: Version) -> Option<(u64, Option<u64>)> {
        let at = self.states.iter().position(|(cas, _)| *cas == version.0)?;
        self.states.get(at + 1).copied()
    }

    /// The CAS of each time that the request was carried out.
    fn happened(&self, told: Told) -> Vec<u64> {
        match told {
            Told::Read => Vec::new(),
            Told::Insert { token } | Told::Replace { token, .. } => self.with_token(token),
            Told::Remove { version } => match self.after(version) {
                Some((cas, None)) => vec![cas],
                _ => Vec::new(),
            },
        }
    }

    /// Whether there was anything for the request to lose against.
    fn justifies_conflict(&self, told: Told) -> bool {
        match told {
            Told::Read => false,
            Told::Insert { .. } => self.states.iter().any(|(_, held)| held.is_some()),
            Told::Replace { version, .. } | Told::Remove { version } => self.after(version).is_some(),
        }
    }
}

/// What was said and is not true.
pub fn judge(attempts: &[Attempt], history: &[Written]) -> Vec<String> {
    let mut lives: BTreeMap<&str, Life> = BTreeMap::new();
    for written in history {
        let token = written.value.as_ref().map(|value| {
            let document: Document = serde_json::from_slice(value).expect("a document was written");
            token_of(&document).expect("with a token")
        });
        lives.entry(&written.key).or_default().states.push((written.cas, token));
    }
    let nothing = Life::default();
    let complain = |attempt: &Attempt| {
        let life = lives.get(attempt.key.as_str()).unwrap_or(&nothing);
        complaint(attempt, life)
            .map(|why| format!("{}: {:?} was answered {:?}: {why}", attempt.key, attempt.told, attempt.reply))
    };
    attempts.iter().filter_map(complain).collect()
}

fn complaint(attempt: &Attempt, life: &Life) -> Option<String> {
    let happened = life.happened(attempt.told);
    let is = |so: bool, why: &str| (!so).then(|| format!("{why}; it happened as {happened:?}"));
    match &attempt.reply {
        Reply::Found { version, document } => {
            let held = (version.0, token_of(document));
            is(life.states.contains(&held), "no write made this")
        }
        Reply::Absent => is(attempt.told == Told::Read, "it is no answer to a write"),
        Reply::Applied { version } => is(happened == [version.0], "the acknowledged write is missing"),
        Reply::Conflict if !happened.is_empty() => Some(format!("it happened as {happened:?}")),
        Reply::Conflict => is(life.justifies_conflict(attempt.told), "there was nothing to lose against"),
        Reply::NotApplied => is(happened.is_empty(), "it was applied"),
        Reply::Unknown => is(happened.len() <= 1, "it happened more than once"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(cas: u64, token: Option<u64>) -> Written {
        let value = token.map(|n| json!({ "schema": 1, "n": n }).to_string().into_bytes());
        Written { key: "avatar/a".into(), cas, value }
    }

    /// The life of a document: made as 1, replaced by 2, removed, made again as 3.
    fn history() -> Vec<Written> {
        vec![written(10, Some(1)), written(20, Some(2)), written(30, None), written(40, Some(3))]
    }

    #[test]
    fn truths_and_lies() {
        let applied = |cas| Reply::Applied { version: Version(cas) };
        let insert = |token| Told::Insert { token };
        let replace = |cas, token| Told::Replace { version: Version(cas), token };
        let remove = |cas| Told::Remove { version: Version(cas) };
        let found = |cas, n: u64| Reply::Found {
            version: Version(cas),
            document: Document::new(1, &json!({ "n": n })).expect("an object"),
        };
        let cases = [
            (insert(1), applied(10), true),
            (insert(1), applied(20), false),
            (insert(9), applied(10), false),
            (replace(10, 2), applied(20), true),
            (remove(20), applied(30), true),
            (remove(10), applied(30), false),
            (insert(9), Reply::Conflict, true),
            (insert(1), Reply::Conflict, false),
            (replace(10, 9), Reply::Conflict, true),
            (replace(10, 2), Reply::Conflict, false),
            (replace(40, 9), Reply::Conflict, false),
            (remove(20), Reply::Conflict, false),
            (remove(40), Reply::Conflict, false),
            (replace(10, 2), Reply::NotApplied, false),
            (replace(40, 9), Reply::NotApplied, true),
            (replace(10, 2), Reply::Unknown, true),
            (replace(40, 9), Reply::Unknown, true),
            (Told::Read, found(20, 2), true),
            (Told::Read, found(20, 1), false),
            (Told::Read, found(25, 2), false),
            (Told::Read, Reply::Absent, true),
            (insert(1), Reply::Absent, false),
        ];
        for (told, reply, is_true) in cases {
            let attempt = Attempt { key: Key::new("avatar", "a"), told, reply };
            let faults = judge(std::slice::from_ref(&attempt), &history());
            assert_eq!(faults.is_empty(), is_true, "{attempt:?}: {faults:?}");
        }
    }

    #[test]
    fn a_write_that_happened_twice_is_never_true() {
        let twice = [written(10, Some(1)), written(20, Some(1))];
        for reply in [Reply::Applied { version: Version(10) }, Reply::Unknown, Reply::Conflict, Reply::NotApplied] {
            let attempt = Attempt { key: Key::new("avatar", "a"), told: Told::Insert { token: 1 }, reply };
            assert_eq!(judge(&[attempt], &twice).len(), 1);
        }
    }
}
