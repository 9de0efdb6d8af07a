//! Scenarios of the machine and its parts, in virtual time.

mod arrival;
mod checkpoint;
mod crowd;
mod deeds;
mod pair;
mod things;
mod view_of_streams;
mod watch;
