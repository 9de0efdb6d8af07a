//! What `wincode` writes is the bincode format: byte for byte what bincode 2 writes with `config::legacy()`.

use bincode::config::legacy;
use proptest::prelude::*;

use super::strategies as any;
use super::things;
use crate::client::{Dress, GetBaseline, Ping, Speak};
use crate::codec;
use crate::load::LoadWire;
use crate::mesh::{InterestWire, SummaryWire};

macro_rules! check {
    ($message:expr) => {
        let message = &$message;
        prop_assert_eq!(codec::to_bytes(message), bincode::encode_to_vec(message, legacy()).unwrap());
    };
}

proptest! {
    #[test]
    fn wincode_writes_the_bincode_bytes_of_client_messages(
        hello in any::hello(), input in any::input(), text in "\\PC{0,80}", tint: u8, c: (i16, i16), client_ms: u64,
        follow in any::follow(), freeze in any::freeze(),
        deed in things::any_deed(), offer in things::any_offer(), agree in things::any_agree(),
    ) {
        check!(hello);
        check!(input);
        check!(Speak { text });
        check!(Dress { tint });
        check!(GetBaseline { cx: c.0, cy: c.1 });
        check!(Ping { client_ms });
        check!(follow);
        check!(freeze);
        check!(deed);
        check!(offer);
        check!(agree);
    }

    #[test]
    fn wincode_writes_the_bincode_bytes_of_server_messages(
        welcome in any::welcome(), reply in any::reply(), baseline in any::baseline(), pong in any::pong(),
        closing in any::closing(), invite in any::invite(),
        deed_reply in things::any_deed_reply(), bag in things::any_bag(), page in things::any_page(),
        offered in things::any_offered(), agreed in things::any_agreed(),
    ) {
        check!(deed_reply);
        check!(bag);
        check!(page);
        check!(offered);
        check!(agreed);
        check!(welcome);
        check!(reply);
        check!(baseline);
        check!(pong);
        check!(closing);
        check!(invite);
    }

    #[test]
    fn wincode_writes_the_bincode_bytes_of_mesh_messages(
        summary in any::summary(), interest in any::interest(), load in any::load(),
    ) {
        check!(SummaryWire::from(&summary));
        check!(InterestWire::from(&interest));
        check!(LoadWire::from(&load));
    }
}
