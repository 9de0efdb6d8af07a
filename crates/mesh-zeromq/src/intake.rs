//! What comes in: messages off links are checked and put into the nodes' batches; what callers send to our ports is
//! counted, as no message for a node ever comes that way. Only a question is answered: an empty part asks whether the
//! direct lane still leads to the caller.

use std::collections::BTreeMap;
use std::sync::Arc;

use node::ports::mesh::MeshLane;
use node::ports::mesh_intake::{Refused, admit};
use protocol::mesh::TOPIC_BYTES;

use crate::Shared;
use crate::counters::RefusalLog;
use crate::locals::Locals;
use crate::wire;

/// Messages read off one socket before the next has its turn.
const BURST: usize = 512;

pub(crate) struct Intake {
    pub host: u16,
    pub shared: Arc<Shared>,
    pub locals: Locals,
    pub log: RefusalLog,
    /// What was refused on each link since it was made.
    pub rubbish: BTreeMap<u16, u32>,
}

impl Intake {
    /// Reads what came over one lane of the link to a host. Returns whether an answer was among it.
    pub(crate) fn hear(&mut self, socket: &zmq::Socket, link: u16, lane: MeshLane) -> bool {
        let mut part = zmq::Message::new();
        let mut continues = false;
        let mut answered = false;
        for _ in 0..BURST {
            if socket.recv(&mut part, zmq::DONTWAIT).is_err() {
                break;
            }
            let whole = !continues && !part.get_more();
            continues = part.get_more();
            if whole && lane == MeshLane::Direct && part[..] == *wire::QUESTION {
                answered = true;
                continue;
            }
            let taken = if whole { self.take_in(&part, link, lane) } else { Err(Refused::Address) };
            if let Err(refused) = taken {
                self.refuse(Some(link), &refused);
            }
        }
        answered
    }

    /// Reads what callers say to the port of the ordered lane: which topics they want, and nothing else.
    pub(crate) fn hear_subscribers(&mut self, publish: &zmq::Socket) {
        let mut part = zmq::Message::new();
        for _ in 0..BURST {
            if publish.recv(&mut part, zmq::DONTWAIT).is_err() {
                return;
            }
            if !matches!(&part[..], [0 | 1, filter @ ..] if filter.len() <= TOPIC_BYTES) {
                self.refuse(None, &Refused::Stranger);
            }
        }
    }

    /// Reads what callers say to the port of the direct lane, where they should only listen and ask.
    pub(crate) fn hear_callers(&mut self, direct: &zmq::Socket) {
        let (mut caller, mut part) = (zmq::Message::new(), zmq::Message::new());
        for _ in 0..BURST {
            // The caller's id comes first, then the parts of what it said; libzmq hands over all or none.
            if direct.recv(&mut caller, zmq::DONTWAIT).is_err() {
                return;
            }
            let (mut parts, mut bytes, mut more) = (0, 0, caller.get_more());
            while more && direct.recv(&mut part, zmq::DONTWAIT).is_ok() {
                (parts, bytes, more) = (parts + 1, bytes + part.len(), part.get_more());
            }
            if (parts, bytes) == (1, wire::QUESTION.len()) {
                // A caller that does not read its answers gets none.
                let _ = direct.send_multipart([&caller[..], wire::QUESTION], zmq::DONTWAIT);
            } else {
                self.refuse(None, &Refused::Stranger);
            }
        }
    }

    fn take_in(&mut self, part: &[u8], link: u16, lane: MeshLane) -> Result<(), Refused> {
        let (topic, message) = wire::split(part)?;
        admit(link, lane, message)?;
        match lane {
            MeshLane::Ordered => {
                let listeners = self.locals.listeners(&topic);
                if listeners != Default::default() {
                    self.locals.put(listeners.iter(), link, lane, &Arc::from(message));
                }
            }
            MeshLane::Direct => {
                let to = topic.addressee().filter(|to| to.host() == self.host).ok_or(Refused::Address)?;
                if self.locals.knows(to) {
                    self.locals.put([to.node()].into_iter(), link, lane, &Arc::from(message));
                } else {
                    self.shared.counters.dropped(1);
                }
            }
        }
        Ok(())
    }

    fn refuse(&mut self, link: Option<u16>, refused: &Refused) {
        self.shared.counters.refused();
        self.log.note(link, refused);
        if let Some(link) = link {
            *self.rubbish.entry(link).or_insert(0) += 1;
        }
    }
}
