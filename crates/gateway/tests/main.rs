//! The gateway against real sockets, honest and hostile.

mod closing;
mod fixture;
mod floods;
mod messages;
mod slow_readers;
mod tls;
