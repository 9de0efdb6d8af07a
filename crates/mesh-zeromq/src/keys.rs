//! Who a host is on the links, and whom it believes: a key pair from one file, the keys of all hosts from another.
//!
//! Both are lines of text with keys as 64 hexadecimal digits. The list may be replaced while the host runs; the pair is
//! read once, since a host that changes its own key starts a new life anyway.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};

use thiserror::Error;

/// Bytes of a key.
const KEY_BYTES: usize = 32;
/// Bytes of the longest file: as many hosts as there are numbers for stay far below.
const FILE_BYTES: u64 = 8 * 1024 * 1024;
/// Keys in a list: every host number twice, for a change of all keys at once. A longer list is refused.
const KEYS: usize = 2 * 65_536;

/// A host's public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKey(pub(crate) [u8; KEY_BYTES]);

/// A host's key pair. The secret half is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyPair {
    /// What others are told.
    pub public: PublicKey,
    pub(crate) secret: [u8; KEY_BYTES],
}

/// Why keys cannot be had.
#[derive(Debug, Error)]
pub enum KeyError {
    /// A file cannot be read.
    #[error("{}: {source}; `tombolo node-keys` makes a key pair", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A line is not what belongs there.
    #[error("{}:{line}: {reason}", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// libzmq was built without CURVE, or has no chance to draw from.
    #[error("libzmq makes no keys ({0}); it must be built with CURVE, as Debian's is")]
    NoCurve(zmq::Error),
}

impl PublicKey {
    /// A key from what a directory or a person wrote.
    ///
    /// # Errors
    /// It is not 64 hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse_key(text).map(Self)
    }

    pub(crate) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl FromStr for PublicKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair").field("public", &self.public).finish_non_exhaustive()
    }
}

impl KeyPair {
    /// A new pair.
    ///
    /// # Errors
    /// libzmq has no CURVE.
    pub fn generate() -> Result<Self, KeyError> {
        let pair = zmq::CurveKeyPair::new().map_err(KeyError::NoCurve)?;
        Ok(Self { public: PublicKey(pair.public_key), secret: pair.secret_key })
    }

    /// Reads a pair that [`Self::to_text`] wrote.
    ///
    /// # Errors
    /// The file cannot be read, or is not a pair.
    pub fn load(file: &Path) -> Result<Self, KeyError> {
        let text = read(file)?;
        let malformed = |line, reason: String| KeyError::Malformed { file: file.to_owned(), line, reason };
        let (mut public, mut secret) = (None, None);
        for (line, content) in lines(&text) {
            let (half, key) = content.split_once(char::is_whitespace).unwrap_or((content, ""));
            let key = parse_key(key.trim()).map_err(|reason| malformed(line, reason));
            match half {
                "public" => public = Some(key?),
                "secret" => secret = Some(key?),
                _ => return Err(malformed(line, "expected a line `public KEY` and a line `secret KEY`".into())),
            }
        }
        match (public, secret) {
            (Some(public), Some(secret)) => Ok(Self { public: PublicKey(public), secret }),
            _ => Err(malformed(text.lines().count(), "the line `public KEY` or `secret KEY` is missing".into())),
        }
    }

    /// The file of this pair, secret included.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!(
            "# The key pair of one host for the links between hosts. Who reads this file can speak for that host.\n\
             public {}\nsecret {}\n",
            self.public,
            hex(&self.secret)
        )
    }
}

/// The keys of the hosts that are believed.
#[derive(Debug)]
pub struct AcceptedKeys {
    file: PathBuf,
    list: RwLock<Arc<KeyList>>,
}

/// A list as it was read. Names are for people and logs only.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct KeyList {
    names: BTreeMap<PublicKey, String>,
}

impl AcceptedKeys {
    /// Reads a list: a key and a name a line, empty lines, and comments that begin with `#`.
    ///
    /// # Errors
    /// The file cannot be read, or a line is none of these.
    pub fn load(file: impl Into<PathBuf>) -> Result<Self, KeyError> {
        let file = file.into();
        let list = KeyList::read(&file)?;
        Ok(Self { file, list: RwLock::new(Arc::new(list)) })
    }

    /// Reads the list again. Returns whether it has changed.
    ///
    /// # Errors
    /// As [`Self::load`]; the old list stays in force.
    pub fn renew(&self) -> Result<bool, KeyError> {
        let new = KeyList::read(&self.file)?;
        let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
        let changed = **list != new;
        if changed {
            *list = Arc::new(new);
        }
        Ok(changed)
    }

    /// The list in force.
    pub(crate) fn list(&self) -> Arc<KeyList> {
        Arc::clone(&self.list.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The number of keys.
    #[must_use]
    pub fn count(&self) -> usize {
        self.list().names.len()
    }

    /// Whether a key is believed.
    #[must_use]
    pub fn accepts(&self, key: &PublicKey) -> bool {
        self.list().accepts(key)
    }
}

impl KeyList {
    fn read(file: &Path) -> Result<Self, KeyError> {
        let text = read(file)?;
        let malformed = |line, reason| KeyError::Malformed { file: file.to_owned(), line, reason };
        let mut names = BTreeMap::new();
        for (line, content) in lines(&text) {
            let (key, name) = content.split_once(char::is_whitespace).unwrap_or((content, ""));
            let key = parse_key(key).map_err(|reason| malformed(line, reason))?;
            if names.insert(PublicKey(key), name.trim().to_owned()).is_some() {
                return Err(malformed(line, "this key is in the list already".into()));
            }
            if names.len() > KEYS {
                return Err(malformed(line, format!("a list holds at most {KEYS} keys")));
            }
        }
        Ok(Self { names })
    }

    pub(crate) fn accepts(&self, key: &PublicKey) -> bool {
        self.names.contains_key(key)
    }
}

/// What a mesh needs to speak in secret.
#[derive(Clone, Debug)]
pub struct Security {
    /// Who this host is.
    pub pair: KeyPair,
    /// Whom it believes.
    pub accepted: Arc<AcceptedKeys>,
}

fn read(file: &Path) -> Result<String, KeyError> {
    let unreadable = |source| KeyError::Unreadable { file: file.to_owned(), source };
    if fs::metadata(file).map_err(unreadable)?.len() > FILE_BYTES {
        let reason = format!("a file of keys has at most {FILE_BYTES} bytes");
        return Err(KeyError::Malformed { file: file.to_owned(), line: 1, reason });
    }
    fs::read_to_string(file).map_err(unreadable)
}

/// The lines that say something, with their numbers.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

fn parse_key(text: &str) -> Result<[u8; KEY_BYTES], String> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
    match digits.as_deref().map(<[u8]>::as_chunks::<2>) {
        Some((pairs, [])) if pairs.len() == KEY_BYTES => {
            let mut key = [0; KEY_BYTES];
            key.iter_mut().zip(pairs).for_each(|(byte, [high, low])| *byte = high << 4 | low);
            Ok(key)
        }
        // A key that cannot be read is not repeated: it may be a secret one.
        _ => {
            Err(format!("a key is {} hexadecimal digits; here are {} characters", 2 * KEY_BYTES, text.chars().count()))
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            Self(tempfile::tempdir().expect("a folder"))
        }

        fn file(&self, text: &str) -> PathBuf {
            let file = self.0.path().join("keys");
            fs::write(&file, text).expect("writes");
            file
        }
    }

    #[test]
    fn a_pair_comes_back_as_it_went_and_shows_no_secret() {
        let (folder, pair) = (Folder::new(), KeyPair::generate().expect("CURVE"));
        assert_eq!(KeyPair::load(&folder.file(&pair.to_text())).expect("a pair"), pair);
        assert_eq!(PublicKey::parse(&pair.public.to_string()), Ok(pair.public));
        let shown = format!("{pair:?}");
        assert!(shown.contains(&pair.public.to_string()) && !shown.contains(&hex(&pair.secret)), "{shown}");
        assert_ne!(KeyPair::generate().expect("CURVE"), pair);
    }

    #[test]
    fn mistakes_in_files_are_named_with_their_line_and_without_the_key() {
        let key = "ab".repeat(32);
        let (odd, wide) = ("a".repeat(63), "0".repeat(62) + "ä");
        let pairs = [
            (String::new(), 0),
            (format!("public {key}"), 1),
            (format!("public {key}\nsecret {odd}\n"), 2),
            (format!("public {key}\n\n# a word\nsekret {key}\n"), 4),
        ];
        let lists = [(format!("{key} a\n{key} b\n"), 2), (format!("# all\n{odd} a"), 2), (format!("\n\n{wide}"), 3)];
        let folder = Folder::new();
        let check = |text: &str, line: usize, error: KeyError| {
            let said = error.to_string();
            assert!(said.contains(&format!("keys:{line}: ")) && !said.contains(&odd), "{text:?}: {said}");
        };
        for (text, line) in pairs {
            check(&text, line, KeyPair::load(&folder.file(&text)).expect_err(&text));
        }
        for (text, line) in lists {
            check(&text, line, AcceptedKeys::load(folder.file(&text)).expect_err(&text));
        }
        let missing = KeyPair::load(&folder.0.path().join("none")).expect_err("no file").to_string();
        assert!(missing.contains("none") && missing.contains("node-keys"), "{missing}");
    }

    #[test]
    fn a_list_is_renewed_and_a_bad_one_changes_nothing() {
        let folder = Folder::new();
        let [a, b] = [0, 1].map(|_| KeyPair::generate().expect("CURVE").public);
        let keys = AcceptedKeys::load(folder.file(&format!("# all\n{a} anna\n"))).expect("a list");
        assert!(keys.accepts(&a) && !keys.accepts(&b));
        assert!(!keys.renew().expect("the same"));
        folder.file(&format!("{a}\n  {b}   bert \n"));
        assert!(keys.renew().expect("a longer one"));
        assert!(keys.accepts(&a) && keys.accepts(&b));
        folder.file(&format!("{b}\nnonsense\n"));
        keys.renew().expect_err("nonsense");
        fs::remove_file(folder.0.path().join("keys")).expect("removes");
        keys.renew().expect_err("no file");
        assert!(keys.accepts(&a), "the old list stays");
        folder.file("");
        assert!(keys.renew().expect("an empty one"));
        assert_eq!(keys.count(), 0);
    }

    /// Whatever is in a file: it is refused with its line, or read.
    #[test]
    fn fuzz_files() {
        let folder = Folder::new();
        let good = KeyPair::generate().expect("CURVE").to_text();
        bolero::check!().for_each(|bytes: &[u8]| {
            let spoiled = fuzz::edited(&mut fuzz::Tape::new(bytes), good.as_bytes());
            let file = folder.0.path().join("keys");
            fs::write(&file, &spoiled).expect("writes");
            if let Ok(pair) = KeyPair::load(&file) {
                assert_eq!(KeyPair::load(&folder.file(&pair.to_text())).expect("a pair"), pair);
            }
            let _ = AcceptedKeys::load(&file).map(|keys| keys.count());
        });
    }
}
