//! protocol: to be built.
