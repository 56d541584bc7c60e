//! COMMIT together with the row by which it can be found.

use crate::error::Fault;
use crate::outcome::MarkerTicket;
use crate::sql::marker;

/// Both in one message.
pub(super) fn commit_statement(ticket: MarkerTicket) -> String {
    format!("{}; COMMIT", marker::insert_statement(ticket))
}

/// What a refused COMMIT with a marker means, when it is about the marker.
pub(super) fn explain(fault: Fault) -> Fault {
    match fault.code() {
        Some("42P01" | "42703" | "42501") if fault.summary().contains(marker::TABLE) => {
            marker::no_table(fault)
        }
        Some("23505") if fault.constraint().is_some_and(|name| name.contains(marker::TABLE)) => {
            marker::fenced()
        }
        _ => fault,
    }
}
