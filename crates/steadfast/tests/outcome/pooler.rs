//! Fear: a transaction pooler in between, which gives each transaction another process of the server.

use std::collections::BTreeSet;

use steadfast::sql::Guard;
use steadfast_test::{Cut, Direction, Ending, PgBouncer, Relay};

use super::*;

#[tokio::test]
async fn behind_a_transaction_pooler_outcomes_are_found_out_by_either_guard() {
    let server = Postgres::start().await;
    let pooler = PgBouncer::before(&server, "default_pool_size = 3").await;
    let address = pooler.url().split('@').nth(1).unwrap().split('/').next().unwrap().parse().unwrap();
    let relay = Relay::to(address).await;
    let url = format!("postgres://steadfast@{}/steadfast?statement_cache=0", relay.addr());
    let scene = Scene::new(&url).await;
    scene.database.prepare_outcomes(soon()).await.unwrap();
    for (number, guard) in [(1, Guard::Xid), (2, Guard::Marker)] {
        let options = TransactionOptions::default().guard(guard);
        for cut in [
            Cut::on_message(Direction::ToClient, b'C').with_text("COMMIT").ending(Ending::Rst),
            Cut::on_message(Direction::ToServer, b'Q').with_text("COMMIT").ending(Ending::Rst),
        ] {
            relay.arm(cut);
            let fired = relay.counters().cuts_fired;
            let done: Result<u64, Error> = scene
                .database
                .transaction(options, soon(), async |tx| {
                    tx.execute("INSERT INTO numbers VALUES ($1)", &steadfast::params![number]).await
                })
                .await;
            done.unwrap();
            assert_eq!(relay.counters().cuts_fired, fired + 1);
        }
    }
    assert_eq!(scene.numbers().await, [1, 1, 2, 2]);
    let outcomes: Vec<_> = scene.events.outcomes().iter().map(Outcome::name).collect();
    assert_eq!(outcomes, ["committed", "not-committed", "committed", "not-committed"]);
}

/// The process that is announced at the start is the pooler's; the ticket names the server's.
#[tokio::test]
async fn behind_a_transaction_pooler_the_ticket_names_the_process_of_the_moment() {
    let server = Postgres::start().await;
    let pooler = PgBouncer::before(&server, "default_pool_size = 3").await;
    let scene = Scene::new(&format!("{}?statement_cache=0", pooler.url())).await;
    let mut processes = BTreeSet::new();
    let held: Vec<_> = (0..3)
        .map(|_| scene.ticket_of(&["INSERT INTO numbers VALUES (1)", "SELECT pg_sleep(0.2)"]))
        .collect();
    for ticket in futures_util::future::join_all(held).await {
        processes.insert(ticket.unwrap().process);
    }
    assert_eq!(processes.len(), 3, "each at a process of the server's own");
    let known = server.psql("SELECT pid FROM pg_stat_activity WHERE usename = 'steadfast'").await;
    let known: BTreeSet<u32> = known.lines().map(|pid| pid.trim().parse().unwrap()).collect();
    assert!(processes.is_subset(&known), "{processes:?} of {known:?}");
}
