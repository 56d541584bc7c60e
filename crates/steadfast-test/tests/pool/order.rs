//! Rule 2: first come, first served, by direct hand-over.

use std::sync::Arc;

use parking_lot::Mutex;

use super::{ms, pass, pool};

#[tokio::test(start_paused = true)]
async fn rule_2_waiters_are_served_in_order() {
    let (pool, _server) = pool(1, 0);
    let first = pool.acquire().await.unwrap();
    let served = Arc::new(Mutex::new(Vec::new()));
    let mut waiters = Vec::new();
    for name in 0..20 {
        let (pool, served) = (pool.clone(), Arc::clone(&served));
        waiters.push(tokio::spawn(async move {
            let lease = pool.acquire().await.unwrap();
            served.lock().push(name);
            drop(lease);
        }));
        pass(ms(1)).await;
    }
    drop(first);
    for waiter in waiters {
        waiter.await.unwrap();
    }
    assert_eq!(*served.lock(), (0..20).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn rule_2_a_returned_connection_goes_to_the_first_waiter_not_to_a_passer_by() {
    let (pool, _server) = pool(1, 0);
    let lease = pool.acquire().await.unwrap();
    let waiter = tokio::spawn({
        let pool = pool.clone();
        async move { pool.acquire().await.unwrap().id() }
    });
    pass(ms(1)).await;
    drop(lease);
    // The waiter has not run yet; whoever comes now must not get what is his.
    assert!(pool.try_acquire().is_none());
    assert_eq!(waiter.await.unwrap(), 1);
}
