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

/// Where scratch directories go: the system's own place for them, unless its name is too long for the
/// path of a Unix socket (107 bytes), as it is by default on macOS.
pub(crate) fn scratch() -> PathBuf {
    let usual = std::env::temp_dir();
    if usual.as_os_str().len() > 40 { Path::new("/tmp").to_path_buf() } else { usual }
}

fn variable(name: &str) -> Option<std::ffi::OsString> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the kit's own place for it; it does not depend on steadfast"
    )]
    std::env::var_os(name).filter(|value| !value.is_empty())
}
