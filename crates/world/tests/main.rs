//! The tests of the ground: space and motion, nature, baselines and the rules of walking.

mod baseline;
mod cheats;
mod fixture;
mod motion;
mod nature;
mod reach;
mod rules;
mod terrain;
