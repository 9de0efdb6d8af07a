//! Whatever bytes come, from a client, a server or a peer, in whatever order: decoders end in a value or an error, and
//! the machines go on.

mod client_machine;
mod decoders;
mod golden;
mod node_machine;
