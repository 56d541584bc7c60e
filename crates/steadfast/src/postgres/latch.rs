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
use super::standing;

/// The statement, whose name no other has (see [`prepared::name`](super::prepared::name)).
pub(super) const NAME: &str = "sf_read_only";
pub(super) const TEXT: &str = "SET transaction_read_only = on";

/// Asks whether a transaction is read-only, and which process answers.
const PROOF: &str =
    "SELECT pg_catalog.current_setting('transaction_read_only'), pg_catalog.pg_backend_pid()::text";

/// Whether it is prepared on a connection, and does what it should there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Latch {
    /// Nobody knows.
    #[default]
    Untried,
    /// It does.
    Proven {
        /// The process that answers is the one that this connection was opened to: there is no pooler between.
        direct: bool,
    },
    /// The server refused it, or took it and did nothing.
    Unfit,
}

impl Latch {
    /// Prepares the statement and has its effect shown, as a request by itself.
    pub(super) fn compose_proof(packet: &mut Packet<'_>) -> Result<(), Fault> {
        packet.prepare_anew(NAME, TEXT, &[])?;
        Self::compose(packet)?;
        Self::compose_question(packet)
    }

    /// Sets the default of the session, and has its effect shown.
    pub(super) fn compose_standing(packet: &mut Packet<'_>) -> Result<(), Fault> {
        packet.query(standing::SET, Taken::Nothing)?;
        Self::compose_question(packet)
    }

    fn compose_question(packet: &mut Packet<'_>) -> Result<(), Fault> {
        packet.untyped(PROOF, &[], Taken::raw())?;
        packet.sync();
        Ok(())
    }

    /// Makes what follows up to the next Sync read-only. It is not run when this fails.
    pub(super) fn compose(packet: &mut Packet<'_>) -> Result<(), Fault> {
        packet.prepared(NAME, &[], &[], Taken::Nothing)
    }

    /// Reads the answers to either of them, on a connection that was opened to this process.
    pub(super) fn prove(answers: &mut Answers, process: u32) -> Self {
        let set = answers.give();
        let shown = answers.give();
        match (set, shown.map(Given::raw)) {
            (Ok(_), Ok(rows)) => match rows.first().map(|row| (row.text(0), row.text(1))) {
                Some((Some("on"), answering)) => {
                    Self::Proven { direct: answering == Some(process.to_string().as_str()) }
                }
                _ => Self::Unfit,
            },
            _ => Self::Unfit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::line::answered;

    const PROCESS: u32 = 7;

    /// What a server gives to the proof.
    fn proven(messages: &[(u8, &[u8])]) -> Latch {
        let mut bytes = bytes::BytesMut::new();
        let mut answers = answered(&mut bytes, Latch::compose_proof, messages);
        Latch::prove(&mut answers, PROCESS)
    }

    #[test]
    fn only_what_has_been_shown_is_relied_upon() {
        let row = |values: &[&str]| {
            let mut row = vec![0, u8::try_from(values.len()).unwrap()];
            for value in values {
                row.extend([0, 0, 0, u8::try_from(value.len()).unwrap()]);
                row.extend(value.as_bytes());
            }
            row
        };
        let (on, off, elsewhere) = (row(&["on", "7"]), row(&["off", "7"]), row(&["on", "8"]));
        let set: (u8, &[u8]) = (b'C', b"SET\0");
        let shown: (u8, &[u8]) = (b'C', b"SELECT 1\0");
        let ready: (u8, &[u8]) = (b'Z', b"I");
        let error: (u8, &[u8]) = (b'E', b"SERROR\0C42704\0Munrecognized parameter\0\0");
        assert_eq!(proven(&[set, (b'D', &on), shown, ready]), Latch::Proven { direct: true });
        for pooled in [elsewhere, row(&["on", ""]), row(&["on"])] {
            assert_eq!(proven(&[set, (b'D', &pooled), shown, ready]), Latch::Proven { direct: false });
        }
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
