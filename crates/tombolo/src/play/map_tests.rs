use world::island::{CELLS, Prop, VERTICES};

use protocol::things::Trace;

use super::*;
use crate::play::sight::Thing;

/// Two chunks: meadow with an oak in the west, the sea in the east.
fn land() -> Land {
    let ground = |biome, props| Ground { heights_cm: [0; VERTICES * VERTICES], biomes: [biome; CELLS * CELLS], props };
    let oak = Prop { index: 0, kind: PropKind::Oak, x: 5 * 120, y: 5 * 120 };
    Land::with([
        (Chunk::new(0, 0), ground(Biome::Grassland, vec![oak])),
        (Chunk::new(1, 0), ground(Biome::DeepWater, Vec::new())),
    ])
}

fn person(id: u64, name: &str, (x, y): (i32, i32), motion: Motion) -> Person {
    let at = Position::metres(x, y);
    Person { entity: EntityId(id), name: name.into(), tint: 0, at, motion, awaited: false }
}

fn sight(at: (i32, i32), people: Vec<Person>) -> Sight {
    Sight {
        state: State::Playing,
        entity: Some(EntityId(1)),
        me: Some((Position::metres(at.0, at.1), Motion::default())),
        people,
        node: "1.0".into(),
        tick: world::Tick(7),
        round_trip_ms: Some(3),
        reconnects: 0,
        corrections: 0,
        violations: 0,
        bag: Vec::new(),
        things: Vec::new(),
        parcel: None,
    }
}

fn drawn(sight: &Sight, bubbles: Vec<(EntityId, &str)>, colours: Colours, (width, height): (u16, u16)) -> Vec<String> {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    let land = land();
    let map = Map { land: &land, sight, tint: 0, bubbles, edges: true, metres_a_column: 1, colours };
    map.render(area, &mut buffer);
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect();
    (0..height).map(row).collect()
}

#[test]
fn ground_props_edges_and_people_lie_where_they_are() {
    let east = Motion::new(Heading::new(0), Gait::Walk);
    let people = vec![person(2, "bea", (20, 10), east), person(3, "cid", (33, 18), Motion::default())];
    let drawn = drawn(&sight((15, 10), people), Vec::new(), Colours::None, (40, 12));
    let expected = ["     ┊                             ┊≈≈≈≈", "     ┊    ♣                        ┊≈≈≈≈"];
    // The walker stands in column 20 and row 6; the chunk begins 15 columns west of it.
    assert_eq!(drawn[6].chars().nth(20), Some('@'), "{drawn:#?}");
    assert_eq!(drawn[6].chars().skip(25).take(4).collect::<String>(), "→bea", "{drawn:#?}");
    assert_eq!(drawn[10].chars().nth(38), Some('●'), "{drawn:#?}");
    assert_eq!(drawn[10].chars().skip(35).take(3).collect::<String>(), "cid", "no room at the right: {drawn:#?}");
    assert_eq!(drawn[2], expected[0], "{drawn:#?}");
    assert_eq!(drawn[3], expected[1], "{drawn:#?}");
    assert_eq!(drawn[1], "     ┼┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┼┈┈┈┈");
    assert_eq!(drawn[0].trim(), "", "nothing is known north of the island");
}

#[test]
fn piles_and_buildings_lie_over_what_grows_and_under_people() {
    let thing = |kind, (x, y): (i32, i32)| {
        let at = Position::metres(x, y);
        let trace = Trace { kind, x: at.x, y: at.y, ..Trace::default() };
        Thing { chunk: at.chunk(), trace }
    };
    let people = vec![person(2, "bea", (20, 10), Motion::default())];
    let things = vec![thing(2, (5, 5)), thing(3, (8, 5)), thing(2, (20, 10))];
    let drawn = drawn(&Sight { things, ..sight((15, 10), people) }, Vec::new(), Colours::None, (40, 12));
    assert_eq!((drawn[3].chars().nth(10), drawn[3].chars().nth(13)), (Some('▪'), Some('■')), "{drawn:#?}");
    assert_eq!(drawn[6].chars().nth(25), Some('●'), "{drawn:#?}");
}

#[test]
fn nobody_is_hidden_by_a_name_or_by_words() {
    let still = Motion::default();
    let crowd: Vec<Person> =
        (0..20).map(|n| person(n + 2, "somebody", (6 + (n as i32 * 7) % 18, 4 + (n as i32 % 6) * 2), still)).collect();
    let words: Vec<_> = crowd.iter().map(|p| (p.entity, "a long story about the tide and the wind")).collect();
    let sight = sight((15, 10), crowd);
    let drawn = drawn(&sight, words, Colours::Full, (40, 12));
    let camera = Camera::over(Position::metres(15, 10), 1, Rect::new(0, 0, 40, 12));
    for person in &sight.people {
        let (column, row) = camera.cell(person.at).expect("they all are in view");
        let there = drawn[usize::from(row)].chars().nth(usize::from(column));
        assert!(matches!(there, Some('●' | '@')), "{person:?} is covered by {there:?}: {drawn:#?}");
    }
}

#[test]
fn words_are_shown_above_who_said_them_and_nowhere_else() {
    let people = vec![person(2, "bea", (20, 10), Motion::default())];
    let words = vec![(EntityId(1), "me"), (EntityId(2), "ahoy there"), (EntityId(99), "who left")];
    let drawn = drawn(&sight((15, 14), people), words, Colours::None, (40, 12));
    assert!(drawn[3].contains(" ahoy there "), "{drawn:#?}");
    assert!(drawn[5].contains(" me "), "{drawn:#?}");
    assert!(!drawn.concat().contains("who left"), "{drawn:#?}");
}

#[test]
fn a_cell_and_its_place_agree() {
    let area = Rect::new(3, 2, 41, 17);
    for (x, y, scale) in [(0, 0, 1), (-77, 12_345, 2), (i32::MAX, i32::MIN, 4), (359, -361, 4)] {
        let camera = Camera::over(Position::new(x, y), scale, area);
        if x.unsigned_abs() < 1_000_000 {
            assert_eq!(camera.cell(Position::new(x, y)), Some((3 + 20, 2 + 8)), "({x}, {y}) at {scale}");
            for (column, row) in [(3, 2), (43, 18), (10, 10)] {
                assert_eq!(camera.cell(camera.place(column, row)), Some((column, row)));
            }
        }
        assert_eq!(camera.cell(Position::new(x.wrapping_add(i32::MAX / 2), y)), None);
    }
}

#[test]
fn long_words_are_cut_by_columns() {
    let cases = [
        ("short", "short"),
        ("abcdefghij", "abcdefghij"),
        ("abcdefghijk", "abcdefghi…"),
        ("世界世界世界", "世界世界…"),
    ];
    for (text, expected) in cases {
        assert_eq!(shortened(text, 10), expected);
    }
}
