//! Wall and processor time.

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

/// Processor time, user and system, of a process and all that it has started and not yet buried, in steps of 10 ms.
pub fn cpu_of_tree(pid: u32) -> Duration {
    let ticks: u64 = descendants(pid).into_iter().filter_map(ticks_of).sum();
    Duration::from_millis(ticks * 10)
}

/// A process and all below it.
pub fn descendants(pid: u32) -> Vec<u32> {
    let mut all = vec![pid];
    let mut next = 0;
    while let Some(&parent) = all.get(next) {
        next += 1;
        let tasks = std::fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
        for task in tasks {
            let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            all.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        }
    }
    all
}

/// Fields 14 and 15 of /proc/PID/stat; the name in field 2 may hold anything, so count from behind it.
fn ticks_of(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let (user, system) = (fields.get(11)?, fields.get(12)?);
    Some(user.parse::<u64>().ok()? + system.parse::<u64>().ok()?)
}
