//! The outcome guard: what is noted of a transaction before its COMMIT is sent, so that its outcome can be found out
//! when the answer is lost; and how it is found out.
//!
//! `facts` and `capture` note; `look` asks the server later, `judge` decides without I/O, `resolve` does both until
//! there is an answer. `fence` ends what a lost connection has left behind on the server.

mod capture;
mod facts;
mod fence;
mod judge;
mod look;
mod resolve;

pub(super) use capture::{Guarding, Question};
pub(crate) use fence::Ghost;
