//! The store against a stand-in of the cluster, and against a real one.
//!
//! The store itself needs the feature `sdk`: `cargo xtask ci couchbase`. Without it, only the stand-in is tested.

#[cfg_attr(not(feature = "sdk"), allow(dead_code, unused_imports, reason = "only the store makes use of all of it"))]
mod standin;
mod wire;

#[cfg(feature = "sdk")]
mod conformance;
#[cfg(feature = "sdk")]
mod faults;
#[cfg(feature = "sdk")]
mod fixture;
#[cfg(feature = "sdk")]
mod real;
#[cfg(feature = "sdk")]
mod sessions;
#[cfg(feature = "sdk")]
mod storm;

#[cfg(not(feature = "sdk"))]
#[test]
// tidy-allow: the runner counts it as skipped and shows why; returning early would be green by silence
#[ignore = "built without the feature `sdk`: cargo xtask ci couchbase"]
fn the_store_against_the_stand_in_and_a_real_cluster() {
    panic!("cargo test -p store-couchbase --features sdk");
}
