//! The client in virtual time, against a scripted server.

mod clock;
mod hostile;
mod picture;
mod reconnect;
mod server;
mod walking;
