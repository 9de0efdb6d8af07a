use super::*;

const HERE: Chunk = Chunk::new(2, 3);

fn heap(item: &str, amount: u32) -> Heap {
    Heap { item: item.into(), amount }
}

fn scene() -> Scene {
    let at = HERE.origin().offset(1_000, 1_000);
    let pile = Trace {
        id: 4,
        kind: TraceKind::Pile as u8,
        x: at.x + 60,
        y: at.y,
        name: "reed".into(),
        amount: 7,
        ..Trace::default()
    };
    let chest = Trace {
        id: 5,
        kind: TraceKind::Built as u8,
        x: at.x,
        y: at.y + 240,
        name: "chest".into(),
        holds: vec![heap("wood", 2)],
        ..Trace::default()
    };
    Scene {
        at,
        ahead: at.offset(120, 0),
        bag: vec![heap("wood", 9)],
        props: vec![("oak".into(), HERE, 300, at.offset(120, 0)), ("flint".into(), HERE, 7, at.offset(500, 0))],
        traces: vec![(HERE, pile), (HERE, chest)],
        people: vec![("ann".into(), EntityId(9))],
        land: Some("4d-1".into()),
        offered: Some(Offered { by: 9, number: 5, gives: vec![], takes: vec![] }),
    }
}

#[test]
fn what_is_written_is_done_to_what_is_near() {
    let at = |trace| At { chunk: HERE, trace };
    let ahead = scene().ahead;
    let cases = [
        ("gather", deed::gather(HERE, 300, 1)),
        ("gather 3", deed::gather(HERE, 300, 3)),
        ("drop wood", deed::drop("wood", 1)),
        ("drop  wood  all", deed::drop("wood", 9)),
        ("pickup", deed::pick_up(at(4), "reed", 7)),
        ("eat berry 2", deed::eat("berry", 2)),
        ("craft rope", deed::craft("rope", 1, Some(at(5)))),
        ("build chest", deed::build("chest", ahead)),
        ("dismantle", deed::dismantle(at(5))),
        ("put wood all", deed::put_in(at(5), "wood", 9)),
        ("take wood 2", deed::take_out(at(5), "wood", 2)),
        ("give ann wood 2", deed::give(EntityId(9), "wood", 2)),
        ("claim", deed::claim(&[HERE])),
        ("share ann builder", deed::share("4d-1", EntityId(9), 2)),
        ("upkeep", deed::upkeep("4d-1", 1)),
        ("abandon", deed::abandon("4d-1")),
    ];
    for (text, expected) in cases {
        assert_eq!(Order::parse(text).and_then(|order| order.deal(&scene())), Ok(Deal::Deed(expected)), "{text}");
    }
    let offer = Offer { to: 9, gives: vec![heap("wood", 2)], takes: vec![heap("stone", 1), heap("reed", 3)] };
    let deal = |text: &str| Order::parse(text).and_then(|order| order.deal(&scene()));
    assert_eq!(deal("offer ann wood 2 for stone 1 reed 3"), Ok(Deal::Offer(offer)));
    assert_eq!(deal("offer ann wood 2"), Ok(Deal::Offer(Offer { to: 9, gives: vec![heap("wood", 2)], takes: vec![] })));
    assert_eq!(deal("agree"), Ok(Deal::Agree(Agree { by: 9, number: 5 })));
    let Ok(Deal::Tell(told)) = deal("look") else { panic!("it tells") };
    let expected = ["0.5 m  7 reed", "1.0 m  oak", "2.0 m  chest with 2 wood", "4.2 m  flint", "this is land 4d-1"];
    assert_eq!(told, expected);
}

#[test]
fn what_cannot_be_meant_is_answered_with_what_could_be() {
    let cases = [
        ("dance", "there is no /dance; /help tells what there is"),
        ("drop", "say /drop ITEM [N|all]"),
        ("drop wood some", "some is no number; say /drop ITEM [N|all]"),
        ("drop wood 2 3", "say /drop ITEM [N|all]"),
        ("eat berry -1", "-1 is no number; say /eat ITEM [N]"),
        ("share ann king", "say /share WHO ROLE"),
        ("offer ann", "say /offer WHO ITEM N for ITEM N"),
        ("offer ann wood for stone", "say /offer WHO ITEM N for ITEM N"),
        ("give bob wood", "nobody named bob is in view"),
    ];
    for (text, expected) in cases {
        let answer = Order::parse(text).and_then(|order| order.deal(&scene()));
        assert_eq!(answer, Err(expected.to_owned()), "{text}");
    }
    let nowhere = Scene::default();
    let cases = [
        ("gather", "nothing grows or lies near that could be taken"),
        ("pickup", "nothing lies near"),
        ("put wood", "no building is near"),
        ("agree", "nobody has offered you anything"),
        ("abandon", "this ground is nobody's; /claim makes it yours"),
    ];
    for (text, expected) in cases {
        let answer = Order::parse(text).and_then(|order| order.deal(&nowhere));
        assert_eq!(answer, Err(expected.to_owned()), "{text}");
    }
}

#[test]
fn every_order_of_the_help_is_understood() {
    let fill = |words: &str| {
        let words =
            words[1..].replace("[N|all]", "all").replace("[N]", "2").replace("WHO", "ann").replace("ROLE", "guest");
        words.replace(" N", " 2").replace("ITEM", "wood").replace("RECIPE", "rope").replace("BUILDING", "chest")
    };
    for (words, _) in ORDERS {
        let text = fill(words);
        assert!(Order::parse(&text).and_then(|order| order.deal(&scene())).is_ok(), "{text}");
    }
}
