//! A drill: what happens when connections are ended, idle and in use, and when the answer to a COMMIT is lost.
//!
//! It ends sessions of its own and writes nothing: a transaction gets a number from the server, and that number is
//! asked for afterwards.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use steadfast::config::{BackendOptions, Config, PostgresOptions, SslMode};
use steadfast::sql::TransactionOptions;
use steadfast::time::Instant;
use steadfast::{Database, Error, Verdict as May};

use crate::check::{Check, Running};
use crate::context::{Context, unusable};
use crate::finding::{Outcome, Problem};
use crate::layer::Layer;
use crate::net::hosts::Place;
use crate::net::relay::Relay;
use crate::session::Session;
use crate::shown::shown;
use crate::words::problem_of;

/// What happens when connections are ended.
#[derive(Debug)]
pub(crate) struct Recovery;

impl Check for Recovery {
    fn id(&self) -> &'static str {
        "recovery"
    }

    fn layer(&self) -> Layer {
        Layer::Behaviour
    }

    fn about(&self) -> &'static str {
        "with --drill: ends connections of its own and loses the answer to a COMMIT, and measures the way back"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["authentication"]
    }

    fn deadline(&self, context: &Context) -> Duration {
        context.connect_timeout().saturating_mul(3).saturating_add(Duration::from_secs(30))
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(look(context))
    }
}

const WITHIN: Duration = Duration::from_secs(20);
const GOODBYE: Duration = Duration::from_millis(500);

async fn look(context: &Context) -> Outcome {
    if !context.options.drill {
        return Outcome::skipped(
            "not asked for: --drill ends connections of its own and measures the way back",
        );
    }
    let opened = match context.opened().await {
        Ok(opened) => opened,
        Err(fault) => return Outcome::of(problem_of(&fault, context)),
    };
    let session = &opened.session;
    match session.row("SELECT pg_catalog.pg_backend_pid()").await {
        Ok(row) if row.count(0) != u64::from(session.connection().server().process) => {
            return Outcome::skipped(
                "a pooler stands in between: the sessions behind it are not ours to end",
            );
        }
        Ok(_) => {}
        Err(fault) => return Outcome::of(problem_of(&fault, context)),
    }
    let mut outcome = Outcome::new("");
    let result = async {
        ended_while_idle(context, session, &mut outcome).await?;
        ended_in_transaction(context, session, &mut outcome).await?;
        lost_answer(context, session, &mut outcome).await
    };
    if let Err(error) = result.await {
        let problem = match error.fault() {
            Some(fault) => problem_of(fault, context),
            None => Problem::failure(
                context.shown(&error.to_string()),
                "run the drill again; if it stays so, please report it",
            ),
        };
        outcome.problems.push(problem);
    }
    if let Some(problem) = outcome.problems.first() {
        outcome.summary = problem.cause.clone();
    }
    outcome
}

fn open(config: &Config) -> Result<Database, Error> {
    Database::open_observed(config, Vec::new()).map_err(|error| unusable(&error).into())
}

fn config_of(context: &Context) -> Config {
    // The check needs authentication, which needs a configuration.
    context.config().cloned().unwrap_or_else(Config::sqlite_memory)
}

const OWN_PROCESS: &str = "SELECT pg_catalog.pg_backend_pid()::bigint AS pid";

/// Ends a session; it may end no other than one of this role.
async fn end(session: &Session, process: i64) -> Result<bool, Error> {
    let row = session.row(&format!("SELECT pg_catalog.pg_terminate_backend({process})")).await?;
    Ok(row.is_true(0))
}

async fn ended_while_idle(context: &Context, session: &Session, outcome: &mut Outcome) -> Result<(), Error> {
    let database = open(&config_of(context))?;
    let deadline = || Some(Instant::now() + WITHIN);
    let process = database.query(OWN_PROCESS, &[], deadline()).await?;
    let process: i64 = process.first().map(|row| row.get("pid")).transpose()?.unwrap_or_default();
    let ended = end(session, process).await?;
    let started = Instant::now();
    let answer = database.query(OWN_PROCESS, &[], deadline()).await;
    let took = started.elapsed();
    let _left = database.close(Instant::now() + GOODBYE).await;
    outcome.add("ended an idle connection", ended);
    let rows = answer?;
    let now: i64 = rows.first().map(|row| row.get("pid")).transpose()?.unwrap_or_default();
    outcome.add(
        "next query, on another connection",
        shown!(took, if now == process { " (the same!)" } else { "" }),
    );
    outcome.summary = shown!("back ", took, " after a connection was ended");
    Ok(())
}

async fn ended_in_transaction(
    context: &Context,
    session: &Session,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let database = open(&config_of(context))?;
    let tries = AtomicU32::new(0);
    let started = Instant::now();
    let result = database
        .transaction(TransactionOptions::default(), Some(Instant::now() + WITHIN), |tx| {
            let tries = &tries;
            async move {
                let row = tx.query_one(OWN_PROCESS, &[]).await?;
                if tries.fetch_add(1, Ordering::AcqRel) == 0 {
                    end(session, row.get("pid")?).await?;
                }
                tx.query(OWN_PROCESS, &[]).await?;
                Ok::<_, Error>(())
            }
        })
        .await;
    let took = started.elapsed();
    let _left = database.close(Instant::now() + GOODBYE).await;
    outcome.add(
        "transaction whose connection was ended",
        shown!("done after ", took, ", in ", tries.load(Ordering::Acquire), " tries"),
    );
    if let Err(error) = result {
        let cause = shown!(
            "a transaction whose connection was ended was not run again: ",
            context.shown(&error.to_string())
        );
        outcome
            .problems
            .push(Problem::failure(cause, "run the drill again; if it stays so, please report it"));
    }
    Ok(())
}

/// The server commits, and nobody hears of it.
async fn lost_answer(context: &Context, session: &Session, outcome: &mut Outcome) -> Result<(), Error> {
    let Some(place) = way(context).await else { return Ok(()) };
    let Ok(relay) = Relay::to(place.clone()).await else {
        outcome.add("lost acknowledgement", "not drilled: this machine gives no port to listen on");
        return Ok(());
    };
    let mut config = config_of(context);
    if let BackendOptions::Postgres(options) = &mut config.backend {
        through(options, &place, relay.address);
    }
    let database = open(&config)?;
    let numbers = parking_lot::Mutex::new(Vec::new());
    let started = Instant::now();
    let result = database
        .transaction(TransactionOptions::default(), Some(Instant::now() + WITHIN), |tx| {
            let (relay, numbers) = (&relay, &numbers);
            async move {
                let row = tx.query_one("SELECT pg_catalog.txid_current() AS number", &[]).await?;
                let number: i64 = row.get("number")?;
                let is_first = {
                    let mut numbers = numbers.lock();
                    numbers.push(number);
                    numbers.len() == 1
                };
                // To the library this may be a change, so that it asks now for what it wants to know before COMMIT.
                tx.batch("DO $$ BEGIN PERFORM pg_catalog.txid_current(); END $$").await?;
                if is_first {
                    // What the server says next is its answer to COMMIT.
                    relay.lose_next_answer();
                }
                Ok::<_, Error>(())
            }
        })
        .await;
    let took = started.elapsed();
    let _left = database.close(Instant::now() + GOODBYE).await;
    let numbers = numbers.into_inner();
    let first = numbers.first().copied().unwrap_or_default();
    let status = session.row(&format!("SELECT pg_catalog.txid_status({first})")).await?;
    let committed = status.text(0) == "committed";
    outcome.add("answers lost", u64::from(relay.lost()));
    outcome.add("the server says of that transaction", context.shown(status.text(0)));
    outcome.add("how often it ran", numbers.len());
    outcome.add("told within", took);
    let told = match &result {
        Ok(()) => "committed",
        Err(error) if error.verdict() == May::OutcomeUnknown => "outcome unknown",
        Err(_) => "not committed",
    };
    outcome.add("the application was told", told);
    if committed && (numbers.len() > 1 || told == "not committed") {
        let cause = "a transaction that the server had committed was run again or reported as failed";
        outcome
            .problems
            .push(Problem::failure(cause, "this must never happen: please report it with this output"));
    }
    Ok(())
}

/// The first address that answers.
pub(super) async fn way(context: &Context) -> Option<Place> {
    context.hosts().await.first_open().map(|door| door.place.clone())
}

/// Sends connections through a relay; the name that a certificate is checked for stays the same.
pub(super) fn through(options: &mut PostgresOptions, place: &Place, relay: SocketAddr) {
    if matches!(place, Place::Unix(_)) {
        // There is no TLS on a Unix socket, and the server takes these for such.
        options.tls.mode = SslMode::Disable;
        options.hosts = vec![(relay.ip().to_string(), relay.port())];
        options.addresses = Vec::new();
        return;
    }
    let name = options.hosts.first().map_or_else(|| relay.ip().to_string(), |(name, _)| name.clone());
    options.hosts = vec![(name, relay.port())];
    options.addresses = vec![Some(relay.ip())];
}
