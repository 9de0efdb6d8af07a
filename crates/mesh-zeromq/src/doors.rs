//! The two ports of a host, the gate in front of them, and what became of those who knocked.
//!
//! A connection that never becomes a peer's is libzmq's to end; here it is counted and, now and then, logged.

use crate::counters::{Counters, RefusalLog};
use crate::gate::Gate;
use crate::link::{Closing, Monitor};
use crate::sockets;

/// Events read of one port in a round.
const BURST: usize = 1_024;

/// The ports.
pub(crate) struct Doors {
    pub publish: zmq::Socket,
    pub direct: zmq::Socket,
    gate: Option<Gate>,
    monitors: [Monitor; 2],
    log: RefusalLog,
    keys_log: RefusalLog,
}

impl Doors {
    /// Watches ports that are bound already.
    pub(crate) fn new(
        context: &zmq::Context,
        publish: zmq::Socket,
        direct: zmq::Socket,
        gate: Option<Gate>,
    ) -> zmq::Result<Self> {
        let monitors = [watch(context, &publish, "publish")?, watch(context, &direct, "direct")?];
        Ok(Self { publish, direct, gate, monitors, log: RefusalLog::default(), keys_log: RefusalLog::default() })
    }

    pub(crate) fn gate(&self) -> Option<&Gate> {
        self.gate.as_ref()
    }

    /// Answers libzmq's questions, and counts who was sent away.
    pub(crate) fn look(&mut self, counters: &Counters) {
        if let Some(gate) = &self.gate {
            gate.answer(|from, key| {
                counters.key_refused();
                let key = key.map_or_else(|| "no key".to_owned(), |key| key.to_string());
                self.keys_log.note_stranger(from, &format!("{key} is not in the list of accepted keys"));
            });
        }
        for monitor in &self.monitors {
            for (event, from) in std::iter::from_fn(|| monitor.next()).take(BURST) {
                let reason = match event {
                    zmq::SocketEvent::HANDSHAKE_FAILED_NO_DETAIL => "it went or fell silent before it was known",
                    zmq::SocketEvent::HANDSHAKE_FAILED_PROTOCOL => "it does not speak the protocol, or has no key",
                    _ => continue,
                };
                counters.stranger();
                self.log.note_stranger(&from, reason);
            }
        }
    }

    /// Closes the ports; their monitors go when libzmq has said its last.
    pub(crate) fn close(self, closing: &mut Closing) {
        let Self { publish, direct, gate, monitors, .. } = self;
        drop((publish, direct));
        // Behind the ports: while there is a port there is a gate.
        drop(gate);
        monitors.into_iter().for_each(|monitor| closing.watch(monitor));
    }
}

/// The reader stands before the monitor begins, so that nothing is ever said to nobody.
fn watch(context: &zmq::Context, socket: &zmq::Socket, name: &str) -> zmq::Result<Monitor> {
    let endpoint = format!("inproc://door-{name}");
    let events = zmq::SocketEvent::HANDSHAKE_FAILED_NO_DETAIL as i32
        | zmq::SocketEvent::HANDSHAKE_FAILED_PROTOCOL as i32
        | zmq::SocketEvent::MONITOR_STOPPED as i32;
    let reader = sockets::pair(context)?;
    reader.connect(&endpoint)?;
    socket.monitor(&endpoint, events)?;
    Ok(Monitor::over(reader))
}
