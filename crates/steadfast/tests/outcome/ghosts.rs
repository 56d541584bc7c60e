//! Fear: a connection is lost here, and on the server its transaction keeps the locks that the next attempt needs.

use std::sync::atomic::{AtomicU32, Ordering};

use steadfast::params;
use steadfast_test::{Cut, Direction, Ending};

use super::*;

/// What befalls a connection in the middle of a transaction.
enum Strike {
    /// It is lost here and goes on there.
    Lost,
    /// Nothing comes through any more.
    Silent,
}

/// A transaction writes, is struck, and writes again: how often it ran until it was done.
async fn runs_when_struck(strike: Strike) -> (u32, Scene) {
    let server = Postgres::start().await;
    let relay = Relay::to(server.addr()).await;
    let scene = Scene::new(&relay.url_from(&server)).await;
    scene.write(async |tx| tx.execute(ONE, &[]).await).await.unwrap();
    let runs = AtomicU32::new(0);
    let began = Instant::now();
    let done = scene.write(async |tx| {
        tx.execute("UPDATE numbers SET n = n + $1", &params![10]).await?;
        if runs.fetch_add(1, Ordering::Relaxed) == 0 {
            let struck = match strike {
                Strike::Lost => relay.cut_all(Ending::Ghost).await,
                Strike::Silent => relay.silence_existing(),
            };
            assert!(struck > 0);
        }
        tx.execute("UPDATE numbers SET n = n + $1", &params![100]).await
    });
    done.await.unwrap();
    // A ghost would hold the row's lock until the deadline.
    assert!(began.elapsed() < SOON / 2, "{:?}", began.elapsed());
    assert_eq!(scene.numbers().await, [111]);
    (runs.into_inner(), scene)
}

#[tokio::test]
async fn what_a_lost_connection_left_behind_is_ended_before_the_next_attempt() {
    let (runs, scene) = runs_when_struck(Strike::Lost).await;
    assert_eq!((runs, scene.events.fenced()), (2, 1));
}

/// The path goes silent in the middle of a transaction that writes: nobody waits for its deadline.
#[tokio::test]
async fn a_write_on_a_path_that_went_silent_is_done_over_another_one() {
    assert_eq!(runs_when_struck(Strike::Silent).await.0, 2);
}

/// The same at COMMIT: its outcome is found out as soon as the server says that it is not at work on it.
#[tokio::test]
async fn a_commit_on_a_path_that_goes_silent_is_not_waited_for() {
    let server = Postgres::start().await;
    let relay = Relay::to(server.addr()).await;
    let scene = Scene::new(&relay.url_from(&server)).await;
    for stored in [false, true] {
        let direction = if stored { Direction::ToClient } else { Direction::ToServer };
        let tag = if stored { b'C' } else { b'Q' };
        relay.arm(Cut::on_message(direction, tag).with_text("COMMIT").ending(Ending::Silence));
        let began = Instant::now();
        scene.write(async |tx| tx.execute("INSERT INTO numbers VALUES (1)", &[]).await).await.unwrap();
        println!("stored {stored}: done after {:?}", began.elapsed());
        assert!(began.elapsed() < Duration::from_secs(5), "less than COMMIT's own patience");
        relay.disarm_all();
    }
    assert_eq!(scene.events.outcomes(), [Outcome::NotCommitted, Outcome::Committed { durable: true }]);
    assert_eq!(scene.numbers().await, [1, 1]);
}
