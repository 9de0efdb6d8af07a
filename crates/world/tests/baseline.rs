//! Baselines say what the ground is, in one way, and hostile bytes are an error.

use std::sync::OnceLock;

use proptest::prelude::*;
use world::island::{Biome, Ground, MAX_PROPS, Prop, PropKind};
use world::{Baseline, BaselineError, Chunk, Digest};

use crate::fixture::island;

/// Where the parts of a baseline of one biome and no props begin.
const RUNS_AT: usize = 1 + 512;

fn ocean() -> Vec<u8> {
    Baseline::encode(&island().chunk(Chunk::new(-1, -1)))
}

/// The ground with the most props.
fn wooded() -> &'static Ground {
    static WOODED: OnceLock<Ground> = OnceLock::new();
    WOODED.get_or_init(|| {
        let island = island();
        let grounds = island.bounds().chunks().map(|c| island.chunk(c));
        grounds.max_by_key(|g| g.props.len()).expect("an island has chunks")
    })
}

#[test]
fn bytes_are_those_of_the_documented_layout() {
    let mut ground = island().chunk(Chunk::new(-1, -1));
    ground.heights_cm[1] = -2;
    ground.biomes[224] = Biome::Rock;
    ground.props = vec![Prop { index: 0x0102, kind: PropKind::Boulder, x: 0x0304, y: 0x0506 }];
    let bytes = Baseline::encode(&ground);
    assert_eq!(bytes[..5], [1, 0x48, 0xf4, 0xfe, 0xff]); // version, -3000, -2
    assert_eq!(bytes[RUNS_AT..], [2, 224, 0, 1, 9, 1, 0, 10, 4, 3, 6, 5, 2, 1]);
    assert_eq!(Baseline::decode(&bytes), Ok(ground));
}

#[test]
fn what_was_encoded_is_decoded() {
    let island = island();
    for chunk in island.bounds().chunks() {
        let ground = island.chunk(chunk);
        let bytes = Baseline::encode(&ground);
        assert!(bytes.len() <= Baseline::MAX_BYTES);
        assert_eq!(Baseline::decode(&bytes).as_ref(), Ok(&ground), "{chunk}");
    }
}

#[test]
fn content_hash_is_fnv_1a() {
    // The published test vectors of FNV-1a, 64 bits.
    for (text, hash) in [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)] {
        assert_eq!(Digest::of(text.as_bytes()), hash, "{text:?}");
        assert_eq!(Baseline::content_hash(text.as_bytes()), hash, "{text:?}");
    }
    assert_eq!(Baseline::content_hash(&ocean()), Baseline::content_hash(&ocean()));
    assert_ne!(Baseline::content_hash(&ocean()), Baseline::content_hash(&Baseline::encode(wooded())));
}

#[test]
fn hostile_bytes_are_errors() {
    let with = |edits: &[(usize, u8)]| {
        let mut bytes = ocean();
        for &(at, byte) in edits {
            bytes[at] = byte;
        }
        Baseline::decode(&bytes).map(|_| ())
    };
    let cases: [(&[(usize, u8)], BaselineError); 7] = [
        (&[(0, 0)], BaselineError::Version(0)),
        (&[(0, 2)], BaselineError::Version(2)),
        (&[(RUNS_AT, 0)], BaselineError::Runs),
        (&[(RUNS_AT + 1, 224)], BaselineError::Runs),
        (&[(RUNS_AT + 1, 226)], BaselineError::Runs),
        (&[(RUNS_AT + 2, 10)], BaselineError::Biome(10)),
        (&[(RUNS_AT + 3, 0xff), (RUNS_AT + 4, 0xff)], BaselineError::TooManyProps(0xffff)),
    ];
    for (edits, error) in cases {
        assert_eq!(with(edits), Err(error), "{edits:?}");
    }
}

#[test]
fn a_second_encoding_of_the_same_ground_is_refused() {
    let mut split = ocean();
    split.splice(RUNS_AT..RUNS_AT + 3, [2, 100, 0, 125, 0]);
    assert_eq!(Baseline::decode(&split), Err(BaselineError::Runs));
    let mut longer = ocean();
    longer.push(0);
    assert_eq!(Baseline::decode(&longer), Err(BaselineError::Trailing(1)));
}

#[test]
fn props_out_of_place_or_order_are_refused() {
    let prop = |index, x| Prop { index, kind: PropKind::Oak, x, y: 0 };
    let decode = |props: Vec<Prop>| {
        let ground = Ground { props, ..island().chunk(Chunk::new(-1, -1)) };
        Baseline::decode(&Baseline::encode(&ground)).map(|g| g.props.len())
    };
    assert_eq!(decode(vec![prop(1, 3599), prop(2, 0)]), Ok(2));
    assert_eq!(decode(vec![prop(7, 3600)]), Err(BaselineError::Outside(7)));
    assert_eq!(decode(vec![prop(2, 0), prop(2, 0)]), Err(BaselineError::Order(2)));
    let crowd = || (0..600).map(|n| prop(n, 0)).collect();
    assert_eq!(decode(crowd()), Ok(MAX_PROPS));
}

#[test]
fn every_shorter_piece_is_truncated() {
    let bytes = Baseline::encode(wooded());
    for end in 0..bytes.len() {
        assert!(Baseline::decode(&bytes[..end]).is_err(), "{end} of {} bytes", bytes.len());
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _any = Baseline::decode(&bytes);
    }

    #[test]
    fn what_decodes_is_the_one_encoding(edits in proptest::collection::vec((0usize..1000, any::<u8>()), 1..6)) {
        let mut bytes = Baseline::encode(wooded());
        for (at, byte) in edits {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        if let Ok(ground) = Baseline::decode(&bytes) {
            prop_assert_eq!(Baseline::encode(&ground), bytes);
        }
    }
}
