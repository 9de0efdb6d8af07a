//! What attackers know: every address, and what an honest client or host would say first.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use socket2::{Domain, Socket, Type};

use super::super::cluster::Cluster;
use super::system::{self, Secrets};

/// How long an attacker waits for anything.
const PATIENCE: Duration = Duration::from_millis(500);
/// Loopback addresses that attackers come from: 127.0.0.2 and those behind it. Players come from 127.0.0.1.
const SOURCES: u64 = 8;

/// The targets.
pub struct Aim {
    /// Where the nodes take clients.
    pub clients: Vec<SocketAddr>,
    /// Where their links listen, both lanes of each.
    pub mesh: Vec<SocketAddr>,
    /// The key by which their links prove who they are.
    pub server_key: [u8; 32],
    /// The first words of a client that speaks TLS.
    pub client_hello: Vec<u8>,
}

impl Aim {
    /// Finds the ports of a running cluster.
    pub fn at(cluster: &Cluster, pids: &[u32], nodes: u16, secrets: &Secrets) -> Result<Self> {
        let clients: Vec<SocketAddr> = (1..=nodes).map(Cluster::clients_of).collect();
        let known: Vec<u16> =
            (1..=nodes).flat_map(|n| [Cluster::clients_of(n), Cluster::map_of(n)]).map(|a| a.port()).collect();
        let mut mesh = Vec::new();
        for pid in pids {
            let ports = system::listening(*pid).with_context(|| format!("the ports of process {pid}"))?;
            mesh.extend(ports.into_iter().filter(|port| !known.contains(port)));
        }
        ensure!(mesh.len() == 2 * pids.len(), "the links of {} listen on {mesh:?}", cluster.logs());
        let mesh = mesh.into_iter().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port))).collect();
        Ok(Self { clients, mesh, server_key: secrets.public_key, client_hello: secrets.client_hello.clone() })
    }
}

/// Chance from a seed.
pub struct Dice(u64);

impl Dice {
    /// One for each thread.
    pub fn new(name: &str, thread: u8) -> Self {
        let seed =
            name.bytes().fold(u64::from(thread) + 1, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
        Self(seed | 1)
    }

    /// Xorshift (Marsaglia, "Xorshift RNGs", 2003).
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// One of several.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    /// Bytes without a sense.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }

    /// A loopback address to come from.
    pub fn source(&mut self) -> Ipv4Addr {
        Ipv4Addr::new(127, 0, 0, 2 + self.below(SOURCES) as u8)
    }
}

/// Connects to one of the targets from one of the attackers' addresses. The connection is reset when it is dropped, so that no port is used up.
pub fn connect(dice: &mut Dice, targets: &[SocketAddr]) -> io::Result<TcpStream> {
    connect_with(dice, targets, |_| Ok(()))
}

/// The same, with options of its own.
pub fn connect_with(
    dice: &mut Dice,
    targets: &[SocketAddr],
    options: impl FnOnce(&Socket) -> io::Result<()>,
) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    options(&socket)?;
    socket.bind(&SocketAddr::from((dice.source(), 0)).into())?;
    socket.connect_timeout(&dice.pick(targets).into(), PATIENCE)?;
    socket.set_linger(Some(Duration::ZERO))?;
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
