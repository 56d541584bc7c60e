//! Signals, and who is whose child.

use rustix::process::{Pid, kill_process, kill_process_group, test_kill_process};

pub use rustix::process::Signal;

use crate::error::Error;

/// Sends a signal to one process.
pub(crate) fn send(pid: u32, signal: Signal) -> Result<(), Error> {
    kill_process(known(pid)?, signal)
        .map_err(|cause| Error::system(format_args!("sending {signal:?} to process {pid}"), cause))
}

/// Sends a signal to a process group.
pub(crate) fn send_to_group(pid: u32, signal: Signal) -> Result<(), Error> {
    kill_process_group(known(pid)?, signal)
        .map_err(|cause| Error::system(format_args!("sending {signal:?} to process group {pid}"), cause))
}

/// Whether a process is there and not yet a zombie.
pub(crate) fn is_alive(pid: u32) -> bool {
    known(pid).is_ok_and(|id| test_kill_process(id).is_ok()) && !matches!(status(pid), Some((_, 'Z' | 'X')))
}

/// The processes whose parent is `pid`.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return children_by_ps(pid);
    };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let found: Vec<u32> =
        numbers.filter(|child| status(*child).is_some_and(|(parent, _)| parent == pid)).collect();
    if found.is_empty() && status(std::process::id()).is_none() { children_by_ps(pid) } else { found }
}

/// Parent and state of a process, where there is a `/proc`.
fn status(pid: u32) -> Option<(u32, char)> {
    let line = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in brackets, and may hold brackets and blanks itself.
    let mut fields = line.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?.chars().next()?;
    Some((fields.next()?.parse().ok()?, state))
}

/// For systems without a `/proc`.
fn children_by_ps(pid: u32) -> Vec<u32> {
    let Ok(output) = std::process::Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output() else {
        return Vec::new();
    };
    let listing = String::from_utf8_lossy(&output.stdout);
    let pairs = listing.lines().filter_map(|line| {
        let mut fields = line.split_whitespace().map(str::parse::<u32>);
        Some((fields.next()?.ok()?, fields.next()?.ok()?))
    });
    pairs.filter(|(_, parent)| *parent == pid).map(|(child, _)| child).collect()
}

fn known(pid: u32) -> Result<Pid, Error> {
    i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| Error::new(format!("{pid} is not a process id")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_found_by_their_parent() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let found = children(std::process::id());
        assert!(found.contains(&child.id()), "{found:?}");
        assert!(is_alive(child.id()));
        send(child.id(), Signal::KILL).unwrap();
        child.wait().unwrap();
        assert!(!is_alive(child.id()));
    }

    #[test]
    fn no_signal_is_ever_sent_to_group_or_everybody() {
        assert!(send(0, Signal::KILL).is_err());
        assert!(send(u32::MAX, Signal::KILL).is_err());
    }
}
