//! What is wrong between an application and its database, and what to do about it.
//!
//! [`diagnose`] runs a chain of checks from the outside inwards: configuration, network, security, server, path, schema,
//! behaviour. Each gives a [`Finding`]; what depends on a broken one is skipped, and the [`Report`] names the first
//! broken one, which is where to begin. [`render_terminal`] and [`render_json`] print it; nothing here prints by itself.
//!
//! A finding may be shown to anybody: it consists of [`Shown`], which cannot be made of a text that was not looked
//! through for the configuration's secrets.
//!
//! Everything only reads, unless [`Options::drill`] asks for more.
//!
//! The modules are listed in layer order: a module names only what stands above it.

mod shown;
mod secrets;
mod verdict;
mod layer;
mod finding;
mod progress;
mod options;
mod input;
mod net;
mod session;
mod server;
mod context;
mod story;
mod words;
mod readers;
mod check;
mod checks;
mod report;
mod chain;
mod render;

pub use chain::{Listed, diagnose, list, unknown_checks};
pub use finding::{Evidence, Figure, Finding, Outcome, Problem, Severity, Skipped};
pub use input::Input;
pub use layer::Layer;
pub use options::Options;
pub use progress::{Progress, Silent};
pub use render::{SCHEMA, Style, render_json, render_terminal};
pub use report::Report;
pub use shown::Shown;
pub use verdict::Verdict;
