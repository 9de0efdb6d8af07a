//! A world that is told to stop ends in good order, with players in it too.

use crate::fixture::World;

#[test]
fn a_terminated_world_says_goodbye() {
    let world = World::start("--nodes 2 --bots 10");
    assert_eq!(world.addresses.len(), 2);
    assert_eq!(world.signal("-TERM"), Some(0));
}

#[test]
fn an_interrupted_world_says_goodbye() {
    assert_eq!(World::start("--nodes 1 --bots 5").signal("-INT"), Some(0));
}

#[test]
fn an_empty_world_ends_as_well() {
    assert_eq!(World::start("--nodes 3 --bots 0").signal("-INT"), Some(0));
}
