//! What deeds go by on all nodes of a host: the commands, which are part of the build, and the tables, which may be
//! replaced while the host runs.

use std::sync::Arc;

use deeds::tables::Tables;
use deeds::{IslandNature, Registry, Rulebook};
use tokio::sync::watch;
use world::{Island, IslandId};

/// The rules of a host.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The commands: those of the build, and those that a studio adds.
    pub registry: Arc<Registry>,
    /// The tables. What is sent later is used from the next deed on.
    pub tables: watch::Receiver<Arc<Tables>>,
}

impl Rules {
    /// These commands and tables, for good.
    #[must_use]
    pub fn fixed(registry: Registry, tables: Tables) -> Self {
        Self { registry: Arc::new(registry), tables: watch::channel(Arc::new(tables)).1 }
    }

    /// What a node begins with.
    pub(crate) fn book(&self, island_id: IslandId, nature: &Arc<IslandNature>) -> Rulebook {
        Rulebook {
            registry: Arc::clone(&self.registry),
            tables: Arc::clone(&self.tables.borrow()),
            nature: Arc::clone(nature) as _,
            island: island_id,
        }
    }

    /// The nature that all nodes of a host share.
    pub(crate) fn nature(island: &Island) -> Arc<IslandNature> {
        Arc::new(IslandNature::new(island.clone()))
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::fixed(Registry::standard(), Tables::built_in())
    }
}
