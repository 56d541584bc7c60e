//! Problem details (RFC 9457): every answer of the service that is not what was asked for.
//!
//! A problem says what happened and what to do. It never shows a URL of the database, a host, SQL, or a
//! driver's text: those go to the log, under the request's id.

mod details;
mod field;
mod from_database;
mod kind;

pub use details::Problem;
pub use field::FieldError;
pub use kind::ProblemKind;
