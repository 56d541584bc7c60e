//! Fear: a query whose caller has gone keeps its slot busy until it is done.

use std::time::Duration;

use steadfast::connector::{Alarm, Connector as _};
use steadfast::sql::SqlConnection as _;
use steadfast_test::Postgres;
use tokio::time::{Instant, timeout};

use crate::report::{Row, ms};
use crate::scene::{backend, open, pool, text};

/// How long the next checkout took after each of several dropped queries of three seconds, sorted; and the shortest
/// time in which this machine opened a connection, which a cancel request must do as well.
async fn run() -> (Vec<Duration>, Duration) {
    let server = Postgres::start().await;
    let (database, _events) = open(&format!("{}?pool_size=1&pool_max_overflow=0", server.url()));
    let pool = pool(&database);
    let first = backend(&pool.acquire().await.unwrap());
    let mut waits = Vec::new();
    let mut connecting = Duration::MAX;
    for _ in 0..20 {
        let began = Instant::now();
        drop(pool.connector().connect(Alarm::silent()).await.unwrap());
        connecting = connecting.min(began.elapsed());
        let mut lease = pool.acquire().await.unwrap();
        let slow = lease.query("SELECT pg_sleep(3)", &[]);
        assert!(timeout(Duration::from_millis(30), slow).await.is_err());
        drop(lease);
        let began = Instant::now();
        let mut next = pool.acquire().await.unwrap();
        waits.push(began.elapsed());
        assert_eq!(backend(&next), first, "on the same connection");
        assert_eq!(text(&mut next, "SELECT 'fine'").await, "fine");
    }
    waits.sort_unstable();
    (waits, connecting)
}

pub(crate) async fn measure() -> Row {
    let (waits, _) = run().await;
    Row {
        fault: "future dropped during a 3 s query",
        bar: "next checkout on that slot within 50 ms",
        figures: vec![format!("{} (median of 20), worst {}", ms(waits[10]), ms(waits[19]))],
    }
}

#[tokio::test]
async fn a_dropped_query_is_cancelled_and_its_slot_is_free_at_once() {
    let (waits, connecting) = run().await;
    // The machine may be busy with other tests: the best is about us, the worst shows that none was waited for.
    let bar = Duration::from_millis(50).max(connecting * 3);
    assert!(waits[0] < bar, "{waits:?}, connecting takes {connecting:?}");
    assert!(waits[19] < Duration::from_millis(2500), "{waits:?}");
}
