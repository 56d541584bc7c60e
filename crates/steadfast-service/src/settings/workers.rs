//! The options of worker processes.

use steadfast::config::ConfigError;
use steadfast::time::Duration;

use crate::settings::table::Reader;
use crate::settings::{Lookup, SettingRow, parse};

/// How many worker processes there are, and how they are treated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerSettings {
    /// How many worker processes; 0: none, one plain process serves.
    pub workers: usize,
    /// How long a worker may make no progress before it is ended.
    pub timeout: Duration,
    /// How long the replacement of a worker that runs may take to become ready.
    pub ready_timeout: Duration,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        let defaults = steadfast_supervisor::Options::default();
        Self { workers: 0, timeout: defaults.timeout, ready_timeout: defaults.ready_timeout }
    }
}

impl WorkerSettings {
    /// The names of all variables that are read here.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        let rows = Self::load_with_table(|_| Ok(None), None).map(|(_, rows)| rows).unwrap_or_default();
        rows.into_iter().map(|row| row.name).collect()
    }

    /// Reads them from the environment that `lookup` shows; `workers` is what the command line says.
    ///
    /// # Errors
    /// Everything that is wrong, not just the first.
    pub fn load_with_table(
        lookup: impl Fn(&str) -> Lookup,
        workers: Option<&str>,
    ) -> Result<(Self, Vec<SettingRow>), Vec<ConfigError>> {
        let mut settings = Self::default();
        let mut reader = Reader::new(&lookup);
        reader.read(
            "WEB_CONCURRENCY",
            &mut settings.workers,
            parse::workers,
            "what platforms call the number of workers; STEADFAST_WORKERS wins",
        );
        reader.read(
            "STEADFAST_WORKERS",
            &mut settings.workers,
            parse::workers,
            "0: one plain process, without a master. Each worker has a pool of its own. `auto`: one for each processor",
        );
        reader.given(
            "--workers",
            workers,
            &mut settings.workers,
            parse::workers,
            "wins over STEADFAST_WORKERS and WEB_CONCURRENCY",
        );
        reader.read(
            "STEADFAST_WORKER_TIMEOUT",
            &mut settings.timeout,
            parse::duration,
            "a worker without progress for so long is replaced, with a warning at half of it; a request that waits is no \
             lack of progress, a blocked thread is",
        );
        reader.read(
            "STEADFAST_WORKER_READY_TIMEOUT",
            &mut settings.ready_timeout,
            parse::duration,
            "a new worker (SIGHUP) or master (SIGUSR2) that is not ready by then is given up, and the old ones stay",
        );
        reader.finish().map(|rows| (settings, rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workers(environment: &[(&str, &str)], given: Option<&str>) -> Result<usize, String> {
        let lookup = |name: &str| {
            Ok(environment.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned()))
        };
        let loaded = WorkerSettings::load_with_table(lookup, given);
        loaded.map(|(settings, _)| settings.workers).map_err(|errors| errors[0].to_string())
    }

    #[test]
    fn the_nearest_to_the_user_says_how_many() {
        let platform = ("WEB_CONCURRENCY", "2");
        assert_eq!(workers(&[], None), Ok(0));
        assert_eq!(workers(&[platform], None), Ok(2));
        assert_eq!(workers(&[platform, ("STEADFAST_WORKERS", "0")], None), Ok(0));
        assert_eq!(workers(&[platform, ("STEADFAST_WORKERS", "3")], Some("4")), Ok(4));
        assert!(workers(&[], Some("auto")).unwrap() >= 1);
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let error = workers(&[("WEB_CONCURRENCY", "many")], None).unwrap_err();
        assert!(error.contains("WEB_CONCURRENCY") && error.contains("auto"), "{error}");
        assert!(workers(&[], Some("513")).unwrap_err().contains("--workers"));
    }
}
