//! Things, from a node's side: deeds that clients ask for, what they have, the traces of the chunks in view, and the words
//! of a trade.
//!
//! Whatever is stored is changed by the commit protocol alone. What is kept here are copies: [`pages`] of what others
//! see, and words that are forgotten.

mod asking;
pub(crate) mod pages;
mod telling;
mod trading;
mod wire;
