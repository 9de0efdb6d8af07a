//! Queues: nothing that a node holds back grows without bound.

use node::limits::GAP_FRAMES;

use super::{Checker, Findings, Scene};

#[derive(Debug, Default)]
pub(crate) struct Queues;

impl Queues {
    pub(crate) fn look(&mut self, findings: &mut Findings, scene: &Scene<'_>) {
        for status in &scene.statuses {
            findings.check(Checker::QueueBounded, status.held_frames <= GAP_FRAMES, || {
                format!("{} holds {} frames back behind one gap", status.incarnation, status.held_frames)
            });
        }
    }
}
