//! A path that drops packets, as a NAT does that has forgotten a connection: no end, no reset, no acknowledgement.

#![cfg(test)]
#![cfg(all(target_os = "linux", feature = "postgres"))]

use std::time::Duration;

use futures_util::future::join_all;
use steadfast::config::BackendOptions;
use steadfast::connector::{Alarm, Condition, Connector};
use steadfast::postgres::PostgresConnector;
use steadfast::sql::SqlConnection;
use steadfast::{Config, Database};
use steadfast_test::{LossyPath, Postgres, eventually};
use tokio::time::Instant;

async fn over_a_lossy_path() -> Option<(Postgres, LossyPath)> {
    let postgres = Postgres::start().await;
    match LossyPath::to(postgres.addr()).await {
        Ok(path) => Some((postgres, path)),
        Err(why) => {
            eprintln!("skipped: {why}");
            None
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_longer_than_a_ping_deadline_twice() {
    let Some((postgres, path)) = over_a_lossy_path().await else { return };
    let database = Database::open(&Config::from_url(&path.url_from(&postgres)).unwrap()).unwrap();
    let slow = (0..5).map(|_| database.query("SELECT 1 FROM pg_sleep(0.2)", &[], None));
    assert!(join_all(slow).await.iter().all(Result::is_ok));
    let before = path.connections();
    // Long enough for a ping to be due before the next use.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(path.lose_existing().await, before);
    let callers = (0..16).map(|_| async {
        let started = Instant::now();
        database.query("SELECT 1", &[], None).await.unwrap();
        started.elapsed()
    });
    let longest = join_all(callers).await.into_iter().max().unwrap();
    assert!(longest < Duration::from_secs(2), "{longest:?}");
    // All that was lost is gone from the pool, and what is there works.
    eventually("no connection is in doubt", Duration::from_secs(10), async || {
        let status = database.status();
        status.suspect == 0 && status.verifying == 0
    })
    .await;
    let started = Instant::now();
    for _ in 0..20 {
        database.query("SELECT 1", &[], None).await.unwrap();
    }
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

/// The kernel ends what nobody answers: an idle connection by keepalives, one with a request under way by
/// `tcp_user_timeout`. Without either it takes Linux two hours and a quarter of an hour.
#[tokio::test(flavor = "multi_thread")]
async fn keepalives_and_tcp_user_timeout_end_dead_sockets() {
    let Some((postgres, path)) = over_a_lossy_path().await else { return };
    let url = format!(
        "{}?keepalives_idle=1s&keepalives_interval=1s&keepalives_count=2&tcp_user_timeout=2s",
        path.url_from(&postgres)
    );
    let BackendOptions::Postgres(options) = Config::from_url(&url).unwrap().backend else { panic!() };
    let connector = PostgresConnector::new(*options, Duration::from_secs(10)).unwrap();
    let idle = connector.connect(Alarm::silent()).await.unwrap();
    let mut busy = connector.connect(Alarm::silent()).await.unwrap();
    path.lose_existing().await;
    let started = Instant::now();
    let fault = busy.query("SELECT 1", &[]).await.unwrap_err();
    assert!(fault.class().condemns_connection(), "{fault}");
    assert!(started.elapsed() < Duration::from_secs(12), "tcp_user_timeout: {:?}", started.elapsed());
    eventually("keepalives end the idle one", Duration::from_secs(20), async || {
        matches!(connector.inspect(&idle), Condition::Lost(_))
    })
    .await;
}
