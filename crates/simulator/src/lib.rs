//! simulator: to be built.
