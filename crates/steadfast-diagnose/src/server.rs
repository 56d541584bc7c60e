//! A server's settings, asked for once.

use std::collections::BTreeMap;
use std::time::Duration;

use steadfast::Fault;

use crate::session::Session;

/// What a server says about itself.
#[derive(Debug)]
pub(crate) struct Server {
    settings: BTreeMap<String, String>,
}

/// The settings that some check wants. `pg_settings` gives numbers in the unit that stands in the same view.
/// The value that a new session begins with counts: the present one is this question's own.
const WANTED: &str = "SELECT name, CASE unit WHEN 's' THEN (reset_val::bigint * 1000)::text \
    WHEN 'min' THEN (reset_val::bigint * 60000)::text ELSE reset_val END FROM pg_catalog.pg_settings WHERE name IN \
    ('server_version', 'server_version_num', 'max_connections', 'superuser_reserved_connections', 'reserved_connections', \
     'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout', \
     'transaction_timeout', 'authentication_timeout', 'tcp_keepalives_idle', 'tcp_user_timeout', \
     'default_transaction_read_only', 'password_encryption', 'ssl')";

impl Server {
    pub(crate) async fn ask(session: &Session) -> Result<Self, Fault> {
        let rows = session.rows(WANTED).await?;
        let settings = rows.iter().map(|row| (row.text(0).to_owned(), row.text(1).to_owned())).collect();
        Ok(Self { settings })
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.settings.get(name).map(String::as_str).unwrap_or_default()
    }

    pub(crate) fn count(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap_or(0)
    }

    /// A time limit; `None` when there is none, or this server does not know it.
    pub(crate) fn limit(&self, name: &str) -> Option<Duration> {
        Some(Duration::from_millis(self.count(name))).filter(|limit| !limit.is_zero())
    }

    /// 15.4 is 150004.
    pub(crate) fn number(&self) -> u64 {
        self.count("server_version_num")
    }
}
