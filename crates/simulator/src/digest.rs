//! The digest of a run: every effect of every node, in order, with its time.

use node::Effect;
use world::{Digest, Millis};

/// The running digest.
#[derive(Debug)]
pub(crate) struct RunDigest(Digest);

impl RunDigest {
    pub(crate) fn new() -> Self {
        Self(Digest::new())
    }

    pub(crate) fn value(&self) -> u64 {
        self.0.finish()
    }

    pub(crate) fn effect(&mut self, now: Millis, host: u16, effect: &Effect) {
        let d = &mut self.0;
        d.write(&now.0.to_le_bytes());
        d.write(&host.to_le_bytes());
        match effect {
            Effect::Write { conn, control, frames, shared } => {
                d.write(&[1]);
                d.write(&conn.0.to_le_bytes());
                d.write(control);
                d.write(frames);
                shared.iter().for_each(|part| d.write(part));
            }
            Effect::Close { conn, code } => {
                d.write(&[2]);
                d.write(&conn.0.to_le_bytes());
                d.write(&(*code as u16).to_le_bytes());
            }
            Effect::Publish { topic, bytes } => {
                d.write(&[3]);
                d.write(&topic.0);
                d.write(bytes);
            }
            Effect::Send { to, bytes } => {
                d.write(&[4]);
                d.write(&to.0.to_le_bytes());
                d.write(bytes);
            }
            Effect::Subscribe { filter } => {
                d.write(&[5]);
                d.write(filter);
            }
            Effect::Unsubscribe { filter } => {
                d.write(&[6]);
                d.write(filter);
            }
            Effect::Store { op, request } => {
                d.write(&[7]);
                d.write(&op.0.to_le_bytes());
                d.write(format!("{request:?}").as_bytes());
            }
            Effect::Note(note) => {
                d.write(&[8]);
                d.write(format!("{note:?}").as_bytes());
            }
        }
    }
}
