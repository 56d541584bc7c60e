//! The connector under test, and a private server for it.

use std::time::Duration;

use steadfast::config::{PostgresOptions, SslMode};
use steadfast::connector::{Alarm, Condition, Connector as _};
use steadfast::postgres::{PostgresConnection, PostgresConnector};
use steadfast_test::Postgres;

/// Nothing here takes longer, except when it is broken.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// A superuser's options for this server, without TLS.
pub(crate) fn options(server: &Postgres) -> PostgresOptions {
    let mut options = PostgresOptions::default();
    options.hosts = vec![("127.0.0.1".to_owned(), server.port())];
    options.tls.mode = SslMode::Disable;
    options
}

/// A connection with these options, changed by this function.
pub(crate) async fn connect(
    server: &Postgres,
    change: impl FnOnce(&mut PostgresOptions),
) -> (PostgresConnector, PostgresConnection) {
    let mut options = options(server);
    change(&mut options);
    let connector = connector(options);
    let connection = connector.connect(Alarm::silent()).await.unwrap();
    (connector, connection)
}

pub(crate) fn connector(options: PostgresOptions) -> PostgresConnector {
    PostgresConnector::new(options, SOON).unwrap()
}

pub(crate) fn is_dirty(condition: &Condition) -> bool {
    matches!(condition, Condition::Dirty)
}

pub(crate) fn is_ready(condition: &Condition) -> bool {
    matches!(condition, Condition::Ready)
}
