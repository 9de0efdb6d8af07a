//! What a mesh is started with: where it listens, how others find it, and its limits.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::keys::Security;

/// The port number that stands for any free port outside the range from which the system takes ports for outgoing
/// connections (32768 to 60999 on Linux), where a listener may find its port taken by a chance.
pub const ANY_PORT: u16 = 0;

/// Where a mesh listens.
#[derive(Clone, Debug)]
pub struct MeshConfig {
    /// The address of the interface to listen on.
    pub bind_host: IpAddr,
    /// The port of the ordered lane, or [`ANY_PORT`].
    pub publish_port: u16,
    /// The port of the direct lane, or [`ANY_PORT`].
    pub direct_port: u16,
    /// The name or address by which other hosts reach this one.
    pub advertise_host: String,
    /// The limits.
    pub limits: MeshLimits,
    /// Keys, so that only hosts with keys of the list can link to this one, and in secret. Without them anybody who
    /// reaches the ports can listen.
    pub security: Option<Security>,
}

impl MeshConfig {
    /// Free ports on the loopback interface.
    #[must_use]
    pub fn loopback() -> Self {
        let host = Ipv4Addr::LOCALHOST;
        Self {
            bind_host: host.into(),
            publish_port: ANY_PORT,
            direct_port: ANY_PORT,
            advertise_host: host.to_string(),
            limits: MeshLimits::default(),
            security: None,
        }
    }

    /// What others are told: `host:port`, an IPv6 address in brackets.
    pub(crate) fn advertised(&self, port: u16) -> String {
        match self.advertise_host.parse::<IpAddr>() {
            Ok(address) => SocketAddr::new(address, port).to_string(),
            Err(_) => format!("{}:{port}", self.advertise_host),
        }
    }
}

/// Everything of a mesh that is bounded, with what happens at the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeshLimits {
    /// Messages of the ordered lane that wait for one peer; further ones are dropped, and the peer sees gaps. Four
    /// ticks of a host that fills 2000 chunks; with the 8 KiB that a frame should stay below it is 64 MiB. libzmq
    /// counts messages, not bytes, and makes room in halves: a queue that was drained may still count as half full.
    pub publish_queue: u16,
    /// Messages of the direct lane that wait for one peer; further ones are dropped and counted. As many keyframes as a
    /// busy host has streams in a peer's interest.
    pub direct_queue: u16,
    /// Messages that wait to be taken off one link; beyond it TCP slows the sender, whose queue then fills.
    pub receive_queue: u16,
    /// Links to other hosts; further ones are not made, and an error is logged. A link takes six of the 1023 sockets
    /// that libzmq allows a context.
    pub peers: u16,
    /// Batches of one node that wait for the mesh's thread; further ones are dropped whole. Six seconds of ticks at
    /// 10 Hz: a thread that is so late is no use any more.
    pub submit_batches: usize,
    /// Bytes of messages of one node that wait for the mesh's thread; a batch that comes on top of so many is dropped
    /// whole.
    pub submit_bytes: usize,
}

impl Default for MeshLimits {
    fn default() -> Self {
        Self {
            publish_queue: 8192,
            direct_queue: 8192,
            receive_queue: 4096,
            peers: 160,
            submit_batches: 64,
            submit_bytes: 64 << 20,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_advertised_can_be_connected_to() {
        for (host, expected) in
            [("10.0.0.7", "10.0.0.7:71"), ("::1", "[::1]:71"), ("host-a.example", "host-a.example:71")]
        {
            let config = MeshConfig { advertise_host: host.into(), ..MeshConfig::loopback() };
            assert_eq!(config.advertised(71), expected);
        }
    }
}
