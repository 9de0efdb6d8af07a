//! tombolo: to be built.
fn main() {}
