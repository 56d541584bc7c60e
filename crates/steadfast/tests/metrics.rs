//! Several workers as one, and figures of real work on a real database.

#![cfg(all(test, feature = "metrics", feature = "sqlite"))]

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;
use steadfast::config::Config;
use steadfast::health::{HealthOptions, Monitor};
use steadfast::metrics::{Board, MOST_BYTES, Metrics, Overview, Peers};
use steadfast::sql::TransactionOptions;
use steadfast::time::Duration;
use steadfast::{Database, Error};
use steadfast_test::eventually;

/// What the workers of one service know of each other.
#[derive(Debug, Default)]
struct Room(Mutex<BTreeMap<u32, BTreeMap<String, Value>>>);

#[derive(Debug)]
struct Seat(Arc<Room>, u32);

impl Peers for Seat {
    fn publish(&self, part: &str, value: Value) {
        assert!(value.to_string().len() <= MOST_BYTES, "{part} is too large");
        self.0.0.lock().entry(self.1).or_default().insert(part.to_owned(), value);
    }

    fn others(&self) -> Vec<BTreeMap<String, Value>> {
        let room = self.0.0.lock();
        room.iter().filter(|(number, _)| **number != self.1).map(|(_, parts)| parts.clone()).collect()
    }

    fn workers(&self) -> usize {
        2
    }
}

struct Worker {
    board: Board,
    database: Database,
}

#[cfg(test)]
fn worker(room: &Arc<Room>, number: u32) -> Worker {
    let config = Config::sqlite_memory();
    let metrics = Metrics::new(&config, number);
    let database = Database::open_observed(&config, vec![metrics.observer()]).unwrap();
    let monitor = Monitor::start(&database, HealthOptions::default());
    let board = Board::start_among(&metrics, &monitor, Arc::new(Seat(Arc::clone(room), number)));
    Worker { board, database }
}

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn any_worker_answers_for_all_and_those_who_have_gone_are_forgotten() {
    let room = Arc::new(Room::default());
    let (one, two) = (worker(&room, 1), worker(&room, 2));
    two.database.query("SELECT 1", &[], None).await.unwrap();
    eventually("they hear of each other", SOON, async || one.board.snapshots().len() == 2).await;
    let of_two = "db_client_operation_duration_seconds_count{db_operation_name=\"query\",db_system_name=\"sqlite\",\
                  error_type=\"\",worker=\"2\"} 1";
    eventually("the other's work is told", SOON, async || one.board.metrics_text().contains(of_two)).await;
    let text = one.board.metrics_text();
    assert!(text.contains("worker=\"1\""), "{text}");
    let types = text.lines().filter(|line| line.starts_with("# TYPE steadfast_ready ")).count();
    assert_eq!(types, 1, "each family once");
    let overview = Overview::of(one.board.snapshots()).unwrap();
    assert_eq!(overview.workers.iter().map(|worker| worker.worker).collect::<Vec<_>>(), [1, 2]);

    room.0.lock().remove(&2);
    drop(two);
    eventually("who has gone is forgotten", SOON, async || {
        room.0.lock().remove(&2);
        !one.board.metrics_text().contains("worker=\"2\"")
    })
    .await;
}

#[tokio::test]
async fn units_of_work_are_measured_by_how_they_end() {
    let room = Arc::new(Room::default());
    let Worker { board, database } = worker(&room, 0);
    database.query("SELECT 1", &[], None).await.unwrap();
    database.query("SELECT nothing", &[], None).await.unwrap_err();
    let work = |tx: steadfast::transaction::Transaction| async move {
        tx.query("SELECT 1", &[]).await?;
        Ok::<_, Error>(())
    };
    database.transaction(TransactionOptions::default(), None, work).await.unwrap();
    let mut session = database.session(None);
    session.query("SELECT 1", &[]).await.unwrap();
    session.rollback().await;
    let text = board.metrics_text();
    let count = |operation: &str, error: &str| {
        let labels = format!(
            "{{db_operation_name=\"{operation}\",db_system_name=\"sqlite\",error_type=\"{error}\",worker=\"0\"}}"
        );
        let line = format!("db_client_operation_duration_seconds_count{labels} ");
        text.lines().find_map(|l| l.strip_prefix(&line)).map_or(0, |count| count.parse::<u32>().unwrap())
    };
    assert_eq!((count("query", ""), count("query", "statement")), (1, 1), "{text}");
    assert_eq!((count("transaction", ""), count("session", "")), (1, 1), "{text}");
}
