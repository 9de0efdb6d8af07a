//! The backend alone, doing the writes that a deed has before its reply: the floor for deeds.

use std::sync::Arc;

use anyhow::{Result, bail};
use store::{Document, Key, Reply, Request, Store, Version};
use tokio::time::Instant;

use super::place::{self, Kind};
use super::session::Did;

/// One writer with documents of its own.
pub struct Writer {
    store: Arc<dyn Store>,
    documents: Vec<(Key, Document, Version)>,
}

impl Writer {
    /// Takes up somebody's documents as they are, in the order in which a deed writes them: the actor's last.
    ///
    /// # Errors
    /// One of them is not there.
    pub async fn new(store: Arc<dyn Store>, kind: Kind, who: usize) -> Result<Self> {
        let [avatar, page] = place::documents(kind, who)?;
        let keys = match kind {
            Kind::One => vec![avatar.0],
            Kind::Two | Kind::Tree | Kind::Hands => vec![page.0, avatar.0],
        };
        let mut documents = Vec::new();
        for key in keys {
            match store.execute(Request::Get { key: key.clone() }).await {
                Reply::Found { version, document } => documents.push((key, document, version)),
                other => bail!("{key} is not there: {other:?}"),
            }
        }
        Ok(Self { store, documents })
    }

    /// Writes them one after the other, again and again, until a moment.
    ///
    /// # Errors
    /// A write did not happen.
    pub async fn play(mut self, from: Instant, until: Instant) -> Result<Did> {
        let mut did = Did::default();
        loop {
            let since = Instant::now();
            if since >= until {
                return Ok(did);
            }
            for (key, document, version) in &mut self.documents {
                let (key, document) = (key.clone(), document.clone());
                did.requests += 1;
                let reply = self.store.execute(Request::Replace { key, version: *version, document }).await;
                let Reply::Applied { version: written } = reply else { bail!("a write ended with {reply:?}") };
                *version = written;
            }
            let moment = Instant::now();
            if since >= from && moment <= until {
                did.times.push(moment - since);
            }
            // In memory nothing ever waits: the others want a turn too.
            tokio::task::yield_now().await;
        }
    }
}
