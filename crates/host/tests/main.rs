//! Whole hosts: real threads, real client sockets, real time; the mesh and the directory mostly in memory.

mod ends;
mod faults;
mod fixture;
mod neighbours;
mod slow;
mod walks;
