//! `steadfast init-db`.

use steadfast::Database;
use steadfast::database::FailedTry;
use steadfast::retry::Backoff;
use steadfast::time::{Duration, Instant};
use steadfast_service::{SchemaError, ensure_schema};

use crate::exit::Exit;
use crate::failure::{self, cause_of};
use crate::setup::Setup;
use crate::terminal::{complain, print};

/// For the schema itself, once the database has answered: long enough to wait for other workers that do the
/// same.
const SCHEMA: Duration = Duration::from_secs(60);

const CLOSE: Duration = Duration::from_secs(2);

/// Waits for the database and sets the schema up.
pub(crate) async fn run(setup: &Setup) -> Exit {
    let database = match Database::open(&setup.config) {
        Ok(database) => database,
        Err(error) => {
            complain(&format!("error: {error}"));
            return Exit::Configuration;
        }
    };
    let result = prepare(&database).await;
    let _left = database.close(Instant::now() + CLOSE).await;
    match result {
        Ok(()) => {
            print(&format!("the schema is ready: {}\n", setup.config.target()));
            Exit::Done
        }
        Err(error) => {
            let exit = exit_of(&error);
            let prefix = if exit == Exit::Unavailable { "gave up" } else { "error" };
            complain(&format!("{prefix}: {}", cause(&error)));
            exit
        }
    }
}

async fn prepare(database: &Database) -> Result<(), SchemaError> {
    let schedule = Backoff::startup();
    let tries = schedule.clone().count() + 1;
    let report = |failed: &FailedTry| {
        let cause = cause_of(&failed.error);
        let next = failed.next_within.as_secs_f64();
        complain(&format!("attempt {} of {tries} failed: {cause}; next in {next} s", failed.number));
    };
    database.wait_until_reachable(schedule, report).await?;
    ensure_schema(database, Instant::now() + SCHEMA).await
}

fn cause(error: &SchemaError) -> String {
    match error {
        SchemaError::Database(error) => cause_of(error),
        SchemaError::ForeignTable { .. } | SchemaError::UnknownBackend | _ => error.to_string(),
    }
}

/// Which kind of failure it is.
fn exit_of(error: &SchemaError) -> Exit {
    match error {
        SchemaError::Database(error) => failure::exit_of(error),
        SchemaError::ForeignTable { .. } | SchemaError::UnknownBackend | _ => Exit::Configuration,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_somebody_else_is_a_matter_of_configuration() {
        let foreign = SchemaError::ForeignTable { table: "users", missing: vec!["email"] };
        assert_eq!(exit_of(&foreign), Exit::Configuration);
    }
}
