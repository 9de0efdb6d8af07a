//! The commands that a world knows, by name. A studio adds its own here.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use protocol::Code;
use thiserror::Error;

use crate::command::{Command, Stop, Verdict};
use crate::commands;
use crate::scene::Scene;

/// Commands by name.
#[derive(Clone)]
pub struct Registry {
    commands: BTreeMap<&'static str, Arc<dyn Command>>,
}

/// Why a command cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RegistryError {
    /// There is one of that name.
    #[error("there is a command `{0}` already")]
    Taken(&'static str),
}

impl Registry {
    /// The commands of this crate.
    #[must_use]
    pub fn standard() -> Self {
        let commands = commands::all().into_iter().map(|command| (command.name(), command)).collect();
        Self { commands }
    }

    /// Adds a command.
    pub fn add(&mut self, command: Arc<dyn Command>) -> Result<(), RegistryError> {
        let name = command.name();
        if self.commands.contains_key(name) {
            return Err(RegistryError::Taken(name));
        }
        self.commands.insert(name, command);
        Ok(())
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.commands.keys().copied()
    }

    /// Performs a deed by its name; one that nobody knows is refused.
    pub fn perform(&self, name: &str, args: &[u8], scene: &Scene<'_>) -> Verdict {
        match self.commands.get(name) {
            Some(command) => command.perform(args, scene),
            None => Err(Stop::Refused(Code::UnknownDeed)),
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.commands.keys()).finish()
    }
}
