//! The only place of the kit that reads the environment.

use std::path::{Path, PathBuf};

/// The directory named by `STEADFAST_TEST_PG_BIN`, which goes before every other place.
pub(crate) fn postgres_bin() -> Option<PathBuf> {
    variable("STEADFAST_TEST_PG_BIN").map(PathBuf::from)
}

/// The directories of `PATH`, in order.
pub(crate) fn path() -> Vec<PathBuf> {
    variable("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}

/// Where scratch directories go: what `TMPDIR` says, else memory where there is enough of it, else the
/// system's place for temporary files.
///
/// A server is 35 MB of small files that live for seconds; in memory the tests take a third of the time.
/// It is the whole size that decides, not what is free now, so that all tests at a time decide alike.
pub(crate) fn scratch() -> PathBuf {
    let in_memory = Path::new("/dev/shm");
    let usual = match variable("TMPDIR") {
        Some(told) => PathBuf::from(told),
        None if size_of(in_memory) >= ENOUGH_MEMORY => in_memory.to_path_buf(),
        None => std::env::temp_dir(),
    };
    // The path of a Unix socket has room for 107 bytes; macOS alone would use up half of them.
    if usual.as_os_str().len() > 40 { Path::new("/tmp").to_path_buf() } else { usual }
}

/// A file system of so many bytes has room for the servers of some twenty tests at once. Containers have
/// 64 MB unless told otherwise, which is too small for two.
const ENOUGH_MEMORY: u64 = 1 << 30;

fn size_of(path: &Path) -> u64 {
    rustix::fs::statvfs(path).map_or(0, |found| found.f_blocks.saturating_mul(found.f_frsize))
}

fn variable(name: &str) -> Option<std::ffi::OsString> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the kit's own place for it; it does not depend on steadfast"
    )]
    std::env::var_os(name).filter(|value| !value.is_empty())
}
