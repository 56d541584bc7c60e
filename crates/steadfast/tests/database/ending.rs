//! Fear: a unit of work ends in another way than by `Ok`, and something of it stays.

use std::pin::pin;
use std::sync::Mutex;

use steadfast::sql::TransactionOptions;
use steadfast::transaction::Transaction;
use steadfast::verdict::{Class, Verdict};
use steadfast::{Error, params};
use steadfast_test::eventually;
use tokio::time::{Instant, timeout};

use super::*;

async fn insert(tx: &Transaction, number: i64) -> Result<u64, Error> {
    tx.execute("INSERT INTO numbers VALUES ($1)", &params![number]).await
}

#[tokio::test]
async fn what_returns_ok_is_committed_once() {
    for scene in Scene::both().await {
        let runs = AtomicU32::new(0);
        let sum: i64 = scene
            .database
            .transaction(TransactionOptions::default(), soon(), async |tx| {
                runs.fetch_add(1, Ordering::Relaxed);
                insert(&tx, 1).await?;
                insert(&tx, 2).await?;
                tx.batch("INSERT INTO numbers VALUES (3); INSERT INTO numbers VALUES (4)").await?;
                let row = tx.query_one("SELECT CAST(sum(n) AS BIGINT) AS sum FROM numbers", &[]).await?;
                row.get("sum")
            })
            .await
            .map_err(|error: Error| error)
            .unwrap();
        assert_eq!((sum, runs.into_inner()), (10, 1));
        assert_eq!(scene.numbers().await, [1, 2, 3, 4]);
    }
}

#[tokio::test]
async fn an_error_of_the_closures_own_comes_out_unchanged_and_nothing_is_stored() {
    for scene in Scene::both().await {
        let runs = AtomicU32::new(0);
        let error = scene
            .database
            .transaction(TransactionOptions::default(), soon(), async |tx| {
                runs.fetch_add(1, Ordering::Relaxed);
                insert(&tx, 1).await?;
                Err::<(), _>(Own::Refused("too young"))
            })
            .await
            .unwrap_err();
        assert!(matches!(error, Own::Refused("too young")), "{error:?}");
        assert_eq!(runs.into_inner(), 1, "it is no reason to try again");
        assert_eq!(scene.numbers().await, Vec::<i64>::new());
    }
}

#[tokio::test]
async fn a_fault_that_the_closure_swallows_still_rolls_back() {
    for scene in Scene::both().await {
        let error = scene
            .database
            .transaction(TransactionOptions::default(), soon(), async |tx| {
                insert(&tx, 1).await?;
                tx.execute("SELECT * FROM nowhere", &[]).await.unwrap_err();
                Ok(())
            })
            .await
            .map_err(|error: Error| error)
            .unwrap_err();
        assert_eq!(error.fault().unwrap().class(), Class::RolledBack, "{error}");
        assert_eq!(error.verdict(), Verdict::GiveUp);
        assert_eq!(scene.numbers().await, Vec::<i64>::new());
    }
}

#[tokio::test]
async fn a_panic_rolls_back_and_gives_the_connection_back() {
    for scene in Scene::both().await {
        let database = scene.database.clone();
        let task = tokio::spawn(async move {
            let work = database.transaction(TransactionOptions::default(), soon(), async |tx| {
                insert(&tx, 1).await?;
                if true {
                    panic!("as a test");
                }
                Ok::<(), Error>(())
            });
            work.await
        });
        assert!(task.await.unwrap_err().is_panic());
        eventually("the connection is back", SOON, async || scene.is_at_rest().await).await;
        assert_eq!(scene.numbers().await, Vec::<i64>::new());
    }
}

#[tokio::test]
async fn a_future_dropped_at_any_moment_rolls_back_and_gives_the_connection_back() {
    for scene in Scene::both().await {
        let slow = scene.slow;
        for wait in [false, true] {
            let work = scene.database.transaction(TransactionOptions::default(), soon(), async |tx| {
                insert(&tx, 1).await?;
                if wait {
                    tx.query(slow, &[]).await?;
                } else {
                    std::future::pending::<()>().await;
                }
                Ok::<(), Error>(())
            });
            assert!(timeout(Duration::from_millis(200), work).await.is_err());
            eventually("the connection is back", SOON, async || scene.is_at_rest().await).await;
            assert_eq!(scene.numbers().await, Vec::<i64>::new());
        }
    }
}

#[tokio::test]
async fn a_handle_that_left_its_closure_is_inert() {
    for scene in Scene::both().await {
        for commits in [true, false] {
            let kept = Mutex::new(None);
            let done: Result<(), Own> = scene
                .database
                .transaction(TransactionOptions::default(), soon(), async |tx| {
                    insert(&tx, 1).await?;
                    *kept.lock().unwrap() = Some(tx.clone());
                    if commits { Ok(()) } else { Err(Own::Refused("no")) }
                })
                .await;
            assert_eq!(done.is_ok(), commits);
            let tx = kept.lock().unwrap().take().unwrap();
            assert!(matches!(insert(&tx, 2).await, Err(Error::Inert)));
            assert!(matches!(tx.query("SELECT 1", &[]).await, Err(Error::Inert)));
            assert!(scene.is_at_rest().await, "it holds no connection");
        }
        assert_eq!(scene.numbers().await, [1]);
    }
}

#[tokio::test]
async fn a_deadline_that_passes_in_a_statement_ends_it_and_stores_nothing() {
    for scene in Scene::both().await {
        let (slow, began) = (scene.slow, Instant::now());
        let deadline = Some(began + Duration::from_millis(300));
        let error = scene
            .database
            .transaction(TransactionOptions::default(), deadline, async |tx| {
                insert(&tx, 1).await?;
                tx.query(slow, &[]).await?;
                Ok(())
            })
            .await
            .map_err(|error: Error| error)
            .unwrap_err();
        assert_eq!(error.fault().unwrap().class(), Class::Timeout, "{error}");
        assert!(began.elapsed() < Duration::from_secs(3), "took {:?}", began.elapsed());
        eventually("the connection is back", SOON, async || scene.is_at_rest().await).await;
        assert_eq!(scene.numbers().await, Vec::<i64>::new());
        // Before it takes so long that the server is asked about it, and after that.
        for millis in [200, 1200] {
            let deadline = Instant::now() + Duration::from_millis(millis);
            let ended =
                timeout(SOON, scene.database.query(slow, &[], Some(deadline))).await.expect("it ends");
            assert_eq!(ended.unwrap_err().fault().unwrap().class(), Class::Timeout);
        }
    }
}

#[tokio::test]
async fn a_statement_that_the_closure_drops_rolls_back_whatever_it_returns() {
    for scene in Scene::both().await {
        let slow = scene.slow;
        let error = scene
            .database
            .transaction(TransactionOptions::default(), soon(), async |tx| {
                insert(&tx, 1).await?;
                assert!(timeout(Duration::from_millis(100), tx.query(slow, &[])).await.is_err());
                Ok(())
            })
            .await
            .map_err(|error: Error| error)
            .unwrap_err();
        assert_eq!(error.fault().unwrap().class(), Class::RolledBack, "{error}");
        assert_eq!(scene.numbers().await, Vec::<i64>::new());
    }
}

#[tokio::test]
async fn a_closure_that_returns_while_its_statement_runs_elsewhere_does_not_commit() {
    for scene in Scene::both().await {
        let slow = scene.slow;
        let error = scene
            .database
            .transaction(TransactionOptions::default(), soon(), async |tx| {
                insert(&tx, 1).await?;
                let other = tx.clone();
                let (begun, running) = tokio::sync::oneshot::channel();
                let task = tokio::spawn(async move {
                    begun.send(()).unwrap();
                    other.query(slow, &[]).await.map(drop)
                });
                running.await.unwrap();
                {
                    let mut next = pin!(insert(&tx, 2));
                    assert!(timeout(Duration::from_millis(100), &mut next).await.is_err(), "waits its turn");
                }
                task.abort();
                Ok(())
            })
            .await
            .map_err(|error: Error| error)
            .unwrap_err();
        assert_eq!(error.fault().unwrap().class(), Class::RolledBack, "{error}");
        eventually("the connection is back", SOON, async || scene.is_at_rest().await).await;
        assert_eq!(scene.numbers().await, Vec::<i64>::new());
    }
}
