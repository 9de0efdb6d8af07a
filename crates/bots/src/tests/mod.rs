//! Behaviours and their files, and whole runs over TCP against a small room of two "nodes".

mod behaviours;
mod files;
mod market;
mod room;
mod runs;
mod things;
