//! The shared store over real sockets on loopback.

mod client;
mod fixture;
mod server;
