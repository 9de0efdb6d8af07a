//! Names of table rows: what documents and requests hold, so that rows may be sorted and renumbered at will.

use std::fmt;

use serde::{Deserialize, Serialize};
use wincode::{SchemaRead, SchemaWrite};

/// Bytes of the longest name.
pub const NAME_BYTES: usize = 32;

/// Whether a name may stand in a table: lower-case letters, digits and `-`, beginning with a letter.
pub(crate) fn is_sound(name: &str) -> bool {
    let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    name.len() <= NAME_BYTES && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(rest)
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, SchemaRead, SchemaWrite,
        )]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(name.to_owned())
            }
        }
    };
}

name!(
    /// An item's name.
    ItemId
);
name!(
    /// A recipe's name.
    RecipeId
);
name!(
    /// A building's name.
    BuildingId
);
