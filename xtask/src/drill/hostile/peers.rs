//! Peers that mean harm, at the ports of the links. Each function is one attempt.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::thread::sleep;
use std::time::Duration;

use super::aim::{Aim, Dice, connect};
use super::wire;

/// How long libzmq is given to make itself unwelcome.
const TRY: Duration = Duration::from_millis(300);
/// Subscriptions of one flood.
const SUBSCRIPTIONS: u32 = 5_000;

/// Bytes without a sense, with and without a greeting before them.
pub fn garbage(aim: &Aim, dice: &mut Dice, _: &AtomicBool) -> io::Result<()> {
    let mut stream = connect(dice, &aim.mesh)?;
    let mut bytes = match dice.below(4) {
        0 => Vec::new(),
        1 => wire::greeting("NULL"),
        2 => wire::greeting("CURVE"),
        _ => wire::greeting("\u{1}\u{2}"),
    };
    let length = dice.below(2_000) as usize;
    bytes.extend(dice.bytes(length));
    stream.write_all(&bytes)?;
    stream.read(&mut [0; 4_096]).map(drop)
}

/// A greeting, and a frame or a command that claims to be very long.
pub fn huge_lengths(aim: &Aim, dice: &mut Dice, _: &AtomicBool) -> io::Result<()> {
    let mut stream = connect(dice, &aim.mesh)?;
    let mechanism = dice.pick(&["NULL", "CURVE"]);
    let flags = dice.pick(&[2, 6]);
    let length = dice.pick(&[u64::MAX >> 1, 1 << 40, 1 << 31, 1 << 20]);
    stream.write_all(&[&wire::greeting(mechanism)[..], &[flags], &length.to_be_bytes()].concat())?;
    stream.write_all(&[1; 20_000])?;
    stream.read(&mut [0; 4_096]).map(drop)
}

/// Speaks CURVE with a key that nobody accepts.
pub fn wrong_key(aim: &Aim, dice: &mut Dice, _: &AtomicBool) -> io::Result<()> {
    let socket = socket(zmq::DEALER, Some(aim))?;
    open(&socket, dice.pick(&aim.mesh))?;
    sleep(TRY);
    Ok(())
}

/// Speaks ZeroMQ without a key.
pub fn no_key(aim: &Aim, dice: &mut Dice, _: &AtomicBool) -> io::Result<()> {
    let socket = socket(zmq::SUB, None)?;
    socket.set_subscribe(b"")?;
    open(&socket, dice.pick(&aim.mesh))?;
    sleep(TRY);
    Ok(())
}

/// Wants thousands of topics that nobody has.
pub fn subscription_flood(aim: &Aim, dice: &mut Dice, _: &AtomicBool) -> io::Result<()> {
    let key = dice.below(2) == 0;
    let socket = socket(zmq::SUB, key.then_some(aim))?;
    socket.set_sndhwm(0)?;
    open(&socket, dice.pick(&aim.mesh))?;
    for _ in 0..SUBSCRIPTIONS {
        socket.set_subscribe(&dice.bytes(10))?;
    }
    sleep(TRY);
    Ok(())
}

/// Takes the name of a host and speaks for it.
pub fn forged_words(aim: &Aim, dice: &mut Dice, _: &AtomicBool) -> io::Result<()> {
    let key = dice.below(2) == 0;
    let socket = socket(zmq::DEALER, key.then_some(aim))?;
    let host = 1 + dice.below(3) as u16;
    socket.set_identity(&[&b"H"[..], &host.to_be_bytes(), &1_u64.to_be_bytes()].concat())?;
    open(&socket, dice.pick(&aim.mesh))?;
    for _ in 0..100 {
        let length = dice.below(300) as usize;
        // Where nobody takes them there is no room either.
        let _ = socket.send(dice.bytes(length), zmq::DONTWAIT);
    }
    sleep(TRY);
    Ok(())
}

/// A socket of a context of its own; with an aim, one that knows the server's key and has a key of its own.
fn socket(kind: zmq::SocketType, key: Option<&Aim>) -> io::Result<zmq::Socket> {
    let socket = zmq::Context::new().socket(kind)?;
    socket.set_linger(0)?;
    socket.set_reconnect_ivl(100)?;
    if let Some(aim) = key {
        let own = zmq::CurveKeyPair::new()?;
        socket.set_curve_serverkey(&aim.server_key)?;
        socket.set_curve_publickey(&own.public_key)?;
        socket.set_curve_secretkey(&own.secret_key)?;
    }
    Ok(socket)
}

fn open(socket: &zmq::Socket, to: SocketAddr) -> io::Result<()> {
    Ok(socket.connect(&format!("tcp://{to}"))?)
}
