//! The directory against a real etcd, which each test starts for itself.

mod conformance;
mod crowd;
mod etcd;
mod outage;
