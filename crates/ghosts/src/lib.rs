//! ghosts: to be built.
