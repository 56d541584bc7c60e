//! The only places where findings become output.

mod json;
mod terminal;
mod wrap;

pub use json::{SCHEMA, render_json};
pub use terminal::{Style, render_terminal};
