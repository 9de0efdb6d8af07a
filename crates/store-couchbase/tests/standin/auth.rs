//! The server's side of SCRAM-SHA512 (RFC 5802) and of PLAIN, for one user.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha512};

use super::packet::{Said, status};

/// Rounds of hashing. A real server takes thousands; here they are only in the way.
const ROUNDS: u32 = 40;
const SALT: &[u8] = b"salt of the stand-in";
const BLOCK: usize = 128;

/// The one user.
#[derive(Clone, Debug)]
pub struct User {
    pub name: String,
    pub password: String,
}

/// A client on its way in.
#[derive(Debug, Default)]
pub enum Login {
    #[default]
    Out,
    /// It was challenged: both sides' messages so far.
    Challenged {
        messages: String,
        nonce: String,
    },
    In,
}

impl Login {
    pub fn is_in(&self) -> bool {
        matches!(self, Self::In)
    }

    /// The first message of either mechanism.
    pub fn begin(&mut self, user: &User, mechanism: &[u8], message: &[u8]) -> Said {
        *self = Self::Out;
        match mechanism {
            b"PLAIN" => {
                if message == [b"\0", user.name.as_bytes(), b"\0", user.password.as_bytes()].concat() {
                    *self = Self::In;
                    return Said::default();
                }
                Said::status(status::AUTH_ERROR)
            }
            b"SCRAM-SHA512" => self.challenge(user, message).unwrap_or_else(|| Said::status(status::AUTH_ERROR)),
            _ => Said::status(status::AUTH_ERROR),
        }
    }

    fn challenge(&mut self, user: &User, message: &[u8]) -> Option<Said> {
        let first = std::str::from_utf8(message).ok()?.strip_prefix("n,,")?;
        let (name, nonce) = first.strip_prefix("n=")?.split_once(",r=")?;
        if name != user.name {
            return None;
        }
        let nonce = format!("{nonce}+server");
        let challenge = format!("r={nonce},s={},i={ROUNDS}", BASE64.encode(SALT));
        *self = Self::Challenged { messages: format!("{first},{challenge}"), nonce };
        Some(Said { status: status::AUTH_CONTINUE, ..Said::value(challenge) })
    }

    /// The last message of SCRAM.
    pub fn finish(&mut self, user: &User, message: &[u8]) -> Said {
        match self.prove(user, message) {
            Some(signature) => {
                *self = Self::In;
                Said::value(format!("v={}", BASE64.encode(signature)))
            }
            None => {
                *self = Self::Out;
                Said::status(status::AUTH_ERROR)
            }
        }
    }

    fn prove(&self, user: &User, message: &[u8]) -> Option<[u8; 64]> {
        let Self::Challenged { messages, nonce } = self else { return None };
        let (bare, proof) = std::str::from_utf8(message).ok()?.rsplit_once(",p=")?;
        if bare != format!("c=biws,r={nonce}") {
            return None;
        }
        let messages = format!("{messages},{bare}");
        let salted = salted(user.password.as_bytes());
        let client_key = hmac(&salted, b"Client Key");
        let signature = hmac(&Sha512::digest(client_key), messages.as_bytes());
        let expected: Vec<u8> = client_key.iter().zip(signature).map(|(key, signed)| key ^ signed).collect();
        let proven = BASE64.decode(proof).is_ok_and(|proof| proof == expected);
        proven.then(|| hmac(&hmac(&salted, b"Server Key"), messages.as_bytes()))
    }
}

/// PBKDF2 of one block.
fn salted(password: &[u8]) -> [u8; 64] {
    let mut last = hmac(password, &[SALT, &[0, 0, 0, 1]].concat());
    let mut all = last;
    for _ in 1..ROUNDS {
        last = hmac(password, &last);
        all.iter_mut().zip(last).for_each(|(sum, byte)| *sum ^= byte);
    }
    all
}

/// HMAC (RFC 2104) over SHA-512.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 64] {
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..64].copy_from_slice(&Sha512::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha512::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha512::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_is_that_of_the_standard() {
        // RFC 4231, test case 2.
        let shown: String =
            hmac(b"Jefe", b"what do ya want for nothing?")[..8].iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(shown, "164b7a7bfcf819e2");
    }

    #[test]
    fn only_the_password_gets_in() {
        let user = User { name: "u".into(), password: "right".into() };
        for (message, status) in
            [(&b"\0u\0right"[..], status::SUCCESS), (b"\0u\0wrong", status::AUTH_ERROR), (b"", status::AUTH_ERROR)]
        {
            let mut login = Login::default();
            assert_eq!(login.begin(&user, b"PLAIN", message).status, status);
            assert_eq!(login.is_in(), status == status::SUCCESS);
        }
        let mut login = Login::default();
        assert_eq!(login.begin(&user, b"SCRAM-SHA512", b"n,,n=u,r=abc").status, status::AUTH_CONTINUE);
        assert_eq!(login.finish(&user, b"c=biws,r=abc+server,p=AAAA").status, status::AUTH_ERROR);
        assert!(!login.is_in());
    }
}
