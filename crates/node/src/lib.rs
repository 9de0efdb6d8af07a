//! One node of the world as a sans-IO machine: sessions, interest, authority, ghosts and streams.
//!
//! It never awaits, sleeps, reads a clock, draws a random number, does float arithmetic or iterates in hash order. The
//! host drives it with real sockets, the simulator with a virtual clock and a hostile network.

pub mod ports;
