//! Whether the disk has room.

use rustix::fs::statvfs;

use super::connect::{blocking, path};
use crate::check::{Applies, Check, Running};
use crate::context::Context;
use crate::finding::{Figure, Outcome, Problem};
use crate::layer::Layer;
use crate::story;

/// Whether the disk has room.
#[derive(Debug)]
pub(crate) struct Disk;

impl Check for Disk {
    fn id(&self) -> &'static str {
        "disk"
    }

    fn layer(&self) -> Layer {
        Layer::Network
    }

    fn about(&self) -> &'static str {
        "SQLite: room on the disk"
    }

    fn applies(&self) -> Applies {
        Applies::Sqlite
    }

    fn needs(&self) -> &'static [&'static str] {
        &["url", "file"]
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(look(context))
    }
}

/// Too little for anything to go on.
const FULL: u64 = 16 << 20;
/// One busy day away from that.
const NEARLY_FULL: u64 = 256 << 20;

async fn look(context: &Context) -> Outcome {
    let Some(path) = path(context) else { return Outcome::new("no disk needed") };
    let size = std::fs::metadata(&path).map_or(0, |found| found.len());
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => ".".into(),
    };
    let Some(Ok(disk)) = blocking(move || statvfs(&directory)).await else {
        return Outcome::skipped("the file system does not say how much room it has");
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let mut outcome = Outcome::new("room on the disk")
        .with("free", Figure::Bytes(free))
        .with("size of the disk", Figure::Bytes(disk.f_blocks.saturating_mul(disk.f_frsize)))
        .with("free inodes", disk.f_favail);
    outcome.problems.extend(judge(free, size));
    outcome
}

fn judge(free: u64, size: u64) -> Option<Problem> {
    let remedy = "free space: delete what is not needed, PRAGMA wal_checkpoint(TRUNCATE), enlarge the volume";
    if free < FULL {
        return Some(Problem::failure("the disk is full", remedy).explained(story::SQLITE_FULL));
    }
    // A VACUUM, or a log as large as the database, must find room.
    (free < NEARLY_FULL || free < size)
        .then(|| Problem::warning("the disk is nearly full", remedy).explained(story::SQLITE_FULL))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    #[test]
    fn room_is_judged_by_the_size_of_the_database_too() {
        let verdict = |free, size| judge(free, size).map(|problem| problem.verdict());
        assert_eq!(verdict(1 << 20, 0), Some(Verdict::Failure));
        assert_eq!(verdict(100 << 20, 0), Some(Verdict::Warning));
        assert_eq!(verdict(2 << 30, 4 << 30), Some(Verdict::Warning));
        assert_eq!(verdict(2 << 30, 1 << 30), None);
    }
}
