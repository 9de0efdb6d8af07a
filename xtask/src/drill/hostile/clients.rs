//! Clients that mean harm. Each function is one attempt; that it is cut off is an error, and what should happen.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::aim::{Aim, Dice, connect, connect_with};
use super::wire;

/// Time between two bytes of one who is slow on purpose.
const SLOW: Duration = Duration::from_millis(400);
/// How long somebody who does not read is there, at least until the server loses patience.
const STAY: Duration = Duration::from_secs(25);

/// Reads until the server hangs up or has nothing to say for a while.
fn hear_out(stream: &mut TcpStream) -> io::Result<()> {
    let mut bytes = [0; 16 * 1024];
    while stream.read(&mut bytes)? > 0 {}
    Ok(())
}

/// Bytes without a sense.
pub fn garbage(aim: &Aim, dice: &mut Dice, _: &AtomicBool) -> io::Result<()> {
    let mut stream = connect(dice, &aim.clients)?;
    let length = 1 + dice.below(8_000) as usize;
    stream.write_all(&dice.bytes(length))?;
    hear_out(&mut stream)
}

/// A message that ends before its end.
pub fn half_frames(aim: &Aim, dice: &mut Dice, _: &AtomicBool) -> io::Result<()> {
    let mut stream = connect(dice, &aim.clients)?;
    let whole = wire::hello("half");
    let cut = 1 + dice.below(whole.len() as u64 - 1) as usize;
    stream.write_all(&whole[..cut])?;
    hear_out(&mut stream)
}

/// A message that claims to be very long.
pub fn huge_lengths(aim: &Aim, dice: &mut Dice, _: &AtomicBool) -> io::Result<()> {
    let mut stream = connect(dice, &aim.clients)?;
    let mut message = wire::hello("huge");
    let length = dice.pick(&[u32::MAX, 1 << 31, 1 << 24, 2_049]);
    message[..4].copy_from_slice(&length.to_le_bytes());
    stream.write_all(&message)?;
    let mut inner = wire::hello("huge");
    // The name in it claims to be long as well.
    inner[28..36].copy_from_slice(&u64::MAX.to_le_bytes());
    stream.write_all(&inner)?;
    hear_out(&mut stream)
}

/// A hello, byte by byte.
pub fn slow_loris(aim: &Aim, dice: &mut Dice, over: &AtomicBool) -> io::Result<()> {
    trickle(connect(dice, &aim.clients)?, &wire::hello("loris"), over)
}

/// The first words of TLS, byte by byte.
pub fn slow_loris_in_tls(aim: &Aim, dice: &mut Dice, over: &AtomicBool) -> io::Result<()> {
    trickle(connect(dice, &aim.clients)?, &aim.client_hello, over)
}

fn trickle(mut stream: TcpStream, bytes: &[u8], over: &AtomicBool) -> io::Result<()> {
    for byte in bytes {
        if over.load(Ordering::Relaxed) {
            return Ok(());
        }
        stream.write_all(&[*byte])?;
        sleep(SLOW);
    }
    hear_out(&mut stream)
}

/// Lets the server do the costly half of a handshake and goes; sometimes with a torn one.
pub fn handshake_flood(aim: &Aim, dice: &mut Dice, _: &AtomicBool) -> io::Result<()> {
    let mut stream = connect(dice, &aim.clients)?;
    let mut hello = aim.client_hello.clone();
    if dice.below(2) == 0 {
        let at = 5 + dice.below(hello.len() as u64 - 5) as usize;
        hello[at..].iter_mut().for_each(|byte| *byte ^= 0x55);
    }
    stream.write_all(&hello)?;
    stream.read(&mut [0; 4_096]).map(drop)
}

/// Comes and goes.
pub fn connection_flood(aim: &Aim, dice: &mut Dice, _: &AtomicBool) -> io::Result<()> {
    // All from one address: that is what the limit is for.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 99], 0)).into())?;
    socket.connect_timeout(&dice.pick(&aim.clients).into(), Duration::from_millis(500))?;
    socket.set_linger(Some(Duration::ZERO))
}

/// Enters the world and says more than anybody may.
pub fn message_flood(aim: &Aim, dice: &mut Dice, _: &AtomicBool) -> io::Result<()> {
    let mut stream = connect(dice, &aim.clients)?;
    stream.write_all(&wire::hello(&format!("flood-{}", dice.below(8))))?;
    let flood = match dice.below(3) {
        0 => wire::ping(),
        1 => wire::input(0, 1, 0, 0),
        _ => wire::message(999, 0, 0, b"of a kind that nobody knows"),
    };
    for _ in 0..40 {
        stream.write_all(&flood.repeat(50))?;
    }
    hear_out(&mut stream)
}

/// Enters the world, where everybody moves, and never reads.
pub fn never_reading(aim: &Aim, dice: &mut Dice, over: &AtomicBool) -> io::Result<()> {
    let mut stream = connect_with(dice, &aim.clients, |socket| socket.set_recv_buffer_size(2_048))?;
    stream.write_all(&wire::hello(&format!("deaf-{}", dice.below(32))))?;
    let until = Instant::now() + STAY;
    while Instant::now() < until && !over.load(Ordering::Relaxed) {
        // What makes the server answer, as fast as it is allowed to.
        stream.write_all(&wire::ping().repeat(3))?;
        for cx in 0..20_i16 {
            stream.write_all(&wire::message(5, 0, 0, &[cx.to_le_bytes(), [3, 0]].concat()))?;
        }
        sleep(SLOW);
    }
    Ok(())
}

/// Says again what was said before: in this session, and from an older one.
pub fn replay(aim: &Aim, dice: &mut Dice, _: &AtomicBool) -> io::Result<()> {
    let name = format!("replay-{}", dice.below(4));
    for _ in 0..3 {
        let mut stream = connect(dice, &aim.clients)?;
        stream.write_all(&wire::hello(&name))?;
        sleep(Duration::from_millis(100));
        for epoch in [0, 1, u32::MAX] {
            for request in [1, 1, 2, 1, u32::MAX] {
                stream.write_all(&wire::dress(epoch, request, request as u8))?;
            }
            for seq in [5, 5, 4, 1, u32::MAX, 0] {
                stream.write_all(&wire::input(epoch, seq, i32::MAX, i32::MIN))?;
            }
        }
        let mut bytes = [0; 4_096];
        let _ = stream.read(&mut bytes)?;
    }
    Ok(())
}
