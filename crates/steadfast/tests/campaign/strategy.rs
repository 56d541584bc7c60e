//! Ways to make sure of a write: ours, and two that are in common use and must fail.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use steadfast::sql::{Guard, TransactionOptions};
use steadfast::{Database, Error, Verdict, params};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::audit::{Operation, Told};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// `db.transaction`, with one guard or the other.
    Guarded(Guard),
    /// Whatever went wrong, again.
    BlindRetry,
    /// Ask `pg_xact_status` after a lost COMMIT, without ending the transaction that may still be there.
    StatusWithoutFence,
}

/// How the work itself is done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Work {
    pub(crate) strategy: Strategy,
    /// Between the change and COMMIT, at most.
    pub(crate) dawdle: Duration,
    pub(crate) patience: Duration,
}

impl Work {
    /// Stores tokens one after the other until it is over.
    pub(crate) async fn repeat(self, database: Database, over: Arc<AtomicBool>) -> Vec<Operation> {
        let mut done = Vec::new();
        while !over.load(Ordering::Relaxed) {
            done.push(self.run(&database).await);
            sleep(Duration::from_millis(fastrand::u64(0..100))).await;
        }
        done
    }

    /// Stores a new token.
    pub(crate) async fn run(self, database: &Database) -> Operation {
        let token = Uuid::new_v4();
        let deadline = Instant::now() + self.patience;
        let told = match self.strategy {
            Strategy::Guarded(guard) => {
                told(self.once(database, token, TransactionOptions::default().guard(guard), deadline).await)
            }
            Strategy::BlindRetry => self.blindly(database, token, deadline).await,
            Strategy::StatusWithoutFence => self.by_status(database, token, deadline).await,
        };
        Operation { token, told, told_at: Instant::now() }
    }

    async fn once(
        self,
        database: &Database,
        token: Uuid,
        options: TransactionOptions,
        deadline: Instant,
    ) -> Result<(), Error> {
        let dawdle = self.dawdle;
        database
            .transaction(options, Some(deadline), async |tx| {
                tx.execute("INSERT INTO ledger VALUES ($1)", &params![token]).await?;
                sleep(dawdle.mul_f64(fastrand::f64())).await;
                Ok(())
            })
            .await
    }

    async fn blindly(self, database: &Database, token: Uuid, deadline: Instant) -> Told {
        loop {
            let options = TransactionOptions::default().guard(Guard::Off).once();
            match self.once(database, token, options, deadline).await {
                Ok(()) => return Told::Committed,
                Err(error) if Instant::now() >= deadline => return Told::Unknown(None, error.to_string()),
                Err(_) => sleep(Duration::from_millis(5)).await,
            }
        }
    }

    async fn by_status(self, database: &Database, token: Uuid, deadline: Instant) -> Told {
        loop {
            let xid = Mutex::new(None::<String>);
            let options = TransactionOptions::default().guard(Guard::Off).once();
            let result: Result<(), Error> = database
                .transaction(options, Some(deadline), async |tx| {
                    tx.execute("INSERT INTO ledger VALUES ($1)", &params![token]).await?;
                    let row = tx.query_one("SELECT pg_current_xact_id()::text AS xid", &[]).await?;
                    *xid.lock().unwrap() = Some(row.get("xid")?);
                    sleep(self.dawdle.mul_f64(fastrand::f64())).await;
                    Ok(())
                })
                .await;
            let Err(error) = result else { return Told::Committed };
            let xid = xid.lock().unwrap().take();
            if let (Verdict::OutcomeUnknown, Some(xid)) = (error.verdict(), xid) {
                let question = "SELECT pg_xact_status($1::text::xid8) AS status";
                let answer = database.query(question, &params![xid], Some(deadline)).await;
                match answer.map(|rows| rows[0].get::<Option<String>>("status")) {
                    Ok(Ok(Some(status))) if status == "committed" => return Told::Committed,
                    // "in progress" is what it says of a COMMIT that has not arrived yet.
                    Ok(_) => {}
                    Err(error) => {
                        return Told::Unknown(
                            None,
                            reason(&error).split(" ID ").next().unwrap_or_default().to_owned(),
                        );
                    }
                }
            }
            if Instant::now() >= deadline {
                return Told::Unknown(None, "no time is left".to_owned());
            }
            sleep(Duration::from_millis(5)).await;
        }
    }
}

fn told(result: Result<(), Error>) -> Told {
    match result {
        Ok(()) => Told::Committed,
        Err(error) if error.verdict() == Verdict::OutcomeUnknown => {
            let doubt = error.fault().and_then(|fault| fault.doubt()).map(ToString::to_string);
            Told::Unknown(error.ticket().cloned(), doubt.unwrap_or_default())
        }
        Err(error) => Told::NotCommitted(reason(&error)),
    }
}

/// Without what differs from one to the next.
fn reason(error: &Error) -> String {
    if let Error::Acquire(error) = error {
        return format!("no connection: {:?}", error.failure);
    }
    error.fault().map_or_else(|| error.to_string(), |fault| fault.summary().to_owned())
}
