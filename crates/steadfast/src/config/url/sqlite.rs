//! The forms of a SQLite URL.
//!
//! | form | means |
//! |---|---|
//! | `sqlite::memory:`, `sqlite://:memory:`, `sqlite:///:memory:` | memory |
//! | `sqlite:a.db`, `sqlite://a.db`, `sqlite://./a.db` | a file relative to the working directory |
//! | `sqlite:/var/a.db`, `sqlite:///var/a.db`, `sqlite:////var/a.db` | an absolute path |
//! | `sqlite+driver:///a.db` | SQLAlchemy's rule, since only it writes drivers: a fourth slash is the root |
//! | `file:a.db`, `file:///var/a.db` | as `sqlite:` |

use crate::config::url::percent::decode;
use crate::config::url::scheme::Scheme;
use crate::config::url::{Reader, Refusal, query};

const ACCEPTED: &str = "accepted: sqlite:file.sqlite3, sqlite:///absolute/path.sqlite3 and sqlite::memory:";
const MEMORY: &str = ":memory:";

/// Reads what follows `sqlite:`.
pub(super) fn read(reader: &mut Reader<'_>, scheme: &Scheme<'_>) -> Result<(), Refusal> {
    let (raw, parameters) = scheme.rest.split_once('?').unwrap_or((scheme.rest, ""));
    let raw = raw.trim();
    let is_memory = raw.trim_start_matches('/') == MEMORY;
    let by_parameter = parameters.split('&').any(|pair| pair == "mode=memory");
    if is_memory {
        reader.part("sqlite.path", "path", MEMORY.to_owned());
    } else if !by_parameter {
        let path = path(reader, scheme, raw)?;
        reader.part("sqlite.path", "path", path);
    }
    query::read(reader, parameters, true);
    Ok(())
}

fn path(reader: &mut Reader<'_>, scheme: &Scheme<'_>, raw: &str) -> Result<String, Refusal> {
    let path = match raw.strip_prefix("//") {
        Some(rest) if scheme.has_driver => sqlalchemy(reader, rest)?,
        Some(rest) => {
            warn_of_root(reader, rest);
            rest
        }
        None => raw,
    };
    // `sqlite:////var/a.db`: the root once is enough.
    let doubled = path.starts_with("//");
    let path = if doubled { path.trim_start_matches('/') } else { path };
    if path.trim_start_matches('/').is_empty() {
        let problem = "it names no file, and a database in memory is gone with the process";
        return Err(Refusal::new("path", problem, ACCEPTED));
    }
    let decoded = decode(path).map_err(|problem| Refusal::new("path", problem, ACCEPTED))?;
    if decoded.stray {
        reader.repair("took a `%` in the path literally; %25 is the safe way to write it");
    }
    let path = if doubled { format!("/{}", decoded.text) } else { decoded.text };
    match path.strip_prefix('/') {
        Some(rest) if is_drive(rest) => Ok(rest.to_owned()),
        Some(_) | None => Ok(path),
    }
}

/// Where there are drives, the slash before one is the URL's; elsewhere it is the root directory's.
fn is_drive(path: &str) -> bool {
    let mut letters = path.chars();
    cfg!(windows)
        && letters.next().is_some_and(|drive| drive.is_ascii_alphabetic())
        && letters.next() == Some(':')
}

/// Behind `sqlite+driver://`: the third slash ends the (empty) host.
fn sqlalchemy<'a>(reader: &mut Reader<'_>, rest: &'a str) -> Result<&'a str, Refusal> {
    let Some(path) = rest.strip_prefix('/') else {
        return Err(Refusal::new("path", "three slashes must follow a scheme with a driver", ACCEPTED));
    };
    if !path.starts_with('/') {
        reader.repair("read three slashes as SQLAlchemy does: the path is relative to the working directory");
    }
    Ok(path)
}

/// Whoever comes from SQLAlchemy writes three slashes and means a relative path.
fn warn_of_root(reader: &mut Reader<'_>, rest: &str) {
    let at_root = rest.strip_prefix('/').is_some_and(|name| !name.is_empty() && !name.contains('/'));
    if at_root {
        reader.warn(
            "three slashes make an absolute path, so the file lies in the root directory; with two slashes \
            it \
             lies in the working directory (SQLAlchemy counts otherwise)",
        );
    }
}
