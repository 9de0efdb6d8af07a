//! What the SDK complains about. It says why it cannot connect in its log only, every second, and goes on trying; and
//! at INFO it says far more than an operator wants. On the session's thread this listens in place of the program's own
//! log: the last warning is kept as the reason of a failure, the rest is dropped.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::dispatcher::Dispatch;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Characters of a complaint that are kept.
const COMPLAINT_CHARS: usize = 300;

/// How far an attempt to open a session has come, and what was complained about since.
#[derive(Clone, Debug, Default)]
pub(super) struct Trouble(Arc<Mutex<Step>>);

#[derive(Debug, Default)]
struct Step {
    step: String,
    complaint: Option<String>,
}

impl Trouble {
    /// The next step, as the reason should the attempt fail in it.
    pub(super) fn step(&self, step: impl Into<String>) {
        *self.lock() = Step { step: step.into(), complaint: None };
    }

    /// The reason so far.
    pub(super) fn told(&self) -> Option<String> {
        let step = self.lock();
        match &step.complaint {
            _ if step.step.is_empty() => None,
            Some(complaint) => Some(format!("{} ({complaint})", step.step)),
            None => Some(step.step.clone()),
        }
    }

    /// The step and what it failed with.
    pub(super) fn with(&self, error: impl fmt::Display) -> String {
        format!("{} ({error})", self.lock().step)
    }

    fn complain(&self, complaint: &str) {
        self.lock().complaint = Some(complaint.chars().take(COMPLAINT_CHARS).collect());
    }

    fn lock(&self) -> MutexGuard<'_, Step> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hears the SDK on its thread.
pub(super) struct Listener {
    trouble: Trouble,
}

impl Listener {
    /// What a thread is to log to.
    pub(super) fn dispatch(trouble: Trouble) -> Dispatch {
        Dispatch::new(Self { trouble })
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= Level::WARN
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::WARN)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        self.trouble.complain(&message.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The text of an event.
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // Writing to a text cannot fail.
            let _ = write!(self.0, "{value:?}");
        }
    }
}
