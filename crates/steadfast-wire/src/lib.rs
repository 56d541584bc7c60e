//! PostgreSQL protocol frames without I/O.
//!
//! A [`Scanner`] is fed the bytes of one direction in whatever pieces they arrive, finds the frames, and hands
//! each to a [`Visitor`], who says how much of its body is worth keeping. Nothing else is buffered: a row of
//! a gigabyte passes through at the price of one header. [`Backend`] then reads the few messages that
//! somebody outside the driver needs to know.
//!
//! The bytes come from a network and may be anything. Nothing here panics, and no announced length makes
//! anything allocate: memory grows with bytes that have arrived, up to the limit that the visitor set.

mod backend;
mod error;
mod frontend;
mod report;
mod scanner;

pub use backend::{Backend, TransactionStatus};
pub use error::WireError;
pub use frontend::{CANCEL_REQUEST, Parse, SSL_REQUEST, cancel_request, query_text, statement_of_bind};
pub use report::Report;
pub use scanner::{CAPTURE_LIMIT, LENGTH_LIMIT, Scanner, Visitor};
