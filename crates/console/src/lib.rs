//! console: to be built.
