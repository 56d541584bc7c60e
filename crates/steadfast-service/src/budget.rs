//! Whether the server has as many connections as all workers together may open.

use std::fmt;

use steadfast::database::BackendKind;
use steadfast::time::Instant;
use steadfast::{Database, Error, params};

/// What the workers want, and what the server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    pub(crate) workers: usize,
    /// Size and overflow of one pool.
    pub(crate) per_worker: usize,
    pub(crate) facts: Facts,
}

/// What the server says. Limits below zero are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) max_connections: i64,
    /// For superusers, and for roles with `pg_use_reserved_connections`.
    pub(crate) reserved: i64,
    /// Connections of anybody but these workers.
    pub(crate) others: i64,
    pub(crate) role_limit: i64,
    pub(crate) database_limit: i64,
}

const FACTS: &str = "\
SELECT current_setting('max_connections')::bigint AS max_connections, \
  current_setting('superuser_reserved_connections')::bigint \
    + coalesce(nullif(current_setting('reserved_connections', true), '')::bigint, 0) AS reserved, \
  (SELECT count(*) FROM pg_stat_activity \
    WHERE backend_type = 'client backend' AND strpos(application_name, $1) = 0) AS others, \
  coalesce((SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user), -1)::bigint AS role_limit, \
  coalesce((SELECT datconnlimit FROM pg_database WHERE datname = current_database()), -1)::bigint \
    AS database_limit";

impl Facts {
    /// Asks the server; none where there is no server. `family` is what the names of these workers' connections contain.
    pub(crate) async fn ask(
        database: &Database,
        family: &str,
        deadline: Instant,
    ) -> Result<Option<Self>, Error> {
        if database.backend() != BackendKind::Postgres {
            return Ok(None);
        }
        let rows = database.query(FACTS, &params![format!(".{family}.")], Some(deadline)).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(Self {
            max_connections: row.get("max_connections")?,
            reserved: row.get("reserved")?,
            others: row.get("others")?,
            role_limit: row.get("role_limit")?,
            database_limit: row.get("database_limit")?,
        }))
    }
}

impl Budget {
    /// The most that these workers can open together.
    pub(crate) fn wanted(&self) -> usize {
        self.workers.saturating_mul(self.per_worker)
    }

    /// What the server has left for them.
    pub(crate) fn left(&self) -> usize {
        let facts = &self.facts;
        let of_server = facts.max_connections - facts.reserved - facts.others;
        let limits = [facts.role_limit, facts.database_limit].into_iter().filter(|limit| *limit >= 0);
        let left = limits.chain([of_server]).min().unwrap_or_default();
        usize::try_from(left).unwrap_or_default()
    }

    pub(crate) fn fits(&self) -> bool {
        self.wanted() <= self.left()
    }

    /// What to change, each by itself.
    fn remedies(&self) -> String {
        let (left, workers) = (self.left(), self.workers.max(1));
        let mut remedies = Vec::new();
        match left / workers {
            0 => {}
            share => remedies.push(format!(
                "lower STEADFAST_POOL_SIZE + STEADFAST_POOL_MAX_OVERFLOW from {} to {share}",
                self.per_worker
            )),
        }
        match left / self.per_worker.max(1) {
            0 => {}
            fitting => remedies.push(format!("run {fitting} instead of {workers} workers")),
        }
        let facts = &self.facts;
        let of_server = facts.max_connections - facts.reserved - facts.others;
        let wanted = i64::try_from(self.wanted()).unwrap_or(i64::MAX);
        if of_server < wanted {
            remedies.push(format!(
                "raise the server's max_connections from {} to {}",
                facts.max_connections,
                facts.max_connections + (wanted - of_server)
            ));
        }
        for (limit, whose) in [(facts.role_limit, "ROLE"), (facts.database_limit, "DATABASE")] {
            if (0..wanted).contains(&limit) {
                remedies.push(format!("ALTER {whose} .. CONNECTION LIMIT {wanted}"));
            }
        }
        remedies.join("; or ")
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { workers, per_worker, facts } = self;
        let Facts { max_connections, reserved, others, .. } = facts;
        write!(
            f,
            "{workers} workers x {per_worker} = {} connections; the server has {} left (max_connections \
             {max_connections}, reserved {reserved}, others use {others})",
            self.wanted(),
            self.left()
        )?;
        if self.fits() { Ok(()) } else { write!(f, ": {}", self.remedies()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(workers: usize, others: i64) -> Budget {
        let facts = Facts { max_connections: 100, reserved: 3, others, role_limit: -1, database_limit: -1 };
        Budget { workers, per_worker: 15, facts }
    }

    #[test]
    fn what_fits_is_told_without_advice() {
        let budget = budget(4, 10);
        assert!(budget.fits());
        assert_eq!(
            budget.to_string(),
            "4 workers x 15 = 60 connections; the server has 87 left (max_connections 100, reserved 3, others use 10)"
        );
    }

    #[test]
    fn what_does_not_fit_is_told_with_figures_to_change() {
        let budget = budget(8, 10);
        assert!(!budget.fits());
        let text = budget.to_string();
        for advice in ["from 15 to 10", "run 5 instead of 8 workers", "max_connections from 100 to 133"] {
            assert!(text.contains(advice), "{text}");
        }
        // Each advice alone is enough.
        assert!(Budget { per_worker: 10, ..budget }.fits());
        assert!(Budget { workers: 5, ..budget }.fits());
        assert!(Budget { facts: Facts { max_connections: 133, ..budget.facts }, ..budget }.fits());
    }

    #[test]
    fn limits_of_role_and_database_count_too() {
        let mut limited = budget(2, 0);
        limited.facts.role_limit = 20;
        assert_eq!(limited.left(), 20);
        assert!(limited.to_string().contains("ALTER ROLE .. CONNECTION LIMIT 30"), "{limited}");
        limited.facts.database_limit = 0;
        assert_eq!(limited.left(), 0);
    }

    #[test]
    fn a_server_that_is_more_than_full_has_nothing_left() {
        assert_eq!(budget(1, 200).left(), 0);
    }
}
