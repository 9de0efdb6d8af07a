//! Cuts: packets from one place to another are dropped where they arrive, all of them or some.

use std::fmt;

use anyhow::Result;
use serde_json::Value;

use super::{Place, net};

/// Which packets between two places are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// All, both ways.
    Both,
    /// All that go to the second place.
    There,
    /// All that come back.
    Back,
    /// So many in a hundred, both ways.
    Loss(u8),
}

/// Packets between two places are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The host that is cut off.
    pub here: Place,
    /// What it is cut off from.
    pub there: Place,
    /// How.
    pub way: Way,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { here, there, way } = self;
        match way {
            Way::Both => write!(f, "{here} and {there} are cut off from each other"),
            Way::There => write!(f, "nothing arrives from {here} at {there}"),
            Way::Back => write!(f, "nothing arrives from {there} at {here}"),
            Way::Loss(percent) => write!(f, "{percent} in 100 packets between {here} and {there} are lost"),
        }
    }
}

/// One direction.
struct Lane {
    from: Place,
    to: Place,
}

impl Lane {
    /// The name of its table, in the namespace where its packets arrive.
    fn table(&self) -> String {
        format!("cut_{}", self.from.to_string().replace('-', "_"))
    }

    fn rules(&self, way: Way) -> String {
        let chance = match way {
            Way::Loss(percent) => format!("numgen random mod 100 < {percent} "),
            Way::Both | Way::There | Way::Back => String::new(),
        };
        let (table, from) = (self.table(), self.from.address());
        format!(
            "table ip {table} {{ chain input {{ type filter hook input priority 0; \
             ip saddr {from} {chance}counter drop; }}; }}"
        )
    }
}

impl Cut {
    fn lanes(&self) -> Vec<Lane> {
        let (there, back) = (Lane { from: self.here, to: self.there }, Lane { from: self.there, to: self.here });
        match self.way {
            Way::Both | Way::Loss(_) => vec![there, back],
            Way::There => vec![there],
            Way::Back => vec![back],
        }
    }

    /// From now on.
    pub fn make(&self) -> Result<()> {
        self.lanes().iter().try_for_each(|lane| net::nft(lane.to, &lane.rules(self.way)))
    }

    /// How many packets it has taken so far.
    pub fn dropped(&self) -> Result<u64> {
        let lanes = self.lanes();
        lanes.iter().map(|lane| Ok(packets(&net::nft_table(lane.to, &lane.table())?))).sum()
    }

    /// No longer.
    pub fn mend(&self) -> Result<()> {
        let remove = |lane: &Lane| net::nft(lane.to, &format!("delete table ip {}", lane.table()));
        self.lanes().iter().try_for_each(remove)
    }
}

/// The sum of all counters in what nft says.
fn packets(told: &Value) -> u64 {
    match told {
        Value::Object(fields) => {
            let own = fields.get("counter").and_then(|counter| counter["packets"].as_u64()).unwrap_or(0);
            own + fields.values().map(packets).sum::<u64>()
        }
        Value::Array(values) => values.iter().map(packets).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_found_wherever_they_are() {
        let told = serde_json::json!({ "nftables": [
            { "table": { "name": "cut" } },
            { "rule": { "expr": [{ "match": {} }, { "counter": { "packets": 3, "bytes": 180 } }, { "drop": null }] } },
            { "rule": { "expr": [{ "counter": { "packets": 4, "bytes": 240 } }] } },
        ]});
        assert_eq!(packets(&told), 7);
    }

    #[test]
    fn a_way_says_which_packets_are_dropped_where() {
        let cases = [
            (Way::Both, "node-2<node-1 node-1<node-2"),
            (Way::There, "node-2<node-1"),
            (Way::Back, "node-1<node-2"),
            (Way::Loss(30), "node-2<node-1 node-1<node-2"),
        ];
        for (way, expected) in cases {
            let lanes = Cut { here: Place::Node(1), there: Place::Node(2), way }.lanes();
            let shown: Vec<String> = lanes.iter().map(|lane| format!("{}<{}", lane.to, lane.from)).collect();
            assert_eq!(shown.join(" "), expected, "{way:?}");
            assert_eq!(lanes[0].rules(way).contains("numgen random mod 100 < 30 "), way == Way::Loss(30));
        }
    }
}
