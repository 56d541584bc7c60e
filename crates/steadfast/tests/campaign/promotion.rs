//! Fear (c): the primary dies, and a standby is promoted in its place, which may lack the end of its log.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use steadfast::sql::Guard;
use steadfast_test::{Ending, Fault, Postgres, Relay};
use tokio::time::{Instant, sleep};

use super::*;
use crate::audit::{Audit, Operation, Told, stored};
use crate::network::resolve;
use crate::strategy::{Strategy, Work};

const CALLERS: usize = 10;

struct Scene {
    guard: Guard,
    synchronous: bool,
    /// How long the standby runs before: its crash witness must be older than clocks differ to be believed.
    age: Duration,
}

/// Plays one promotion in the middle of work.
async fn play(what: &str, scene: &Scene) -> Audit {
    let mut random = fastrand::Rng::with_seed(seed(what));
    // As in the crashes: COMMITs dwell between their record and the disk.
    let primary = Postgres::builder()
        .setting("wal_writer_delay", "1s")
        .setting("commit_delay", "30000")
        .setting("commit_siblings", "0")
        .fsync(true)
        .start()
        .await;
    let relay = Relay::to(primary.addr()).await;
    let tally = Arc::new(Tally::default());
    let database = open(&relay.url_from(&primary), &tally);
    prepare(&database).await;
    let replication = Relay::to(primary.addr()).await;
    let standby = primary.standby_through(replication.addr()).await;
    standby.wait_until_caught_up_with(&primary).await;
    if scene.synchronous {
        primary.set("synchronous_standby_names", "*").await;
    }
    sleep(scene.age).await;
    let work = Work {
        strategy: Strategy::Guarded(scene.guard),
        dawdle: Duration::from_millis(20),
        patience: Duration::from_secs(30),
    };
    let over = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> =
        (0..CALLERS).map(|_| tokio::spawn(work.repeat(database.clone(), Arc::clone(&over)))).collect();
    sleep(Duration::from_millis(random.u64(300..900))).await;
    if !scene.synchronous {
        // What is committed from here on does not reach the standby.
        replication.set(Fault::Stall).await;
        sleep(Duration::from_millis(random.u64(0..300))).await;
    }
    // Nobody hears of the primary any more from here on, so that what is told later was found out elsewhere.
    relay.set(Fault::Refuse).await;
    relay.cut_all(Ending::Rst).await;
    sleep(Duration::from_millis(200)).await;
    let died = Instant::now();
    replication.cut_all(Ending::Rst).await;
    primary.kill_9_postmaster().await;
    standby.promote().await;
    relay.redirect_to(standby.addr());
    relay.set(Fault::None).await;
    sleep(Duration::from_secs(1)).await;
    over.store(true, Ordering::Relaxed);
    let mut done: Vec<Operation> = join_all(callers).await.into_iter().flat_map(Result::unwrap).collect();
    let resolved = resolve(&database, &done).await;
    if !scene.synchronous {
        // An acknowledgement of a primary that was lost with its data is the server's own word.
        let stored = stored(&standby).await;
        let acknowledged = done.len();
        done.retain(|operation| {
            let by_the_primary = matches!(operation.told, Told::Committed) && operation.told_at <= died;
            !by_the_primary || stored.contains_key(&operation.token)
        });
        println!("    {} acknowledged by the primary and lost with it", acknowledged - done.len());
    }
    let audit = Audit::of(&done, &stored(&standby).await, &resolved);
    audit.print(what);
    tally.print();
    audit
}

async fn rounds(what: &str, guard: Guard, synchronous: bool) {
    let rounds = if is_long() { 3 } else { 1 };
    for round in 0..rounds {
        // In the last round of the long version the standby is old enough to be believed.
        let old = is_long() && round + 1 == rounds;
        let age = if old { Duration::from_secs(32) } else { Duration::ZERO };
        let audit = play(what, &Scene { guard, synchronous, age }).await;
        audit.assert_exact();
        if guard == Guard::Marker {
            assert_eq!(audit.unknown, audit.cleared_up, "a marker knows in the end: {audit:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_outcomes_are_true_after_a_synchronous_standby_is_promoted() {
    rounds("promotion of a synchronous standby, xid", Guard::Xid, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_outcomes_are_true_after_an_asynchronous_standby_is_promoted() {
    rounds("promotion of an asynchronous standby, xid", Guard::Xid, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_outcomes_are_true_after_a_promotion_by_markers() {
    rounds("promotion of a synchronous standby, marker", Guard::Marker, true).await;
    if is_long() {
        rounds("promotion of an asynchronous standby, marker", Guard::Marker, false).await;
    }
}
