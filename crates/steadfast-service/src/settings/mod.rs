//! The service's own options: where it listens and what it accepts. The database's are in the library.

mod parse;
mod table;
mod workers;

pub use table::{Origin, SettingRow};
pub use workers::WorkerSettings;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use steadfast::config::ConfigError;
use steadfast::sql::Guard;
use steadfast::time::Duration;

use self::table::Reader;

/// Where the service listens and what it accepts. [`Settings::default`] is what an empty environment gives.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Where to listen; port 0 lets the system choose one.
    pub listen: SocketAddr,
    /// The longest time from the head of a request to its answer.
    pub request_timeout: Duration,
    /// The longest time for the body of a request to arrive.
    pub body_timeout: Duration,
    /// The largest body, in bytes.
    pub body_limit_bytes: usize,
    /// The longest wait for the head of a request; idle time between two requests counts as well.
    pub head_timeout: Duration,
    /// The largest head of a request, in bytes.
    pub head_limit_bytes: usize,
    /// Requests that are worked on at the same time; health is not counted.
    pub max_requests: usize,
    /// Client connections that are open at the same time.
    pub max_connections: usize,
    /// How long a service that was asked to end still accepts connections, while readiness already says no.
    pub drain_delay: Duration,
    /// How long requests in flight may take once the service was asked to end.
    pub drain_timeout: Duration,
    /// For how long the answer to a request with an `Idempotency-Key` is kept.
    pub idempotency_ttl: Duration,
    /// How it is found out what became of a change whose COMMIT was not answered.
    pub commit_guard: Guard,
}

/// What a variable holds, if it is set; or why it cannot be read.
pub type Lookup = Result<Option<String>, ConfigError>;

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8000),
            request_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(10),
            body_limit_bytes: 64 * 1024,
            head_timeout: Duration::from_secs(75),
            head_limit_bytes: 16 * 1024,
            max_requests: 1024,
            max_connections: 4096,
            drain_delay: Duration::ZERO,
            drain_timeout: Duration::from_secs(25),
            idempotency_ttl: Duration::from_secs(86_400),
            commit_guard: Guard::Xid,
        }
    }
}

impl Settings {
    /// The names of all variables that are read here, so that whoever looks for typing mistakes knows them.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        let rows = Self::load_with_table(|_| Ok(None), None).map(|(_, rows)| rows).unwrap_or_default();
        rows.into_iter().map(|row| row.name).collect()
    }

    /// Reads the settings: `listen` from the command line if it is given, everything else from the
    /// environment that `lookup` shows (`steadfast::config::Environment::setting` fits).
    ///
    /// # Errors
    /// Everything that is wrong, not just the first.
    pub fn load(lookup: impl Fn(&str) -> Lookup, listen: Option<&str>) -> Result<Self, Vec<ConfigError>> {
        Self::load_with_table(lookup, listen).map(|(settings, _)| settings)
    }

    /// As [`load`](Self::load), with one row for each option: its value, where it came from, and why its
    /// default is what it is.
    ///
    /// # Errors
    /// Everything that is wrong, not just the first.
    pub fn load_with_table(
        lookup: impl Fn(&str) -> Lookup,
        listen: Option<&str>,
    ) -> Result<(Self, Vec<SettingRow>), Vec<ConfigError>> {
        let mut settings = Self::default();
        let mut reader = Reader::new(&lookup);
        settings.read_listen(&mut reader, listen);
        settings.read_limits(&mut reader);
        settings.read_changes(&mut reader);
        reader.finish().map(|rows| (settings, rows))
    }

    fn read_listen(&mut self, reader: &mut Reader<'_>, listen: Option<&str>) {
        let (mut host, mut port) = (self.listen.ip(), self.listen.port());
        reader.read(
            "HOST",
            &mut host,
            parse::host,
            "only this machine can connect; 0.0.0.0 or :: on a platform",
        );
        reader.read("PORT", &mut port, parse::port, "platforms set PORT");
        self.listen = SocketAddr::new(host, port);
        reader.given("--listen", listen, &mut self.listen, parse::listen, "wins over HOST and PORT");
    }

    fn read_limits(&mut self, reader: &mut Reader<'_>) {
        reader.read(
            "STEADFAST_REQUEST_TIMEOUT",
            &mut self.request_timeout,
            parse::duration,
            "what most platforms and balancers wait for an answer",
        );
        reader.read(
            "STEADFAST_BODY_TIMEOUT",
            &mut self.body_timeout,
            parse::duration,
            "64 KiB at 6.5 KiB/s, the slowest client worth waiting for",
        );
        reader.read(
            "STEADFAST_BODY_LIMIT",
            &mut self.body_limit_bytes,
            parse::bytes,
            "in bytes; a user needs less than 4 KiB",
        );
        reader.read(
            "STEADFAST_HEAD_TIMEOUT",
            &mut self.head_timeout,
            parse::duration,
            "longer than the usual 60 s of a balancer, so that it is not the service that closes a connection \
             just as the balancer uses it again",
        );
        reader.read(
            "STEADFAST_HEAD_LIMIT",
            &mut self.head_limit_bytes,
            parse::head_bytes,
            "in bytes, 8192 at least; twice what most servers accept",
        );
        reader.read(
            "STEADFAST_MAX_REQUESTS",
            &mut self.max_requests,
            parse::count,
            "more than that are refused at once with 503, which is kinder than a queue that nobody waits out",
        );
        reader.read(
            "STEADFAST_MAX_CONNECTIONS",
            &mut self.max_connections,
            parse::count,
            "more than that wait in the kernel; lower when the limit on open files is, so that the database \
             always finds a descriptor",
        );
        reader.read(
            "STEADFAST_DRAIN_DELAY",
            &mut self.drain_delay,
            parse::delay,
            "0 s; 5 s where a balancer needs time to notice that readiness says no (Kubernetes)",
        );
        reader.read(
            "STEADFAST_DRAIN_TIMEOUT",
            &mut self.drain_timeout,
            parse::delay,
            "5 s less than what Kubernetes and Heroku wait before they kill",
        );
    }

    fn read_changes(&mut self, reader: &mut Reader<'_>) {
        reader.read(
            "STEADFAST_IDEMPOTENCY_TTL",
            &mut self.idempotency_ttl,
            parse::retention,
            "for so long the first answer to an `Idempotency-Key` is given again; clients that repeat a change do so \
             within a day",
        );
        reader.read(
            "STEADFAST_COMMIT_GUARD",
            &mut self.commit_guard,
            parse::guard,
            "`xid` costs nothing, and the outcome of a lost COMMIT stays unknown when the server crashes or fails over \
             at that moment; `marker` is certain then as well, and behind a pooler, for one small row a change, \
             which is kept as long as the keys",
        );
    }
}

#[cfg(test)]
mod tests;
