//! The load: sixteen tasks that together make 200 operations a second, and what becomes of each operation.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use steadfast::sql::{SqlConnection as _, TransactionOptions};
use steadfast::{Database, Error};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::scene::pool;

/// How long an operation may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(5);
/// What takes longer than this is not at full rate.
pub(crate) const SLOW: Duration = Duration::from_millis(100);

const TASKS: u32 = 16;
/// 200 a second in all.
const EVERY: Duration = Duration::from_millis(80);

/// By which way the operations go.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    /// `query`, `read` and `transaction` of the database, in turns.
    Database,
    /// A lease of the pool, and one statement on it.
    Lease,
}

/// An operation that is over.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
    pub(crate) error: Option<String>,
}

/// A load that is on.
#[derive(Debug)]
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<Vec<Operation>>>,
}

/// What became of all operations.
#[derive(Debug)]
pub(crate) struct Record(Vec<Operation>);

impl Load {
    pub(crate) fn start(database: &Database, way: Way) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let task = |number| tokio::spawn(work(database.clone(), way, number, Arc::clone(&stop)));
        Self { tasks: (0..TASKS).map(task).collect(), stop }
    }

    /// Lets what runs come to its end.
    pub(crate) async fn stop(self) -> Record {
        self.stop.store(true, Ordering::Relaxed);
        let mut operations = Vec::new();
        for task in self.tasks {
            operations.extend(task.await.unwrap());
        }
        operations.sort_by_key(|operation| operation.ended);
        Record(operations)
    }
}

async fn work(database: Database, way: Way, number: u32, stop: Arc<AtomicBool>) -> Vec<Operation> {
    let mut pace = interval_at(Instant::now() + EVERY * number / TASKS, EVERY);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut operations = Vec::new();
    for turn in number.. {
        pace.tick().await;
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let began = Instant::now();
        let outcome = match way {
            Way::Database => read(&database, turn, began + DEADLINE).await,
            Way::Lease => lease(&database, began + DEADLINE).await,
        };
        let error = outcome.err().map(|error| error.to_string());
        operations.push(Operation { began, ended: Instant::now(), error });
    }
    operations
}

async fn read(database: &Database, turn: u32, deadline: Instant) -> Result<(), Error> {
    let two = async |tx: steadfast::transaction::Transaction| {
        tx.query("SELECT 1", &[]).await?;
        tx.query("SELECT 2", &[]).await.map(drop)
    };
    let deadline = Some(deadline);
    match turn % 3 {
        0 => database.query("SELECT 1", &[], deadline).await.map(drop),
        1 => database.read(deadline, two).await,
        _ => database.transaction(TransactionOptions::default(), deadline, two).await,
    }
}

async fn lease(database: &Database, deadline: Instant) -> Result<(), Error> {
    let mut lease = pool(database).acquire_until(deadline).await?;
    lease.query("SELECT 1", &[]).await?;
    Ok(())
}

impl Record {
    pub(crate) fn total(&self) -> usize {
        self.0.len()
    }

    /// Those that failed although there was time: their deadline lay behind this moment.
    pub(crate) fn failed_with_time_until(&self, moment: Instant) -> Vec<&Operation> {
        let due = |operation: &&Operation| operation.began + DEADLINE > moment;
        self.failed().into_iter().filter(due).collect()
    }

    pub(crate) fn failed(&self) -> Vec<&Operation> {
        self.0.iter().filter(|operation| operation.error.is_some()).collect()
    }

    /// From this moment to the end of the first operation that then succeeds.
    pub(crate) fn first_success_after(&self, moment: Instant) -> Duration {
        let ends =
            self.0.iter().filter(|operation| operation.error.is_none()).map(|operation| operation.ended);
        ends.filter(|end| *end >= moment).min().expect("no success after that") - moment
    }

    pub(crate) fn longest(&self) -> Duration {
        self.0.iter().map(|operation| operation.ended - operation.began).max().unwrap_or_default()
    }

    /// From this moment until no operation is slow any more, as far as this time after it.
    pub(crate) fn slow_within(&self, moment: Instant, time: Duration) -> Duration {
        let slow = self.0.iter().filter(|operation| operation.ended - operation.began > SLOW);
        let ends = slow.map(|operation| operation.ended).filter(|end| (moment..moment + time).contains(end));
        ends.max().map_or(Duration::ZERO, |end| end - moment)
    }

    /// How many succeeded within a second from this moment on.
    pub(crate) fn in_the_second_after(&self, moment: Instant) -> usize {
        let within = moment..moment + Duration::from_secs(1);
        let done = |operation: &&Operation| operation.error.is_none() && within.contains(&operation.ended);
        self.0.iter().filter(done).count()
    }
}

/// For a failed assertion: what the errors were.
pub(crate) fn told(failed: &[&Operation]) -> String {
    let errors: std::collections::BTreeSet<_> =
        failed.iter().filter_map(|one| one.error.as_deref()).collect();
    let mut text = format!("{} failed:", failed.len());
    for error in errors {
        text += "\n  ";
        text += error;
    }
    text
}
