//! Fear: work is lost, or done twice, when the connection under it is.

use steadfast::sql::{Isolation, TransactionOptions};
use steadfast::verdict::Class;
use steadfast::{Error, params};
use steadfast_test::{Cut, Direction, Ending, Relay};
use tokio::sync::Barrier;

use super::*;

#[tokio::test]
async fn a_transaction_whose_connection_is_ended_in_the_middle_runs_again_and_is_stored_once() {
    let scene = Scene::postgres().await;
    let name = scene.database.query("SELECT current_setting('application_name') AS name", &[], soon()).await;
    let name: String = name.unwrap()[0].get("name").unwrap();
    let runs = AtomicU32::new(0);
    let done: Result<(), Error> = scene
        .database
        .transaction(TransactionOptions::default(), soon(), async |tx| {
            let run = runs.fetch_add(1, Ordering::Relaxed);
            tx.execute("INSERT INTO numbers VALUES (1)", &[]).await?;
            if run < 2 {
                server().await.terminate_backends(&name).await;
            }
            tx.execute("INSERT INTO numbers VALUES (2)", &[]).await?;
            Ok(())
        })
        .await;
    done.unwrap();
    assert_eq!(runs.into_inner(), 3);
    assert_eq!(scene.numbers().await, [1, 2]);
    let retries = scene.events.retries();
    assert_eq!(retries.len(), 2, "{retries:?}");
    assert!(retries.iter().all(|(code, _)| code == "57P01"), "{retries:?}");
    assert_eq!(retries[0].1, Duration::ZERO, "another connection may do better right now");
}

#[tokio::test]
async fn a_connection_that_ends_just_before_commit_is_no_reason_for_doubt() {
    let scene = Scene::postgres().await;
    let rows = scene.database.query("SELECT current_setting('application_name') AS name", &[], soon()).await;
    let name: String = rows.unwrap()[0].get("name").unwrap();
    let runs = AtomicU32::new(0);
    let done: Result<(), Error> = scene
        .database
        .transaction(TransactionOptions::default(), soon(), async |tx| {
            tx.execute("INSERT INTO numbers VALUES (1)", &[]).await?;
            if runs.fetch_add(1, Ordering::Relaxed) == 0 {
                server().await.terminate_backends(&name).await;
                // Until we have heard of it; the deadline of the work bounds this.
                while tx.query("SELECT 1", &[]).await.is_ok() {}
            }
            Ok(())
        })
        .await;
    done.unwrap();
    assert_eq!((runs.into_inner(), scene.numbers().await), (2, vec![1]));
}

#[tokio::test]
async fn a_lost_acknowledgement_of_commit_is_found_out_and_the_work_is_not_run_again() {
    let server = Postgres::start().await;
    let relay = Relay::to(server.addr()).await;
    let scene = Scene::at(&relay.url_from(&server), "lost_acknowledgement").await;
    for ending in [Ending::Fin, Ending::Rst] {
        relay.arm(Cut::on_message(Direction::ToClient, b'C').with_text("COMMIT").ending(ending));
        let fired = relay.counters().cuts_fired;
        let runs = AtomicU32::new(0);
        let done: Result<u64, Error> = scene
            .database
            .transaction(TransactionOptions::default(), soon(), async |tx| {
                runs.fetch_add(1, Ordering::Relaxed);
                tx.execute("INSERT INTO numbers VALUES (1)", &[]).await
            })
            .await;
        assert_eq!(done.unwrap(), 1, "as if it had been answered");
        assert_eq!((runs.into_inner(), relay.counters().cuts_fired), (1, fired + 1), "{ending:?}");
    }
    assert_eq!(scene.numbers().await, [1, 1], "both were committed, each once");
    assert_eq!(scene.events.retries(), []);
    assert_eq!(scene.events.outcomes(), ["committed", "committed"]);
}

#[tokio::test]
async fn a_commit_that_never_reached_the_server_is_found_out_and_the_work_is_run_again() {
    let server = Postgres::start().await;
    let relay = Relay::to(server.addr()).await;
    let scene = Scene::at(&relay.url_from(&server), "lost_commit").await;
    relay.arm(Cut::on_message(Direction::ToServer, b'Q').with_text("COMMIT"));
    let runs = AtomicU32::new(0);
    let done: Result<u64, Error> = scene
        .database
        .transaction(TransactionOptions::default(), soon(), async |tx| {
            runs.fetch_add(1, Ordering::Relaxed);
            tx.execute("INSERT INTO numbers VALUES (1)", &[]).await
        })
        .await;
    assert_eq!((done.unwrap(), runs.into_inner()), (1, 2));
    assert_eq!(scene.numbers().await, [1]);
    assert_eq!(scene.events.outcomes(), ["not-committed"]);
}

#[tokio::test]
async fn what_only_reads_is_read_again_even_when_its_commit_was_lost() {
    let server = Postgres::start().await;
    let relay = Relay::to(server.addr()).await;
    let scene = Scene::at(&relay.url_from(&server), "lost_read").await;
    scene.numbers().await;
    relay.arm(Cut::on_message(Direction::ToClient, b'C').with_text("COMMIT").times(2));
    assert_eq!(scene.numbers().await, Vec::<i64>::new());
    relay.disarm_all();
    relay.arm(Cut::on_message(Direction::ToClient, b'C').with_text("COMMIT"));
    let rows = scene.database.read(soon(), async |tx| tx.query("SELECT n FROM numbers", &[]).await).await;
    assert_eq!(rows.map_err(|error: Error| error).unwrap().len(), 0, "its rows were here already");
}

/// The usual read is no transaction block but one packet; wherever that is cut, nothing of it counts.
#[tokio::test]
async fn a_query_that_is_cut_anywhere_is_read_again() {
    let server = Postgres::start().await;
    let relay = Relay::to(server.addr()).await;
    let scene = Scene::at(&relay.url_from(&server), "cut_query").await;
    let read = async || scene.database.query("SELECT 7::int8 AS n", &[], soon()).await;
    let cut = |direction, tag| Cut::on_message(direction, tag).ending(Ending::Rst);
    let cuts = [
        cut(Direction::ToServer, b'B').with_text("sf_read_only"),
        cut(Direction::ToServer, b'S'),
        cut(Direction::ToClient, b'C').with_text("SET"),
        cut(Direction::ToClient, b'D'),
        cut(Direction::ToClient, b'C').with_text("SELECT 1"),
        cut(Direction::ToClient, b'Z'),
        cut(Direction::ToClient, b'Z').after(),
    ];
    // In a session that is read-only anyway there is nothing in front of the read; the first cut is at what makes it so.
    let standing_cuts = [
        cut(Direction::ToServer, b'Q').with_text("SET default_transaction_read_only"),
        cut(Direction::ToClient, b'S').with_text("default_transaction_read_only"),
        cut(Direction::ToServer, b'B'),
        cut(Direction::ToServer, b'S'),
        cut(Direction::ToClient, b'D'),
        cut(Direction::ToClient, b'C').with_text("SELECT 1"),
        cut(Direction::ToClient, b'Z'),
        cut(Direction::ToClient, b'Z').after(),
    ];
    // The first is prepared in a block, the second brings the proof, and the third is the usual one; the eighteenth makes it
    // the session's.
    let latched = cuts.into_iter().map(|cut| (3, cut));
    let standing = (0..).zip(standing_cuts).map(|(at, cut)| (if at < 2 { 3 } else { 19 }, cut));
    for (round, (before, cut)) in (1..).zip(latched.chain(standing)) {
        for _ in 0..before {
            read().await.unwrap();
        }
        relay.arm(cut);
        for _ in 0..19 {
            assert_eq!(read().await.unwrap()[0].get::<i64>("n").unwrap(), 7, "round {round}");
            if relay.counters().cuts_fired == round {
                break;
            }
        }
        read().await.unwrap();
        assert_eq!(relay.counters().cuts_fired, round);
    }
    assert!(scene.events.retries().len() >= 13, "{:?}", scene.events.retries());
}

#[tokio::test]
async fn a_conflict_of_serializable_transactions_is_tried_again_after_a_pause() {
    let scene = Scene::postgres().await;
    let options = TransactionOptions::default().isolation(Isolation::Serializable);
    let both_have_read = Barrier::new(2);
    let runs = AtomicU32::new(0);
    let work = async || -> Result<(), Error> {
        scene
            .database
            .transaction(options, soon(), async |tx| {
                let count: i64 = tx.query_one("SELECT count(*) AS n FROM numbers", &[]).await?.get("n")?;
                if runs.fetch_add(1, Ordering::Relaxed) < 2 {
                    both_have_read.wait().await;
                }
                tx.execute("INSERT INTO numbers VALUES ($1)", &params![count]).await.map(drop)
            })
            .await
    };
    let (first, second) = tokio::join!(work(), work());
    first.unwrap();
    second.unwrap();
    assert_eq!(scene.numbers().await, [0, 1], "as if one ran after the other");
    assert!(runs.into_inner() >= 3);
    let retries = scene.events.retries();
    assert!(!retries.is_empty() && retries.iter().all(|(code, _)| code == "40001"), "{retries:?}");
}

#[tokio::test]
async fn a_deadlock_is_tried_again() {
    let scene = Scene::postgres().await;
    let filled: Result<(), Error> = scene
        .database
        .transaction(TransactionOptions::default(), soon(), async |tx| {
            tx.batch("INSERT INTO numbers VALUES (1); INSERT INTO numbers VALUES (2)").await
        })
        .await;
    filled.unwrap();
    let both_have_one = Barrier::new(2);
    let runs = AtomicU32::new(0);
    let work = async |first: i64, second: i64| -> Result<(), Error> {
        scene
            .database
            .transaction(TransactionOptions::default(), soon(), async |tx| {
                // Rows are told apart by their remainder, which does not change.
                let update = "UPDATE numbers SET n = n + 10 WHERE n % 10 = $1";
                tx.execute(update, &params![first]).await?;
                if runs.fetch_add(1, Ordering::Relaxed) < 2 {
                    both_have_one.wait().await;
                }
                tx.execute(update, &params![second]).await.map(drop)
            })
            .await
    };
    let (one, other) = tokio::join!(work(1, 2), work(2, 1));
    one.unwrap();
    other.unwrap();
    assert_eq!(scene.numbers().await, [21, 22], "each was applied once");
    let retries = scene.events.retries();
    assert!(!retries.is_empty() && retries.iter().all(|(code, _)| code == "40P01"), "{retries:?}");
}

#[tokio::test]
async fn faults_that_another_try_does_not_mend_are_not_tried_again() {
    let scene = Scene::postgres().await;
    let runs = AtomicU32::new(0);
    let error = scene
        .database
        .transaction(TransactionOptions::default(), soon(), async |tx| {
            runs.fetch_add(1, Ordering::Relaxed);
            tx.execute("INSERT INTO nowhere VALUES (1)", &[]).await
        })
        .await
        .map_err(|error: Error| error)
        .unwrap_err();
    assert_eq!((error.fault().unwrap().class(), runs.into_inner()), (Class::Statement, 1), "{error}");
}
