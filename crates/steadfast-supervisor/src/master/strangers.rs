//! Process 1 inherits the orphans of everybody in its container, and is the only one who can bury them.

use rustix::process::{Pid, WaitOptions, getpid, waitpid};

/// Buries the dead that nobody here knows, if this is process 1.
pub(super) fn bury(known: impl Fn(u32) -> bool) {
    if getpid() != Pid::INIT {
        return;
    }
    // Not every kernel lists children; then orphans stay, and only cost a number each.
    let children = std::fs::read_to_string("/proc/self/task/1/children").unwrap_or_default();
    for pid in children.split_whitespace().filter_map(|text| text.parse::<i32>().ok()) {
        let stranger = u32::try_from(pid).is_ok_and(|pid| !known(pid));
        if let Some(pid) = Pid::from_raw(pid).filter(|_| stranger) {
            let _still_lives = waitpid(Some(pid), WaitOptions::NOHANG);
        }
    }
}
