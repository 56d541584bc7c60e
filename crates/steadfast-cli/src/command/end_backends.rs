//! `steadfast end-backends`: ends what dead workers have left running on their servers.
//!
//! A server goes on with the query of a client that was killed until it wants to answer, which may be hours. Each worker
//! has an `application_name` that nobody else ever has, and by that its sessions are found and ended. This is a process of
//! its own, so that the master has nothing to do with the database and can wait for a server that is away.

use std::collections::BTreeSet;

use steadfast::config::{BackendOptions, Config, TargetSession};
use steadfast::time::{Duration, Instant, sleep};
use steadfast::{Database, Error, params};

use crate::exit::Exit;
use crate::setup::Setup;

/// How long to go on while servers cannot be reached. Sessions that outlive that are ended by the server's own limits, or
/// by somebody who reads the log.
const LIMIT: Duration = Duration::from_secs(600);

/// One try on one server.
const TRY: Duration = Duration::from_secs(10);

/// Between two tries: while one lasts, the pool notices at once when the server is back.
const PAUSE: Duration = Duration::from_secs(1);

/// Between two looks whether sessions that were told to end have ended.
const LOOK: Duration = Duration::from_millis(100);

const END: &str = "\
SELECT count(*) AS found, count(pg_terminate_backend(pid)) AS told \
  FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name = $1";

/// Ends them on every server that the configuration names, and returns when none is left, or when it is time to give up.
pub(crate) async fn run(setup: &Setup, tags: &[String]) -> Exit {
    let BackendOptions::Postgres(postgres) = &setup.config.backend else { return Exit::Done };
    let end = Instant::now() + LIMIT;
    // A worker may have been connected to any of them: to one that was the primary then.
    let servers = postgres.hosts.iter().enumerate().map(|(index, host)| {
        let mut one = postgres.clone();
        one.addresses = one.addresses.get(index).map(|address| vec![*address]).unwrap_or_default();
        one.hosts = vec![host.clone()];
        one.target_session = TargetSession::Any;
        "steadfast end-backends".clone_into(&mut one.application_name);
        let mut config = Config::postgres(*one);
        config.pool.size = 1;
        config.pool.max_overflow = 0;
        config.pool.connect_timeout = setup.config.pool.connect_timeout;
        config
    });
    let mut exit = Exit::Done;
    for config in servers {
        if let Err(error) = end_on(&config, tags, end).await {
            tracing::error!(server = config.target(), %error, ?tags, "sessions of dead workers may be left");
            exit = Exit::Unavailable;
        }
    }
    exit
}

async fn end_on(config: &Config, tags: &[String], end: Instant) -> Result<(), Error> {
    let database = Database::open(config)?;
    let mut told = BTreeSet::new();
    let result = loop {
        match end_all(&database, tags, &mut told).await {
            Ok(0) => break Ok(()),
            Ok(left) if Instant::now() >= end => {
                tracing::error!(left, "sessions of dead workers do not end");
                break Ok(());
            }
            Ok(_) => sleep(LOOK).await,
            Err(error) if Instant::now() >= end => break Err(error),
            Err(error) => {
                tracing::debug!(%error, "not yet; trying on");
                sleep(PAUSE.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
            }
        }
    };
    let _left = database.close(Instant::now() + Duration::from_secs(1)).await;
    result
}

/// Tells all of them to end, and says how many there were.
async fn end_all(database: &Database, tags: &[String], told: &mut BTreeSet<String>) -> Result<i64, Error> {
    let mut left = 0;
    for tag in tags {
        let rows = database.query(END, &params![tag.clone()], Some(Instant::now() + TRY)).await?;
        let found: i64 = rows.first().map_or(Ok(0), |row| row.get("found"))?;
        if found > 0 && told.insert(tag.clone()) {
            tracing::info!(tag, found, "ending the sessions of a dead worker");
        }
        left += found;
    }
    Ok(left)
}
