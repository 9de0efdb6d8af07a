//! Closed lists of names: what a report counts, each kind exactly once and also when it is zero.

/// An enum whose variants have stable names in reports.
macro_rules! names {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $(#[$meta])*
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in reports.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    };
}

pub(crate) use names;

use std::collections::BTreeMap;

use serde::Serialize;

/// How often each of a closed list came about, zeros included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Tally<K: Ord>(BTreeMap<K, u64>);

impl<K: Ord + Copy> Tally<K> {
    /// Zero of each.
    pub(crate) fn of(all: &[K]) -> Self {
        Self(all.iter().map(|kind| (*kind, 0)).collect())
    }

    pub(crate) fn note(&mut self, kind: K) {
        self.add(kind, 1);
    }

    pub(crate) fn add(&mut self, kind: K, times: u64) {
        *self.0.entry(kind).or_insert(0) += times;
    }

    /// Adds another run's counts.
    pub fn merge(&mut self, other: &Self) {
        other.iter().for_each(|(kind, times)| self.add(kind, times));
    }

    /// How often this came about.
    #[must_use]
    pub fn get(&self, kind: K) -> u64 {
        self.0.get(&kind).copied().unwrap_or(0)
    }

    /// All, in the order of the list.
    pub fn iter(&self) -> impl Iterator<Item = (K, u64)> {
        self.0.iter().map(|(kind, times)| (*kind, *times))
    }
}
