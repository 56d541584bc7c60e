//! Directories: one that all tests of a user share, and one for each server.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::environment;
use crate::error::Error;

/// The directory that all tests of this user share; made when it is missing.
///
/// # Errors
/// When it belongs to somebody else: what is in it is executed by servers, so it must be ours.
pub(crate) fn shared() -> Result<PathBuf, Error> {
    let user = rustix::process::geteuid().as_raw();
    let path = environment::scratch().join(format!("steadfast-test-{user}"));
    match std::fs::create_dir(&path) {
        Ok(()) => set_mode(&path, 0o755)?,
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
        Err(cause) => return Err(Error::system(format_args!("creating {}", path.display()), cause)),
    }
    let found = std::fs::symlink_metadata(&path)
        .map_err(|cause| Error::system(format_args!("looking at {}", path.display()), cause))?;
    if !found.is_dir() || found.uid() != user {
        return Err(Error::new(format!(
            "{} is not a directory of user {user}; remove it, or set TMPDIR to a directory of your own",
            path.display()
        )));
    }
    Ok(path)
}

/// A new directory below the shared one, for one server.
pub(crate) fn fresh(prefix: &str) -> Result<PathBuf, Error> {
    let shared = shared()?;
    for _ in 0..100 {
        let path = shared.join(format!("{prefix}-{}-{:06x}", std::process::id(), fastrand::u32(..1 << 24)));
        match std::fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(Error::system(format_args!("creating {}", path.display()), cause)),
        }
    }
    Err(Error::new(format!("a hundred random names below {} were all taken", shared.display())))
}

pub(crate) fn set_mode(path: &Path, mode: u32) -> Result<(), Error> {
    std::fs::set_permissions(path, Permissions::from_mode(mode))
        .map_err(|cause| Error::system(format_args!("setting the mode of {}", path.display()), cause))
}
