//! The policies that failed elsewhere, for comparison in the same scenarios. Not for production: neither counts its own
//! promises, and neither asks a store.
//!
//! Both open the next planned island when they find those open full by what they measure, and never close one.

mod round_robin;
mod windowed;
mod yard;

pub use round_robin::RoundRobin;
pub use windowed::WindowedDensity;
