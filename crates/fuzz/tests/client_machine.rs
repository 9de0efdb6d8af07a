//! The client's machine against a server that says anything.

use client::limits::{CHUNKS_IN_VIEW, ENTITIES, TRACES};
use client::{Beside, Client, ClientConfig, ClientEffect, ClientInput, Observe};
use fuzz::{Tape, edited};
use protocol::Kind;
use protocol::envelope::{self, Context};
use protocol::things::{Agree, Offer};
use world::{Gait, Heading, Millis, Motion, Position};

use crate::golden;

/// A client, and what it asked for.
struct Play {
    client: Client,
    now: Millis,
    connecting: bool,
    /// A second connection is wanted or there.
    beside: bool,
}

impl Play {
    fn new(tape: &mut Tape<'_>) -> Self {
        let mut config = ClientConfig::new("anna", vec!["a:1".into(), "b:2".into()], tape.byte().into());
        config.observe = if tape.one_in(3) { Observe::Headers } else { Observe::Everything };
        (config.want_baselines, config.report_moves, config.report_inputs) = (true, true, true);
        let mut play = Self { client: Client::new(config), now: Millis(1_000), connecting: false, beside: false };
        play.handle(ClientInput::Join);
        play
    }

    fn handle(&mut self, input: ClientInput<'_>) {
        self.client.handle(self.now, input);
        // Each input has few effects; a machine that never ends them would hang here, which a fuzzer tells.
        while let Some(effect) = self.client.poll_effect() {
            match effect {
                ClientEffect::Connect { .. } => self.connecting = true,
                ClientEffect::Disconnect => self.connecting = false,
                ClientEffect::ConnectBeside { .. } => self.beside = true,
                ClientEffect::DisconnectBeside | ClientEffect::Promote => self.beside = false,
                ClientEffect::Write(_) | ClientEffect::WriteBeside(_) | ClientEffect::Event(_) => {}
            }
        }
    }

    fn pass(&mut self, ms: u64) {
        let until = self.now + ms;
        // A machine that wants to be woken at once for ever would never let time pass.
        for _ in 0..1_000 {
            match self.client.next_wakeup() {
                Some((at, _)) if at <= until => {
                    self.now = self.now.max(at);
                    self.handle(ClientInput::Wake);
                }
                _ => {
                    self.now = until;
                    return;
                }
            }
        }
        panic!("the machine wants to be woken again and again at {:?}", self.now);
    }

    /// What a player may want at any time.
    fn wish(&mut self, tape: &mut Tape<'_>) {
        let deed = client::deed::eat("berry", u32::from(tape.byte()));
        let offer = Offer { to: tape.number(), gives: Vec::new(), takes: Vec::new() };
        let agree = Agree { by: tape.number(), number: tape.number() };
        match tape.below(7) {
            0 => self.handle(ClientInput::Dress(tape.byte())),
            1 => self.handle(ClientInput::Speak("a line")),
            2 => self.handle(ClientInput::Deed(&deed)),
            3 => self.handle(ClientInput::DeedAs { request: tape.number() as u32, deed: &deed }),
            4 => self.handle(ClientInput::Offer(&offer)),
            5 => self.handle(ClientInput::Agree(agree)),
            _ => self.handle(ClientInput::Elsewhere),
        }
    }

    /// What anybody may ask a client.
    fn look(&self) {
        let client = &self.client;
        let _ = (client.state(), client.position(self.now), client.server_tick(self.now), client.entity());
        assert!(client.bytes_reconcile(), "every byte is accounted for");
        if let Some(picture) = client.picture() {
            assert!(picture.chunks().count() <= CHUNKS_IN_VIEW && picture.entities().count() <= ENTITIES);
            let traces: usize = picture.pages().chunks().map(|chunk| picture.pages().traces(chunk).count()).sum();
            assert!(traces <= picture.pages().len() && picture.pages().len() <= TRACES);
        }
    }
}

/// A tick message of spoiled items.
fn tick(tape: &mut Tape<'_>) -> Vec<u8> {
    let items = golden::named("item_");
    let mut out = Vec::new();
    let number = if tape.one_in(3) { tape.number() } else { 17_000_000_000 + u64::from(tape.byte()) };
    envelope::write(&mut out, Kind::Tick, Context::default(), |out| {
        out.extend_from_slice(&number.to_le_bytes());
        for _ in 0..tape.below(5) {
            let item = tape.pick(&items);
            let item = if tape.one_in(2) { edited(tape, &item.bytes) } else { item.bytes.clone() };
            out.extend_from_slice(&item);
        }
    });
    out
}

fn welcome(tape: &mut Tape<'_>) -> Vec<u8> {
    let sample = &golden::named("welcome")[0].bytes;
    if tape.one_in(3) {
        let mut spoiled = edited(tape, sample);
        if spoiled.len() >= envelope::HEADER_BYTES {
            envelope::finish(&mut spoiled, 0);
        }
        return spoiled;
    }
    sample.clone()
}

#[test]
fn fuzz_client() {
    bolero::check!().with_max_len(2_048).for_each(|bytes: &[u8]| {
        let mut tape = Tape::new(bytes);
        let mut play = Play::new(&mut tape);
        while !tape.is_over() {
            if play.connecting && tape.one_in(2) {
                play.connecting = false;
                play.handle(ClientInput::Connected);
                let greeting = welcome(&mut tape);
                play.handle(ClientInput::Bytes(&greeting));
            }
            if play.beside && tape.one_in(3) {
                let sample = tape.pick(&golden::ALL);
                let said = if tape.one_in(2) { edited(&mut tape, &sample.bytes) } else { sample.bytes.clone() };
                let beside = *tape.pick(&[Beside::Connected, Beside::Bytes(&said), Beside::Disconnected]);
                play.handle(ClientInput::Beside(beside));
            }
            match tape.below(10) {
                0 => play.handle(ClientInput::Disconnected),
                1 => {
                    let ms = *tape.pick(&[0, 10, 100, 1_000, 9_000, 70_000]);
                    play.pass(ms);
                }
                2 => {
                    let motion = Motion::new(Heading::new(tape.byte() % 32), Gait::Run);
                    play.handle(ClientInput::Steer(motion));
                }
                3 => {
                    let at = Position::new(tape.number() as i32, tape.number() as i32);
                    play.handle(ClientInput::Claim(at, Motion::from_byte(tape.byte())));
                }
                4 => play.wish(&mut tape),
                5 => {
                    let sample = tape.pick(&golden::ALL);
                    let spoiled = edited(&mut tape, &sample.bytes);
                    play.handle(ClientInput::Bytes(&spoiled));
                }
                6 => {
                    let raw = tape.bytes(64);
                    play.handle(ClientInput::Bytes(raw));
                }
                _ => {
                    let message = tick(&mut tape);
                    let (front, back) = message.split_at(tape.below(message.len() + 1));
                    play.handle(ClientInput::Bytes(front));
                    play.handle(ClientInput::Bytes(back));
                }
            }
            play.look();
        }
        play.handle(ClientInput::Leave);
        play.look();
    });
}
