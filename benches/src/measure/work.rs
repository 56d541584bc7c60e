//! A piece of work, and doing it many times in many tasks.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::clock::Stopwatch;
use super::rounds::Contender;

/// What is measured.
pub trait Work: Send + Sync + 'static {
    /// Does it once, in the task with this number.
    fn once(&self, task: usize) -> impl Future<Output = ()> + Send;
}

/// How often it is done.
#[derive(Debug, Clone, Copy)]
pub enum Plan {
    /// So often in all, by so many tasks: for work that never waits, where a task would keep others from running.
    Count { tasks: usize, operations: u64 },
    /// By so many tasks until this time has passed.
    Window { tasks: usize, window: Duration },
}

/// What came of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sample {
    pub operations: u64,
    /// With those that were under way when the time was up.
    pub ended: u64,
    pub wall: Duration,
    pub cpu: Duration,
    /// What others spent on it who share the machine: the database's processes, and who asks. Zero where nobody
    /// told them apart.
    pub database: Duration,
    pub client: Duration,
    /// How often the task that was served least was served, and the one that was served most.
    pub least: u64,
    pub most: u64,
}

impl Sample {
    pub fn wall_per_op(&self) -> f64 {
        self.wall.as_nanos() as f64 / self.operations.max(1) as f64
    }

    pub fn cpu_per_op(&self) -> f64 {
        self.per_op(self.cpu)
    }

    /// A share of each operation in such a time, in nanoseconds.
    pub fn per_op(&self, time: Duration) -> f64 {
        time.as_nanos() as f64 / self.operations.max(1) as f64
    }

    pub fn per_second(&self) -> f64 {
        self.operations as f64 / self.wall.as_secs_f64()
    }

    /// Most served to least served; infinite when somebody was not served at all.
    pub fn unfairness(&self) -> f64 {
        self.most as f64 / self.least as f64
    }
}

/// A contender that does this work.
pub fn contender<W: Work>(name: &'static str, work: W) -> Contender {
    let work = Arc::new(work);
    Contender::new(name, move |plan| {
        let work = Arc::clone(&work);
        Box::pin(async move { drive(&work, plan).await })
    })
}

/// Does the work as planned.
pub async fn drive<W: Work>(work: &Arc<W>, plan: Plan) -> Sample {
    match plan {
        Plan::Count { tasks, operations } => count(work, tasks, operations).await,
        Plan::Window { tasks, window } => until(work, tasks, window).await,
    }
}

async fn count<W: Work>(work: &Arc<W>, tasks: usize, operations: u64) -> Sample {
    let each = operations.div_ceil(tasks as u64).max(1);
    let watch = Stopwatch::start();
    let running: Vec<_> = (0..tasks)
        .map(|task| {
            let work = Arc::clone(work);
            tokio::spawn(async move {
                for _ in 0..each {
                    work.once(task).await;
                }
            })
        })
        .collect();
    join(running).await;
    let (wall, cpu) = watch.read();
    let operations = each * tasks as u64;
    Sample { operations, ended: operations, wall, cpu, least: each, most: each, ..Sample::default() }
}

async fn until<W: Work>(work: &Arc<W>, tasks: usize, window: Duration) -> Sample {
    let stop = Arc::new(AtomicBool::new(false));
    let served: Arc<[AtomicU64]> = (0..tasks).map(|_| AtomicU64::new(0)).collect();
    let watch = Stopwatch::start();
    let running: Vec<_> = (0..tasks)
        .map(|task| {
            let (work, stop, served) = (Arc::clone(work), Arc::clone(&stop), Arc::clone(&served));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    work.once(task).await;
                    // Each task has a counter of its own; nobody else writes to it.
                    served[task].store(served[task].load(Ordering::Relaxed) + 1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let counts = loop {
        tokio::time::sleep(window).await;
        let counts: Vec<u64> = served.iter().map(|served| served.load(Ordering::Relaxed)).collect();
        // A slow path on a busy machine may take longer for the first one.
        if counts.iter().any(|&count| count > 0) || watch.read().0 > LONGEST {
            break counts;
        }
    };
    let (wall, cpu) = watch.read();
    stop.store(true, Ordering::Relaxed);
    join(running).await;
    let ended = served.iter().map(|served| served.load(Ordering::Relaxed)).sum();
    let least = counts.iter().copied().min().unwrap_or(0);
    let most = counts.iter().copied().max().unwrap_or(0);
    Sample { operations: counts.iter().sum(), ended, wall, cpu, least, most, ..Sample::default() }
}

/// Nothing done within this time is a fault of the contender.
const LONGEST: Duration = Duration::from_secs(10);

async fn join(running: Vec<tokio::task::JoinHandle<()>>) {
    for task in running {
        task.await.expect("the work panicked, and said why");
    }
}
