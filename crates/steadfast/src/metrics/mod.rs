//! Metrics in Prometheus' text form, the last fifteen minutes as a series, and advice from both.
//!
//! [`Metrics`] is an observer: give it to [`Database::open_observed`](crate::Database::open_observed). A [`Board`]
//! puts it together with the health [`Monitor`](crate::health::Monitor) and with what other workers of the same
//! service say of themselves ([`Peers`]).
//!
//! # What it costs
//! Every checkout and return reads the clock once, and each of four histograms that a request passes adds to two
//! integers, which are its thread's own. Without [`Metrics`] among the observers nothing of that happens.
//! `docs/observability.md` has figures.

mod advice;
mod board;
mod counts;
mod evidence;
mod exposition;
mod gauges;
mod instruments;
mod observer;
#[cfg(feature = "otlp")]
mod otlp;
mod overview;
mod peers;
mod quantile;
mod series;
mod snapshot;
mod timings;
mod traffic;

pub use advice::{Advice, Topic, advise};
pub use board::Board;
pub use evidence::{Evidence, ObservedSettings};
pub use instruments::Metrics;
#[cfg(feature = "otlp")]
pub use otlp::OtlpOptions;
pub use overview::{LastMinute, Overview, SharedIncident};
pub use peers::{Alone, MOST_BYTES, Peers};
pub use quantile::{BUCKETS, quantile};
pub use series::Point;
pub use snapshot::{DatabaseFacts, IncidentStory, PoolFigures, SlotFigures, Snapshot};
pub use traffic::Answered;
