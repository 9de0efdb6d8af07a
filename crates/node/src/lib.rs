//! node: to be built.
