//! Sessions of this role that sit in a transaction and do nothing: they hold locks, and keep vacuum from cleaning up.

use crate::check::{Check, Running};
use crate::context::Context;
use crate::finding::{Outcome, Problem};
use crate::layer::Layer;
use crate::session::Row;
use crate::shown::{Shown, shown};
use crate::story;
use crate::words::{many, unanswered};

/// Sessions that sit in a transaction and do nothing.
#[derive(Debug)]
pub(crate) struct Ghosts;

impl Check for Ghosts {
    fn id(&self) -> &'static str {
        "ghosts"
    }

    fn layer(&self) -> Layer {
        Layer::Behaviour
    }

    fn about(&self) -> &'static str {
        "sessions of this role that are idle in a transaction, and whom they block"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["authentication"]
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(look(context))
    }
}

async fn look(context: &Context) -> Outcome {
    let age = context.options.ghost_age;
    let sql = format!(
        "SELECT a.pid, extract(epoch FROM clock_timestamp() - a.state_change), coalesce(a.application_name, ''), \
         coalesce(host(a.client_addr), 'this host'), \
         (SELECT count(*) FROM pg_catalog.pg_stat_activity b WHERE a.pid = ANY (pg_catalog.pg_blocking_pids(b.pid))) \
         FROM pg_catalog.pg_stat_activity a WHERE a.usename = current_user AND a.pid <> pg_catalog.pg_backend_pid() \
         AND a.state LIKE 'idle in transaction%' AND a.state_change < clock_timestamp() - make_interval(secs => {}) \
         ORDER BY a.state_change LIMIT 20",
        age.as_secs_f64()
    );
    let asked = match context.opened().await {
        Ok(opened) => opened.session.rows(&sql).await,
        Err(fault) => Err(fault),
    };
    let ghosts = match asked {
        Ok(ghosts) => ghosts,
        Err(fault) => return unanswered(&fault, context),
    };
    let mut outcome = Outcome::new("no session is idle in a transaction").with("older than", age);
    if ghosts.is_empty() {
        return outcome;
    }
    outcome.summary = shown!(many(ghosts.len(), "session is", "sessions are"), " idle in a transaction");
    for ghost in &ghosts {
        let blocked = ghost.count(4);
        let value = shown!(
            "idle for ",
            ghost.seconds(1),
            ", ",
            application(ghost, context),
            " from ",
            context.shown(ghost.text(3)),
            ", blocks ",
            blocked
        );
        outcome.add(shown!("process ", ghost.count(0)), value);
    }
    let blocked: u64 = ghosts.iter().map(|ghost| ghost.count(4)).sum();
    let processes = Shown::join(ghosts.iter().map(|ghost| shown!(ghost.count(0))), ", ");
    let cause = shown!(
        "sessions of this role hold transactions open and do nothing, for up to ",
        ghosts.iter().map(|ghost| ghost.seconds(1)).max().unwrap_or_default(),
        if blocked > 0 { "; others wait for their locks" } else { "; nobody waits for them yet" }
    );
    let remedy = shown!(
        "end them (SELECT pg_terminate_backend(pid), for ",
        processes,
        "), find the code that neither commits nor rolls back, and set idle_in_transaction_session_timeout for this role"
    );
    let problem = if blocked > 0 { Problem::failure(cause, remedy) } else { Problem::warning(cause, remedy) };
    outcome.problem(problem.explained(story::IDLE_IN_TRANSACTION))
}

fn application(ghost: &Row, context: &Context) -> Shown {
    match ghost.text(2) {
        "" => "an application without a name".into(),
        name => context.shown(name),
    }
}
