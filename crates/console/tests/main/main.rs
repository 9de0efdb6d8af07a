//! The console over real sockets: what it answers, whom it refuses, and what it costs.

mod fixture;
mod http;
mod live;
