//! The watch: a holder that cannot confirm its epoch stands still in time, and one that was replaced knows it.

use store::{Document, Holder, Reply, Version};
use world::{Epoch, Millis};

use crate::avatar::{AVATAR_SCHEMA, AvatarBody};
use crate::limits::{VERIFY_EVERY_MS, VERIFY_WITHIN_MS};
use crate::session::watch::{Seen, Watch};

fn found(epoch: u32, holder: &str) -> Reply {
    let body = AvatarBody { epoch, holder: holder.into(), ..AvatarBody::new("mira") };
    Reply::Found { version: Version(1), document: Document::new(AVATAR_SCHEMA, &body).unwrap() }
}

#[test]
fn only_our_epoch_with_our_holder_is_ours() {
    let cases = [
        (found(3, "us"), "mine"),
        (found(4, "them"), "replaced"),
        (found(3, "them"), "replaced"),
        (Reply::Absent, "lost"),
        (Reply::Unknown, "silence"),
        (Reply::NotApplied, "silence"),
    ];
    for (reply, expected) in cases {
        let mut watch = Watch::new(Millis(0), Holder::new("us"), 0);
        let seen = match watch.reply(Millis(100), ("mira", Epoch(3)), reply.clone()) {
            Seen::Mine(_) => "mine",
            Seen::Replaced => "replaced",
            Seen::Lost => "lost",
            Seen::Silence => "silence",
        };
        assert_eq!(seen, expected, "{reply:?}");
    }
}

#[test]
fn a_silent_store_suspends_and_an_answer_resumes() {
    let mut watch = Watch::new(Millis(0), Holder::new("us"), 0);
    assert!(!watch.suspends(Millis(VERIFY_WITHIN_MS - 1)));
    assert!(watch.suspends(Millis(VERIFY_WITHIN_MS)));
    let now = Millis(VERIFY_WITHIN_MS + 10);
    assert!(watch.poll(now, "mira").is_some());
    assert!(matches!(watch.reply(now + 50, ("mira", Epoch(3)), found(3, "us")), Seen::Mine(_)));
    assert!(!watch.suspends(now + (VERIFY_WITHIN_MS - 1)), "it counts from the question");
    assert!(watch.suspends(now + VERIFY_WITHIN_MS));
}

#[test]
fn who_was_stopped_stands_still_until_he_knows() {
    let mut watch = Watch::new(Millis(0), Holder::new("us"), 0);
    watch.distrust(Millis(500));
    assert!(watch.suspends(Millis(500)));
    assert!(watch.poll(Millis(500), "mira").is_some(), "it asks at once");
    assert!(watch.poll(Millis(600), "mira").is_none(), "and once");
    assert!(watch.poll(Millis(500 + VERIFY_EVERY_MS), "mira").is_some(), "and again if nobody answers");
    watch.reply(Millis(2_600), ("mira", Epoch(3)), found(3, "us"));
    assert!(!watch.suspends(Millis(2_600)));
}
