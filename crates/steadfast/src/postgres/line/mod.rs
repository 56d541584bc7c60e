//! Our side of the conversation with a server, once a connection is open.
//!
//! Requests of several statements leave in one packet and are answered by one ReadyForQuery (PostgreSQL manual, 55.2.4,
//! pipelining): the server wakes us once, and what follows a failed statement is not run. Whoever asks drives
//! (`engine.rs`), and reads the answer where it lies.
//!
//! From the bottom up: where a message ends (`frames`), why there is no answer (`failure`), what a row is (`raw`), what is
//! expected and what came of it (`answers`), what is sent (`packet`), the socket (`stream`), with its two buffers (`wire`), the client of
//! `tokio-postgres` for whoever wants one (`lent`), a call (`exchange`).

mod answers;
mod exchange;
mod failure;
mod frames;
mod lent;
mod packet;
mod raw;
mod stream;
mod wire;

pub(super) use answers::{Answers, Given, Taken};
pub(super) use exchange::Line;
pub(super) use failure::Failure;
pub(super) use lent::LentStream;
pub(super) use packet::Packet;
pub(super) use raw::{Field, RawRow, fields};
pub(super) use stream::{Shared, Stream};
pub(super) use wire::Wire;

/// The answers to what `compose` writes, when these messages are all that comes.
#[cfg(test)]
pub(super) fn answered(
    bytes: &mut bytes::BytesMut,
    compose: impl FnOnce(&mut Packet<'_>) -> Result<(), crate::error::Fault>,
    messages: &[(u8, &[u8])],
) -> Answers {
    let mut answers = Answers::default();
    compose(&mut Packet::new(bytes, &mut answers)).expect("it can be sent");
    for (tag, body) in messages {
        answers.hear(*tag, body);
    }
    answers
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
