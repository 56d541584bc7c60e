//! `steadfast resolve`.

use serde_json::json;
use steadfast::outcome::Doubt;
use steadfast::retry::Backoff;
use steadfast::time::{Duration, Instant, sleep};
use steadfast::{Database, Outcome, Ticket};
use steadfast_service::Seal;

use crate::arguments::Resolve;
use crate::exit::Exit;
use crate::failure::{cause_of, exit_of};
use crate::setup::Setup;
use crate::terminal::{complain, print};

const CLOSE: Duration = Duration::from_secs(2);

/// Asks also when there is no time to wait.
const AT_LEAST: Duration = Duration::from_secs(1);

/// Asks what became of a transaction, and says it.
pub(crate) async fn run(setup: &Setup, question: &Resolve) -> Exit {
    // What is no ticket is told without a database.
    let plain = (!Seal::is_sealed(&question.ticket)).then(|| question.ticket.parse::<Ticket>());
    if let Some(Err(error)) = plain {
        complain(&format!("error: {error}, or with sfs1 when it was sealed by a service"));
        return Exit::Arguments;
    }
    let database = match Database::open(&setup.config) {
        Ok(database) => database,
        Err(error) => {
            complain(&format!("error: {error}"));
            return Exit::Configuration;
        }
    };
    let deadline = Instant::now() + question.wait.max(AT_LEAST);
    let ticket = match plain {
        Some(Ok(ticket)) => Ok(ticket),
        _ => open(&database, &question.ticket, deadline).await,
    };
    let exit = match ticket {
        Ok(ticket) => {
            let outcome = ask(&database, &ticket, question, deadline).await;
            print(&if question.json { as_json(&outcome) } else { as_text(&outcome, question) });
            let exit = exit_for(&outcome);
            if exit == Exit::Unavailable { why_unreached(&database).await } else { exit }
        }
        Err(exit) => exit,
    };
    let _left = database.close(Instant::now() + CLOSE).await;
    exit
}

/// Opens a sealed ticket with the key of the database.
async fn open(database: &Database, sealed: &str, deadline: Instant) -> Result<Ticket, Exit> {
    let seal = Seal::load(database, Some(deadline)).await.map_err(|error| {
        complain(&format!("error: the key of the ticket could not be read: {}", cause_of(&error)));
        let exit = exit_of(&error);
        if exit != Exit::Failed {
            return exit;
        }
        complain("there is no table steadfast_secret: is this the database of the service?");
        Exit::Configuration
    })?;
    let opened = seal.map(|seal| seal.open(sealed));
    match opened {
        Some(Ok(ticket)) => Ok(ticket),
        Some(Err(error)) => {
            complain(&format!("error: {error}"));
            Err(Exit::Arguments)
        }
        None => {
            complain(
                "error: the database has no key in steadfast_secret, so that the ticket cannot be of it",
            );
            Err(Exit::Arguments)
        }
    }
}

async fn ask(database: &Database, ticket: &Ticket, question: &Resolve, deadline: Instant) -> Outcome {
    let mut pauses = Backoff::reconnect();
    loop {
        let outcome = if question.end {
            database.resolve(ticket, Some(deadline)).await
        } else {
            database.look_up(ticket, Some(deadline)).await
        };
        let again = matches!(&outcome, Outcome::Unknown(doubt) if doubt.may_clear_up());
        let pause = pauses.next().unwrap_or(AT_LEAST);
        if !again || Instant::now() + pause >= deadline {
            return outcome;
        }
        sleep(pause).await;
    }
}

/// Whether waiting may help, or somebody has to change something.
async fn why_unreached(database: &Database) -> Exit {
    match database.probe(Instant::now() + CLOSE).await {
        Ok(_) => Exit::Unavailable,
        Err(error) => exit_of(&error),
    }
}

fn exit_for(outcome: &Outcome) -> Exit {
    match outcome {
        Outcome::Committed { .. } => Exit::Done,
        Outcome::NotCommitted => Exit::NotCommitted,
        Outcome::Unknown(Doubt::NotReached { .. }) => Exit::Unavailable,
        Outcome::Unknown(_) | _ => Exit::Unknown,
    }
}

fn as_text(outcome: &Outcome, question: &Resolve) -> String {
    format!("{outcome}\n{}\n", advice(outcome, question.end))
}

fn as_json(outcome: &Outcome) -> String {
    let word = outcome.name();
    let answer = match outcome {
        Outcome::Committed { durable } => json!({ "outcome": word, "durable": durable }),
        Outcome::Unknown(doubt) => json!({
            "outcome": word,
            "reason": doubt.name(),
            "detail": doubt.to_string(),
            "may_clear_up": doubt.may_clear_up(),
        }),
        Outcome::NotCommitted | _ => json!({ "outcome": word }),
    };
    format!("{answer}\n")
}

/// What to do.
fn advice(outcome: &Outcome, has_ended: bool) -> &'static str {
    match outcome {
        Outcome::Committed { .. } => "Do not run it again.",
        Outcome::NotCommitted => "It may be run again.",
        Outcome::Unknown(Doubt::StillRunning) if !has_ended => {
            "Ask again, with --wait for longer; or end it with --end, when nobody needs it any more."
        }
        Outcome::Unknown(Doubt::StillRunning) => {
            "It could not be ended: ask as the role that ran it, or as a member of pg_signal_backend."
        }
        Outcome::Unknown(Doubt::NotReached { .. }) => {
            "Check that DATABASE_URL reaches the primary (steadfast init-db says what is wrong), and ask again."
        }
        Outcome::Unknown(doubt) if doubt.may_clear_up() => "Do not run it again before it is known.",
        Outcome::Unknown(_) | _ => {
            "It will not become known by asking. Look whether what it was to store is there before it is run again."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_has_its_code() {
        let unreached = Doubt::NotReached { cause: "x".to_owned() };
        for (outcome, exit) in [
            (Outcome::Committed { durable: true }, Exit::Done),
            (Outcome::Committed { durable: false }, Exit::Done),
            (Outcome::NotCommitted, Exit::NotCommitted),
            (Outcome::Unknown(Doubt::StillRunning), Exit::Unknown),
            (Outcome::Unknown(Doubt::Recovered), Exit::Unknown),
            (Outcome::Unknown(unreached), Exit::Unavailable),
        ] {
            assert_eq!(exit_for(&outcome), exit, "{outcome}");
        }
    }

    #[test]
    fn programs_read_the_reason_in_one_word() {
        let answer = as_json(&Outcome::Unknown(Doubt::AwaitsReplication));
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(
            (&answer["outcome"], &answer["reason"]),
            (&"unknown".into(), &"awaits-replication".into())
        );
        assert_eq!(answer["may_clear_up"], true);
    }
}
