//! Whether a server is still at work for a connection that has gone quiet.
//!
//! A statement that takes long and a path that lost it look the same from here. The server knows: over another
//! connection it says what the backend of the first is doing (PostgreSQL manual, 27.2.3, `pg_stat_activity`).

use std::sync::Arc;

use crate::error::Fault;
use crate::sql::{SqlConnection, Value};

use super::connection::{PostgresConnection, ServerFacts};
use super::observed::Observed;

/// What must be known of a connection to ask about it, and what can be seen while somebody else uses it.
#[derive(Debug, Clone)]
pub(crate) struct Pulse {
    observed: Arc<Observed>,
    server: Arc<ServerFacts>,
}

const QUESTION: &str = "SELECT pg_backend_pid()::int8, \
     (SELECT state FROM pg_stat_activity WHERE pid = $1 AND usename = current_user)";

impl PostgresConnection {
    /// A view of this connection that outlasts a borrow of it.
    pub(crate) fn pulse(&self) -> Pulse {
        Pulse { observed: Arc::clone(&self.observed), server: Arc::clone(&self.server) }
    }
}

impl Pulse {
    /// Bytes heard so far: when they grow, the peer is there.
    pub(crate) fn heard(&self) -> u64 {
        self.observed.bytes().0
    }

    /// True when the server says, over another connection, that it is not working on anything for this one.
    /// False when it is, and also when that cannot be told: behind a pooler the process is not the server's,
    /// and with several hosts the other connection may lead elsewhere.
    pub(crate) async fn is_deserted(&self, other: &mut PostgresConnection) -> Result<bool, Fault> {
        if (&self.server.host, self.server.port) != (&other.server.host, other.server.port) {
            return Ok(false);
        }
        let rows = other.query(QUESTION, &[Value::Int(i64::from(self.server.process))]).await?;
        let Some([asked, state]) = rows.first().map(crate::sql::Row::values) else { return Ok(false) };
        let direct = *asked == Value::Int(i64::from(other.server.process));
        let deserted = match state {
            // No backend with that number and of our role is left.
            Value::Null => true,
            Value::Text(state) => state.starts_with("idle"),
            Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Bytes(_)
            | Value::Timestamp(_)
            | Value::Uuid(_) => false,
        };
        Ok(direct && deserted)
    }
}
