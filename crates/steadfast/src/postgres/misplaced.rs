//! Connected to a server that takes no writes, where one that does is expected: a demoted primary. Its connections
//! live, every ping passes, and every write fails (SQLSTATE 25006).

use steadfast_wire::Report;

use crate::error::Fault;
use crate::verdict::{Class, Step};

use super::connection::{PostgresConnection, ServerFacts};
use super::fault;
use super::sqlstate::{Circumstances, Moment, rule};

/// The fault of an idle connection that leads to where another one has just been refused a write.
pub(super) fn misplaced(server: &ServerFacts) -> Fault {
    let summary = format!("{}:{} takes no writes", server.host, server.port);
    Fault::new(Class::ReadOnlyServer, Step::Ping, summary).with_remedy(
        "a write was refused over another connection: this one leads to a demoted primary as well",
    )
}

impl PostgresConnection {
    /// The fault of a connection of which a write has shown that it leads to a server that takes none. Of a refused
    /// write for which the server has not reported that, cleaning finds out what it meant.
    pub(super) fn known_misplaced(&self) -> Option<Fault> {
        let refusal = self.observed.refusal()?;
        (self.expects_writes() && self.observed.takes_no_writes()).then(|| self.misplaced(&refusal))
    }

    /// True unless a server for reading was asked for.
    pub(super) fn expects_writes(&self) -> bool {
        rule("25006", "", self.outside_transactions()).class == Class::ReadOnlyServer
    }

    /// The fault for a refused write that was the server's doing.
    pub(super) fn misplaced(&self, refusal: &Report) -> Fault {
        fault::from_report(refusal, Step::Statement, self.outside_transactions())
    }

    fn outside_transactions(&self) -> Circumstances {
        Circumstances {
            moment: Moment::Established,
            target: self.route.target(),
            read_only: false,
            fatal: false,
        }
    }
}
