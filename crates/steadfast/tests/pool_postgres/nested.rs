//! Fear: a task that holds a connection waits for another, and so do all the others.

use std::time::Duration;

use steadfast::error::AcquireFailure;
use steadfast::event::Event;

use crate::support::*;

fn is_told(event: &Event) -> bool {
    matches!(event, Event::HeldWhileWaiting { location, held: 1 } if location.file().ends_with("nested.rs"))
}

#[tokio::test]
async fn tasks_that_wait_for_each_other_are_told_so() {
    let (pool, events) = pool_with(&server().await.url(), "nested", |options| {
        options.size = 2;
        options.acquire_timeout = Duration::from_millis(2500);
        options.leak_tracking = true;
    });
    let nested = || {
        let pool = pool.clone();
        tokio::spawn(async move {
            let _first = pool.acquire().await.unwrap();
            pool.acquire().await.err().map(|error| (error, tokio::task::id()))
        })
    };
    let tasks = [nested(), nested()];
    let mut refused = 0;
    for task in tasks {
        // One may get the other's, once that has given up.
        let Some((error, id)) = task.await.unwrap() else { continue };
        refused += 1;
        assert_eq!((error.failure, error.held_by_caller), (AcquireFailure::TimedOut, 1), "{error}");
        if error.leased == 2 {
            assert!(error.waits_for_itself());
            assert!(error.to_string().contains("this task holds 1 of them itself"), "{error}");
            assert!(error.holders.iter().any(|holder| holder.task == Some(id)), "{error}");
            assert!(error.to_string().contains(&format!("(task {id})")), "{error}");
        }
    }
    assert!(refused > 0);
    assert_eq!(events.count(is_told), 1, "once for each pool");
}

#[tokio::test]
async fn a_task_that_merely_waits_long_is_not() {
    let (pool, events) = pool_with(&server().await.url(), "waits", |options| {
        options.size = 1;
        options.acquire_timeout = Duration::from_millis(1500);
    });
    let held = pool.acquire().await.unwrap();
    let other = pool.clone();
    let error = tokio::spawn(async move { other.acquire().await.unwrap_err() }).await.unwrap();
    assert!(!error.waits_for_itself(), "{error}");
    assert!(!error.to_string().contains("this task holds"), "{error}");
    assert_eq!(events.count(is_told), 0);
    drop(held);
}

#[tokio::test]
async fn a_second_lease_that_there_is_room_for_is_nothing_to_tell_of() {
    let (pool, events) = pool_with(&server().await.url(), "room", |options| options.size = 2);
    let pool = pool.clone();
    let task = tokio::spawn(async move {
        let _first = pool.acquire().await.unwrap();
        pool.acquire().await.map(drop)
    });
    task.await.unwrap().unwrap();
    assert_eq!(events.count(is_told), 0);
}
