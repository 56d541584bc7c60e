//! Fear: after a switch-over all connections lead to the demoted primary: they live, and every write fails.

use steadfast::Error;
use steadfast::sql::TransactionOptions;
use steadfast_test::{Mode, Relay, eventually};

use super::*;

/// The address moves to the new primary while connections to the old one, a standby by now, live on.
#[tokio::test]
async fn a_write_on_a_standby_leaves_it_and_is_done_on_the_primary() {
    let primary = Postgres::start().await;
    let standby = primary.standby().await;
    let relay = Relay::to(primary.addr()).await;
    let scene = Scene::at(&relay.url_from(&primary), "switched").await;
    standby.wait_until_caught_up_with(&primary).await;
    // Connections to the standby, opened while the address led there.
    relay.redirect_to(standby.addr());
    scene.database.dispose();
    eventually("the pool is empty", SOON, async || scene.database.status().total() == 0).await;
    assert_eq!(scene.numbers().await, Vec::<i64>::new(), "reads work there");
    relay.redirect_to(primary.addr());

    let runs = AtomicU32::new(0);
    let done: Result<u64, Error> = scene
        .database
        .transaction(TransactionOptions::default(), soon(), async |tx| {
            runs.fetch_add(1, Ordering::Relaxed);
            tx.execute("INSERT INTO numbers VALUES (1)", &[]).await
        })
        .await;
    done.unwrap();
    assert_eq!(runs.into_inner(), 2);
    assert_eq!(scene.events.retries().first().map(|(code, _)| code.as_str()), Some("25006"));
    assert_eq!(primary.psql("SELECT count(*) FROM numbers").await, "1");
}

#[tokio::test]
async fn a_promotion_behind_the_address_is_survived() {
    let primary = Postgres::start().await;
    let standby = primary.standby().await;
    let relay = Relay::to(primary.addr()).await;
    let scene = Scene::at(&relay.url_from(&primary), "promoted").await;
    standby.wait_until_caught_up_with(&primary).await;
    primary.stop(Mode::Immediate).await;
    standby.promote().await;
    relay.redirect_to(standby.addr());
    let done: Result<u64, Error> = scene
        .database
        .transaction(TransactionOptions::default(), soon(), async |tx| {
            tx.execute("INSERT INTO numbers VALUES (1)", &[]).await
        })
        .await;
    done.unwrap();
    assert_eq!(standby.psql("SELECT count(*) FROM numbers").await, "1");
}
