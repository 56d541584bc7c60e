//! What the server has said on one connection, kept for the day on which something goes wrong.

use steadfast_wire::Report;

use super::reported::Parameters;
use super::signs::End;

/// Read seldom. Reports are boxed: on nearly every connection there is none.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) error: Option<Box<Report>>,
    pub(super) fatal: Option<Box<Report>>,
    /// The last warning that a server sends before it closes a connection in a hurry (57P0x): on an immediate
    /// shutdown and after a crash it says no more than that.
    pub(super) farewell: Option<Box<Report>>,
    /// The refusal of a write (25006).
    pub(super) refusal: Option<Box<Report>>,
    pub(super) end: Option<End>,
    pub(super) parameters: Parameters,
    /// Process id and secret, as a cancel request presents them.
    pub(super) key: (u32, Vec<u8>),
}

impl Said {
    /// Keeps an error that ended a statement. What comes after the failure of a transaction says less than what it
    /// failed of.
    pub(super) fn failed(&mut self, report: Report) {
        if report.code != IN_FAILED_TRANSACTION || self.error.is_none() {
            self.error = Some(Box::new(report));
        }
    }

    /// What the server said last, when the connection is over.
    pub(super) fn last_fatal(&self) -> Option<Report> {
        let farewell = || self.farewell.as_ref().filter(|_| self.end.is_some());
        self.fatal.as_ref().or_else(farewell).map(|report| (**report).clone())
    }
}

const IN_FAILED_TRANSACTION: &str = "25P02";
