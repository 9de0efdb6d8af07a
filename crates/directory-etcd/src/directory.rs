//! The port's implementation: claims, and memberships that a task of their own keeps.

use std::sync::Arc;

use node::ports::Pending;
use node::ports::directory::{Claim, Directory, DirectoryError, HostEntry, Membership, check_name};
use tokio::sync::mpsc;

use crate::config::EtcdConfig;
use crate::keeper::Keeper;
use crate::link::Link;
use crate::membership::{EtcdMembership, Picture, superseded};
use crate::registration::Failure;

/// Commands that may wait for a membership's task. The membership sends one at a time.
const COMMANDS: usize = 4;

/// A cluster's directory in etcd. One for each process; `join` wants a tokio runtime with time and I/O.
#[derive(Debug)]
pub struct EtcdDirectory {
    link: Arc<Link>,
}

impl EtcdDirectory {
    /// The directory of a world. Nothing is connected before the first claim; refused if the configuration cannot work.
    pub fn new(config: EtcdConfig) -> Result<Self, DirectoryError> {
        config.check()?;
        Ok(Self { link: Arc::new(Link::new(config)) })
    }

    async fn enter(&self, entry: HostEntry) -> Result<Box<dyn Membership>, DirectoryError> {
        let claim = entry.claim;
        let picture = Arc::new(Picture::new(claim, self.link.config.damping));
        let mut keeper = Keeper::new(Arc::clone(&self.link), Arc::clone(&picture), entry.clone());
        let patience = self.link.patience("joining the directory");
        let session = loop {
            match keeper.establish(true).await {
                Ok(session) => break session,
                Err(Failure::Superseded) => return Err(superseded(claim)),
                Err(Failure::Port(error)) => patience.spend(error).await?,
            }
        };
        let (commands, inbox) = mpsc::channel(COMMANDS);
        tokio::spawn(keeper.run(session, inbox));
        Ok(Box::new(EtcdMembership::new(Arc::clone(&self.link), picture, commands, entry)))
    }
}

impl Directory for EtcdDirectory {
    fn claim<'a>(&'a self, name: &'a str) -> Pending<'a, Result<Claim, DirectoryError>> {
        Box::pin(async move {
            check_name(name)?;
            let patience = self.link.patience("claiming a life");
            loop {
                match self.link.claim(name).await {
                    Ok(claim) => return Ok(claim),
                    Err(error) => patience.spend(error).await?,
                }
            }
        })
    }

    fn join(&self, entry: HostEntry) -> Pending<'_, Result<Box<dyn Membership>, DirectoryError>> {
        Box::pin(self.enter(entry))
    }
}
