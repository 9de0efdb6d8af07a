//! Dependencies inside the workspace point the way that the house says, and those that must be there are.

use super::Finding;
use super::house::{self, Room, Uses};
use super::members::{Dependency, Member};

/// Holds every declared dependency on a member against the table.
pub fn check(rooms: &'static [Room], members: &[Member]) -> Vec<Finding> {
    members.iter().flat_map(|member| check_member(rooms, members, member)).collect()
}

fn check_member(rooms: &'static [Room], members: &[Member], member: &Member) -> Vec<Finding> {
    let Some(room) = house::find(rooms, &member.name) else {
        let message = format!(
            "`{}` has no row in xtask/src/tidy/house.rs: give it a layer and say whether it is pure",
            member.name
        );
        return vec![Finding::of(&member.manifest(), message)];
    };
    let inside = |dependency: &&Dependency| members.iter().any(|other| other.name == dependency.name);
    let wrong = member.depends.iter().filter(inside).filter(|dependency| !permits(rooms, room, dependency));
    let wrong = wrong.map(|dependency| complaint(room, dependency));
    wrong.chain(missing(room, member)).map(|message| Finding::of(&member.manifest(), message)).collect()
}

/// What a crate must link and does not. A model beside the production code would prove nothing of it.
fn missing(room: &'static Room, member: &Member) -> impl Iterator<Item = String> {
    let linked =
        |name: &str| member.depends.iter().any(|dependency| dependency.name == name && !dependency.only_in_tests);
    room.links.iter().filter(move |name| !linked(name)).map(|name| {
        let crate_ = room.name;
        format!("`{crate_}` must link `{name}`: what it shows is shown of the code that serves players, not of a copy")
    })
}

fn permits(rooms: &'static [Room], room: &Room, dependency: &Dependency) -> bool {
    let covers = |uses: &Uses| match uses {
        Uses::One(name) => *name == dependency.name,
        Uses::All(layer) => house::find(rooms, &dependency.name).is_some_and(|other| other.layer == *layer),
    };
    room.uses.iter().any(covers) || (dependency.only_in_tests && room.tests_use.iter().any(covers))
}

fn complaint(room: &Room, dependency: &Dependency) -> String {
    let Dependency { name, only_in_tests } = dependency;
    let where_ = if *only_in_tests { ", not even in its tests" } else { "" };
    format!(
        "`{}` ({:?}) may not depend on `{name}`{where_}: dependencies point down, see xtask/src/tidy/house.rs",
        room.name, room.layer
    )
}

#[cfg(test)]
mod tests {
    use super::super::members::planted;
    use super::*;

    /// The whole house stands, and `name` uses `uses`: is that right?
    fn check(name: &str, uses: &[&str], expected: bool) {
        let others = house::ROOMS.iter().filter(|room| room.name != name).map(|room| planted(room.name, room.links));
        let members: Vec<Member> = others.chain([planted(name, uses)]).collect();
        let findings = super::check(house::ROOMS, &members);
        assert_eq!(findings.is_empty(), expected, "{name} uses {uses:?}: {findings:?}");
    }

    #[test]
    fn directions_of_the_house() {
        check("world", &["thiserror", "test:proptest"], true);
        check("world", &["protocol"], false);
        check("world", &["test:protocol"], false);
        check("protocol", &["world"], true);
        check("protocol", &["ghosts"], false);
        check("ghosts", &["world", "protocol"], true);
        check("store", &["world"], true);
        check("store", &["protocol"], false);
        check("node", &["world", "protocol", "ghosts", "store"], true);
        check("node", &["mesh-zeromq"], false);
        check("node", &["host"], false);
        check("population", &["store", "world"], true);
        check("population", &["node"], false);
        check("mesh-zeromq", &["node", "protocol", "world"], true);
        check("mesh-zeromq", &["directory-etcd"], false);
        check("mesh-zeromq", &["gateway"], false);
        check("gateway", &["protocol", "node", "test:client"], true);
        check("gateway", &["client"], false);
        check("host", &["gateway", "console", "mesh-zeromq", "store-shared", "node"], true);
        check("host", &["tombolo"], false);
        check("client", &["world", "protocol", "ghosts", "test:node"], true);
        check("client", &["node"], false);
        check("bots", &["client", "protocol"], true);
        check("bots", &["simulator"], false);
        for (more, expected) in [("protocol", true), ("mesh-zeromq", false), ("host", false), ("test:host", false)] {
            check("simulator", &["node", "store", "client", "world", "population", more], expected);
        }
        check("tombolo", &["host", "simulator", "bots", "store-shared"], true);
        check("xtask", &["tombolo"], false);
        check("bots", &["test:tombolo"], false);
    }

    #[test]
    fn a_simulator_of_something_else_than_the_production_code() {
        check("simulator", &["node", "store", "client", "world"], false);
        check("simulator", &["node", "store", "client", "world", "test:population"], false);
    }

    #[test]
    fn a_crate_without_a_row_is_told_where_to_put_one() {
        let findings = super::check(house::ROOMS, &[planted("lighthouse", &[])]);
        assert!(findings[0].message.contains("house.rs"), "{findings:?}");
    }
}
