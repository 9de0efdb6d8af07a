//! The commit protocol: deeds on several documents that happen as a whole, once, over compare-and-swap on one document.
//!
//! The actor's document is the commit record. A deed leaves an *intent* on every other document, then one write of the
//! actor's document commits it, then the intents are carried out by whoever comes by. `docs/decisions/0024` has the
//! protocol point by point with what the model in `tests/model` showed. Nothing here sends a request: every part is a
//! [`Machine`] whose owner does, so that the model, the simulator and production drive the same code.
//!
//! | part | ends with |
//! | --- | --- |
//! | [`Raiser`] | the session is ours |
//! | [`Attempt`] | the deed happened, had happened, was refused, or may be asked again |
//! | [`Unstager`] | a committed deed is carried out everywhere |
//! | [`Resolver`] | a document has no intent |
//! | [`Releaser`] | another may take the session over |
//! | [`Sweeper`] | a tombstone is gone |
//! | [`Coordinator`] | never: it runs one session's deeds in order |
//!
//! Invariant: a part may be dropped at any moment, and every request may be answered `Unknown` and land later; still no
//! deed happens in part or twice.

pub mod attempt;
pub mod command;
pub mod coordinator;
pub mod plan;
pub mod raise;
pub mod resolve;
pub mod sweep;
pub mod terms;
pub mod turn;
pub mod unstage;

pub use attempt::{Asked, Attempt, Committed, Outcome};
pub use command::{Command, Deed, Seen, Verdict, View};
pub use coordinator::{Coordinator, Part, Task};
pub use plan::Mistake;
pub use raise::{Raised, Raiser, Released, Releaser, Right};
pub use resolve::{Patience, Resolved, Resolver};
pub use sweep::{Sweeper, Swept};
pub use terms::Terms;
pub use turn::{Answer, Ask, Effect, Found, Input, Machine, Steps, Turn};
pub use unstage::{Unstaged, Unstager};
