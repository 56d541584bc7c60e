//! Fear: the row that tells of a commit is missing, misread, or removed too early.

use std::path::PathBuf;

use jiff::{Timestamp, ToSpan as _};
use steadfast::Verdict;
use steadfast::outcome::{Doubt, MarkerTicket};
use steadfast::sql::Guard;
use uuid::Uuid;

use super::*;

/// SQLite in a file of the test's own.
struct File(PathBuf);

impl File {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("steadfast-outcome-{}.sqlite3", Uuid::new_v4())))
    }

    fn url(&self) -> String {
        format!("sqlite:///{}", self.0.display())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let _not_there = std::fs::remove_file(format!("{}{end}", self.0.display()));
        }
    }
}

fn marked() -> TransactionOptions {
    TransactionOptions::default().guard(Guard::Marker)
}

#[tokio::test]
async fn a_marker_tells_on_either_database_what_was_committed_and_fences_what_was_not() {
    let server = Postgres::start().await;
    let file = File::new();
    for url in [server.url(), file.url()] {
        let scene = Scene::new(&url).await;
        let absent: Result<u64, Error> = scene
            .database
            .transaction(marked(), soon(), async |tx| tx.execute("INSERT INTO numbers VALUES (1)", &[]).await)
            .await;
        let error = absent.unwrap_err();
        assert!(error.to_string().contains("prepare_outcomes"), "{error}");
        assert_eq!(scene.numbers().await, Vec::<i64>::new());

        scene.database.prepare_outcomes(soon()).await.unwrap();
        scene.database.prepare_outcomes(soon()).await.unwrap();
        let committed = scene.committed(marked(), ONE).await;
        assert_eq!(scene.database.resolve(&committed, soon()).await, Outcome::Committed { durable: true });
        let never = Ticket::Marker(MarkerTicket { token: Uuid::now_v7() });
        assert_eq!(scene.database.resolve(&never, soon()).await, Outcome::NotCommitted);
        assert_eq!(scene.database.resolve(&never, soon()).await, Outcome::NotCommitted, "and for good");
        assert_eq!(scene.numbers().await, [1]);
    }
}

/// Who asks before COMMIT arrives decides that it comes too late.
#[tokio::test]
async fn a_transaction_that_was_fenced_cannot_commit_any_more() {
    let server = Postgres::start().await;
    let file = File::new();
    for url in [server.url(), file.url()] {
        let scene = Scene::new(&url).await;
        scene.database.prepare_outcomes(soon()).await.unwrap();
        // On SQLite there is one writer at a time: whoever asks waits, and is told in the end.
        let postgres = url.starts_with("postgres");
        let result: Result<(), Error> = scene
            .database
            .transaction(marked(), soon(), async |tx| {
                tx.execute("INSERT INTO numbers VALUES (1)", &[]).await?;
                if postgres {
                    let ticket = tx.ticket().unwrap();
                    assert_eq!(scene.database.resolve(&ticket, soon()).await, Outcome::NotCommitted);
                }
                Ok(())
            })
            .await;
        if postgres {
            let error = result.unwrap_err();
            assert_eq!(error.verdict(), Verdict::GiveUp, "{error}");
            assert!(error.to_string().contains("fenced"), "{error}");
            assert_eq!(scene.numbers().await, Vec::<i64>::new());
        } else {
            result.unwrap();
        }
    }
}

#[tokio::test]
async fn what_was_forgotten_is_said_to_be_too_old_and_not_guessed() {
    let server = Postgres::start().await;
    let file = File::new();
    for url in [server.url(), file.url()] {
        let scene = Scene::new(&url).await;
        scene.database.prepare_outcomes(soon()).await.unwrap();
        let committed = scene.committed(marked(), ONE).await;
        let yesterday = Timestamp::now() - 24.hours();
        assert_eq!(scene.database.forget_outcomes(yesterday, soon()).await.unwrap(), 0);
        assert_eq!(scene.database.resolve(&committed, soon()).await, Outcome::Committed { durable: true });
        let soon_after = Timestamp::now() + 1.minutes();
        assert!(scene.database.forget_outcomes(soon_after, soon()).await.unwrap() >= 1);
        let too_old = Outcome::Unknown(Doubt::TooOld);
        assert_eq!(scene.database.resolve(&committed, soon()).await, too_old);
        assert_eq!(scene.database.resolve(&committed, soon()).await, too_old, "asking leaves nothing behind");
        // Forgetting twice, and a little less the second time.
        scene.database.forget_outcomes(Timestamp::now() - 1.hours(), soon()).await.unwrap();
        assert_eq!(scene.database.resolve(&committed, soon()).await, too_old);
    }
}
