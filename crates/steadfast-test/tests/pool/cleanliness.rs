//! Rule 8: what comes back dirty is cleaned or closed.

use steadfast::verdict::Class;
use steadfast_test::sim::Answer;

use super::{ms, pass, pool, s};

#[tokio::test(start_paused = true)]
async fn rule_8_a_dirty_connection_is_cleaned_before_the_next_borrower() {
    let (pool, server) = pool(1, 0);
    pool.acquire().await.unwrap().soil();
    let lease = pool.acquire().await.unwrap();
    assert!(!lease.is_dirty());
    assert_eq!((server.cleans(), server.opened()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn rule_8_what_cannot_be_cleaned_in_time_is_closed() {
    let (pool, server) = pool(1, 0);
    server.on_clean(Answer::Never);
    pool.acquire().await.unwrap().soil();
    let started = tokio::time::Instant::now();
    let lease = pool.acquire().await.unwrap();
    assert!(started.elapsed() <= s(3));
    assert_eq!(lease.id(), 2);
}

#[tokio::test(start_paused = true)]
async fn rule_8_a_failed_cleaning_closes_the_connection() {
    let (pool, server) = pool(1, 0);
    server.on_clean(Answer::Fail(Class::Statement, ms(1)));
    pool.acquire().await.unwrap().soil();
    assert_eq!(pool.acquire().await.unwrap().id(), 2);
    pass(ms(10)).await;
    assert_eq!(server.open(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_ended_while_leased_does_not_come_back() {
    let (pool, server) = pool(1, 0);
    pool.acquire().await.unwrap().lose();
    assert_eq!(pool.acquire().await.unwrap().id(), 2);
    assert_eq!(server.open(), 1);
}
