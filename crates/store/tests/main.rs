//! The tests of the store.

mod codec;
mod ledger;
mod model;
