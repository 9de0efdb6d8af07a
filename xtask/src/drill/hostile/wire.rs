//! What a client says, by `docs/protocol.md`: enough of it to abuse it.

/// A message: the envelope of 24 bytes, and the payload.
pub fn message(kind: u16, epoch: u32, request: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(24 + payload.len());
    bytes.extend((payload.len() as u32).to_le_bytes());
    bytes.extend(kind.to_le_bytes());
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend(epoch.to_le_bytes());
    bytes.extend(request.to_le_bytes());
    // The trace of attackers, to be found in logs.
    bytes.extend(0xbad_u64.to_le_bytes());
    bytes.extend(payload);
    bytes
}

/// A hello.
pub fn hello(name: &str) -> Vec<u8> {
    let mut payload = [1, 0, 1, 0].to_vec();
    payload.extend((name.len() as u64).to_le_bytes());
    payload.extend(name.as_bytes());
    payload.extend(0_u64.to_le_bytes());
    message(1, 0, 0, &payload)
}

/// An input.
pub fn input(epoch: u32, seq: u32, x: i32, y: i32) -> Vec<u8> {
    let payload = [&seq.to_le_bytes()[..], &x.to_le_bytes(), &y.to_le_bytes(), &[0x25]].concat();
    message(2, epoch, 0, &payload)
}

/// The deed of another tint.
pub fn dress(epoch: u32, request: u32, tint: u8) -> Vec<u8> {
    message(4, epoch, request, &[tint])
}

/// A ping.
pub fn ping() -> Vec<u8> {
    message(6, 0, 0, &[7; 8])
}

/// The greeting of ZeroMQ's protocol, version 3.0, with this mechanism.
pub fn greeting(mechanism: &str) -> Vec<u8> {
    let mut bytes = vec![0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0];
    bytes.extend(mechanism.as_bytes());
    bytes.resize(64, 0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The golden file of the protocol with this name.
    fn golden(name: &str) -> Vec<u8> {
        let file = crate::workspace::root().join(format!("crates/protocol/golden/{name}.hex"));
        let text = std::fs::read_to_string(file).expect("a golden file");
        let digits = text.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace);
        digits.map(|digits| u8::from_str_radix(digits, 16).expect("digits")).collect()
    }

    #[test]
    fn attackers_speak_the_protocol() {
        for (name, ours) in
            [("hello_first", hello("x")), ("input", input(0, 1, 0, 0)), ("dress", dress(0, 1, 1)), ("ping", ping())]
        {
            let theirs = golden(name);
            assert_eq!(theirs[4..8], ours[4..8], "kind and version of {name}");
            if name != "hello_first" {
                assert_eq!(theirs.len(), ours.len(), "{name}");
            }
        }
    }
}
