//! The progress of a tokio runtime.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::Handle;

use crate::message::{Beat, Progress};
use crate::worker::WorkerHandle;

impl WorkerHandle {
    /// Reports the progress of this runtime: a task in it beats, and for each of its threads the runtime's own figures
    /// tell whether it is parked and whether it gets on. They cost the runtime nothing. A thread counts as blocked when
    /// it is inside one task all the time; tasks that wait, however long, and `spawn_blocking` do not count.
    pub fn watch_tokio(&self, runtime: &Handle) {
        let beats = Arc::new(AtomicU64::new(0));
        let (of_task, interval) = (Arc::clone(&beats), self.shared.beat);
        // Ends with its runtime.
        drop(runtime.spawn(async move {
            loop {
                of_task.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(interval).await;
            }
        }));
        let metrics = runtime.metrics();
        self.shared.watch(Arc::new(move || {
            let threads = (0..metrics.num_workers()).map(|thread| {
                let parks = metrics.worker_park_unpark_count(thread);
                // A busy thread tells its time every 61 tasks, and each time it parks.
                let busy = metrics.worker_total_busy_duration(thread).as_nanos();
                let busy = u64::try_from(busy).unwrap_or(u64::MAX);
                Progress { parked: parks % 2 == 1, done: busy.wrapping_add(parks) }
            });
            Beat { beats: Some(beats.load(Ordering::Relaxed)), threads: threads.collect() }
        }));
    }
}
