//! xtask: to be built.
fn main() {}
