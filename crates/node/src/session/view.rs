//! Which chunks a client holds, in which lane, and what must change when its avatar walks.

use std::collections::BTreeMap;

use protocol::tick::Lane;
use world::{Chunk, Plant, Planted};

use crate::config::View;

/// The chunks of one client.
#[derive(Clone, Debug)]
pub(crate) struct SessionView {
    view: View,
    size_chunks: u16,
    centre: Option<Chunk>,
    wanted: BTreeMap<Chunk, Lane>,
    /// What the client was told, as of its last write.
    told: BTreeMap<Chunk, Lane>,
    /// The client lost a write: it must forget everything first.
    stale: bool,
    planted: Planted,
}

/// How the client's chunks change with one write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shift {
    /// Everything must be forgotten first.
    pub(crate) reset: bool,
    /// Chunks that are new, or new in their lane.
    pub(crate) shown: Vec<(Chunk, Lane)>,
    /// Chunks that stay as they are.
    pub(crate) kept: Vec<(Chunk, Lane)>,
    /// Chunks that are no longer in this lane.
    pub(crate) dropped: Vec<(Chunk, Lane)>,
    /// Chunks that are no longer in view at all.
    pub(crate) unseen: Vec<Chunk>,
}

impl SessionView {
    /// The view of a session on an island of so many chunks a side. There is nothing to see beyond its edges.
    pub(crate) fn new(view: View, size_chunks: u16, planted: Planted) -> Self {
        let nothing = BTreeMap::new();
        Self { view, size_chunks, centre: None, wanted: nothing.clone(), told: nothing, stale: false, planted }
    }

    /// The avatar is in this chunk now. Returns the chunks that are needed anew and those that are not any more.
    pub(crate) fn look_from(&mut self, centre: Chunk) -> Option<(Vec<Chunk>, Vec<Chunk>)> {
        if self.centre == Some(centre) {
            return None;
        }
        self.centre = Some(centre);
        let near = u16::from(self.view.near);
        let lane = |chunk: Chunk| if centre.rings_to(chunk) <= near { Lane::Near } else { Lane::Far };
        let on_island = |chunk: &Chunk| {
            let inside = |c: i16| u16::try_from(c).is_ok_and(|c| c < self.size_chunks);
            inside(chunk.cx) && inside(chunk.cy)
        };
        let around = centre.around(u16::from(self.view.far.max(self.view.near)));
        let wanted: BTreeMap<Chunk, Lane> = around.filter(on_island).map(|chunk| (chunk, lane(chunk))).collect();
        let former = std::mem::replace(&mut self.wanted, wanted);
        let added = self.wanted.keys().filter(|c| !former.contains_key(c)).copied().collect();
        let dropped = former.keys().filter(|c| !self.wanted.contains_key(c)).copied().collect();
        Some((added, dropped))
    }

    /// All chunks that the session needs.
    pub(crate) fn needed(&self) -> impl Iterator<Item = Chunk> {
        self.wanted.keys().copied()
    }

    /// Whether the chunk was shown to the client.
    pub(crate) fn shows(&self, chunk: Chunk) -> bool {
        self.told.contains_key(&chunk)
    }

    /// The client lost a write.
    pub(crate) fn lost(&mut self) {
        self.stale = true;
    }

    /// What the next write must change. The write is taken for done.
    pub(crate) fn shift(&mut self) -> Shift {
        let mut shift = Shift { reset: std::mem::take(&mut self.stale), ..Shift::default() };
        if shift.reset {
            self.told.clear();
        }
        for (chunk, lane) in &self.wanted {
            match self.told.insert(*chunk, *lane) {
                Some(told) if told == *lane => shift.kept.push((*chunk, *lane)),
                Some(told) => {
                    shift.shown.push((*chunk, *lane));
                    shift.dropped.push((*chunk, told));
                }
                None => shift.shown.push((*chunk, *lane)),
            }
        }
        if self.told.len() > self.wanted.len() {
            self.forget(&mut shift);
        }
        shift
    }

    fn forget(&mut self, shift: &mut Shift) {
        let gone: Vec<(Chunk, Lane)> =
            self.told.iter().filter(|(c, _)| !self.wanted.contains_key(c)).map(|(c, lane)| (*c, *lane)).collect();
        for (chunk, lane) in gone {
            if self.planted.is(Plant::LeakyInterest) {
                shift.kept.push((chunk, lane));
                continue;
            }
            self.told.remove(&chunk);
            shift.dropped.push((chunk, lane));
            shift.unseen.push(chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> SessionView {
        SessionView::new(View { near: 1, far: 2, far_every: 5 }, 40, Planted::none())
    }

    #[test]
    fn the_first_write_shows_everything_once() {
        let mut v = view();
        let (added, dropped) = v.look_from(Chunk::new(10, 10)).unwrap();
        assert_eq!((added.len(), dropped.len()), (25, 0));
        let first = v.shift();
        assert_eq!(first.shown.iter().filter(|(_, lane)| *lane == Lane::Near).count(), 9);
        assert_eq!((first.shown.len(), first.kept.len()), (25, 0));
        let second = v.shift();
        assert_eq!((second.shown.len(), second.kept.len()), (0, 25));
    }

    #[test]
    fn a_step_east_changes_lanes_and_one_column() {
        let mut v = view();
        v.look_from(Chunk::new(10, 10));
        v.shift();
        assert_eq!(v.look_from(Chunk::new(10, 10)), None, "standing still changes nothing");
        v.look_from(Chunk::new(11, 10));
        let shift = v.shift();
        assert_eq!(shift.unseen.len(), 5, "the western column");
        assert_eq!(shift.shown.len(), 5 + 3 + 3, "a new column, and three chunks each that change lanes");
        assert_eq!(shift.dropped.len(), 5 + 3 + 3);
    }

    #[test]
    fn a_lost_write_is_made_good_by_a_reset() {
        let mut v = view();
        v.look_from(Chunk::new(10, 10));
        v.shift();
        v.lost();
        let shift = v.shift();
        assert!(shift.reset);
        assert_eq!(shift.shown.len(), 25);
    }
}
