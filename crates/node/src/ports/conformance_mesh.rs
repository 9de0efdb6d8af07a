//! What every mesh must do: one suite for the mesh in memory, the real one, and any that follow.
//!
//! A [`MeshFixture`] starts hosts and lets time pass. Each case is a function; [`crate::mesh_conformance`] makes a test
//! of each. A case never waits for a span of time: it waits for something to be heard, and proves that nothing was by
//! a later message on the same way that was.
//!
//! Main type: [`MeshFixture`].

mod cases;
mod ear;

pub use cases::*;
pub use ear::*;

use super::directory::Claim;
use super::mesh::{Mesh, MeshPeer};

/// A host that was started.
#[derive(Debug)]
pub struct Started {
    /// Its mesh.
    pub mesh: Box<dyn Mesh>,
    /// How others connect to it.
    pub peer: MeshPeer,
}

/// A way to make hosts that can reach each other.
pub trait MeshFixture {
    /// Starts a host; it is connected to nobody.
    fn start(&self, claim: Claim, nodes: u8) -> Started;

    /// Lets messages flow and asks `done` again and again; false if it gave up before `done` said yes.
    fn settle(&self, done: &mut dyn FnMut() -> bool) -> bool;
}

/// Makes one `#[test]` of each case, with a fresh fixture from the expression.
#[macro_export]
macro_rules! mesh_conformance {
    ($fixture:expr) => {
        $crate::mesh_conformance! { $fixture =>
            each_publisher_is_heard_in_order
            a_filter_hears_its_topics_and_no_others
            subscriptions_are_counted
            nodes_of_one_host_hear_each_other_but_not_themselves
            the_direct_lane_reaches_exactly_one_node
            an_unknown_destination_is_dropped_and_counted
            twenty_thousand_subscriptions_all_arrive
            an_unconnected_host_is_not_heard
            a_link_that_ended_is_silent_until_it_is_made_again
            a_new_life_replaces_the_old
            a_host_speaks_only_under_its_own_number
            a_detached_node_hears_nothing
            a_node_is_replaced_by_its_successor
        }
    };
    ($fixture:expr => $($case:ident)*) => {
        $(
            #[test]
            fn $case() {
                $crate::ports::conformance_mesh::$case(&$fixture);
            }
        )*
    };
}
