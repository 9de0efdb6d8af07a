//! What the nodes show of themselves: the snapshots of their maps, read side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use anyhow::{Context, Result, anyhow};
use serde_json::Value;

use super::http;

/// What one node shows.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// Its life.
    pub id: String,
    /// Clients in the world.
    pub sessions: u64,
    /// Sessions that began in this life because a client came; those that another node handed over only went on.
    pub begun: u64,
    /// Times it was stopped for more than a second.
    pub stalls: u64,
    /// The lives of other nodes that it hears.
    pub hears: BTreeSet<String>,
    /// Who is where: the entities that it shows, by the life of the node that holds them.
    pub held_by: BTreeMap<String, BTreeSet<String>>,
    /// The entities that it holds itself, with their places.
    pub own: Vec<(String, At)>,
}

/// A place, in units of 1/120 m.
type At = (i64, i64);

/// Who is so near to somebody in both directions, in units, is in view in any case: 20 m, where the least view reaches 30 m
/// beyond the own chunk. The looks at two nodes are up to a second apart, in which somebody runs 6 m.
const IN_VIEW: i64 = 20 * 120;

impl Look {
    /// Looks at a node now.
    pub fn at(node: u16, map: SocketAddr) -> Result<Self> {
        let snapshot = http::get_json(map, "/api/snapshot")?;
        Self::read(&snapshot, &format!("node-{node}")).with_context(|| format!("the map of node-{node}"))
    }

    fn read(snapshot: &Value, host: &str) -> Result<Self> {
        let list = |name: &str| snapshot[name].as_array().ok_or_else(|| anyhow!("`{name}` is no list"));
        let ids: Vec<&str> = list("nodes")?.iter().map(|node| node["id"].as_str().unwrap_or_default()).collect();
        let id_at = |index: &Value| index.as_u64().and_then(|index| ids.get(usize::try_from(index).ok()?)).copied();
        let own = list("nodes")?.iter().find(|node| node["host"] == host).context("it does not show itself")?;
        let id = own["id"].as_str().unwrap_or_default().to_owned();
        let mut look = Self { id, sessions: own["sessions"].as_u64().unwrap_or(0), ..Self::default() };
        let total = |name: &str| snapshot["counters"][name].as_f64().with_context(|| format!("`{name}` is missing"));
        look.begun = (total("sessions_begun_total")? - total("guests_taken_total")?).max(0.0) as u64;
        look.stalls = total("stalls_total")? as u64;
        for link in list("links")?.iter().filter(|link| link["up"] == true) {
            look.hears.extend(id_at(&link["from"]).map(str::to_owned));
        }
        for entity in list("entities")? {
            let (Some(holder), Some(who)) = (id_at(&entity["node"]), entity["id"].as_str()) else { continue };
            look.held_by.entry(holder.to_owned()).or_default().insert(who.to_owned());
            if let (true, Some(x), Some(y)) = (holder == look.id, entity["x"].as_i64(), entity["y"].as_i64()) {
                look.own.push((who.to_owned(), (x, y)));
            }
        }
        Ok(look)
    }

    /// How many entities it shows that a node holds.
    pub fn shows_of(&self, id: &str) -> usize {
        self.held_by.get(id).map_or(0, BTreeSet::len)
    }
}

/// Players in the world, as the nodes count them.
pub fn sessions(looks: &[Look]) -> u64 {
    looks.iter().map(|look| look.sessions).sum()
}

/// Whether each node hears every other one in its present life, and holds no copy of what its holder does not have.
pub fn agree(looks: &[Look]) -> bool {
    let hear = looks.iter().all(|look| looks.iter().all(|other| other.id == look.id || look.hears.contains(&other.id)));
    let own = |id: &str| looks.iter().find(|look| look.id == id).and_then(|look| look.held_by.get(id));
    let nobody = BTreeSet::new();
    let true_copies = looks.iter().flat_map(|look| &look.held_by).all(|(id, shown)| {
        let held = own(id).unwrap_or(&nobody);
        shown.is_subset(held)
    });
    hear && true_copies
}

/// Whether each node shows everybody who is near to somebody of its own.
pub fn complete(looks: &[Look]) -> bool {
    looks.iter().all(|look| looks.iter().filter(|other| other.id != look.id).all(|other| shows_all_near(look, other)))
}

fn shows_all_near(look: &Look, other: &Look) -> bool {
    let near = |(x, y): At| look.own.iter().any(|(_, (a, b))| (a - x).abs() <= IN_VIEW && (b - y).abs() <= IN_VIEW);
    let shown = look.held_by.get(&other.id);
    other.own.iter().filter(|(_, at)| near(*at)).all(|(who, _)| shown.is_some_and(|shown| shown.contains(who)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(own: &str, peer: &str, entities: Value) -> Value {
        serde_json::json!({
            "nodes": [{ "id": own, "host": "node-1", "sessions": 2 }, { "id": peer, "host": "" }],
            "links": [{ "from": 1, "to": 0, "up": true }],
            "entities": entities,
            "counters": { "stalls_total": 1.0, "sessions_begun_total": 3.0, "guests_taken_total": 1.0 },
        })
    }

    #[test]
    fn a_snapshot_is_read_by_the_lives_of_nodes() {
        let entities =
            serde_json::json!([{ "id": "7", "node": 0 }, { "id": "8", "node": 1 }, { "id": "9", "node": 5 }]);
        let look = Look::read(&snapshot("a", "b", entities), "node-1").expect("it is complete");
        assert_eq!((look.sessions, look.stalls, look.shows_of("a"), look.shows_of("b")), (2, 1, 1, 1));
        assert_eq!(look.begun, 2, "one of three was handed over");
        assert!(look.hears.contains("b"));
        assert!(Look::read(&serde_json::json!({}), "node-1").is_err());
    }

    #[test]
    fn a_copy_that_its_holder_does_not_have_is_no_agreement() {
        let entities = |a: &str| serde_json::json!([{ "id": a, "node": 0 }, { "id": "8", "node": 1 }]);
        let look = |own, peer, entities| Look::read(&snapshot(own, peer, entities), "node-1").expect("complete");
        let swapped = serde_json::json!([{ "id": "8", "node": 0 }, { "id": "7", "node": 1 }]);
        let b = look("b", "a", swapped);
        assert!(agree(&[look("a", "b", entities("7")), b.clone()]));
        assert!(!agree(&[look("a", "b", entities("6")), b.clone()]), "b shows 7 of a, which has it not");
        assert!(!agree(&[look("c", "b", entities("7")), b]), "b hears a, which is dead");
    }

    #[test]
    fn who_is_near_and_not_shown_is_missed() {
        let own = |id: &str, x: i64| serde_json::json!({ "id": id, "node": 0, "x": x, "y": 0 });
        let copy = |id: &str| serde_json::json!({ "id": id, "node": 1, "x": 0, "y": 0 });
        let look = |own, peer, entities| Look::read(&snapshot(own, peer, entities), "node-1").expect("complete");
        let b = look("b", "a", serde_json::json!([own("8", 1_000), own("9", 90_000), copy("7")]));
        let a = |copies: &[&str]| {
            let entities: Vec<Value> = copies.iter().map(|id| copy(id)).chain([own("7", 0)]).collect();
            look("a", "b", Value::Array(entities))
        };
        assert!(complete(&[a(&["8"]), b.clone()]), "9 is far away");
        assert!(!complete(&[a(&[]), b.clone()]), "8 is near");
        assert!(!complete(&[a(&["9"]), b]), "8 is near, and 9 does not stand in for it");
    }
}
