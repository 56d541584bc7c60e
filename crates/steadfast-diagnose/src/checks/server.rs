//! Which server it is, for how long it has run, and whether it takes writes.

use std::time::Duration;

use steadfast::config::TargetSession;

use crate::check::{Check, Running};
use crate::context::Context;
use crate::finding::{Outcome, Problem};
use crate::layer::Layer;
use crate::session::Row;
use crate::shown::{Shown, shown};
use crate::story;
use crate::words::unanswered;

/// Which server it is.
#[derive(Debug)]
pub(crate) struct Server;

impl Check for Server {
    fn id(&self) -> &'static str {
        "server"
    }

    fn layer(&self) -> Layer {
        Layer::Server
    }

    fn about(&self) -> &'static str {
        "version, uptime, recovery, read-only"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["authentication"]
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(look(context))
    }
}

const STATE: &str = "SELECT pg_catalog.pg_is_in_recovery(), \
    extract(epoch FROM clock_timestamp() - pg_catalog.pg_postmaster_start_time()), \
    CASE WHEN pg_catalog.pg_is_in_recovery() THEN extract(epoch FROM clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp()) END, \
    (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user), \
    pg_catalog.pg_database_size(current_database())";

/// A server that started a moment ago may do so again.
const YOUNG: Duration = Duration::from_secs(120);
/// PostgreSQL supports a major version for five years; 13 ended in November 2025.
const OLDEST_SUPPORTED: u64 = 140_000;

async fn look(context: &Context) -> Outcome {
    let server = match context.server().await {
        Ok(server) => server,
        Err(fault) => return unanswered(fault, context),
    };
    let state = match context.opened().await {
        Ok(opened) => opened.session.row(STATE).await,
        Err(fault) => Err(fault),
    };
    let state = match state {
        Ok(state) => state,
        Err(fault) => return unanswered(&fault, context),
    };
    let standby = state.is_true(0);
    let read_only = server.text("default_transaction_read_only") == "on";
    let version = server.text("server_version").split(' ').next().unwrap_or_default();
    let role: Shown = if standby { "standby" } else { "primary" }.into();
    let up = state.seconds(1);
    let mut outcome =
        Outcome::new(shown!("PostgreSQL ", context.shown(version), ", up ", up, ", ", role.clone()))
            .with("version", context.shown(server.text("server_version")))
            .with("uptime", up)
            .with("role", role)
            .with("size of the database", crate::finding::Figure::Bytes(state.count(4)))
            .with("superuser", state.is_true(3));
    if standby && !state.is_null(2) {
        outcome.add("last replayed transaction", state.seconds(2));
    }
    if read_only {
        outcome.add("default_transaction_read_only", true);
    }
    outcome.problems.extend(problems(standby, read_only, &state, server.number(), context));
    outcome
}

fn problems(standby: bool, read_only: bool, state: &Row, number: u64, context: &Context) -> Vec<Problem> {
    let wanted = context.postgres().map_or(TargetSession::Any, |options| options.target_session);
    let reads =
        matches!(wanted, TargetSession::ReadOnly | TargetSession::Standby | TargetSession::PreferStandby);
    let mut problems = Vec::new();
    if standby && !reads {
        problems.push(
            Problem::warning(
                "it is a standby: every write will fail",
                "name the primary, or all servers of the cluster with target_session_attrs=read-write; for an application that only reads, say target_session_attrs=standby",
            )
            .explained(story::READ_ONLY),
        );
    } else if read_only && !reads {
        problems.push(
            Problem::warning(
                "transactions are read-only by default (default_transaction_read_only): every write will fail",
                "find out who set it (server, database or role: SELECT * FROM pg_db_role_setting); some providers do when the disk is full",
            )
            .explained(story::READ_ONLY),
        );
    }
    if state.seconds(1) < YOUNG && !context.hosts_are_local() {
        problems.push(Problem::warning(
            shown!("the server was started only ", state.seconds(1), " ago"),
            "if nobody restarted it, look at its log and memory for a crash; connections opened before that are gone",
        ));
    }
    if number < OLDEST_SUPPORTED {
        problems.push(Problem::warning(
            "this version gets no fixes any more",
            "plan an upgrade to a supported version (https://www.postgresql.org/support/versioning/)",
        ));
    }
    problems
}
