//! The snapshot in the Prometheus text format (version 0.0.4), written by hand: it is a page of code.
//!
//! Names are `tombolo_*`. A figure whose name ends in `_total` is a counter, every other a gauge.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::snapshot::{LinkView, NodeView, Snapshot};

/// Steps of the crowd contract above 0.
const CROWD_STEPS: u8 = 4;
/// The content type that scrapers expect.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All metrics of a snapshot, and how many watch the console.
pub(crate) fn render(snapshot: &Snapshot, watchers: usize) -> String {
    let mut page = Page::default();
    let world: [(&str, &str, f64); 7] = [
        ("uptime_seconds", "Seconds since the cluster began to serve.", snapshot.cluster.uptime_s as f64),
        ("tick_rate_hz", "Ticks per second.", f64::from(snapshot.cluster.tick_hz)),
        ("nodes", "Nodes known.", snapshot.nodes.len() as f64),
        ("entities", "Entities in the world.", snapshot.entities.len() as f64),
        ("chunks", "Chunks that are published or seen.", snapshot.chunks.len() as f64),
        ("links_up", "Directions of links that are up.", snapshot.links.iter().filter(|l| l.up).count() as f64),
        ("console_watchers", "Watchers of the live map.", watchers as f64),
    ];
    for (name, help, value) in world {
        page.family(name, help, [(String::new(), value)]);
    }
    crowds(&mut page, snapshot);
    nodes(&mut page, snapshot);
    links(&mut page, snapshot);
    for (name, value) in snapshot.counters.iter() {
        page.family(name, "A figure of the running world.", [(String::new(), value)]);
    }
    page.text
}

fn crowds(page: &mut Page, snapshot: &Snapshot) {
    let on = |step: u8| snapshot.chunks.iter().filter(|c| c.step == step).count() as f64;
    let series = (1..=CROWD_STEPS).map(|step| (labels(&[("step", &step.to_string())]), on(step)));
    page.family("crowd_chunks", "Chunks on a step of the crowd contract; nobody should be sent to those on 4.", series);
    let most = snapshot.chunks.iter().filter(|c| c.step > 0).map(|c| c.movers).max().unwrap_or(0);
    page.family("crowd_movers_most", "Movers in the fullest crowded chunk.", [(String::new(), f64::from(most))]);
}

fn nodes(page: &mut Page, snapshot: &Snapshot) {
    let info = snapshot.nodes.iter().map(|n| {
        let words = [
            ("node", n.name.as_str()),
            ("incarnation", &n.id),
            ("host", &n.host),
            ("state", n.state.word()),
            ("client_address", &n.client_address),
        ];
        (labels(&words), 1.0)
    });
    page.family("node_info", "What a node is; always 1.", info);
    let figures: [Figure<NodeView>; 6] = [
        ("node_sessions", "Clients connected.", |n| f64::from(n.sessions)),
        ("node_entities", "Entities whose authority the node is.", |n| f64::from(n.entities)),
        ("node_ghosts", "Copies of entities of other nodes.", |n| f64::from(n.ghosts)),
        ("node_streams", "Streams that the node publishes.", |n| f64::from(n.streams)),
        ("node_chunks_seen", "Chunks in the node's interest.", |n| f64::from(n.chunks_seen)),
        ("node_tick_lag_seconds", "How late the last tick began.", |n| n.tick_lag_ms / 1000.0),
    ];
    for (name, help, figure) in figures {
        let series = snapshot.nodes.iter().map(|n| (labels(&[("node", &n.name), ("incarnation", &n.id)]), figure(n)));
        page.family(name, help, series);
    }
}

fn links(page: &mut Page, snapshot: &Snapshot) {
    let id = |index: crate::NodeIndex| snapshot.nodes.get(usize::from(index.0)).map(|n| n.id.as_str());
    let figures: [Figure<LinkView>; 4] = [
        ("link_frames_per_second", "Frames received.", |l| l.frames_per_s),
        ("link_bytes_per_second", "Bytes received.", |l| l.bytes_per_s),
        ("link_gaps_total", "Gaps found since the link began.", |l| l.gap_count as f64),
        ("link_up", "1 while the receiver hears the publisher.", |l| f64::from(u8::from(l.up))),
    ];
    for (name, help, figure) in figures {
        let series = snapshot.links.iter().filter_map(|l| {
            let (from, to) = (id(l.from)?, id(l.to)?);
            Some((labels(&[("from", from), ("to", to)]), figure(l)))
        });
        page.family(name, help, series);
    }
}

/// Name, help and value of a figure of each `T`.
type Figure<T> = (&'static str, &'static str, fn(&T) -> f64);

/// The page so far. A name is written once: a figure that repeats one is left out, because a scraper would refuse
/// the whole page.
#[derive(Default)]
struct Page {
    text: String,
    names: BTreeSet<String>,
}

impl Page {
    fn family(&mut self, name: &str, help: &str, series: impl IntoIterator<Item = (String, f64)>) {
        let name = metric_name(name);
        if !self.names.insert(name.clone()) {
            return;
        }
        let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in series {
            let _ = writeln!(self.text, "{name}{labels} {value}");
        }
    }
}

/// `tombolo_` and the name, with everything that a metric may not contain as an underscore.
fn metric_name(name: &str) -> String {
    let bare = name.strip_prefix("tombolo_").unwrap_or(name);
    let clean = bare.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    format!("tombolo_{}", clean.collect::<String>())
}

fn labels(pairs: &[(&str, &str)]) -> String {
    let escape = |value: &str| value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChunkView, Counters, NodeIndex};

    #[test]
    fn names_and_labels_are_always_valid() {
        assert_eq!(metric_name("Border crossings/total"), "tombolo_border_crossings_total");
        assert_eq!(metric_name("tombolo_gaps_total"), "tombolo_gaps_total");
        assert_eq!(labels(&[("a", "x\"\\\n")]), r#"{a="x\"\\\n"}"#);
    }

    #[test]
    fn a_repeated_name_is_written_once() {
        let counters = Counters::from_iter([("gaps total", 1.0), ("gaps_total", 2.0), ("nodes", 9.0)]);
        let page = render(&Snapshot { counters, ..Snapshot::default() }, 0);
        assert_eq!(page.matches("\ntombolo_gaps_total ").count(), 1);
        assert!(page.contains("# TYPE tombolo_gaps_total counter\ntombolo_gaps_total 1\n"), "{page}");
        assert!(page.contains("\ntombolo_nodes 0\n"), "{page}");
    }

    #[test]
    fn each_step_of_the_crowd_contract_has_a_figure() {
        let chunk = |step, movers| ChunkView { step, movers, ..ChunkView::default() };
        let chunks = vec![chunk(3, 1_800), chunk(0, 0), chunk(1, 250), chunk(1, 300)];
        let page = render(&Snapshot { chunks, ..Snapshot::default() }, 0);
        for (step, count) in [(1, 2), (2, 0), (3, 1), (4, 0)] {
            assert!(page.contains(&format!("\ntombolo_crowd_chunks{{step=\"{step}\"}} {count}\n")), "{page}");
        }
        assert!(page.contains("\ntombolo_crowd_movers_most 1800\n"), "{page}");
    }

    #[test]
    fn a_link_to_a_node_that_is_not_listed_is_left_out() {
        let link = LinkView { from: NodeIndex(0), to: NodeIndex(7), ..LinkView::default() };
        let snapshot = Snapshot { nodes: vec![NodeView::default()], links: vec![link], ..Snapshot::default() };
        assert!(!render(&snapshot, 0).contains("tombolo_link_up{"));
    }
}
