//! bots: to be built.
