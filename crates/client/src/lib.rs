//! client: to be built.
