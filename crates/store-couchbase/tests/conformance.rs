//! What every store does, on the stand-in in each of its forms.

use std::sync::Arc;
use std::time::Duration;

use store::conformance::CHECKS;
use store_couchbase::{CouchbaseConfig, Durability};

use crate::fixture::{GENEROUS, config, open};
use crate::standin::{COLLECTION, Setup, StandIn};

async fn conforms(setup: Setup, change: impl Fn(&mut CouchbaseConfig)) {
    for check in CHECKS {
        let standin = StandIn::start_as(setup).await;
        let mut config = config(&standin, GENEROUS);
        change(&mut config);
        let levels = config.durability;
        let store = open(config).await;
        println!("{}", check.name);
        (check.run)(Arc::clone(&store) as Arc<_>).await;
        let counts = store.counts();
        assert_eq!((counts.unknown, counts.not_applied, counts.sessions), (0, 0, 1), "{counts:?}");
        let level = Durability::NAMES.iter().position(|(_, level)| *level == levels).expect("a known level");
        assert!(standin.levels().keys().all(|asked| usize::from(*asked) == level), "{:?}", standin.levels());
    }
}

#[tokio::test]
async fn conforms_without_durability() {
    conforms(Setup::default(), |config| config.durability = Durability::None).await;
}

/// Rivals meet durable writes that are pending, and must wait to hear who won.
#[tokio::test]
async fn conforms_while_durable_writes_are_pending() {
    conforms(Setup { sync: Duration::from_millis(3), ..Setup::default() }, |_| {}).await;
}

#[tokio::test]
async fn conforms_in_a_collection_over_three_nodes() {
    conforms(Setup { nodes: 3, ..Setup::default() }, |config| {
        config.scope = COLLECTION.0.into();
        config.collection = COLLECTION.1.into();
        config.durability = Durability::PersistToMajority;
        config.connections = 2;
    })
    .await;
}

#[tokio::test]
async fn conforms_over_tls() {
    conforms(Setup { tls: true, ..Setup::default() }, |config| {
        config.durability = Durability::MajorityAndPersistToActive;
    })
    .await;
}
