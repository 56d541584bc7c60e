//! One reading statement that the server keeps read-only, without a transaction block around it.
//!
//! All that is sent up to a Sync is one transaction (PostgreSQL manual, 55.2.4, pipelining), and a setting in front makes it
//! read-only until its end: `transaction_read_only`, which once a query has run can only be sharpened (manual, SET TRANSACTION).
//! Prepared, it costs the server 4 µs where BEGIN and COMMIT cost 20 (`docs/performance.md`).
//!
//! It is good for queries only. A procedure could commit outside of a block, and go on in a transaction that is not read-only.
//! And it is relied upon only where the server has shown on the same connection that it does so: others speak this
//! protocol as well, and a read that is not kept read-only must not be repeated.

use crate::error::Fault;

use super::line::{Answers, Given, Packet, Taken};

/// The statement, whose name no other has (see [`prepared::name`](super::prepared::name)).
pub(super) const NAME: &str = "sf_read_only";
pub(super) const TEXT: &str = "SET transaction_read_only = on";

/// Asks for what the first has set, within the same transaction.
const PROOF: &str = "SHOW transaction_read_only";

/// Whether it is prepared on a connection, and does what it should there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Latch {
    /// Nobody knows.
    #[default]
    Untried,
    Proven,
    /// The server refused it, or took it and did nothing.
    Unfit,
}

impl Latch {
    /// Prepares the statement and has its effect shown, as a request by itself.
    pub(super) fn compose_proof(packet: &mut Packet<'_>) -> Result<(), Fault> {
        packet.prepare_anew(NAME, TEXT, &[])?;
        Self::compose(packet)?;
        packet.untyped(PROOF, &[], Taken::raw())?;
        packet.sync();
        Ok(())
    }

    /// Makes what follows up to the next Sync read-only. It is not run when this fails.
    pub(super) fn compose(packet: &mut Packet<'_>) -> Result<(), Fault> {
        packet.prepared(NAME, &[], &[], Taken::Nothing)
    }

    /// Reads the answers to the proof.
    pub(super) fn prove(answers: &mut Answers) -> Self {
        let set = answers.give();
        let shown = answers.give();
        match (set, shown.map(Given::raw)) {
            (Ok(_), Ok(rows)) if rows.first().and_then(|row| row.text(0)) == Some("on") => Self::Proven,
            _ => Self::Unfit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::line::answered;

    /// What a server gives to the proof.
    fn proven(messages: &[(u8, &[u8])]) -> Latch {
        let mut bytes = bytes::BytesMut::new();
        let mut answers = answered(&mut bytes, Latch::compose_proof, messages);
        Latch::prove(&mut answers)
    }

    #[test]
    fn only_what_has_been_shown_is_relied_upon() {
        let row = |value: &[u8]| [&[0, 1, 0, 0, 0, u8::try_from(value.len()).unwrap()], value].concat();
        let (on, off) = (row(b"on"), row(b"off"));
        let set: (u8, &[u8]) = (b'C', b"SET\0");
        let shown: (u8, &[u8]) = (b'C', b"SHOW\0");
        let ready: (u8, &[u8]) = (b'Z', b"I");
        let error: (u8, &[u8]) = (b'E', b"SERROR\0C42704\0Munrecognized parameter\0\0");
        assert_eq!(proven(&[set, (b'D', &on), shown, ready]), Latch::Proven);
        for lying in [
            &[set, (b'D', &off), shown, ready][..],
            &[set, shown, ready],
            &[error, ready],
            &[set, error, ready],
            &[set, (b'D', &on), shown, error, ready],
            &[set, (b'D', &on)],
            &[],
        ] {
            assert_eq!(proven(lying), Latch::Unfit, "{lying:?}");
        }
    }
}
