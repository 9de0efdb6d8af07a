//! What one client has yet to take: plain bytes and their bounds, no socket.

use crate::limits::Limits;

/// Bytes kept for a client that does not read as fast as it is written to.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    kept: Vec<u8>,
    sent: usize,
    /// Control bytes that were added after the write that did not fit.
    control: usize,
    behind: bool,
    told: bool,
}

/// More would have to be kept than the limits allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overflow;

impl Outgoing {
    /// Whether the client must take something before it can be written to directly.
    pub(crate) fn is_behind(&self) -> bool {
        self.behind
    }

    /// What the socket should take next.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.kept[self.sent..]
    }

    /// The client fell behind: the rest of the write that did not fit is kept.
    pub(crate) fn fall_behind(&mut self, rest: &[u8], limits: &Limits, total: usize) -> Result<(), Overflow> {
        self.behind = true;
        self.keep(rest, limits, total)
    }

    /// Control bytes for a client that is behind.
    pub(crate) fn add_control(&mut self, control: &[u8], limits: &Limits, total: usize) -> Result<(), Overflow> {
        self.control += control.len();
        if self.control > limits.blocked_control_bytes {
            return Err(Overflow);
        }
        self.keep(control, limits, total)
    }

    fn keep(&mut self, bytes: &[u8], limits: &Limits, total: usize) -> Result<(), Overflow> {
        if self.rest().len() + bytes.len() > limits.pending_bytes || total + bytes.len() > limits.pending_total_bytes {
            return Err(Overflow);
        }
        self.kept.extend_from_slice(bytes);
        Ok(())
    }

    /// Frames were dropped: the client's node is told when it has caught up.
    pub(crate) fn dropped_frames(&mut self) {
        self.told = true;
    }

    /// The socket took so many bytes.
    pub(crate) fn took(&mut self, bytes: usize) {
        self.sent += bytes;
        if self.sent == self.kept.len() {
            (self.kept, self.sent) = (Vec::new(), 0);
        }
    }

    /// All is taken. Returns whether the node waits to hear it.
    pub(crate) fn catch_up(&mut self) -> bool {
        (self.behind, self.control) = (false, 0);
        std::mem::take(&mut self.told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: fn() -> Limits =
        || Limits { blocked_control_bytes: 4, pending_bytes: 10, pending_total_bytes: 100, ..Limits::default() };

    #[test]
    fn what_is_taken_is_gone_and_the_order_stays() {
        let mut outgoing = Outgoing::default();
        outgoing.fall_behind(b"abc", &LIMITS(), 0).expect("room");
        outgoing.took(2);
        outgoing.add_control(b"de", &LIMITS(), 1).expect("room");
        assert_eq!((outgoing.rest(), outgoing.is_behind()), (&b"cde"[..], true));
        outgoing.took(3);
        assert_eq!(outgoing.rest(), b"");
        assert!(!outgoing.catch_up());
        assert!(!outgoing.is_behind());
    }

    #[test]
    fn the_node_hears_once_that_frames_go_again() {
        let mut outgoing = Outgoing::default();
        outgoing.fall_behind(b"", &LIMITS(), 0).expect("room");
        outgoing.dropped_frames();
        assert!(outgoing.catch_up());
        assert!(!outgoing.catch_up());
    }

    #[test]
    fn who_never_reads_meets_each_bound() {
        let behind = |bytes: &[u8]| {
            let mut outgoing = Outgoing::default();
            outgoing.fall_behind(bytes, &LIMITS(), 0).expect("room");
            outgoing
        };
        assert_eq!(behind(b"a").add_control(b"12345", &LIMITS(), 1), Err(Overflow));
        assert_eq!(behind(b"123456789").add_control(b"12", &LIMITS(), 9), Err(Overflow));
        assert_eq!(behind(b"a").add_control(b"12", &LIMITS(), 99), Err(Overflow));
        assert_eq!(Outgoing::default().fall_behind(&[0; 11], &LIMITS(), 0), Err(Overflow));
    }
}
