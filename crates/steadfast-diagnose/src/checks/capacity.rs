//! How many connections the server has, who holds them, and whether ours will find room.

use crate::check::{Check, Running};
use crate::context::Context;
use crate::finding::{Outcome, Problem};
use crate::layer::Layer;
use crate::session::Row;
use crate::shown::{Shown, shown};
use crate::story;
use crate::words::unanswered;

/// How many connections there are, and who holds them.
#[derive(Debug)]
pub(crate) struct Capacity;

impl Check for Capacity {
    fn id(&self) -> &'static str {
        "capacity"
    }

    fn layer(&self) -> Layer {
        Layer::Server
    }

    fn about(&self) -> &'static str {
        "connections: the most, reserved, used by role and database, against workers x pool"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["authentication"]
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(look(context))
    }
}

/// Of other roles' sessions an ordinary role sees only that they are there; what has no database is none of them.
const USED: &str = "SELECT count(*), count(*) FILTER (WHERE usename = current_user), \
    count(*) FILTER (WHERE datname = current_database()), \
    count(*) FILTER (WHERE usename = current_user AND state = 'idle'), \
    (SELECT rolconnlimit FROM pg_catalog.pg_roles WHERE rolname = current_user), \
    (SELECT datconnlimit FROM pg_catalog.pg_database WHERE datname = current_database()), \
    (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) \
    FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend' OR (backend_type IS NULL AND datid IS NOT NULL)";

/// Who holds most of them.
const BY_ROLE: &str = "SELECT coalesce(usename, '(hidden)'), coalesce(datname, '-'), count(*) \
    FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend' OR (backend_type IS NULL AND datid IS NOT NULL) \
    GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 5";

/// From here on one burst is enough.
const NEARLY_FULL: f64 = 0.9;

async fn look(context: &Context) -> Outcome {
    let (server, opened) = match (context.server().await, context.opened().await) {
        (Ok(server), Ok(opened)) => (server, opened),
        (Err(fault), _) => return unanswered(fault, context),
        (_, Err(fault)) => return unanswered(&fault, context),
    };
    let session = &opened.session;
    let (used, holders) = match (session.row(USED).await, session.rows(BY_ROLE).await) {
        (Ok(used), Ok(holders)) => (used, holders),
        (Err(fault), _) | (_, Err(fault)) => return unanswered(&fault, context),
    };
    let most = server.count("max_connections");
    let reserved =
        server.count("superuser_reserved_connections").saturating_add(server.count("reserved_connections"));
    let open = most.saturating_sub(reserved);
    let taken = used.count(0);
    let mut outcome = Outcome::new(shown!(taken, " of ", open, " connections in use"))
        .with("max_connections", most)
        .with("reserved", reserved)
        .with("in use", taken)
        .with("in use by this role", used.count(1))
        .with("of these idle", used.count(3))
        .with("in use on this database", used.count(2));
    for row in &holders {
        let holder = shown!("held by ", context.shown(row.text(0)), " on ", context.shown(row.text(1)));
        outcome.add(holder, row.count(2));
    }
    let need = Need::of(context);
    let by_need = shown!(need.workers, " x ", need.pool, " = ", need.total());
    outcome.add("workers x (size + max_overflow)", by_need.clone());
    outcome.problems.extend(limits(&used, &need, open, &by_need));
    if taken as f64 >= open as f64 * NEARLY_FULL {
        let cause = shown!("the server is nearly full: ", taken, " of ", open, " connections are in use");
        let remedy = "lower the pools of whoever holds most of them, end forgotten sessions, or put a pooler in between; raising max_connections needs memory and a restart";
        outcome.problems.push(Problem::warning(cause, remedy).explained(story::TOO_MANY));
    }
    outcome
}

/// What the application needs when it is busy.
struct Need {
    workers: u64,
    pool: u64,
}

impl Need {
    fn of(context: &Context) -> Self {
        let set = context.input.environment.get("WEB_CONCURRENCY").and_then(|text| text.trim().parse().ok());
        let workers = context.options.workers.or(set).unwrap_or(1);
        let pool = context.config().map_or(1, |config| config.pool.capacity());
        Self { workers: workers.into(), pool: u64::try_from(pool).unwrap_or(u64::MAX) }
    }

    fn total(&self) -> u64 {
        self.workers.saturating_mul(self.pool)
    }
}

fn limits(used: &Row, need: &Need, open: u64, by_need: &Shown) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut check = |limit: f64, whose: &'static str, entry: &'static str| {
        // -1 is no limit.
        if limit >= 0.0 && need.total() as f64 > limit {
            let cause = shown!(
                by_need.clone(),
                " connections may be wanted under load, and ",
                whose,
                " allows ",
                limit as u64
            );
            let remedy = "lower STEADFAST_POOL_SIZE or STEADFAST_POOL_MAX_OVERFLOW, or the number of workers, so that all applications together stay below it";
            problems.push(Problem::warning(cause, remedy).explained(entry));
        }
    };
    check(open as f64, "the server", story::TOO_MANY);
    if !used.is_true(6) {
        check(used.number(4), "this role's CONNECTION LIMIT", story::TOO_MANY_FOR_ROLE);
        check(used.number(5), "this database's CONNECTION LIMIT", story::TOO_MANY);
    }
    problems
}
