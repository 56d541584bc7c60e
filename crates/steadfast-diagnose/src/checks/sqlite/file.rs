//! Whether the file is there, and whether this user may use it and its directory.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access, statfs};

use super::connect::{blocking, path};
use crate::check::{Applies, Check, Running};
use crate::context::Context;
use crate::finding::{Figure, Outcome, Problem};
use crate::layer::Layer;
use crate::shown::shown;
use crate::story;

/// Whether the file can be used.
#[derive(Debug)]
pub(crate) struct File;

impl Check for File {
    fn id(&self) -> &'static str {
        "file"
    }

    fn layer(&self) -> Layer {
        Layer::Network
    }

    fn about(&self) -> &'static str {
        "SQLite: the file and its directory, permissions, network file systems"
    }

    fn applies(&self) -> Applies {
        Applies::Sqlite
    }

    fn needs(&self) -> &'static [&'static str] {
        &["url"]
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(async {
            let Some(path) = path(context) else {
                return Outcome::new("a database in memory: gone with the process");
            };
            let seen = blocking(move || Seen::look(&path)).await;
            seen.map_or_else(
                || Outcome::skipped("the file system does not answer"),
                |seen| judge(&seen, context),
            )
        })
    }
}

/// What the file system says.
struct Seen {
    path: PathBuf,
    directory: PathBuf,
    size: Option<u64>,
    log: Option<u64>,
    is_directory: bool,
    has_directory: bool,
    readable: bool,
    writable: bool,
    directory_writable: bool,
    remote: Option<&'static str>,
}

impl Seen {
    fn look(path: &Path) -> Self {
        let found = fs::metadata(path).ok();
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let beside = |ending: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            fs::metadata(PathBuf::from(name)).ok().map(|found| found.len())
        };
        Self {
            size: found.as_ref().map(fs::Metadata::len),
            log: beside("-wal"),
            is_directory: found.is_some_and(|found| found.is_dir()),
            has_directory: directory.is_dir(),
            readable: access(path, Access::READ_OK).is_ok(),
            writable: access(path, Access::WRITE_OK).is_ok(),
            directory_writable: access(&directory, Access::WRITE_OK).is_ok(),
            remote: remote(&directory),
            directory,
            path: path.to_owned(),
        }
    }
}

/// The name of a file system on which locks cannot be relied on.
fn remote(directory: &Path) -> Option<&'static str> {
    let kind = u64::try_from(statfs(directory).ok()?.f_type).ok()? & 0xffff_ffff;
    match kind {
        0x6969 => Some("NFS"),
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => Some("SMB"),
        0x0102_1997 => Some("9p"),
        0x6573_5546 => Some("FUSE"),
        _ => None,
    }
}

fn judge(seen: &Seen, context: &Context) -> Outcome {
    let path = context.shown(&seen.path.to_string_lossy());
    let directory = context.shown(&seen.directory.to_string_lossy());
    let mut outcome = Outcome::new(match seen.size {
        Some(_) => shown!("the file is there: ", path.clone()),
        None => shown!("the file will be made: ", path.clone()),
    });
    if let Some(size) = seen.size {
        outcome.add("size", Figure::Bytes(size));
        outcome.add("may be read", seen.readable);
        outcome.add("may be written", seen.writable);
    }
    if let Some(log) = seen.log {
        outcome.add("write-ahead log", Figure::Bytes(log));
    }
    outcome.add("directory may be written", seen.directory_writable);
    let problem = if !seen.has_directory {
        Some(Problem::failure(
            shown!("the directory ", directory, " does not exist"),
            "create it, or correct the path in DATABASE_URL (four slashes begin an absolute path: sqlite:////var/lib/app.db)",
        ))
    } else if seen.is_directory {
        Some(Problem::failure(shown!(path, " is a directory"), "name a file in it"))
    } else if seen.size.is_some() && !seen.readable {
        Some(Problem::failure(
            shown!("this user may not read ", path),
            "chown or chmod it, or run the program as its owner",
        ))
    } else if seen.size.is_some() && !seen.writable {
        Some(Problem::failure(
            shown!("this user may not write ", path),
            "chown or chmod it, or mount it for writing",
        ))
    } else if !seen.directory_writable {
        Some(Problem::failure(
            shown!("this user may not write in ", directory, ", where SQLite keeps its log"),
            "chown or chmod the directory as well, not only the file",
        ))
    } else {
        None
    };
    outcome.problems.extend(problem.map(|problem| problem.explained(story::SQLITE_CANNOT_OPEN)));
    if let Some(remote) = seen.remote {
        let cause = shown!(
            "the file is on a network file system (",
            remote,
            "), on which SQLite's locks and log cannot be relied on"
        );
        outcome.problems.push(
            Problem::warning(cause, "move it to a local disk or volume, or use PostgreSQL")
                .explained(story::SQLITE_BUSY),
        );
    }
    if let Some(problem) = outcome.problems.first() {
        outcome.summary = problem.cause.clone();
    }
    outcome
}
