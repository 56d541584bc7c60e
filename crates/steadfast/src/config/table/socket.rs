//! Options of the TCP connection.

use crate::config::options::{MAX_KEEPALIVE_COUNT, MAX_KEEPALIVE_SECS};
use crate::config::table::{Applies, BLANK, Row};
use crate::config::value::{self, Unit};

const PG: Row = Row { applies: Applies::Postgres, ..BLANK };

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "postgres.keepalives",
        environment: "STEADFAST_POSTGRES_KEEPALIVES",
        parameter: Some("keepalives"),
        accepted: "on, off",
        reason: "as in libpq (manual, libpq-connect): the kernel finds out about a peer that vanished while \
                 idle",
        set: |draft, text| value::boolean(text).map(|on| draft.postgres.socket.keepalives = on),
        text: |draft| Some(value::show_boolean(draft.postgres.socket.keepalives)),
        ..PG
    },
    Row {
        name: "postgres.keepalives_idle",
        environment: "STEADFAST_POSTGRES_KEEPALIVES_IDLE",
        parameter: Some("keepalives_idle"),
        unit: "seconds",
        accepted: "1s to 32767s in whole seconds",
        reason: "a dead peer is found after 20 + 5 x 10 = 70 s; Linux alone begins after two hours (tcp(7))",
        set: |draft, text| {
            value::kernel_seconds(text, MAX_KEEPALIVE_SECS)
                .map(|time| draft.postgres.socket.keepalives_idle = time)
        },
        text: |draft| Some(value::show_duration(draft.postgres.socket.keepalives_idle)),
        ..PG
    },
    Row {
        name: "postgres.keepalives_interval",
        environment: "STEADFAST_POSTGRES_KEEPALIVES_INTERVAL",
        parameter: Some("keepalives_interval"),
        unit: "seconds",
        accepted: "1s to 32767s in whole seconds",
        reason: "see keepalives_idle; Linux alone waits 75 s between probes (tcp(7))",
        set: |draft, text| {
            value::kernel_seconds(text, MAX_KEEPALIVE_SECS)
                .map(|time| draft.postgres.socket.keepalives_interval = time)
        },
        text: |draft| Some(value::show_duration(draft.postgres.socket.keepalives_interval)),
        ..PG
    },
    Row {
        name: "postgres.keepalives_count",
        environment: "STEADFAST_POSTGRES_KEEPALIVES_COUNT",
        parameter: Some("keepalives_count"),
        unit: "probes",
        accepted: "1 to 127",
        reason: "see keepalives_idle; Linux alone sends nine (tcp(7))",
        set: |draft, text| {
            value::integer(text, 1..=u64::from(MAX_KEEPALIVE_COUNT))
                .map(|count| draft.postgres.socket.keepalives_count = count)
        },
        text: |draft| Some(draft.postgres.socket.keepalives_count.to_string()),
        ..PG
    },
    Row {
        name: "postgres.tcp_user_timeout",
        environment: "STEADFAST_POSTGRES_TCP_USER_TIMEOUT",
        parameter: Some("tcp_user_timeout"),
        unit: "milliseconds (as in libpq)",
        accepted: "1ms to 2147483647ms in whole milliseconds; off",
        reason: "keepalives do not fire while sent data is unacknowledged, and Linux then repeats it for \
                 about 15 minutes (tcp(7), `tcp_retries2`); libpq leaves it at that",
        set: |draft, text| {
            let timeout = value::optional_duration(text, Unit::Milliseconds)?;
            draft.postgres.socket.tcp_user_timeout = timeout;
            Ok(())
        },
        text: |draft| Some(value::show_optional_duration(draft.postgres.socket.tcp_user_timeout)),
        ..PG
    },
];
