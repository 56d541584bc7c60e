//! Benchmarks of steadfast against other pools and drivers. Run them by `scripts/bench`; what the figures mean and
//! what they were stands in `docs/performance.md`.
//!
//! Everything is measured in short rounds in which the contenders take turns, and compared round by round: what
//! disturbs the machine for longer than a round disturbs all of them alike.

pub mod callgrind;
pub mod error;
pub mod http_client;
pub mod measure;
pub mod pools;
pub mod sections;
