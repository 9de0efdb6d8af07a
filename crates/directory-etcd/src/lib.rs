//! directory-etcd: to be built.
