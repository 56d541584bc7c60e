//! Rule 6: one incident raises the generation once; what is older is verified or closed.

use steadfast::verdict::Class;
use steadfast_test::sim::Answer;

use super::{ms, pass, pool, s, take};

#[tokio::test(start_paused = true)]
async fn rule_6_one_incident_raises_the_generation_once_however_many_meet_it() {
    let (pool, server) = pool(5, 0);
    let leases = take(&pool, 5).await;
    let before = pool.status().generation;
    server.end_all();
    for lease in leases {
        drop(lease);
        pass(ms(3)).await;
    }
    assert_eq!(pool.status().generation, before + 1);
}

#[tokio::test(start_paused = true)]
async fn rule_6_idle_connections_of_an_older_generation_are_verified_and_kept() {
    let (pool, server) = pool(3, 0);
    let mut leases = take(&pool, 3).await;
    let lost = leases.pop().unwrap();
    drop(leases);
    lost.lose();
    drop(lost);
    pass(ms(50)).await;
    assert_eq!(server.pings(), 2, "the idle ones were verified without anybody asking for them");
    let status = pool.status();
    assert_eq!((status.idle, status.suspect), (2, 0), "{status:?}");
}

#[tokio::test(start_paused = true)]
async fn rule_6_a_leased_connection_is_judged_on_return() {
    let (pool, server) = pool(2, 0);
    let mut leases = take(&pool, 2).await;
    let survivor = leases.pop().unwrap();
    leases.pop().unwrap().lose();
    leases.clear();
    pass(ms(10)).await;
    assert_eq!(server.pings(), 0);
    drop(survivor);
    pass(ms(10)).await;
    assert_eq!(server.pings(), 1);
    assert_eq!(pool.status().suspect, 0);
}

#[tokio::test(start_paused = true)]
async fn dispose_closes_idle_ones_at_once_and_leased_ones_on_return() {
    let (pool, server) = pool(3, 0);
    let mut leases = take(&pool, 3).await;
    let kept = leases.pop().unwrap();
    leases.clear();
    pool.dispose();
    pass(ms(10)).await;
    assert_eq!(server.open(), 1);
    drop(kept);
    pass(ms(10)).await;
    assert_eq!((server.open(), server.pings()), (0, 0));
    assert_eq!(pool.acquire().await.unwrap().id(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_being_opened_during_dispose_is_not_used() {
    let (pool, server) = pool(1, 0);
    server.on_connect(Answer::After(ms(100)));
    let waiter = tokio::spawn({
        let pool = pool.clone();
        async move { pool.acquire().await.unwrap().id() }
    });
    pass(ms(50)).await;
    pool.dispose();
    assert_eq!(waiter.await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_server_without_free_places_costs_no_good_connection() {
    let (pool, server) = pool(2, 8);
    drop(take(&pool, 2).await);
    let before = pool.status().generation;
    server.on_connect(Answer::Fail(Class::Capacity, ms(1)));
    let callers = (0..40).map(|_| async {
        let lease = pool.acquire().await.unwrap();
        pass(ms(20)).await;
        drop(lease);
    });
    futures_util::future::join_all(callers).await;
    assert_eq!((pool.status().generation, server.open()), (before, 2));
    assert!(server.pings() == 0);
    assert!(matches!(pool.status().reachability, steadfast::pool::Reachability::Unreachable { .. }));
    pass(s(1)).await;
}
