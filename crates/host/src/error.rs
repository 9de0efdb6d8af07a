//! Why a host does not start, or ended.

use std::error::Error;
use std::io;

use gateway::BindError;
use node::ports::directory::DirectoryError;
use thiserror::Error;
use world::island::PlanError;

/// What ended a host. At the start nothing is left behind: no thread, no port, no record in the directory.
#[derive(Debug, Error)]
pub enum HostError {
    /// A value of the configuration cannot be used.
    #[error("{key}: {reason}")]
    Config {
        /// The field.
        key: &'static str,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// The island cannot be made.
    #[error("island: {0}")]
    Island(#[from] PlanError),
    /// A client port cannot be had.
    #[error(transparent)]
    Listen(#[from] BindError),
    /// The directory refused or was not reached.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The directory did not answer in time.
    #[error("the directory did not answer within {0} s")]
    DirectorySlow(u64),
    /// The mesh did not start.
    #[error("the mesh did not start: {0}")]
    Mesh(#[source] Box<dyn Error + Send + Sync>),
    /// The system gave no random bytes.
    #[error("no random bytes for this life's secret: {0}")]
    Secret(#[source] io::Error),
    /// The system gave no thread or runtime.
    #[error("a thread of the host did not start: {0}")]
    Start(#[source] io::Error),
    /// A node's thread ended in a panic.
    #[error("node {node} ended in a panic: {message}")]
    NodePanicked {
        /// The index of the node.
        node: u8,
        /// What the panic said.
        message: String,
    },
    /// A node's thread ended unasked.
    #[error("node {node} ended unasked")]
    NodeEnded {
        /// The index of the node.
        node: u8,
    },
    /// A node's thread does not answer or did not end. It may still run.
    #[error("node {node} does not answer")]
    NodeStuck {
        /// The index of the node.
        node: u8,
    },
    /// A host of the same name was started later.
    #[error("a newer life of this host is in the directory; names of hosts must be unique")]
    Superseded,
    /// The supervising thread ended in a panic.
    #[error("the host's own thread ended in a panic")]
    Supervisor,
}
