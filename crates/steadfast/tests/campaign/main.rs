//! The campaign: units of work under faults at random moments, each with a token of its own, and afterwards a
//! comparison of what was told with what is stored.
//!
//! `STEADFAST_CAMPAIGN=long` plays the long version of each (10,000 operations over the network, 1,000 over crashes, 200
//! over promotions); `STEADFAST_CAMPAIGN_SEED` replays the random choices of one.
#![cfg(test)]
#![cfg(all(unix, feature = "postgres", feature = "sqlite"))]
#![expect(
    clippy::disallowed_methods,
    reason = "tests start tasks as an application would, and are told their length"
)]

mod audit;
mod crashes;
mod network;
mod promotion;
mod storm;
mod strategy;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use steadfast::Outcome;
use steadfast::event::{Event, Observer};
use steadfast::{Config, Database, Error};

/// How long a version is played.
fn is_long() -> bool {
    std::env::var("STEADFAST_CAMPAIGN").is_ok_and(|version| version == "long")
}

/// The random choices of this run; printed, so that they can be repeated.
fn seed(what: &str) -> u64 {
    let given = std::env::var("STEADFAST_CAMPAIGN_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| fastrand::u64(..));
    println!("{what}: STEADFAST_CAMPAIGN_SEED={seed}");
    seed
}

/// A database with pings that give up soon, as a test has no time to lose.
fn open(url: &str, tally: &Arc<Tally>) -> Database {
    let mut config = Config::from_url(url).unwrap();
    config.pool.size = 12;
    config.pool.max_overflow = 8;
    config.pool.ping_timeout = Duration::from_millis(300);
    config.pool.connect_timeout = Duration::from_secs(3);
    Database::open_observed(&config, vec![Arc::clone(tally) as Arc<dyn Observer>]).unwrap()
}

/// The table that keeps each token as often as it was applied.
async fn prepare(database: &Database) {
    let created: Result<(), Error> = database
        .transaction(steadfast::sql::TransactionOptions::default(), None, async |tx| {
            tx.batch("CREATE TABLE ledger (token uuid NOT NULL); CREATE TABLE noise (n int)").await
        })
        .await;
    created.unwrap();
    database.prepare_outcomes(None).await.unwrap();
}

/// How often outcomes were asked for, by answer, and what else happened on the way.
#[derive(Debug, Default)]
struct Tally(Mutex<BTreeMap<String, usize>>);

impl Observer for Tally {
    fn observe(&self, event: &Event) {
        let what = if let Event::OutcomeResolved { outcome: Outcome::Unknown(doubt), .. } = event {
            format!("found out: unknown, {}", doubt.name())
        } else if let Event::OutcomeResolved { outcome, .. } = event {
            format!("found out: {}", outcome.name())
        } else if let Event::Fenced { in_doubt } = event {
            format!("fenced{}", if *in_doubt { " in doubt" } else { "" })
        } else if let Event::Retried { .. } = event {
            "run again".to_owned()
        } else {
            return;
        };
        *self.0.lock().unwrap().entry(what).or_default() += 1;
    }
}

impl Tally {
    fn print(&self) {
        println!("    {:?}", self.0.lock().unwrap());
    }
}
