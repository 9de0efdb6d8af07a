//! host: to be built.
