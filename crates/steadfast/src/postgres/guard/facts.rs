//! What a server says of itself that a transaction's outcome depends on.

use std::error::Error;

use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, PgLsn, Type};

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

/// The server and the process. Kept short, and the two questions apart: the driver never gives back the room that its longest
/// request took.
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
pub(super) const SERVER: &str = of_server!("");

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
    pub(super) fn read(row: &Row) -> Result<Self, tokio_postgres::Error> {
        let lsn = |index| row.try_get::<_, Option<PgLsn>>(index).map(|lsn| lsn.map(u64::from));
        let timeline = row.try_get::<_, Option<&str>>(6)?.and_then(|name| name.get(..8));
        let of_transaction = row.len() > 9;
        Ok(Self {
            process: row.try_get::<_, i32>(0)?.cast_unsigned(),
            process_started: row.try_get::<_, Timestamp>(1)?.as_microsecond(),
            system: row.try_get::<_, i64>(2)?.cast_unsigned(),
            witness: row.try_get::<_, Option<Timestamp>>(3)?.map(Timestamp::as_microsecond),
            now: row.try_get::<_, Timestamp>(4)?.as_microsecond(),
            in_recovery: row.try_get(5)?,
            timeline: timeline.and_then(|digits| u32::from_str_radix(digits, 16).ok()),
            unlogged: row.try_get(7)?,
            recovered_to: lsn(8)?,
            lsn: if of_transaction { lsn(9)? } else { None },
            xid: if of_transaction { row.try_get::<_, Option<Xid>>(10)?.map(|xid| xid.0) } else { None },
        })
    }
}

/// A transaction's id in the server's binary form (its `xid8`).
pub(super) struct Xid(pub(super) u64);

impl<'a> FromSql<'a> for Xid {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(u64::from_be_bytes(raw.try_into()?)))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::XID8
    }
}
