//! The suite that every mesh passes.

use crate::fixture::Loopback;

node::mesh_conformance!(Loopback);
