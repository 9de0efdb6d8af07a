//! Deeds of one session: requests that change documents, carried out by the commit protocol of `store`, one after the
//! other. What a deed left on other documents is carried out beside the next.
//!
//! Invariant: a request is answered once for each time it was asked and had been answered before.

use std::collections::{BTreeMap, VecDeque};

use deeds::Performance;
use protocol::Code;
use store::commit::{Answer, Asked, Command, Coordinator, Deed, Mistake, Outcome, Part, Task, Terms, Verdict, View};
use store::record::Open;
use store::{Body, Holding, Key, Record, Reply, Request};
use world::{EntityId, Millis, Planted};

use super::arrival::terms;
use crate::avatar::{AVATAR_SCHEMA, Figure, upcasters};

/// What is to be done.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// Another tint.
    Dress(u8),
    /// A deed on things.
    Perform(Box<Performance>),
}

/// How the client asked, so that it is answered likewise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// By a kind of its own: answered with a reply.
    Plain,
    /// By the name of a deed: answered with what came of it.
    Deed,
}

/// A request as it was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) request: u32,
    /// The digest of the request's content.
    pub(crate) content: u64,
    pub(crate) form: Form,
    /// Who else takes part.
    pub(crate) with: Option<EntityId>,
    pub(crate) what: What,
}

/// What is kept of a request until it is answered.
#[derive(Debug)]
struct Pending {
    form: Form,
    with: Option<EntityId>,
    asked_at: Millis,
}

/// A request's end.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) request: u32,
    pub(crate) form: Form,
    /// Who else took part.
    pub(crate) with: Option<EntityId>,
    /// When it was asked for: what it found was true after that.
    pub(crate) asked_at: Millis,
    pub(crate) outcome: Outcome,
}

/// What the deeds of a session want of the node.
#[derive(Debug)]
pub(crate) enum Need {
    /// Ask the store, and bring the reply for this part.
    Store(Part, Request),
    /// Answer the client.
    Answer(Box<Ended>),
    /// A document cannot be written or read: tell an operator.
    Note(String, String),
}

/// The deeds of one session in the order in which they were asked for.
#[derive(Debug)]
pub(crate) struct Deeds {
    terms: Terms,
    coordinator: Coordinator<What>,
    pending: BTreeMap<u32, Pending>,
    /// The document of each part's last request.
    keys: BTreeMap<Part, Key>,
    needs: VecDeque<Need>,
}

impl Deeds {
    /// Of a session that was just raised; `open` is what its document says was left by earlier ones.
    pub(crate) fn new(now: Millis, holding: Holding, open: &[Open], planted: Planted) -> Self {
        let terms = terms(planted);
        let coordinator = Coordinator::new(now, terms, holding, open);
        Self { terms, coordinator, pending: BTreeMap::new(), keys: BTreeMap::new(), needs: VecDeque::new() }
    }

    /// Whether nothing waits or is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.coordinator.is_idle()
    }

    /// The session goes on at a higher epoch.
    pub(crate) fn raise(&mut self, now: Millis, holding: Holding, open: &[Open]) {
        let Self { needs, .. } = std::mem::replace(self, Self::new(now, holding, open, self.terms.planted));
        self.needs = needs;
    }

    /// Takes in a request. One that is already in flight is answered once.
    ///
    /// # Errors
    /// When there are too many, or the number is used twice.
    pub(crate) fn ask(&mut self, now: Millis, wish: Wish) -> Result<(), Code> {
        use store::commit::coordinator::NotTaken;
        let Wish { request, content, form, with, what } = wish;
        let asked = Asked { request, content, command: what, age: now };
        self.coordinator.ask(now, asked).map_err(|error| match error {
            NotTaken::TooMany => Code::TooManyRequests,
            NotTaken::IdReused => Code::IdReused,
            NotTaken::Over => Code::Fenced,
        })?;
        self.pending.entry(request).or_insert(Pending { form, with, asked_at: now });
        self.take_tasks();
        Ok(())
    }

    /// Goes on with what time has brought.
    pub(crate) fn wake(&mut self, now: Millis) {
        if self.coordinator.next_wakeup().is_some_and(|(at, _)| at <= now) {
            self.coordinator.handle(now, None);
            self.take_tasks();
        }
    }

    /// Goes on with the store's reply to a part.
    pub(crate) fn reply(&mut self, now: Millis, part: Part, reply: Reply) {
        let Some(key) = self.keys.remove(&part) else { return };
        self.coordinator.handle(now, Some((part, Answer::of(upcasters(), &key, reply))));
        self.take_tasks();
    }

    /// The next thing to do, in order.
    pub(crate) fn poll(&mut self) -> Option<Need> {
        self.needs.pop_front()
    }

    fn take_tasks(&mut self) {
        while let Some(task) = self.coordinator.poll_effect() {
            match task {
                Task::Store(part, ask) => match ask.request() {
                    Ok(request) => {
                        self.keys.insert(part, request.key().clone());
                        self.needs.push_back(Need::Store(part, request));
                    }
                    // Bodies come out of documents, so they go into one. The part waits, and its deed ends with the session.
                    Err(error) => self.needs.push_back(Need::Note(ask.key().to_string(), error.to_string())),
                },
                Task::Done(request, outcome) => self.done(request, outcome),
                Task::Stuck(txn, why) => self.needs.push_back(Need::Note(txn.to_string(), why)),
            }
        }
    }

    fn done(&mut self, request: u32, outcome: Outcome) {
        let Some(Pending { form, with, asked_at }) = self.pending.remove(&request) else { return };
        self.needs.push_back(Need::Answer(Box::new(Ended { request, form, with, asked_at, outcome })));
    }
}

impl Command for What {
    fn run(&self, view: &View<'_>) -> Verdict {
        let verdict = match self {
            Self::Dress(_) => Verdict::Done(Deed::default()),
            Self::Perform(performance) => performance.run(view),
        };
        match verdict {
            Verdict::Done(deed) => {
                self.counted(view, deed).unwrap_or(Verdict::Refused(Code::DocumentUnreadable as u16))
            }
            other => other,
        }
    }
}

impl What {
    /// The deed, counted in its actor's document.
    fn counted(&self, view: &View<'_>, mut deed: Deed) -> Option<Verdict> {
        let body = match deed.actor.take() {
            Some(body) => body,
            None => view.actor.1.body.clone()?,
        };
        let mut figure: Figure = body.read(AVATAR_SCHEMA).ok()?;
        figure.deeds = figure.deeds.saturating_add(1);
        if let Self::Dress(tint) = self {
            figure.tint = *tint;
        }
        deed.actor = Some(body.with(AVATAR_SCHEMA, &figure).ok()?);
        Some(Verdict::Done(deed))
    }
}

/// What a client is told of a refused or failed deed; `None`: it was done.
pub(crate) fn refusal(outcome: &Outcome) -> Option<Code> {
    let of_number = |code: u16| Code::from_number(code).unwrap_or(Code::DocumentUnreadable);
    match outcome {
        Outcome::Committed(committed) => (committed.code != 0).then(|| of_number(committed.code)),
        Outcome::Repeated { code, .. } => (*code != 0).then(|| of_number(*code)),
        Outcome::Refused(code) => Some(of_number(*code)),
        Outcome::TooOld => Some(Code::TooOld),
        Outcome::IdReused => Some(Code::IdReused),
        Outcome::Replaced { .. } => Some(Code::Replaced),
        Outcome::Again => Some(Code::StoreUnavailable),
        Outcome::Mistaken(Mistake::TooMuch) => Some(Code::LandLimit),
        Outcome::Mistaken(_) | Outcome::Unreadable(_) => Some(Code::DocumentUnreadable),
    }
}

/// The avatar's look in its document.
pub(crate) fn figure(record: &Record) -> Option<Figure> {
    record.body.as_ref().and_then(|body: &Body| body.read(AVATAR_SCHEMA).ok())
}
