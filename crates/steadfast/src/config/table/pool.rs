//! Options of the pool.

use crate::config::options::{PoolOptions, PrePing};
use crate::config::table::{Applies, BLANK, Row};
use crate::config::value::{self, Parsed, Unit};
use crate::time::Duration;

const OPTIONAL: &str = "a duration such as 250ms, 30s, 5m, 1h; off";
const REQUIRED: &str = "a duration above zero such as 250ms, 30s, 5m, 1h";

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "pool.size",
        environment: "STEADFAST_POOL_SIZE",
        parameter: Some("pool_size"),
        unit: "connections",
        accepted: "0 to 100000; with pool.max_overflow at least 1",
        reason: "four workers take 20 of the 100 connections that PostgreSQL offers by default \
                 (`max_connections`, manual, runtime-config-connection), and five busy connections keep a \
                 small server busy",
        set: |draft, text| value::integer(text, 0..=100_000).map(|size| draft.pool.size = size),
        text: |draft| Some(draft.pool.size.to_string()),
        ..BLANK
    },
    Row {
        name: "pool.max_overflow",
        environment: "STEADFAST_POOL_MAX_OVERFLOW",
        parameter: Some("pool_max_overflow"),
        unit: "connections",
        accepted: "0 to 100000, unlimited (or -1: as many as the server accepts)",
        reason: "room for a burst: four workers then take 60 of 100 connections; SQLite has one writer, and \
                 more readers would only compete for the same processor",
        set: |draft, text| overflow(text).map(|count| draft.pool.max_overflow = count),
        text: |draft| Some(show_overflow(draft.pool.max_overflow)),
        ..BLANK
    },
    Row {
        name: "pool.acquire_timeout",
        environment: "STEADFAST_POOL_ACQUIRE_TIMEOUT",
        parameter: Some("pool_acquire_timeout"),
        unit: "seconds",
        accepted: REQUIRED,
        reason: "hosted platforms give a request up after about 30 s; waiting longer answers nobody",
        set: |draft, text| seconds(text).map(|time| draft.pool.acquire_timeout = time),
        text: |draft| Some(value::show_duration(draft.pool.acquire_timeout)),
        ..BLANK
    },
    Row {
        name: "pool.connect_timeout",
        environment: "STEADFAST_POOL_CONNECT_TIMEOUT",
        libpq: Some("PGCONNECT_TIMEOUT"),
        parameter: Some("connect_timeout"),
        unit: "seconds",
        accepted: REQUIRED,
        reason: "a serverless database wakes within a few seconds, while an unanswered SYN is repeated for \
                 two minutes; covers name resolution, TCP, TLS and authentication together, which libpq's \
                 does not",
        set: |draft, text| seconds(text).map(|time| draft.pool.connect_timeout = time),
        text: |draft| Some(value::show_duration(draft.pool.connect_timeout)),
        ..BLANK
    },
    Row {
        name: "pool.recycle",
        environment: "STEADFAST_POOL_RECYCLE",
        parameter: Some("pool_recycle"),
        unit: "seconds",
        accepted: OPTIONAL,
        applies: Applies::Postgres,
        reason: "below the five minutes after which proxies are said to forget a connection; after a \
                 failover it also bounds how long an old server is used",
        set: |draft, text| optional(text).map(|time| draft.pool.recycle = time),
        text: |draft| Some(value::show_optional_duration(draft.pool.recycle)),
        ..BLANK
    },
    Row {
        name: "pool.idle_timeout",
        environment: "STEADFAST_POOL_IDLE_TIMEOUT",
        parameter: Some("pool_idle_timeout"),
        unit: "seconds",
        accepted: OPTIONAL,
        reason: "what a burst opened goes back to the server within minutes; an idle SQLite connection costs \
                 nobody",
        set: |draft, text| optional(text).map(|time| draft.pool.idle_timeout = time),
        text: |draft| Some(value::show_optional_duration(draft.pool.idle_timeout)),
        ..BLANK
    },
    Row {
        name: "pool.min_idle",
        environment: "STEADFAST_POOL_MIN_IDLE",
        parameter: Some("pool_min_idle"),
        unit: "connections",
        accepted: "0 to pool.size",
        reason: "an unused pool falls silent, so that a serverless database or platform may sleep",
        set: |draft, text| value::integer(text, 0..=100_000).map(|count| draft.pool.min_idle = count),
        text: |draft| Some(draft.pool.min_idle.to_string()),
        ..BLANK
    },
    Row {
        name: "pool.pre_ping",
        environment: "STEADFAST_POOL_PRE_PING",
        parameter: Some("pool_pre_ping"),
        unit: "seconds",
        accepted: "on (after 1s of idleness), always, never, a duration of idleness such as 1s",
        applies: Applies::Postgres,
        reason: "a ping before every lease halves throughput (measured), and a connection that was closed \
                 while idle is known to be so without one; only silence needs asking",
        set: |draft, text| pre_ping(text).map(|policy| draft.pool.pre_ping = policy),
        text: |draft| Some(show_pre_ping(draft.pool.pre_ping)),
        ..BLANK
    },
    Row {
        name: "pool.ping_timeout",
        environment: "STEADFAST_POOL_PING_TIMEOUT",
        parameter: Some("pool_ping_timeout"),
        unit: "seconds",
        accepted: REQUIRED,
        applies: Applies::Postgres,
        reason: "below a second, so that a silent path costs a caller no more, and many times the round trip \
                 of any path that is in use; a ping without a deadline hung for over 100 s (measured)",
        set: |draft, text| seconds(text).map(|time| draft.pool.ping_timeout = time),
        text: |draft| Some(value::show_duration(draft.pool.ping_timeout)),
        ..BLANK
    },
    Row {
        name: "pool.clean_timeout",
        environment: "STEADFAST_POOL_CLEAN_TIMEOUT",
        parameter: Some("pool_clean_timeout"),
        unit: "seconds",
        accepted: REQUIRED,
        reason: "a cancel request and a ROLLBACK need two round trips; what takes longer is cheaper to \
                 replace",
        set: |draft, text| seconds(text).map(|time| draft.pool.clean_timeout = time),
        text: |draft| Some(value::show_duration(draft.pool.clean_timeout)),
        ..BLANK
    },
    Row {
        name: "pool.close_timeout",
        environment: "STEADFAST_POOL_CLOSE_TIMEOUT",
        parameter: Some("pool_close_timeout"),
        unit: "seconds",
        accepted: REQUIRED,
        reason: "a goodbye is a courtesy: one write, and nobody needs to wait for its acknowledgement",
        set: |draft, text| seconds(text).map(|time| draft.pool.close_timeout = time),
        text: |draft| Some(value::show_duration(draft.pool.close_timeout)),
        ..BLANK
    },
    Row {
        name: "pool.keepalive_ping",
        environment: "STEADFAST_POOL_KEEPALIVE_PING",
        parameter: Some("pool_keepalive_ping"),
        unit: "seconds",
        accepted: OPTIONAL,
        applies: Applies::Postgres,
        reason: "traffic keeps a serverless database awake and billed; set it to 0.8 of the path's idle \
                 limit where connections must stay open through quiet hours",
        set: |draft, text| optional(text).map(|time| draft.pool.keepalive_ping = time),
        text: |draft| Some(value::show_optional_duration(draft.pool.keepalive_ping)),
        ..BLANK
    },
    Row {
        name: "pool.max_waiters",
        environment: "STEADFAST_POOL_MAX_WAITERS",
        parameter: Some("pool_max_waiters"),
        unit: "callers",
        accepted: "1 to 1000000000",
        reason: "fifteen connections at 5 ms a query serve 3000 callers a second: whoever is ten thousandth \
                 in the queue is late already, and a queue without a bound ends in lack of memory",
        set: |draft, text| {
            value::integer(text, 1..=1_000_000_000).map(|count| draft.pool.max_waiters = count)
        },
        text: |draft| Some(draft.pool.max_waiters.to_string()),
        ..BLANK
    },
    Row {
        name: "pool.leak_tracking",
        environment: "STEADFAST_POOL_LEAK_TRACKING",
        parameter: Some("pool_leak_tracking"),
        accepted: "on, off",
        reason: "costs a little on every lease; switch it on when `acquire` times out and nobody knows who \
                 holds the connections",
        set: |draft, text| value::boolean(text).map(|on| draft.pool.leak_tracking = on),
        text: |draft| Some(value::show_boolean(draft.pool.leak_tracking)),
        ..BLANK
    },
];

fn seconds(text: &str) -> Parsed<Duration> {
    value::positive_duration(text, Unit::Seconds)
}

fn optional(text: &str) -> Parsed<Option<Duration>> {
    value::optional_duration(text, Unit::Seconds)
}

/// What `on` means.
const PRE_PING_IDLE: Duration = Duration::from_secs(1);

fn overflow(text: &str) -> Parsed<usize> {
    match text.trim().to_ascii_lowercase().as_str() {
        "unlimited" | "-1" => Ok(PoolOptions::UNLIMITED),
        number => value::integer(number, 0..=100_000),
    }
}

fn show_overflow(count: usize) -> String {
    if count == PoolOptions::UNLIMITED { "unlimited".to_owned() } else { count.to_string() }
}

fn pre_ping(text: &str) -> Parsed<PrePing> {
    match text.trim().to_ascii_lowercase().as_str() {
        "always" => Ok(PrePing::Always),
        "never" | "off" | "none" | "false" | "no" => Ok(PrePing::Never),
        "on" | "true" | "yes" => Ok(PrePing::AfterIdle(PRE_PING_IDLE)),
        other => match value::duration(other, Unit::Seconds)? {
            Duration::ZERO => Err("0 could mean always or never".to_owned()),
            idle => Ok(PrePing::AfterIdle(idle)),
        },
    }
}

fn show_pre_ping(policy: PrePing) -> String {
    match policy {
        PrePing::Always | PrePing::AfterIdle(Duration::ZERO) => "always".to_owned(),
        PrePing::Never => "never".to_owned(),
        PrePing::AfterIdle(idle) => value::show_duration(idle),
    }
}
