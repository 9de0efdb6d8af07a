//! gateway: to be built.
