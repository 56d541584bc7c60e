//! What this server and this role allow of what the library can do.

use crate::check::{Check, Running};
use crate::context::Context;
use crate::finding::{Outcome, Problem};
use crate::layer::Layer;
use crate::shown::shown;
use crate::story;
use crate::words::unanswered;

/// What this server and this role allow.
#[derive(Debug)]
pub(crate) struct Features;

impl Check for Features {
    fn id(&self) -> &'static str {
        "features"
    }

    fn layer(&self) -> Layer {
        Layer::Schema
    }

    fn about(&self) -> &'static str {
        "prepared statements across transactions, rights to find out what became of a COMMIT"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["authentication"]
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(look(context))
    }
}

/// What the resolution of an unknown outcome asks: the state of a transaction, the crash witness, the other sessions
/// of this role, the end of one of them, and the identity of the server.
const RIGHTS: &str = "SELECT \
    coalesce((SELECT bool_and(has_function_privilege(oid, 'EXECUTE')) FROM pg_catalog.pg_proc \
        WHERE proname IN ('pg_xact_status', 'txid_status') AND pronamespace = 'pg_catalog'::regnamespace), false), \
    has_table_privilege('pg_catalog.pg_stat_bgwriter', 'SELECT'), \
    (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE usename = current_user AND backend_start IS NOT NULL), \
    coalesce((SELECT bool_and(has_function_privilege(oid, 'EXECUTE')) FROM pg_catalog.pg_proc \
        WHERE proname = 'pg_terminate_backend' AND pronamespace = 'pg_catalog'::regnamespace), false), \
    coalesce((SELECT bool_and(has_function_privilege(oid, 'EXECUTE')) FROM pg_catalog.pg_proc \
        WHERE proname = 'pg_control_system' AND pronamespace = 'pg_catalog'::regnamespace), false), \
    pg_catalog.pg_has_role(current_user, 'pg_signal_backend', 'MEMBER'), \
    pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'MEMBER')";

async fn look(context: &Context) -> Outcome {
    let asked = match context.opened().await {
        Ok(opened) => opened.session.row(RIGHTS).await,
        Err(fault) => Err(fault),
    };
    let row = match asked {
        Ok(row) => row,
        Err(fault) => return unanswered(&fault, context),
    };
    let forgets = context.forgets_statements().await;
    let (status, witness, sees) = (row.is_true(0), row.is_true(1), row.count(2) > 0);
    let (ends, identity) = (row.is_true(3), row.is_true(4));
    let resolves = status && witness && sees && ends && identity;
    let mut outcome = Outcome::new(match (forgets, resolves) {
        (false, true) => "prepared statements and the outcome of a lost COMMIT can be relied on",
        (true, _) => "prepared statements are forgotten between transactions",
        (false, false) => "the outcome of a lost COMMIT cannot be found out in every case",
    })
    .with("prepared statements last", !forgets)
    .with("may ask for the state of a transaction", status)
    .with("may read the crash witness", witness)
    .with("sees its own sessions", sees)
    .with("may end its own sessions", ends)
    .with("may read the server's identity", identity)
    .with("may end others' sessions (pg_signal_backend)", row.is_true(5))
    .with("sees others' statements (pg_read_all_stats)", row.is_true(6));
    let cached = context.postgres().map_or(0, |options| options.statement_cache);
    if forgets && cached > 0 {
        let remedy = "set statement_cache=0 in the URL, or let the pooler keep prepared statements (PgBouncer 1.21: max_prepared_statements)";
        let cause = shown!(
            "a statement prepared in one transaction is unknown in the next, and up to ",
            cached,
            " are kept for each connection"
        );
        outcome.problems.push(Problem::failure(cause, remedy).explained(story::PREPARED));
    }
    if !resolves {
        let cause = "when the answer to a COMMIT is lost, what became of it can be told in fewer cases";
        let remedy = "grant EXECUTE on pg_xact_status, pg_terminate_backend and pg_control_system, and SELECT on pg_stat_bgwriter, to this role";
        outcome.problems.push(Problem::warning(cause, remedy));
    }
    outcome
}
