//! What is wrong with a table, and where.

use std::fmt;

use thiserror::Error;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}:{row}:{column}: {what}")]
pub struct TableError {
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub row: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub what: String,
}

/// Every mistake in a set of tables, in the order of files and places.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct TableErrors(pub Vec<TableError>);

impl fmt::Display for TableErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        self.0.iter().try_for_each(|error| {
            let line_break = if std::mem::take(&mut first) { "" } else { "\n" };
            write!(f, "{line_break}{error}")
        })
    }
}
