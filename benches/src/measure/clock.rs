//! Wall and processor time.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Both times since it was started.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    started: Instant,
    cpu: Duration,
}

impl Stopwatch {
    pub fn start() -> Self {
        Self { cpu: cpu_of_this_process(), started: Instant::now() }
    }

    /// Wall time, and processor time of all threads of this process.
    pub fn read(&self) -> (Duration, Duration) {
        (self.started.elapsed(), cpu_of_this_process().saturating_sub(self.cpu))
    }
}

fn cpu_of_this_process() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Processor time, user and system, of all threads of a process and of all that it has started, in nanoseconds of the
/// scheduler. That of threads that have ended is not in it.
pub fn cpu_of_tree(pid: u32) -> Duration {
    Duration::from_nanos(
        descendants(pid).into_iter().flat_map(tasks_of).filter_map(|task| nanos_of(&task)).sum(),
    )
}

/// A process and all below it.
pub fn descendants(pid: u32) -> Vec<u32> {
    let mut all = vec![pid];
    let mut next = 0;
    while let Some(&parent) = all.get(next) {
        next += 1;
        for task in tasks_of(parent) {
            let children = std::fs::read_to_string(task.join("children")).unwrap_or_default();
            all.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        }
    }
    all
}

fn tasks_of(pid: u32) -> impl Iterator<Item = PathBuf> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    tasks.map(|task| task.path())
}

/// What is first in a task's `schedstat` is the time it ran (Linux, Documentation/scheduler/sched-stats.rst).
fn nanos_of(task: &Path) -> Option<u64> {
    std::fs::read_to_string(task.join("schedstat")).ok()?.split_whitespace().next()?.parse().ok()
}
