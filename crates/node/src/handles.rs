//! Handles: short names for the entities of one incarnation, given out again only after a rest.

use std::collections::VecDeque;

use protocol::frame::Handle;
use world::Millis;

use crate::limits::HANDLE_REST_MS;

/// Gives out handles. 65,535 are in use or at rest at most; then admission is refused.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handles {
    fresh: u16,
    resting: VecDeque<(Millis, Handle)>,
}

impl Handles {
    pub(crate) fn take(&mut self, now: Millis) -> Option<Handle> {
        if self.resting.front().is_some_and(|(rested, _)| *rested <= now) {
            return self.resting.pop_front().map(|(_, handle)| handle);
        }
        self.fresh = self.fresh.checked_add(1)?;
        Some(Handle(self.fresh))
    }

    pub(crate) fn rest(&mut self, now: Millis, handle: Handle) {
        self.resting.push_back((now + HANDLE_REST_MS, handle));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_rests_before_it_names_another() {
        let mut handles = Handles::default();
        let first = handles.take(Millis(0)).unwrap();
        handles.rest(Millis(0), first);
        assert_ne!(handles.take(Millis(HANDLE_REST_MS - 1)).unwrap(), first);
        assert_eq!(handles.take(Millis(HANDLE_REST_MS)).unwrap(), first);
    }

    #[test]
    fn exhaustion_is_told() {
        let mut handles = Handles::default();
        let given = (0..70_000).filter_map(|_| handles.take(Millis(0))).count();
        assert_eq!(given, 65_535);
    }
}
