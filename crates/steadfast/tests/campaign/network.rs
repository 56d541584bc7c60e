//! Fear (a): the network loses packets, cuts, delivers late, at every packet of a client.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use steadfast::Outcome;
use steadfast::sql::Guard;
use steadfast_test::Postgres;
use uuid::Uuid;

use super::*;
use crate::audit::{Audit, Operation, Told, stored};
use crate::storm::Storm;
use crate::strategy::{Strategy, Work};

/// How many units of work are under way at a time.
const CALLERS: usize = 16;

/// One packet of a client in so many is struck. The controls get more, so that they fail for certain.
const ONE_IN: u32 = 20;
const ONE_IN_FOR_CONTROLS: u32 = 8;

async fn play(what: &str, strategy: Strategy, operations: usize) -> Audit {
    let one_in = if matches!(strategy, Strategy::Guarded(_)) { ONE_IN } else { ONE_IN_FOR_CONTROLS };
    let server = Postgres::start().await;
    let storm = Storm::before(server.addr(), one_in, seed(what)).await;
    let tally = Arc::new(Tally::default());
    let direct = open(&server.url(), &Arc::default());
    prepare(&direct).await;
    let database = open(&server.url_at(storm.address()), &tally);
    let work = Work { strategy, dawdle: Duration::from_millis(3), patience: Duration::from_secs(20) };
    let left = Arc::new(AtomicUsize::new(operations));
    let callers = (0..CALLERS).map(|_| tokio::spawn(caller(database.clone(), work, Arc::clone(&left))));
    let done: Vec<Operation> = join_all(callers).await.into_iter().flat_map(Result::unwrap).collect();
    storm.calm();
    let resolved = resolve(&direct, &done).await;
    // Whatever is still on its way has arrived by then: nothing is late by more than 350 ms, ghosts last 3 s.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let audit = Audit::of(&done, &stored(&server).await, &resolved);
    audit.print(what);
    storm.print();
    tally.print();
    audit
}

async fn caller(database: Database, work: Work, left: Arc<AtomicUsize>) -> Vec<Operation> {
    let mut done = Vec::new();
    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
        done.push(work.run(&database).await);
    }
    done
}

/// Asks again for what was unknown.
pub(crate) async fn resolve(database: &Database, done: &[Operation]) -> HashMap<Uuid, Outcome> {
    let mut resolved = HashMap::new();
    for operation in done {
        if let Told::Unknown(Some(ticket), _) = &operation.told {
            // Through its text, as an operator would.
            let ticket = ticket.to_string().parse().unwrap();
            resolved.insert(operation.token, database.resolve(&ticket, None).await);
        }
    }
    resolved
}

fn operations() -> usize {
    if is_long() { 10_000 } else { 600 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_outcomes_are_true_and_nothing_is_applied_twice_by_the_transactions_id() {
    play("network, xid", Strategy::Guarded(Guard::Xid), operations()).await.assert_exact();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_outcomes_are_true_and_nothing_is_applied_twice_by_markers() {
    play("network, marker", Strategy::Guarded(Guard::Marker), operations()).await.assert_exact();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_campaign_bites_blind_retry_applies_twice() {
    let audit = play("network, control: blind retry", Strategy::BlindRetry, operations() / 2).await;
    assert!(!audit.duplicates.is_empty(), "a campaign that blind retry survives proves nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_campaign_bites_status_without_a_fence_applies_twice() {
    let audit =
        play("network, control: status without a fence", Strategy::StatusWithoutFence, operations()).await;
    assert!(!audit.duplicates.is_empty(), "a campaign that a look at the status survives proves nothing");
}
