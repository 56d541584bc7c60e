//! What a server says of itself that a transaction's outcome depends on.

use crate::postgres::line::{Failure, Line, RawRow};

/// The server, the process that serves the connection, and the transaction in it, at one moment.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// The process that does the work; behind a pooler another one than was announced, and another each time.
    pub(super) process: u32,
    /// When it started. Microseconds since 1970 by the server's clock, as all times here.
    pub(super) process_started: i64,
    /// The cluster.
    pub(super) system: u64,
    /// The crash witness.
    pub(super) witness: Option<i64>,
    /// The server's clock.
    pub(super) now: i64,
    /// A standby knows neither timeline nor position.
    pub(super) in_recovery: bool,
    pub(super) timeline: Option<u32>,
    /// A position in the log behind what the transaction has changed so far.
    pub(super) lsn: Option<u64>,
    /// The id of the transaction, when it has one.
    pub(super) xid: Option<u64>,
    /// There are tables of which the log holds nothing: a change of them is no proof that the id of the transaction
    /// stands in the log.
    pub(super) unlogged: bool,
    /// Where the server's last recovery ended.
    pub(super) recovered_to: Option<u64>,
}

/// The server and the process.
macro_rules! of_server {
    ($more:literal) => {
        concat!(
            "SELECT pg_catalog.pg_backend_pid(), a.backend_start, c.system_identifier, w.stats_reset, \
            pg_catalog.clock_timestamp(), r.r, \
            CASE WHEN NOT r.r THEN pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()) END, \
            EXISTS (SELECT FROM pg_catalog.pg_class u WHERE u.relpersistence = 'u') \
                OR pg_catalog.pg_my_temp_schema() <> 0, \
            pg_catalog.pg_last_wal_replay_lsn()",
            $more,
            " FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) a, \
            pg_catalog.pg_control_system() c, pg_catalog.pg_stat_bgwriter w, pg_catalog.pg_is_in_recovery() r"
        )
    };
}

/// Asks for [`Facts`] but for those of the transaction.
///
/// Any role may ask all of this. Needs PostgreSQL 13.
const SERVER: &str = of_server!("");

/// Asks for all [`Facts`]. `$1` says what is done to make sure that the log bears the transaction's id: 0 nothing, 1 a
/// record is written when it has one, 2 it is given one first. Such a record is an empty message for logical decoding
/// (PostgreSQL manual, 9.27.6), which whoever decodes can tell by its prefix.
pub(super) const FACTS: &str = of_server!(
    ", CASE WHEN r.r THEN NULL \
        WHEN $1::int4 >= 2 OR ($1::int4 = 1 AND pg_catalog.pg_current_xact_id_if_assigned() IS NOT NULL) \
        THEN pg_catalog.pg_logical_emit_message(true, 'steadfast', ''::text) \
        ELSE pg_catalog.pg_current_wal_insert_lsn() END, \
    pg_catalog.pg_current_xact_id_if_assigned()"
);

impl Facts {
    /// Asks for all but those of the transaction.
    pub(super) async fn ask(line: &Line) -> Result<Self, Failure> {
        let rows = line.ask(SERVER, &[]).await?;
        Self::read(rows.first().unwrap_or(&RawRow::default()))
    }

    pub(super) fn read(row: &RawRow) -> Result<Self, Failure> {
        let timeline = row.text(6).and_then(|name| name.get(..8));
        Ok(Self {
            process: row.number(0)?,
            process_started: row.moment(1)?,
            system: row.large(2)?,
            witness: row.maybe_moment(3)?,
            now: row.moment(4)?,
            in_recovery: row.is_true(5)?,
            timeline: timeline.and_then(|digits| u32::from_str_radix(digits, 16).ok()),
            unlogged: row.is_true(7)?,
            recovered_to: row.maybe_large(8)?,
            lsn: row.maybe_large(9)?,
            xid: row.maybe_large(10)?,
        })
    }
}
