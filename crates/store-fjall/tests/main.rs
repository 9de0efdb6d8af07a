//! The tests of the store on disk.

mod child;
mod crashes;
mod fixture;
mod full;
mod port;
mod whole;
