//! What a node says of its cluster: the terse configuration, and which node holds which documents.

use serde_json::{Value, json};

/// Parts into which documents are divided by their keys. A real bucket has 1024.
pub const VBUCKETS: u16 = 64;

/// A cluster's nodes and who holds which vbucket.
#[derive(Clone, Debug)]
pub struct Map {
    pub revision: u64,
    /// The ports of the nodes, all on 127.0.0.1.
    pub ports: Vec<u16>,
    /// The node of each vbucket.
    pub owners: Vec<usize>,
    /// Whether the ports speak TLS.
    pub tls: bool,
}

impl Map {
    pub fn new(ports: Vec<u16>, tls: bool) -> Self {
        let owners = (0..usize::from(VBUCKETS)).map(|vbucket| vbucket % ports.len()).collect();
        Self { revision: 1, ports, owners, tls }
    }

    /// Gives all that a node holds to another, as a failover does.
    pub fn fail_over(&mut self, from: usize, to: usize) {
        self.owners.iter_mut().filter(|owner| **owner == from).for_each(|owner| *owner = to);
        self.revision += 1;
    }

    /// The configuration as JSON: of the cluster, or of a bucket in it.
    pub fn terse(&self, bucket: Option<&str>) -> Vec<u8> {
        let (plain, secure) = if self.tls { ("closed", "kvSSL") } else { ("kv", "closedSSL") };
        let extended = |port: &u16| {
            let mut services = serde_json::Map::new();
            services.insert((if self.tls { secure } else { plain }).to_owned(), json!(port));
            // The SDK tells nodes apart by host and this port; nobody listens there.
            services.insert("mgmt".to_owned(), json!(port.wrapping_add(1)));
            services.insert("mgmtSSL".to_owned(), json!(port.wrapping_add(2)));
            json!({ "services": services, "hostname": "127.0.0.1" })
        };
        let mut config = json!({
            "rev": self.revision,
            "revEpoch": 1,
            "nodesExt": self.ports.iter().map(extended).collect::<Vec<_>>(),
            "clusterCapabilitiesVer": [1, 0],
            "clusterCapabilities": {},
        });
        if let (Some(bucket), Value::Object(config)) = (bucket, &mut config) {
            let address = |port: &u16| format!("127.0.0.1:{port}");
            let nodes = self.ports.iter().map(|port| json!({ "hostname": address(port), "ports": { "direct": port } }));
            config.insert("name".into(), json!(bucket));
            config.insert("uuid".into(), json!("5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"));
            config.insert("nodeLocator".into(), json!("vbucket"));
            config.insert(
                "bucketCapabilities".into(),
                json!(["collections", "durableWrite", "cbhello", "cccp", "xattr"]),
            );
            config.insert("nodes".into(), nodes.collect());
            let map = json!({
                "hashAlgorithm": "CRC",
                "numReplicas": 0,
                "serverList": self.ports.iter().map(address).collect::<Vec<_>>(),
                "vBucketMap": self.owners.iter().map(|owner| vec![owner]).collect::<Vec<_>>(),
            });
            config.insert("vBucketServerMap".into(), map);
        }
        config.to_string().into_bytes()
    }
}
