//! The client in virtual time, against a scripted server.

mod clock;
mod crossing;
mod hostile;
mod picture;
mod reconnect;
mod server;
mod things;
mod walking;
