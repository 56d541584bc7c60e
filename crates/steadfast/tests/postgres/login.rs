//! Fear: connecting fails, and the reason is not told.

use steadfast::connector::{Alarm, Connector as _};
use steadfast::sql::SqlConnection as _;
use steadfast::verdict::{Class, Verdict};

use super::support::{self, connect, connector, plain, server};

#[tokio::test]
async fn a_full_server_is_a_matter_of_capacity() {
    let (_, mut connection) = plain().await;
    connection
        .batch("DROP ROLE IF EXISTS single; CREATE ROLE single LOGIN CONNECTION LIMIT 1")
        .await
        .unwrap();
    let single = |options: &mut steadfast::config::PostgresOptions| options.user = "single".into();
    let (connector, _held) = connect(server().await, single).await;
    let fault = connector.connect(Alarm::silent()).await.unwrap_err();
    assert_eq!((fault.class(), fault.code()), (Class::Capacity, Some("53300")), "{fault}");
    assert_eq!(fault.verdict(), Verdict::RetryLater);
}

#[tokio::test]
async fn what_is_wrong_with_the_login_is_said_with_its_code() {
    let mut options = support::options(server().await);
    options.database = "no_such_database".into();
    let fault = connector(options).connect(Alarm::silent()).await.unwrap_err();
    assert_eq!((fault.class(), fault.code()), (Class::Permanent, Some("3D000")), "{fault}");
    let mut options = support::options(server().await);
    options.user = "nobody_here".into();
    let fault = connector(options).connect(Alarm::silent()).await.unwrap_err();
    assert_eq!((fault.class(), fault.code()), (Class::Permanent, Some("28000")), "{fault}");
    let mut options = support::options(server().await);
    options.options = Some("-c no_such_setting=1".into());
    let fault = connector(options).connect(Alarm::silent()).await.unwrap_err();
    assert_eq!((fault.class(), fault.code()), (Class::Permanent, Some("42704")), "{fault}");
}

#[tokio::test]
async fn a_unix_socket_directory_is_a_host() {
    let server = server().await;
    let (_, mut connection) = connect(server, |options| {
        options.hosts = vec![(server.directory().display().to_string(), server.port())];
        options.tls.mode = steadfast::config::SslMode::Prefer;
    })
    .await;
    assert_eq!(connection.server().tls, None);
    connection.query("SELECT 1", &[]).await.unwrap();
}
