//! Commands: pure functions from documents to documents, events and a reply.

use protocol::Code;
use store::{Document, Key};
use world::Chunk;

use crate::land::Rights;
use crate::scene::Scene;
use crate::tables::Stack;
use crate::trace::{Trace, TraceId};

/// One kind of deed.
///
/// `perform` is called again and again with more documents read, and once more from the beginning after a conflict. It
/// must give the same answer to the same scene, and may look at nothing else.
pub trait Command: Send + Sync {
    /// Its name in requests: lower-case letters, digits and `-`.
    fn name(&self) -> &'static str;

    /// What the deed does. `args` are the bytes of the request, whatever a client sent.
    fn perform(&self, args: &[u8], scene: &Scene<'_>) -> Verdict;
}

/// What a command says.
pub type Verdict = Result<Done, Stop>;

/// Why a command is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It must see these documents first.
    Need(Vec<Key>),
    /// The rules say no. Nothing changes.
    Refused(Code),
}

/// What a deed does, if it is committed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Done {
    /// The documents as they are afterwards, the actor's among them. All are written, or none.
    pub changes: Vec<Change>,
    /// What others see of it.
    pub events: Vec<Event>,
    /// What the actor is told.
    pub receipt: Receipt,
}

/// One document as it is afterwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its key.
    pub key: Key,
    /// Its fields.
    pub document: Document,
}

/// What others see of a deed. The revision of the document at `key` orders events: a viewer keeps the highest.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A trace is as said.
    Trace {
        /// The document in which it stands.
        key: Key,
        /// The chunk.
        chunk: Chunk,
        /// The trace.
        id: TraceId,
        /// How it is now; `None`: gone.
        trace: Option<Trace>,
    },
    /// The rights of a chunk are as said.
    Rights {
        /// The page.
        key: Key,
        /// The chunk.
        chunk: Chunk,
        /// Whose land it is now.
        rights: Option<Rights>,
    },
}

/// What came into the actor's bag and what went out of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// What came in.
    pub gained: Vec<Stack>,
    /// What went out.
    pub lost: Vec<Stack>,
    /// What was made: the trace of a pile or building.
    pub trace: Option<TraceId>,
}

impl Done {
    /// Writes fields over a document.
    pub fn write<T: serde::Serialize>(&mut self, scene: &Scene<'_>, key: Key, fields: &T) -> Result<(), Stop> {
        let document = scene.written(&key, fields)?;
        self.changes.push(Change { key, document });
        Ok(())
    }
}

/// Refuses unless it is so.
pub fn ensure(is_so: bool, code: Code) -> Result<(), Stop> {
    if is_so { Ok(()) } else { Err(Stop::Refused(code)) }
}
