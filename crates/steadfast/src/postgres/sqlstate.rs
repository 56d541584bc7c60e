//! What each SQLSTATE means: one table, searched from the particular to the general.
//!
//! Order of search: the wording of poolers and proxies that share one code for everything, the exact code,
//! the two characters of its class, and last "the statement was refused".

use crate::config::TargetSession;
use crate::verdict::Class;

use super::sqlstate_table::{CODES, Row, TEXTS};

/// When the server said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before the connection could be used.
    Connecting,
    /// In answer to a request, or between two.
    Established,
}

/// What else decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Circumstances {
    pub(crate) moment: Moment,
    /// Which kind of server was asked for.
    pub(crate) target: TargetSession,
    /// The transaction was opened READ ONLY by us: a refused write says nothing about the server.
    pub(crate) read_only: bool,
    /// The server closes the connection after it.
    pub(crate) fatal: bool,
}

/// What an error of the server means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ruling {
    pub(crate) class: Class,
    pub(crate) remedy: &'static str,
    /// The code itself says that nobody knows whether the transaction was committed.
    pub(crate) outcome_unknown: bool,
}

/// Rules on an error.
pub(crate) fn rule(code: &str, message: &str, circumstances: Circumstances) -> Ruling {
    let row = find(code, message);
    let class = match (row.class, circumstances.moment) {
        (Class::ReadOnlyServer, _) if !expects_writes(circumstances) => Class::Statement,
        (Class::ConnectionLost | Class::Timeout, Moment::Connecting) => Class::Unavailable,
        (Class::Statement | Class::RolledBack, Moment::Connecting) => Class::Permanent,
        // Without FATAL the server goes on: something was wrong with one message, not with the connection.
        (Class::ConnectionLost, Moment::Established) if code == "08P01" && !circumstances.fatal => {
            Class::Statement
        }
        // A FATAL that no row knows ends the connection all the same.
        (Class::Statement | Class::RolledBack, Moment::Established) if circumstances.fatal => {
            Class::ConnectionLost
        }
        (class, _) => class,
    };
    Ruling { class, remedy: row.remedy, outcome_unknown: matches!(code, "08007" | "40003") }
}

fn find(code: &str, message: &str) -> &'static Row {
    let pooler = matches!(code.get(..2), Some("08" | "XX" | "28" | "53"));
    let by_text = || TEXTS.iter().filter(|_| pooler).find(|row| message.contains(row.key));
    let by_code = |key: &str| CODES.iter().find(|row| row.key == key);
    by_text().or_else(|| by_code(code)).or_else(|| code.get(..2).and_then(by_code)).unwrap_or(&UNKNOWN)
}

static UNKNOWN: Row = Row {
    key: "",
    class: Class::Statement,
    remedy: "the server's log holds the details; look the code up in PostgreSQL's appendix A",
};

/// Whether a refused write means that this is the wrong server.
fn expects_writes(circumstances: Circumstances) -> bool {
    let by_target = match circumstances.target {
        TargetSession::Any | TargetSession::ReadWrite | TargetSession::Primary => true,
        TargetSession::ReadOnly | TargetSession::Standby | TargetSession::PreferStandby => false,
    };
    by_target && !circumstances.read_only
}

#[cfg(test)]
mod tests;
