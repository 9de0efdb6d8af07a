//! The model of the commit protocol, explored state by state. It drives the machines of `store::commit` themselves over
//! an abstract store, so it cannot drift from them.
//!
//! What happens in a step: one machine's request is carried out, and answered truly or with `Unknown`; in the second
//! case it may land at any later step, or never. Since every order of steps is explored, every machine also stops for
//! ever at every point in some run: that is a crash. Time stands still and every pause and deadline is over at once, so
//! nothing here is safe because somebody waited; but for the sweeper, which relies on dead late writes, see
//! [`state::State::may_remove`].

mod plants;
mod protocol;
mod scenarios;
mod state;
