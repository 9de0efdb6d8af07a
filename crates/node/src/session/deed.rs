//! Deeds of one session: requests that change the avatar's document, one attempt at a time.
//!
//! This is the commit of DESIGN section 7 for a deed that touches the actor's document alone. The document carries the
//! epoch, the holder and the remembered replies, so one compare-and-swap decides everything. A write whose outcome is
//! unknown is never guessed at: the attempt begins anew by reading, and either finds its request remembered or writes
//! over the very version that the late write would need.

use std::collections::VecDeque;

use protocol::Code;
use protocol::limits::REQUESTS_IN_FLIGHT;
use store::{Reply, Request};
use world::{Epoch, Millis, Plant, Planted};

use super::Turn;
use crate::avatar::{AVATAR_SCHEMA, AvatarBody, Recalled, avatar_key};
use crate::limits::{DEED_MS, STORE_RETRY_MS};

/// A deed as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) request: u32,
    pub(crate) trace: u64,
    /// The digest of the request's content.
    pub(crate) content: u64,
    pub(crate) tint: u8,
}

/// How a deed ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) asked: Asked,
    /// `None`: done.
    pub(crate) refused: Option<Code>,
    /// The avatar's document as it is now, if the deed is done.
    pub(crate) body: Option<AvatarBody>,
    /// The reply was remembered from an earlier attempt.
    pub(crate) repeated: bool,
    /// When the attempt that committed asked the store.
    pub(crate) asked_at: Millis,
}

#[derive(Debug)]
enum Step {
    /// To be begun at this time.
    Begin(Millis),
    Reading,
    Committing(AvatarBody),
}

#[derive(Debug)]
struct Attempt {
    asked: Asked,
    step: Step,
    deadline: Millis,
    asked_at: Millis,
}

/// The deeds of one session in the order in which they were asked for.
#[derive(Debug)]
pub(crate) struct Deeds {
    name: String,
    epoch: Epoch,
    holder: String,
    waiting: VecDeque<Asked>,
    attempt: Option<Attempt>,
    planted: Planted,
}

impl Deeds {
    pub(crate) fn new(name: String, epoch: Epoch, holder: String, planted: Planted) -> Self {
        Self { name, epoch, holder, waiting: VecDeque::new(), attempt: None, planted }
    }

    /// Whether nothing waits or is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.attempt.is_none() && self.waiting.is_empty()
    }

    /// The session goes on at a higher epoch.
    pub(crate) fn raise(&mut self, epoch: Epoch, holder: String) {
        self.epoch = epoch;
        self.holder = holder;
    }

    /// Takes in a request, unless there are too many. One that is already in flight is answered once.
    pub(crate) fn ask(&mut self, asked: Asked) -> Result<(), Code> {
        let in_flight = self.attempt.iter().map(|a| &a.asked).chain(&self.waiting);
        if let Some(same) = in_flight.clone().find(|a| a.request == asked.request) {
            return if same.content == asked.content { Ok(()) } else { Err(Code::IdReused) };
        }
        if in_flight.count() >= REQUESTS_IN_FLIGHT {
            return Err(Code::TooManyRequests);
        }
        self.waiting.push_back(asked);
        Ok(())
    }

    /// Goes on with what waits.
    pub(crate) fn poll(&mut self, now: Millis) -> Turn<Outcome> {
        if self.attempt.is_none() {
            let Some(asked) = self.waiting.pop_front() else { return Turn::Wait };
            self.attempt = Some(Attempt { asked, step: Step::Begin(now), deadline: now + DEED_MS, asked_at: now });
        }
        match &self.attempt {
            Some(a) if now >= a.deadline => self.end(Some(Code::StoreUnavailable), None, false),
            Some(Attempt { step: Step::Begin(at), .. }) if *at <= now => self.begin(now),
            _ => Turn::Wait,
        }
    }

    fn begin(&mut self, now: Millis) -> Turn<Outcome> {
        if let Some(attempt) = &mut self.attempt {
            attempt.step = Step::Reading;
            attempt.asked_at = now;
        }
        Turn::Ask(Request::Get { key: avatar_key(&self.name) })
    }

    /// Goes on with the store's reply. A reply to an attempt that was given up is dropped by the caller.
    pub(crate) fn reply(&mut self, now: Millis, reply: Reply) -> Turn<Outcome> {
        let Some(attempt) = &mut self.attempt else { return Turn::Wait };
        match std::mem::replace(&mut attempt.step, Step::Begin(now)) {
            Step::Reading => self.read(now, reply),
            Step::Committing(body) => self.committed(now, body, reply),
            begin @ Step::Begin(_) => {
                attempt.step = begin;
                Turn::Wait
            }
        }
    }

    fn read(&mut self, now: Millis, reply: Reply) -> Turn<Outcome> {
        let Reply::Found { version, mut document } = reply else {
            return match reply {
                Reply::Absent => Turn::End(Code::Fenced),
                _ => self.again(now + STORE_RETRY_MS),
            };
        };
        let Ok(mut body) = document.read::<AvatarBody>(AVATAR_SCHEMA) else {
            return Turn::End(Code::DocumentUnreadable);
        };
        if (body.epoch != self.epoch.0 || body.holder != self.holder) && !self.planted.is(Plant::DeafToEpochs) {
            return Turn::End(Code::Replaced);
        }
        if body.released.is_some() && !self.planted.is(Plant::AckAfterFreeze) {
            // Nothing may be acknowledged any more, whoever asked.
            return self.again(now + STORE_RETRY_MS);
        }
        let Some(attempt) = &mut self.attempt else { return Turn::Wait };
        let asked = &attempt.asked;
        match body.recall(asked.request, asked.content) {
            Recalled::Done(code) if !self.planted.is(Plant::ForgetRequest) => {
                return self.end(Code::from_number(code), Some(body), true);
            }
            Recalled::OtherContent => return self.end(Some(Code::IdReused), None, false),
            Recalled::TooOld => return self.end(Some(Code::TooOld), None, false),
            Recalled::Done(_) | Recalled::New => {}
        }
        body.tint = asked.tint;
        body.seq += 1;
        body.remember(asked.request, asked.content, 0);
        if document.write(AVATAR_SCHEMA, &body).is_err() {
            return Turn::End(Code::DocumentUnreadable);
        }
        attempt.step = Step::Committing(body);
        Turn::Ask(Request::Replace { key: avatar_key(&self.name), version, document })
    }

    fn committed(&mut self, now: Millis, body: AvatarBody, reply: Reply) -> Turn<Outcome> {
        match reply {
            Reply::Applied { .. } => self.end(None, Some(body), false),
            Reply::Unknown if self.planted.is(Plant::GuessOnUnknown) => self.end(None, Some(body), false),
            Reply::Conflict => self.begin(now),
            Reply::NotApplied | Reply::Unknown | Reply::Found { .. } | Reply::Absent => {
                self.again(now + STORE_RETRY_MS)
            }
        }
    }

    fn again(&mut self, at: Millis) -> Turn<Outcome> {
        if let Some(attempt) = &mut self.attempt {
            attempt.step = Step::Begin(at);
        }
        Turn::Wait
    }

    fn end(&mut self, refused: Option<Code>, body: Option<AvatarBody>, repeated: bool) -> Turn<Outcome> {
        match self.attempt.take() {
            Some(a) => Turn::Done(Outcome { asked: a.asked, refused, body, repeated, asked_at: a.asked_at }),
            None => Turn::Wait,
        }
    }
}
