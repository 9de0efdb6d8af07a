//! Deeds through the commit protocol in a storm: sessions that die after any step, a store that loses, delays and lies by
//! silence, clients that repeat on another node. Afterwards a book-keeper goes through the documents and through what the
//! clients were told, and through nothing else.

mod ledger;
mod people;
mod storm;

use world::{Plant, Planted};

use storm::{Storm, Verdict};

fn seeds() -> u64 {
    std::env::var("TOMBOLO_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(40)
}

fn run(seed: u64, planted: Planted) -> Verdict {
    Storm::new(seed, planted).run()
}

#[test]
fn what_was_told_is_what_happened_and_happened_once() {
    let (mut crashes, mut unknown, mut late, mut done, mut repeated) = (0, 0, 0, 0, 0);
    for seed in 0..seeds() {
        let verdict = run(seed, Planted::none());
        assert_eq!(verdict.wrong, Vec::<String>::new(), "seed {seed}");
        crashes += verdict.crashes;
        unknown += verdict.faults.unknown_applied + verdict.faults.unknown_not_applied;
        late += verdict.faults.late;
        done += verdict.done;
        repeated += verdict.repeated;
    }
    let fired = [("crashes", crashes), ("unknown", unknown), ("late", late), ("done", done), ("repeated", repeated)];
    assert!(fired.iter().all(|(_, count)| *count > 0), "a storm without {fired:?}");
}

/// Bugs that this storm must see. The model of `store` finds all of them; here it is the books that do.
#[test]
fn the_books_show_planted_bugs() {
    let plants = [
        Plant::UnstageEarly,
        Plant::GuessOnUnknown,
        Plant::ForgetRequest,
        Plant::IgnoreLateWrites,
        Plant::BlindToWindow,
        Plant::StageUnread,
        Plant::ForgetEarly,
    ];
    for plant in plants {
        let found = (0..300).find(|seed| !run(*seed, Planted::with(plant)).wrong.is_empty());
        println!("{}: {found:?}", plant.name());
        assert!(found.is_some(), "{} is not seen in 300 seeds", plant.name());
    }
}
