//! From TOML to rows: how tables are written, and where in a file each mistake stands.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use serde_spanned::Spanned;
use world::island::PropKind;

use super::check::Checker;
use super::error::{TableError, TableErrors};
use super::{Source, Tables};

/// A file, as written.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    #[serde(rename = "item")]
    pub items: Vec<Item>,
    #[serde(rename = "recipe")]
    pub recipes: Vec<Recipe>,
    #[serde(rename = "prop")]
    pub props: Vec<Prop>,
    #[serde(rename = "building")]
    pub buildings: Vec<Building>,
    pub body: Option<Spanned<Body>>,
    pub land: Option<Spanned<Land>>,
}

/// `[[item]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Item {
    pub name: Spanned<String>,
    pub title: String,
    pub weight_g: u32,
    #[serde(default = "one")]
    pub stack: Spanned<u32>,
    #[serde(default)]
    pub food_kj: u32,
}

/// `{ item = "wood", amount = 2 }`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Heap {
    pub item: Spanned<String>,
    #[serde(default = "one")]
    pub amount: Spanned<u32>,
}

/// `[[recipe]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recipe {
    pub name: Spanned<String>,
    pub of: Spanned<Vec<Heap>>,
    pub makes: Heap,
    #[serde(default)]
    pub time_ms: u32,
    pub at: Option<Spanned<String>>,
}

/// `[[prop]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Prop {
    pub kind: Spanned<String>,
    pub gives: Spanned<String>,
    #[serde(default = "one")]
    pub amount: Spanned<u32>,
    pub units: Spanned<u32>,
    pub regrow_ms: Spanned<u64>,
    #[serde(default)]
    pub time_ms: u32,
    pub tool: Option<Spanned<String>>,
}

/// `[[building]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Building {
    pub name: Spanned<String>,
    pub title: String,
    pub of: Spanned<Vec<Heap>>,
    #[serde(default)]
    pub time_ms: u32,
    pub room: Option<BagRoom>,
    #[serde(default)]
    pub decay_ms: u64,
    #[serde(default)]
    pub gives_back_percent: Option<Spanned<u8>>,
    #[serde(default)]
    pub clearance_cm: u32,
}

/// `{ stacks = 20, weight_g = 50_000 }`
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BagRoom {
    pub stacks: u16,
    pub weight_g: u32,
}

/// `[body]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    pub stacks: u16,
    pub weight_g: u32,
    pub reach_cm: u32,
    pub energy_kj: u32,
    pub burn_kj_per_hour: u32,
    pub pile_ms: u64,
    pub amount_limit: Spanned<u32>,
}

/// `[land]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Land {
    pub chunks: Spanned<u8>,
    pub parcels: u8,
    pub members: Spanned<u8>,
    pub claim: Vec<Heap>,
    pub upkeep: Vec<Heap>,
    pub period_ms: Spanned<u64>,
    pub periods: Spanned<u8>,
}

fn one() -> Spanned<u32> {
    Spanned::new(0..0, 1)
}

/// Where in the files a mistake stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub source: Source<'a>,
}

impl Place<'_> {
    pub(super) fn error(self, span: Range<usize>, what: impl Into<String>) -> TableError {
        let text = self.source.text;
        let front = &text[..text.floor_char_boundary(span.start)];
        let line = front.rfind('\n').map_or(0, |at| at + 1);
        TableError {
            file: self.source.file.to_owned(),
            row: front.matches('\n').count() + 1,
            column: front[line..].chars().count() + 1,
            what: what.into(),
        }
    }
}

pub(super) fn tables(sources: &[Source<'_>]) -> Result<Tables, TableErrors> {
    let mut errors = Vec::new();
    let mut files = Vec::new();
    for source in sources {
        let place = Place { source: *source };
        match toml::from_str::<File>(source.text) {
            Ok(file) => files.push((place, file)),
            Err(error) => errors.push(malformed(place, &error)),
        }
    }
    // References into a file that cannot be read would all be told as mistakes of others.
    if !errors.is_empty() {
        return Err(TableErrors(errors));
    }
    Checker::new(&files).tables()
}

fn malformed(place: Place<'_>, error: &toml::de::Error) -> TableError {
    let what = unknown_key(error.message()).unwrap_or_else(|| error.message().trim().replace('\n', " "));
    place.error(error.span().unwrap_or(0..0), what)
}

/// A message about an unknown key, with the nearest known one.
fn unknown_key(message: &str) -> Option<String> {
    let rest = message.strip_prefix("unknown field ")?;
    let (key, known) = rest.split_once(", expected ")?;
    let key = key.trim_matches('`');
    let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    Some(match nearest(key, known.iter().copied()) {
        Some(near) => format!("there is no key `{key}` here; did you mean `{near}`?"),
        None => format!("there is no key `{key}` here; there are {}", known.join(", ")),
    })
}

/// The known word that is most like `word`, if one is like it at all.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|k| (strsim::damerau_levenshtein(word, k), k))
        .min()
        .filter(|(distance, k)| *distance <= 2.max(k.len() / 3))
        .map(|(_, k)| k)
}

/// The natural kinds by the names that tables use.
pub(super) fn prop_kinds() -> BTreeMap<String, PropKind> {
    PropKind::ALL.into_iter().map(|kind| (kebab(&format!("{kind:?}")), kind)).collect()
}

fn kebab(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}
