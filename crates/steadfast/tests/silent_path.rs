//! A path that goes silent in the middle of a statement: sockets stay open, nothing comes through.

#![cfg(test)]

use std::time::Duration;

use steadfast::{Config, Database, Error};
use steadfast_test::{Postgres, Relay};
use tokio::time::Instant;

async fn behind_a_relay() -> (Postgres, Relay, Database) {
    let postgres = Postgres::start().await;
    let relay = Relay::to(postgres.addr()).await;
    let config = Config::from_url(&relay.url_from(&postgres)).unwrap();
    let database = Database::open(&config).unwrap();
    (postgres, relay, database)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_on_a_path_that_just_went_silent_is_run_again_elsewhere() {
    let (_postgres, relay, database) = behind_a_relay().await;
    database.query("SELECT 1", &[], None).await.unwrap();
    assert_eq!(relay.silence_existing(), 1);
    let started = Instant::now();
    let rows = database.query("SELECT 2", &[], None).await.unwrap();
    assert_eq!(rows[0].at::<i64>(0).unwrap(), 2);
    let took = started.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_transaction_begins_again_elsewhere() {
    let (_postgres, relay, database) = behind_a_relay().await;
    let (relay, runs) = (&relay, &std::sync::atomic::AtomicU32::new(0));
    let started = Instant::now();
    let sum = database
        .read(None, |tx| async move {
            let first: i64 = tx.query_one("SELECT 1", &[]).await?.at(0)?;
            if runs.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
                relay.silence_existing();
            }
            let second: i64 = tx.query_one("SELECT 2", &[]).await?.at(0)?;
            Ok::<_, Error>(first + second)
        })
        .await
        .unwrap();
    assert_eq!(sum, 3);
    assert_eq!(runs.load(std::sync::atomic::Ordering::SeqCst), 2);
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_is_merely_slow_is_left_alone() {
    let (_postgres, _relay, database) = behind_a_relay().await;
    database.query("SELECT 1", &[], None).await.unwrap();
    let before = database.status().generation;
    let started = Instant::now();
    database.query("SELECT 1 FROM pg_sleep(3)", &[], None).await.unwrap();
    let took = started.elapsed();
    assert!((3.0..4.5).contains(&took.as_secs_f64()), "it ran once: {took:?}");
    assert_eq!(database.status().generation, before, "and nothing was suspected");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_reading_transaction_is_not_waited_for_longer_than_a_ping() {
    let (_postgres, relay, database) = behind_a_relay().await;
    let relay = &relay;
    let started = Instant::now();
    let read = database.read(None, |tx| async move {
        let value: i64 = tx.query_one("SELECT 1", &[]).await?.at(0)?;
        relay.silence_existing();
        Ok::<_, Error>(value)
    });
    assert_eq!(read.await.unwrap(), 1);
    assert!(started.elapsed() < Duration::from_secs(15), "half of its deadline: {:?}", started.elapsed());
}
