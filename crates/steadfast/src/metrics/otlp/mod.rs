//! Metrics sent away by OTLP over HTTP, for whoever has a collector instead of a scraper.

mod document;
mod exporter;
mod names;

pub use exporter::OtlpOptions;
