//! Pages against readers who are late, news that is lost, doubled or out of order, and chunks that come and go.

use deeds::{Page, Pile, Trace, TraceId};
use world::{Chunk, Millis};

use super::{Change, Pages, Read};
use crate::io::ConnId;
use crate::limits::{PAGE_AGAIN_MS, PAGE_BEHIND_MS, PAGE_EARLY_MS, PAGE_READS, PAGE_RETRY_MS};

const C: Chunk = Chunk::new(3, 4);
const LATER: Millis = Millis(1_000_000);

fn pile(amount: u32) -> Trace {
    Trace::Pile(Pile { x: 0, y: 0, item: "wood".into(), amount, until_ms: 9 })
}

/// A document with piles under these ids.
fn found(rev: u64, ids: &[u32]) -> Read {
    let traces = ids.iter().map(|id| (TraceId(*id), pile(*id))).collect();
    Read::Page { rev, page: Box::new(Page { traces, ..Page::default() }) }
}

fn change(rev: u64, ids: &[(u32, bool)]) -> Change {
    let traces = ids.iter().map(|(id, stays)| (TraceId(*id), stays.then(|| pile(*id)))).collect();
    Change { rev, rights: None, traces }
}

/// A chunk whose page was read so.
fn awake(rev: u64, ids: &[u32]) -> Pages {
    let mut pages = Pages::default();
    pages.wake(Millis(0), C);
    assert_eq!(pages.reads(Millis(0)), [(C, 0)]);
    pages.read(Millis(0), C, 0, found(rev, ids));
    pages
}

fn ids(pages: &mut Pages) -> Vec<u32> {
    pages.tell(C, ConnId(1)).iter().flat_map(|(_, known)| known.traces.keys().map(|id| id.0)).collect()
}

#[test]
fn news_in_order_is_applied_and_told() {
    let mut pages = awake(5, &[1]);
    let news = change(6, &[(1, false), (2, true)]);
    assert_eq!(pages.news(Millis(1), C, 0, news.clone()), Some(news));
    assert_eq!(ids(&mut pages), [2]);
    assert!(pages.reads(Millis(2)).is_empty(), "nothing is missing");
}

#[test]
fn news_that_is_old_doubled_or_elsewhere_is_ignored() {
    let mut pages = awake(5, &[1]);
    for rev in [1, 4, 5] {
        assert_eq!(pages.news(Millis(1), C, 0, change(rev, &[(1, false)])), None, "revision {rev}");
    }
    assert_eq!(pages.news(Millis(1), Chunk::new(9, 9), 0, change(6, &[(1, false)])), None);
    assert_eq!(ids(&mut pages), [1]);
    assert!(pages.reads(Millis(2)).is_empty());
}

#[test]
fn a_gap_in_the_news_is_closed_by_reading() {
    let mut pages = awake(5, &[1]);
    assert_eq!(pages.news(Millis(10), C, 0, change(7, &[(3, true)])), None);
    assert_eq!(pages.reads(Millis(10)), [(C, 0)]);
    // The deed was committed, and its intent not yet carried out: the document lags behind.
    assert_eq!(pages.read(Millis(20), C, 0, found(5, &[1])), None);
    assert!(pages.reads(Millis(20 + PAGE_BEHIND_MS - 1)).is_empty());
    assert_eq!(pages.reads(Millis(20 + PAGE_BEHIND_MS)), [(C, 0)]);
    let told = pages.read(Millis(300), C, 0, found(7, &[1, 2, 3])).expect("something is new");
    assert_eq!(told, change(7, &[(2, true), (3, true)]));
}

#[test]
fn the_first_trace_of_a_chunk_is_found_by_reading() {
    // Nobody can tell from the revision of a new document whether it is the first.
    let mut pages = awake(0, &[]);
    assert_eq!(pages.news(Millis(10), C, 0, change(1_700_000_000_000, &[(0, true)])), None);
    assert_eq!(pages.reads(Millis(10)), [(C, 0)]);
    assert!(pages.read(Millis(11), C, 0, found(1_700_000_000_000, &[0])).is_some());
}

#[test]
fn what_was_read_too_late_does_not_undo_news() {
    let mut pages = awake(5, &[1]);
    pages.reads(LATER);
    pages.news(LATER, C, 0, change(6, &[(1, false)])).expect("it is the next");
    assert_eq!(pages.read(LATER, C, 0, found(5, &[1])), None);
    assert!(ids(&mut pages).is_empty());
}

#[test]
fn a_page_is_read_again_soon_after_waking_and_then_slowly() {
    let mut pages = awake(5, &[1]);
    assert_eq!(pages.reads(Millis(2 * PAGE_EARLY_MS)), [(C, 0)], "who changed it may not have known of us");
    let now = Millis(2 * PAGE_EARLY_MS);
    pages.read(now, C, 0, found(5, &[1]));
    assert!(pages.reads(now + (PAGE_AGAIN_MS - 1)).is_empty());
    assert_eq!(pages.reads(now + 2 * PAGE_AGAIN_MS), [(C, 0)]);
}

#[test]
fn a_silent_store_is_asked_again() {
    let mut pages = Pages::default();
    pages.wake(Millis(0), C);
    for turn in 0..5 {
        let now = Millis(turn * PAGE_RETRY_MS);
        assert_eq!(pages.reads(now), [(C, 0)]);
        assert_eq!(pages.read(now, C, 0, Read::Nothing), None);
        assert!(!pages.is_known(C));
    }
}

#[test]
fn cells_are_found_through_their_page_or_through_news() {
    let mut pages = Pages::default();
    pages.wake(Millis(0), C);
    pages.reads(Millis(0));
    let page = Page { cells: 0b101, ..Page::default() };
    pages.read(Millis(0), C, 0, Read::Page { rev: 2, page: Box::new(page) });
    assert_eq!(pages.reads(Millis(1)), [(C, 1), (C, 3)]);
    assert_eq!(pages.news(Millis(2), C, 9, change(4, &[(0x0900_0000, true)])), None);
    assert_eq!(pages.reads(Millis(2)), [(C, 9)]);
}

#[test]
fn a_chunk_that_goes_out_of_view_is_forgotten_with_all_that_was_asked() {
    let mut pages = Pages::default();
    for n in 0..2 * PAGE_READS as i16 {
        pages.wake(Millis(0), Chunk::new(n, 0));
    }
    assert_eq!(pages.reads(Millis(0)).len(), PAGE_READS, "no more at a time");
    assert!(pages.reads(Millis(0)).is_empty());
    for n in 0..2 * PAGE_READS as i16 {
        pages.sleep(Chunk::new(n, 0));
    }
    assert_eq!(pages.read(Millis(1), Chunk::new(0, 0), 0, found(5, &[1])), None, "an answer to nobody");
    assert!(pages.due.is_empty() && pages.reading == 0 && pages.chunks.is_empty());
}

#[test]
fn who_was_told_hears_what_changes_until_it_forgets() {
    let mut pages = awake(5, &[1]);
    assert!(pages.audience(C).is_empty());
    assert_eq!(ids(&mut pages), [1]);
    assert_eq!(pages.audience(C), [ConnId(1)]);
    pages.untold(C, ConnId(1));
    assert!(pages.audience(C).is_empty());
}

#[test]
fn when_a_peer_is_gone_all_pages_are_read_again() {
    let mut pages = awake(5, &[1]);
    let now = Millis(100);
    pages.distrust(now);
    assert_eq!(pages.reads(now + crate::limits::PAGE_SPREAD_MS), [(C, 0)]);
}
