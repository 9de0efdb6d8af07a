//! One GET request over a socket: all that a drill needs of HTTP.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::bounds::ANSWER;

/// What a drill takes of an answer at most, in bytes: a snapshot of thousands of entities is a tenth of it.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// The JSON at a path.
pub fn get_json(address: SocketAddr, path: &str) -> Result<Value> {
    let answer = get(address, path).with_context(|| format!("http://{address}{path}"))?;
    let (head, body) = split(&answer).with_context(|| format!("http://{address}{path}: not HTTP"))?;
    if !head.starts_with("HTTP/1.1 200") {
        bail!("http://{address}{path}: {}", head.lines().next().unwrap_or_default());
    }
    serde_json::from_slice(body).with_context(|| format!("http://{address}{path}: not JSON"))
}

fn get(address: SocketAddr, path: &str) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, ANSWER)?;
    stream.set_read_timeout(Some(ANSWER))?;
    stream.set_write_timeout(Some(ANSWER))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(MOST_BYTES).read_to_end(&mut answer)?;
    Ok(answer)
}

/// Head and body. The map answers with a length and closes, so the body is all that follows.
fn split(answer: &[u8]) -> Option<(&str, &[u8])> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some((std::str::from_utf8(&answer[..end]).ok()?, &answer[end + 4..]))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn an_answer_is_cut_at_its_empty_line() {
        assert_eq!(
            split(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n{}\r\n\r\n"),
            Some(("HTTP/1.1 200 OK\r\nA: b", &b"{}\r\n\r\n"[..]))
        );
        assert_eq!(split(b"HTTP/1.1 200 OK\r\n"), None);
    }
}
