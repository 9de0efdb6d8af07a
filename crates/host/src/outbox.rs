//! What a node has for the mesh: one batch for each turn of its loop. A batch that the mesh has no room for is lost,
//! and keyframes heal that; but subscriptions nobody would ever repeat, so they are owed until they go through.

use std::collections::BTreeMap;

use node::ports::mesh::{MeshCommand, MeshPort};

/// A node's outbox.
pub(crate) struct Outbox {
    port: Box<dyn MeshPort>,
    batch: Vec<MeshCommand>,
    /// For each filter, how many subscriptions (or, below zero, their ends) the mesh has not heard of.
    owed: BTreeMap<Vec<u8>, i64>,
}

impl Outbox {
    pub(crate) fn new(port: Box<dyn MeshPort>) -> Self {
        Self { port, batch: Vec::new(), owed: BTreeMap::new() }
    }

    pub(crate) fn push(&mut self, command: MeshCommand) {
        self.batch.push(command);
    }

    /// Hands the batch over. Returns how many messages were lost.
    pub(crate) fn submit(&mut self) -> usize {
        if self.batch.is_empty() && self.owed.is_empty() {
            return 0;
        }
        let mut batch = std::mem::take(&mut self.batch);
        batch.iter().filter_map(change).for_each(|(filter, by)| owe(&mut self.owed, filter, by));
        batch.retain(|command| change(command).is_none());
        let messages = batch.len();
        let changes = self.owed.iter().flat_map(|(filter, by)| repeat(filter, *by));
        if self.port.submit(changes.chain(batch).collect()).is_ok() {
            self.owed.clear();
            return 0;
        }
        messages
    }
}

/// The filter of a command about subscriptions, and by how much it changes them.
fn change(command: &MeshCommand) -> Option<(&[u8], i64)> {
    match command {
        MeshCommand::Subscribe { filter } => Some((filter, 1)),
        MeshCommand::Unsubscribe { filter } => Some((filter, -1)),
        MeshCommand::Publish { .. } | MeshCommand::Send { .. } => None,
    }
}

fn owe(owed: &mut BTreeMap<Vec<u8>, i64>, filter: &[u8], by: i64) {
    let sum = owed.remove(filter).unwrap_or(0) + by;
    if sum != 0 {
        owed.insert(filter.to_vec(), sum);
    }
}

fn repeat(filter: &[u8], by: i64) -> impl Iterator<Item = MeshCommand> {
    let command = match by > 0 {
        true => MeshCommand::Subscribe { filter: filter.to_vec() },
        false => MeshCommand::Unsubscribe { filter: filter.to_vec() },
    };
    std::iter::repeat_n(command, usize::try_from(by.unsigned_abs()).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use node::ports::mesh::MeshFull;
    use protocol::Incarnation;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Port {
        full: Arc<Mutex<bool>>,
        taken: Arc<Mutex<Vec<MeshCommand>>>,
    }

    impl MeshPort for Port {
        fn submit(&mut self, batch: Vec<MeshCommand>) -> Result<(), MeshFull> {
            if *self.full.lock().expect("whole") {
                return Err(MeshFull);
            }
            self.taken.lock().expect("whole").extend(batch);
            Ok(())
        }
    }

    fn subscribe(filter: &[u8]) -> MeshCommand {
        MeshCommand::Subscribe { filter: filter.to_vec() }
    }

    fn unsubscribe(filter: &[u8]) -> MeshCommand {
        MeshCommand::Unsubscribe { filter: filter.to_vec() }
    }

    fn message() -> MeshCommand {
        MeshCommand::Send { to: Incarnation(1), bytes: Arc::from(*b"m") }
    }

    /// What arrives of `while_full` and then `later`, and how many messages were lost.
    fn check(while_full: Vec<MeshCommand>, later: Vec<MeshCommand>, expected: Vec<MeshCommand>, lost: usize) {
        let port = Port::default();
        let mut outbox = Outbox::new(Box::new(port.clone()));
        *port.full.lock().expect("whole") = true;
        while_full.into_iter().for_each(|c| outbox.push(c));
        assert_eq!(outbox.submit(), lost);
        *port.full.lock().expect("whole") = false;
        later.into_iter().for_each(|c| outbox.push(c));
        assert_eq!(outbox.submit(), 0);
        assert_eq!(outbox.submit(), 0);
        assert_eq!(*port.taken.lock().expect("whole"), expected);
    }

    #[test]
    fn a_full_mesh_loses_messages_but_no_subscription() {
        check(vec![subscribe(b"a"), message()], vec![message()], vec![subscribe(b"a"), message()], 1);
        check(vec![unsubscribe(b"a")], vec![], vec![unsubscribe(b"a")], 0);
        check(vec![subscribe(b"a")], vec![subscribe(b"a")], vec![subscribe(b"a"), subscribe(b"a")], 0);
    }

    #[test]
    fn what_a_full_mesh_never_heard_of_need_not_be_undone() {
        check(vec![subscribe(b"a"), subscribe(b"b")], vec![unsubscribe(b"a")], vec![subscribe(b"b")], 0);
        check(vec![message()], vec![], vec![], 1);
    }
}
