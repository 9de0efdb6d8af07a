//! store-shared: to be built.
