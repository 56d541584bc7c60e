//! The connector under test, and a private server for it.

use std::time::Duration;

use steadfast::config::{PostgresOptions, SslMode};
use steadfast::connector::{Alarm, Condition, Connector as _};
use steadfast::postgres::{PostgresConnection, PostgresConnector};
use steadfast::sql::{Access, TransactionOptions};
use steadfast_test::Postgres;
use tokio::sync::OnceCell;

/// Nothing here takes longer, except when it is broken.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// One server for all tests that leave it as it is.
static SERVER: OnceCell<Postgres> = OnceCell::const_new();

pub(crate) async fn server() -> &'static Postgres {
    SERVER.get_or_init(Postgres::start).await
}

/// A connection with all defaults.
pub(crate) async fn plain() -> (PostgresConnector, PostgresConnection) {
    connect(server().await, |_| ()).await
}

pub(crate) fn read_only() -> TransactionOptions {
    let mut options = TransactionOptions::default();
    options.access = Access::ReadOnly;
    options
}

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
