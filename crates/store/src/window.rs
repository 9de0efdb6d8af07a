//! The requests that a document remembers: the newest replies, and how far older ones are forgotten.
//!
//! Invariant: a request that was carried out is either in the window, with its reply, or at or below
//! [`Window::forgotten`]. So no request is carried out twice, however late it is repeated.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use world::{Plant, Planted};

/// A reply that a repeated request gets again.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Remembered {
    /// The request.
    pub request: u32,
    /// The digest of its content.
    pub content: u64,
    /// The code of its reply, 0 for done.
    pub code: u16,
    /// What else was replied; null for nothing.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub reply: Value,
    /// Fields of a newer build.
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

/// What is known of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Recalled {
    /// It was carried out and answered so.
    Done(Remembered),
    /// Its id was used with another content.
    OtherContent,
    /// Its id is older than the window reaches: it may have been carried out or not.
    TooOld,
    /// It was not carried out.
    New,
}

/// The window of one avatar.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Window {
    /// The newest replies, oldest first.
    pub replies: Vec<Remembered>,
    /// One more than the greatest request id that was carried out.
    pub next_request: u32,
    /// The greatest request id that has left the window.
    pub forgotten: u32,
}

impl Window {
    /// What is remembered of a request.
    #[must_use]
    pub fn recall(&self, request: u32, content: u64) -> Recalled {
        match self.reply_to(request) {
            Some(reply) if reply.content == content => Recalled::Done(reply.clone()),
            Some(_) => Recalled::OtherContent,
            None if request > self.forgotten => Recalled::New,
            None => Recalled::TooOld,
        }
    }

    /// The remembered reply to a request.
    #[must_use]
    pub fn reply_to(&self, request: u32) -> Option<&Remembered> {
        self.replies.iter().find(|reply| reply.request == request)
    }

    /// Remembers a reply, and forgets the oldest beyond `room`.
    pub fn remember(&mut self, reply: Remembered, room: usize, planted: Planted) {
        if planted.is(Plant::ForgetRequest) {
            return;
        }
        self.next_request = self.next_request.max(reply.request.saturating_add(1));
        self.replies.push(reply);
        let over = self.replies.len().saturating_sub(room.max(1));
        let forgotten = self.replies.drain(..over).map(|reply| reply.request).max().unwrap_or(0);
        if !planted.is(Plant::SlideBlindly) {
            self.forgotten = self.forgotten.max(forgotten);
        }
    }
}
