//! What must be known of a transaction to find out later what became of it.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::wire::{self, Reader};

/// A question that can be asked again: kept with an error whose outcome is unknown, written to a log, handed to
/// `steadfast resolve`. Its text form is one word of letters, digits, `-` and `_`.
///
/// It holds no secret, but numbers of the server's that are nobody else's business. A service gives it to its
/// clients in a sealed form.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ticket {
    /// By the transaction's id. PostgreSQL.
    Xid(XidTicket),
    /// By a row of the table `steadfast_outcome`. PostgreSQL and SQLite.
    Marker(MarkerTicket),
}

/// What identifies a transaction of PostgreSQL, and the state of the server that ran it: after a crash or a
/// failover a server hands out the same transaction id again, and says of it what became of the other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "its text form is versioned; a field more is another version")]
pub struct XidTicket {
    /// The cluster (`pg_control_system`).
    pub system: u64,
    /// The timeline on which the transaction ran.
    pub timeline: u32,
    /// Its id, with the epoch.
    pub xid: u64,
    /// A position in the write-ahead log before which the transaction wrote, and behind which it commits.
    pub lsn: u64,
    /// Whether what it wrote before that position bears its id, so that whoever has replayed the log up to there will
    /// not hand that id out again.
    pub anchored: bool,
    /// The process that ran it.
    pub process: u32,
    /// When that process started, in microseconds since 1970 by the server's clock.
    pub process_started: i64,
    /// The crash witness: `stats_reset` of `pg_stat_bgwriter`, set anew by each recovery from a crash and by no
    /// other restart. In microseconds since 1970.
    pub witness: Option<i64>,
    /// The position at which the server's last recovery had ended, if it has had one since it was started.
    pub recovered_to: Option<u64>,
    /// When all this was noted, in microseconds since 1970 by the server's clock.
    pub noted_at: i64,
}

/// A row that is there when the transaction was committed, and cannot be there when it was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "its text form is versioned; a field more is another version")]
pub struct MarkerTicket {
    /// The key of the row: a UUID of version 7, so that it also tells when it was made.
    pub token: Uuid,
}

/// Why a text is no ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TicketError {
    /// It has another form.
    #[error(
        "this is no ticket: a ticket is one word that begins with sfx1 or sfm1; copy all of it, without quotes"
    )]
    Form,
    /// It has the form, and was cut off or changed.
    #[error("the ticket is damaged: a part of it is missing or changed; copy all of it")]
    Damaged,
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Xid(ticket) => f.write_str(&wire::write(XID, |out| {
                out.extend(ticket.system.to_be_bytes());
                out.extend(ticket.timeline.to_be_bytes());
                out.extend(ticket.xid.to_be_bytes());
                out.extend(ticket.lsn.to_be_bytes());
                out.push(u8::from(ticket.anchored));
                out.extend(ticket.process.to_be_bytes());
                out.extend(ticket.process_started.to_be_bytes());
                wire::write_option(out, ticket.witness.map(i64::to_be_bytes));
                wire::write_option(out, ticket.recovered_to.map(u64::to_be_bytes));
                out.extend(ticket.noted_at.to_be_bytes());
            })),
            Self::Marker(ticket) => {
                f.write_str(&wire::write(MARKER, |out| out.extend(ticket.token.as_bytes())))
            }
        }
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket({self})")
    }
}

impl FromStr for Ticket {
    type Err = TicketError;

    fn from_str(text: &str) -> Result<Self, TicketError> {
        let text = text.trim();
        let (ticket, rest) = if let Some(mut reader) = Reader::open(XID, text)? {
            (Self::Xid(read_xid(&mut reader).ok_or(TicketError::Damaged)?), reader)
        } else if let Some(mut reader) = Reader::open(MARKER, text)? {
            let token = reader.take().map(Uuid::from_bytes).ok_or(TicketError::Damaged)?;
            (Self::Marker(MarkerTicket { token }), reader)
        } else {
            return Err(TicketError::Form);
        };
        if rest.is_empty() { Ok(ticket) } else { Err(TicketError::Damaged) }
    }
}

fn read_xid(reader: &mut Reader) -> Option<XidTicket> {
    Some(XidTicket {
        system: reader.take().map(u64::from_be_bytes)?,
        timeline: reader.take().map(u32::from_be_bytes)?,
        xid: reader.take().map(u64::from_be_bytes)?,
        lsn: reader.take().map(u64::from_be_bytes)?,
        anchored: reader.flag()?,
        process: reader.take().map(u32::from_be_bytes)?,
        process_started: reader.take().map(i64::from_be_bytes)?,
        witness: reader.option()?.map(i64::from_be_bytes),
        recovered_to: reader.option()?.map(u64::from_be_bytes),
        noted_at: reader.take().map(i64::from_be_bytes)?,
    })
}

const XID: &str = "sfx1";
const MARKER: &str = "sfm1";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn xid_ticket()(
            (system, timeline, xid, lsn, anchored) in any::<(u64, u32, u64, u64, bool)>(),
            (process, process_started, witness, recovered_to, noted_at)
                in any::<(u32, i64, Option<i64>, Option<u64>, i64)>(),
        ) -> XidTicket {
            XidTicket {
                system, timeline, xid, lsn, anchored, process, process_started, witness, recovered_to, noted_at,
            }
        }
    }

    proptest! {
        #[test]
        fn a_ticket_is_read_as_it_was_written(ticket in xid_ticket(), token in any::<[u8; 16]>()) {
            for ticket in [Ticket::Xid(ticket), Ticket::Marker(MarkerTicket { token: Uuid::from_bytes(token) })] {
                let text = ticket.to_string();
                prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
                prop_assert_eq!(format!(" {text}\n").parse::<Ticket>(), Ok(ticket));
            }
        }

        #[test]
        fn a_ticket_with_a_changed_letter_is_refused(ticket in xid_ticket(), at in 4_usize..90, to in "[a-zA-Z0-9]") {
            let text = Ticket::Xid(ticket).to_string();
            let at = at.min(text.len() - 1);
            let mut changed = text.clone();
            changed.replace_range(at..=at, &to);
            if changed != text {
                prop_assert_eq!(changed.parse::<Ticket>(), Err(TicketError::Damaged));
            }
        }

        #[test]
        fn arbitrary_text_never_panics(text in "\\PC*", tail in "[a-zA-Z0-9_-]{0,80}") {
            let _refused = text.parse::<Ticket>();
            for kind in [XID, MARKER] {
                let _refused = format!("{kind}{tail}").parse::<Ticket>();
            }
        }
    }

    #[test]
    fn what_is_no_ticket_and_what_was_one_are_told_apart() {
        assert_eq!("".parse::<Ticket>(), Err(TicketError::Form));
        assert_eq!("postgres://a:b@c/d".parse::<Ticket>(), Err(TicketError::Form));
        let text = Ticket::Marker(MarkerTicket { token: Uuid::from_bytes([7; 16]) }).to_string();
        assert_eq!(text[..text.len() - 3].parse::<Ticket>(), Err(TicketError::Damaged));
    }
}
