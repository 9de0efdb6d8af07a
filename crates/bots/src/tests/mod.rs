//! Behaviours and their files, and whole runs over TCP against a small room of two "nodes".

mod behaviours;
mod files;
mod room;
mod runs;
