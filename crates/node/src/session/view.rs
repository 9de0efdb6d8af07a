//! Which chunks a client holds, in which lane, and what must change when its avatar walks.

use std::collections::{BTreeMap, BTreeSet};

use protocol::tick::Lane;
use world::{Cell, Chunk, Plant, Planted, Position};

use crate::config::View;
use crate::crowd::meter::Meter;
use crate::crowd::pace::Telling;

/// The chunks of one client.
#[derive(Clone, Debug)]
pub(crate) struct SessionView {
    view: View,
    size_chunks: u16,
    centre: Option<Chunk>,
    wanted: BTreeMap<Chunk, Lane>,
    /// What the client was told, as of its last write.
    told: BTreeMap<Chunk, Lane>,
    /// From where the client looks at crowds.
    eye: Cell,
    /// How it is told of the crowded chunks that it holds.
    tellings: BTreeMap<Chunk, Telling>,
    /// What it was told in the last second.
    pub(crate) meter: Meter,
    /// The client lost a write: it must forget everything first.
    stale: bool,
    /// The client was told what is wanted, by no crowd lane, when the crowds had this version.
    settled: Option<u64>,
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
        Self {
            view,
            size_chunks,
            centre: None,
            wanted: nothing.clone(),
            told: nothing,
            eye: Cell::default(),
            tellings: BTreeMap::new(),
            meter: Meter::default(),
            stale: false,
            settled: None,
            planted,
        }
    }

    /// Whether it ever looked from anywhere.
    pub(crate) fn looks(&self) -> bool {
        self.centre.is_some()
    }

    /// The avatar is in this chunk now. Returns the chunks that are needed anew and those that are not any more.
    pub(crate) fn look_from(&mut self, centre: Chunk) -> Option<(Vec<Chunk>, Vec<Chunk>)> {
        if self.centre == Some(centre) {
            return None;
        }
        self.centre = Some(centre);
        self.settled = None;
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

    /// The avatar is at this place now. Who jitters on the edge of a sub-cell looks from the same one on.
    pub(crate) fn stand(&mut self, at: Position) {
        if !self.eye.keeps(at) {
            self.eye = Cell::at(at);
        }
    }

    /// The sub-cell from which the client looks.
    pub(crate) fn eye(&self) -> Cell {
        self.eye
    }

    /// All chunks that the client holds.
    pub(crate) fn told(&self) -> impl Iterator<Item = (Chunk, Lane)> {
        self.told.iter().map(|(chunk, lane)| (*chunk, *lane))
    }

    /// How the crowded chunks that stay are told in this turn. From the next on it is as `wanted` says, as far as
    /// that can be.
    pub(crate) fn tellings(
        &mut self,
        shift: &Shift,
        turn: u64,
        wanted: impl Fn(Chunk, Cell) -> Telling,
    ) -> Vec<(Chunk, Telling)> {
        let crowds = |(chunk, lane): &(Chunk, Lane)| (*lane == Lane::Crowd).then_some(*chunk);
        for chunk in shift.dropped.iter().filter_map(crowds) {
            self.tellings.remove(&chunk);
        }
        for chunk in shift.shown.iter().filter_map(crowds) {
            self.tellings.insert(chunk, wanted(chunk, self.eye));
        }
        let mut told = Vec::new();
        for chunk in shift.kept.iter().filter_map(crowds) {
            let wanted = wanted(chunk, self.eye);
            let telling = self.tellings.entry(chunk).or_insert(wanted);
            told.push((chunk, *telling));
            telling.follow(&wanted, turn);
        }
        told
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
        self.settled = None;
    }

    /// The chunk from which the client looks, if the next write changes nothing of its view and no crowd is in it. Clients
    /// who look from the same chunk then hold the same chunks in the same lanes. `crowds` is the version of the crowds.
    pub(crate) fn settled(&self, crowds: u64) -> Option<Chunk> {
        self.centre.filter(|_| self.settled == Some(crowds))
    }

    /// What the next write must change, where these chunks are crowded. The write is taken for done.
    pub(crate) fn shift(&mut self, crowded: &BTreeSet<Chunk>, version: u64) -> Shift {
        let mut shift = Shift { reset: std::mem::take(&mut self.stale), ..Shift::default() };
        if shift.reset {
            self.told.clear();
        }
        for (chunk, lane) in &self.wanted {
            let lane = if *lane == Lane::Near && crowded.contains(chunk) { Lane::Crowd } else { *lane };
            match self.told.insert(*chunk, lane) {
                Some(told) if told == lane => shift.kept.push((*chunk, lane)),
                Some(told) => {
                    shift.shown.push((*chunk, lane));
                    shift.dropped.push((*chunk, told));
                }
                None => shift.shown.push((*chunk, lane)),
            }
        }
        if self.told.len() > self.wanted.len() {
            self.forget(&mut shift);
        }
        let plain = self.told.len() == self.wanted.len() && self.told.values().all(|lane| *lane != Lane::Crowd);
        self.settled = plain.then_some(version);
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

    fn none() -> BTreeSet<Chunk> {
        BTreeSet::new()
    }

    fn view() -> SessionView {
        SessionView::new(View { near: 1, far: 2, far_every: 5 }, 40, Planted::none())
    }

    #[test]
    fn the_first_write_shows_everything_once() {
        let mut v = view();
        let (added, dropped) = v.look_from(Chunk::new(10, 10)).unwrap();
        assert_eq!((added.len(), dropped.len()), (25, 0));
        let first = v.shift(&none(), 0);
        assert_eq!(first.shown.iter().filter(|(_, lane)| *lane == Lane::Near).count(), 9);
        assert_eq!((first.shown.len(), first.kept.len()), (25, 0));
        assert_eq!((v.settled(0), v.settled(1)), (Some(Chunk::new(10, 10)), None));
        assert_eq!(v.told().count(), 25);
        let second = v.shift(&none(), 0);
        assert_eq!((second.shown.len(), second.kept.len()), (0, 25));
    }

    #[test]
    fn a_step_east_changes_lanes_and_one_column() {
        let mut v = view();
        v.look_from(Chunk::new(10, 10));
        v.shift(&none(), 0);
        assert_eq!(v.look_from(Chunk::new(10, 10)), None, "standing still changes nothing");
        v.look_from(Chunk::new(11, 10));
        assert_eq!(v.settled(0), None);
        let shift = v.shift(&none(), 0);
        assert_eq!(shift.unseen.len(), 5, "the western column");
        assert_eq!(shift.shown.len(), 5 + 3 + 3, "a new column, and three chunks each that change lanes");
        assert_eq!(shift.dropped.len(), 5 + 3 + 3);
    }

    #[test]
    fn a_lost_write_is_made_good_by_a_reset() {
        let mut v = view();
        v.look_from(Chunk::new(10, 10));
        v.shift(&none(), 0);
        v.lost();
        assert_eq!(v.settled(0), None);
        let shift = v.shift(&none(), 0);
        assert!(shift.reset);
        assert_eq!(shift.shown.len(), 25);
    }

    #[test]
    fn a_chunk_that_fills_changes_its_lane_where_it_is_near() {
        let mut v = view();
        v.look_from(Chunk::new(10, 10));
        v.shift(&none(), 0);
        let crowded = BTreeSet::from([Chunk::new(11, 10), Chunk::new(12, 10)]);
        let shift = v.shift(&crowded, 1);
        assert_eq!(shift.shown, [(Chunk::new(11, 10), Lane::Crowd)]);
        assert_eq!(shift.dropped, [(Chunk::new(11, 10), Lane::Near)]);
        assert_eq!((v.settled(0), v.settled(1)), (None, None), "each client may be told otherwise of a crowd");
        assert_eq!(v.shift(&none(), 2).shown, [(Chunk::new(11, 10), Lane::Near)]);
    }
}
