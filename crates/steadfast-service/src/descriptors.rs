//! Open files: how many there may be, and how many of them clients may take.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Kept free of clients: the database's connections, files, pipes, and whatever a library opens.
const RESERVED: u64 = 256;

/// Raises the soft limit on open files to the hard one, and gives the number of client connections that leave
/// the database enough. Clients that use up every descriptor would otherwise keep the service from opening
/// the very connection that would serve them.
pub(crate) fn connections_within_limit(wanted: usize) -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => limit = getrlimit(Resource::Nofile),
            Err(error) => tracing::debug!(%error, "the limit on open files could not be raised"),
        }
    }
    let Some(files) = limit.current else { return wanted };
    let allowed = affordable(files);
    if allowed < wanted {
        tracing::warn!(files, wanted, allowed, "the limit on open files allows fewer client connections");
    }
    wanted.min(allowed)
}

/// With very few files at all, clients get half of them.
fn affordable(files: u64) -> usize {
    let allowed = files.saturating_sub(RESERVED).max(files / 2).max(1);
    usize::try_from(allowed).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_never_get_every_descriptor() {
        assert_eq!(affordable(1024), 768);
        assert_eq!(affordable(1_048_576), 1_048_320);
        assert_eq!(affordable(256), 128);
        assert_eq!(affordable(1), 1);
    }

    #[test]
    fn what_is_affordable_is_not_changed() {
        assert_eq!(connections_within_limit(1), 1);
    }
}
