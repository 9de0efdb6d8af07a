//! The other hosts as the directory tells of them: whom to link to, and what the nodes are to hear. No clock, no
//! socket: it is told the time and says what to do.

use std::collections::BTreeMap;
use std::time::Duration;

use node::ports::directory::{Claim, DirectoryEvent, HostEntry};
use node::ports::mesh::MeshPeer;
use protocol::Incarnation;

use crate::limits::{GARBAGE_CUT, VANISHED_LINK};

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Link to a host.
    Connect(MeshPeer),
    /// End the link to a host.
    Disconnect(u16),
    /// Tell the nodes that a node is there.
    Up(Incarnation, String),
    /// Tell the nodes that a node's record has vanished.
    Vanished(Incarnation),
    /// A newer life of this very host is there: end.
    Superseded,
}

/// All other hosts that were ever there and still have a link.
#[derive(Debug)]
pub(crate) struct Neighbours {
    own: Claim,
    hosts: BTreeMap<u16, Neighbour>,
}

#[derive(Debug)]
struct Neighbour {
    entry: HostEntry,
    /// When its link is to end: its record has vanished.
    ends_at: Option<Duration>,
    /// When its link is to be made again: it brought garbage.
    relinks_at: Option<Duration>,
}

impl Neighbours {
    pub(crate) fn new(own: Claim) -> Self {
        Self { own, hosts: BTreeMap::new() }
    }

    /// What an event of the directory asks for.
    pub(crate) fn hear(&mut self, now: Duration, event: DirectoryEvent) -> Vec<Step> {
        match event {
            DirectoryEvent::Up(entry) if entry.claim.host == self.own.host => Vec::new(),
            DirectoryEvent::Up(entry) => self.up(entry),
            DirectoryEvent::Down(claim) if claim == self.own => vec![Step::Superseded],
            DirectoryEvent::Down(claim) => self.down(now, claim),
            DirectoryEvent::Lost | DirectoryEvent::Restored => Vec::new(),
        }
    }

    fn up(&mut self, entry: HostEntry) -> Vec<Step> {
        let host = entry.claim.host;
        let former = self.hosts.get(&host).map(|known| known.entry.clone());
        if former.as_ref().is_some_and(|known| known.claim.life > entry.claim.life) {
            return Vec::new();
        }
        let ended = former.filter(|known| known.claim.life < entry.claim.life);
        let mut steps: Vec<Step> = ended.iter().flat_map(nodes).map(|(node, _)| Step::Vanished(node)).collect();
        steps.push(Step::Connect(peer(&entry)));
        steps.extend(nodes(&entry).map(|(node, address)| Step::Up(node, address)));
        self.hosts.insert(host, Neighbour { entry, ends_at: None, relinks_at: None });
        steps
    }

    fn down(&mut self, now: Duration, claim: Claim) -> Vec<Step> {
        let Some(known) = self.hosts.get_mut(&claim.host).filter(|known| known.entry.claim == claim) else {
            return Vec::new();
        };
        known.ends_at.get_or_insert(now + VANISHED_LINK);
        nodes(&known.entry).map(|(node, _)| Step::Vanished(node)).collect()
    }

    /// A host sent garbage: its link ends, for a while.
    pub(crate) fn distrust(&mut self, now: Duration, host: u16) -> Vec<Step> {
        match self.hosts.get_mut(&host) {
            Some(known) if known.relinks_at.is_none() => {
                known.relinks_at = Some(now + GARBAGE_CUT);
                vec![Step::Disconnect(host)]
            }
            _ => Vec::new(),
        }
    }

    /// When [`Self::wake`] has something to do.
    pub(crate) fn next_wakeup(&self) -> Option<Duration> {
        self.hosts.values().flat_map(|known| [known.ends_at, known.relinks_at]).flatten().min()
    }

    /// Ends and makes the links whose time has come.
    pub(crate) fn wake(&mut self, now: Duration) -> Vec<Step> {
        let due = |at: Option<Duration>| at.is_some_and(|at| at <= now);
        let mut steps = Vec::new();
        self.hosts.retain(|host, known| {
            if due(known.ends_at) {
                steps.push(Step::Disconnect(*host));
                return false;
            }
            if due(known.relinks_at) {
                known.relinks_at = None;
                steps.push(Step::Connect(peer(&known.entry)));
            }
            true
        });
        steps
    }
}

/// The nodes of a host and where they take clients; nowhere while it is draining.
fn nodes(entry: &HostEntry) -> impl Iterator<Item = (Incarnation, String)> {
    let Claim { host, life } = entry.claim;
    (0..entry.nodes).map(move |index| {
        let address = entry.client_addresses.get(usize::from(index)).filter(|_| !entry.draining);
        (Incarnation::new(host, index, life), address.cloned().unwrap_or_default())
    })
}

fn peer(entry: &HostEntry) -> MeshPeer {
    MeshPeer {
        host: entry.claim.host,
        life: entry.claim.life,
        nodes: entry.nodes,
        publish_address: entry.publish_address.clone(),
        direct_address: entry.direct_address.clone(),
        key: entry.mesh_key.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use node::ports::directory::Half;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn entry(host: u16, life: u64, nodes: u8) -> HostEntry {
        HostEntry {
            name: format!("h{host}"),
            claim: Claim { host, life },
            nodes,
            publish_address: format!("p{life}"),
            mesh_key: "k".into(),
            direct_address: format!("d{life}"),
            client_addresses: (0..nodes).map(|n| format!("c{n}")).collect(),
            shard: "main".to_owned(),
            half: Half::A,
            draining: false,
            software: String::new(),
        }
    }

    fn up(host: u16, life: u64, nodes: u8) -> DirectoryEvent {
        DirectoryEvent::Up(entry(host, life, nodes))
    }

    fn down(host: u16, life: u64) -> DirectoryEvent {
        DirectoryEvent::Down(Claim { host, life })
    }

    /// The steps of host 1, life 9 after these events at these seconds, a wake-up after each, in short.
    fn check(events: &[(u64, DirectoryEvent)], expected: &[&str]) {
        let mut neighbours = Neighbours::new(Claim { host: 1, life: 9 });
        let mut steps = Vec::new();
        for (at, event) in events {
            steps.extend(neighbours.hear(S(*at), event.clone()));
            steps.extend(neighbours.wake(S(*at)));
        }
        let short = |step: &Step| match step {
            Step::Connect(peer) => format!("link {}/{}", peer.host, peer.life),
            Step::Disconnect(host) => format!("cut {host}"),
            Step::Up(node, address) => format!("up {node} {address}"),
            Step::Vanished(node) => format!("vanished {node}"),
            Step::Superseded => "superseded".to_owned(),
        };
        assert_eq!(steps.iter().map(short).collect::<Vec<_>>(), expected, "{events:?}");
    }

    #[test]
    fn a_host_comes_and_goes() {
        let came = ["link 2/3", "up 2.0#3 c0", "up 2.1#3 c1"];
        check(&[(0, up(2, 3, 2))], &came);
        let went = ["vanished 2.0#3", "vanished 2.1#3"];
        check(&[(0, up(2, 3, 2)), (5, down(2, 3)), (64, DirectoryEvent::Lost)], &[&came[..], &went].concat());
        check(
            &[(0, up(2, 3, 2)), (5, down(2, 3)), (65, DirectoryEvent::Lost)],
            &[&came[..], &went, &["cut 2"]].concat(),
        );
    }

    #[test]
    fn a_lease_that_ran_out_and_came_back_keeps_its_link() {
        check(
            &[(0, up(2, 3, 1)), (5, down(2, 3)), (7, up(2, 3, 1)), (90, DirectoryEvent::Restored)],
            &["link 2/3", "up 2.0#3 c0", "vanished 2.0#3", "link 2/3", "up 2.0#3 c0"],
        );
    }

    #[test]
    fn a_new_life_with_fewer_nodes_ends_all_of_the_old() {
        check(
            &[(0, up(2, 3, 2)), (5, up(2, 4, 1)), (6, down(2, 3)), (7, up(2, 3, 2))],
            &["link 2/3", "up 2.0#3 c0", "up 2.1#3 c1", "vanished 2.0#3", "vanished 2.1#3", "link 2/4", "up 2.0#4 c0"],
        );
    }

    #[test]
    fn the_host_itself_is_nobodys_neighbour_until_it_is_replaced() {
        check(&[(0, up(1, 9, 1)), (1, down(1, 8))], &[]);
        check(&[(0, down(1, 9))], &["superseded"]);
    }

    #[test]
    fn a_draining_host_takes_no_clients() {
        let draining = HostEntry { draining: true, ..entry(2, 3, 1) };
        check(&[(0, DirectoryEvent::Up(draining))], &["link 2/3", "up 2.0#3 "]);
    }

    #[test]
    fn garbage_cuts_a_link_once_and_for_a_while() {
        let mut neighbours = Neighbours::new(Claim { host: 1, life: 9 });
        neighbours.hear(S(0), up(2, 3, 1));
        assert_eq!(neighbours.distrust(S(1), 2), [Step::Disconnect(2)]);
        assert_eq!(neighbours.distrust(S(2), 2), []);
        assert_eq!(neighbours.distrust(S(2), 7), []);
        assert_eq!((neighbours.next_wakeup(), neighbours.wake(S(5))), (Some(S(6)), vec![]));
        assert_eq!(neighbours.wake(S(6)), [Step::Connect(peer(&entry(2, 3, 1)))]);
        assert_eq!(neighbours.next_wakeup(), None);
    }
}
