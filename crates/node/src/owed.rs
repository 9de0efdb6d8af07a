//! What a slower lane owes of one stream: who moved, came, left and spoke since the lane last told.
//!
//! It keeps names, not places: what is told is the state of the ghosts when the lane speaks. Its main type is
//! [`Owed`].
//!
//! Invariant: who left is neither among the moved nor among the entered, unless it came again since.

use std::collections::BTreeSet;

use ghosts::{Ghost, Ghosts, StreamKey};
use protocol::frame::{Body, Event, Handle, Leave, Move, Record};
use world::Position;

/// What is owed of one stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Owed {
    pub(crate) entered: BTreeSet<Handle>,
    pub(crate) moved: BTreeSet<Handle>,
    pub(crate) left: Vec<Leave>,
    pub(crate) events: Vec<Event>,
}

impl Owed {
    /// Takes in the records of one frame.
    pub(crate) fn note(&mut self, records: &[Record]) {
        for record in records {
            match record {
                Record::Move(m) => {
                    self.moved.insert(m.handle);
                }
                Record::Enter(e) => {
                    self.entered.insert(e.handle);
                }
                Record::Leave(l) => self.leave(*l),
                Record::Event(e) => self.events.push(e.clone()),
            }
        }
    }

    /// Takes in what was owed later, but for its events.
    pub(crate) fn absorb(&mut self, later: &Self) {
        later.left.iter().for_each(|l| self.leave(*l));
        self.entered.extend(&later.entered);
        self.moved.extend(&later.moved);
    }

    fn leave(&mut self, l: Leave) {
        self.entered.remove(&l.handle);
        self.moved.remove(&l.handle);
        self.left.push(l);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entered.is_empty() && self.moved.is_empty() && self.left.is_empty() && self.events.is_empty()
    }

    /// The records that pay it: where each ghost is now, as `shown` has it.
    pub(crate) fn body(&self, key: StreamKey, ghosts: &Ghosts, shown: impl Fn(&Ghost) -> Position) -> Body {
        let bound = |handle: &Handle| ghosts.bound(key, *handle);
        let moves = self.moved.difference(&self.entered).filter_map(bound);
        Body {
            moves: moves.map(|g| Move { handle: g.handle, at: shown(g), motion: g.segment.motion }).collect(),
            leaves: self.left.clone(),
            enters: self.entered.iter().filter_map(bound).map(|g| g.to_enter(shown(g))).collect(),
            events: self.events.clone(),
        }
    }
}
