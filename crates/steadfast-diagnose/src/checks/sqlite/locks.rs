//! Whether somebody else keeps the database from being written.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use steadfast::time::Instant;

use super::connect::{blocking, path, problem, writable};
use crate::check::{Applies, Check, Running};
use crate::context::Context;
use crate::finding::Outcome;
use crate::layer::Layer;
use crate::shown::{Shown, shown};

/// Whether the write lock can be had.
#[derive(Debug)]
pub(crate) struct Locks;

impl Check for Locks {
    fn id(&self) -> &'static str {
        "locks"
    }

    fn layer(&self) -> Layer {
        Layer::Server
    }

    fn about(&self) -> &'static str {
        "SQLite: whether the write lock can be had, and who holds it"
    }

    fn applies(&self) -> Applies {
        Applies::Sqlite
    }

    fn needs(&self) -> &'static [&'static str] {
        &["url", "file", "sqlite"]
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(look(context))
    }
}

async fn look(context: &Context) -> Outcome {
    let Some(path) = path(context).filter(|path| path.exists()) else {
        return Outcome::new("nobody else can hold a lock");
    };
    let file = path.clone();
    // Taken and given back at once; nothing is written.
    let taken = blocking(move || -> rusqlite::Result<Duration> {
        let connection = writable(&file)?;
        let started = Instant::now();
        connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK")?;
        Ok(started.elapsed())
    });
    match taken.await {
        Some(Ok(took)) => Outcome::new("the write lock is free").with("taken and given back in", took),
        Some(Err(error)) => {
            let mut outcome = Outcome::of(problem(&error, context));
            let holders = holders(&path);
            if !holders.is_empty() {
                outcome.add(
                    "locks held by processes",
                    Shown::join(holders.iter().map(|pid| shown!(*pid)), ", "),
                );
            }
            outcome
        }
        None => Outcome::skipped("the file could not be opened"),
    }
}

/// The processes that hold locks on the file or its log, as Linux tells. Empty elsewhere.
fn holders(path: &Path) -> Vec<u32> {
    let inodes: Vec<u64> = ["", "-shm", "-wal"]
        .iter()
        .filter_map(|ending| {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            fs::metadata(Path::new(&name)).ok().map(|found| found.ino())
        })
        .collect();
    let text = fs::read_to_string("/proc/locks").unwrap_or_default();
    let mut holders: Vec<u32> = text.lines().filter_map(|line| holder(line, &inodes)).collect();
    holders.sort_unstable();
    holders.dedup();
    holders
}

/// The process of `1: POSIX  ADVISORY  WRITE 1234 fd:01:5678 0 EOF`, when the inode is one of these.
fn holder(line: &str, inodes: &[u64]) -> Option<u32> {
    let mut words = line.split_whitespace().skip(4);
    let process = words.next()?.parse().ok()?;
    let inode = words.next()?.rsplit(':').next()?.parse().ok()?;
    inodes.contains(&inode).then_some(process)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_line_of_the_kernels_table_is_read() {
        let line = "1: POSIX  ADVISORY  WRITE 1234 fd:01:5678 1073741824 1073742335";
        assert_eq!(super::holder(line, &[5678]), Some(1234));
        assert_eq!(super::holder(line, &[1]), None);
    }
}
