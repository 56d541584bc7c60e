//! `steadfast init-db`.

use steadfast::database::FailedTry;
use steadfast::retry::Backoff;
use steadfast::time::{Duration, Instant};
use steadfast::verdict::Class;
use steadfast::{Database, Error};
use steadfast_service::{SchemaError, ensure_schema};

use crate::exit::Exit;
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

/// Why connecting failed says more than that no connection could be had.
fn cause_of(error: &Error) -> String {
    error.fault().map_or_else(|| error.to_string(), ToString::to_string)
}

/// Which kind of failure it is. What waiting may help is told from what somebody has to change.
fn exit_of(error: &SchemaError) -> Exit {
    if !matches!(error, SchemaError::Database(_)) {
        return Exit::Configuration;
    }
    let Some(fault) = error.fault() else { return Exit::Unavailable };
    let code = fault.code().unwrap_or_default();
    if code.starts_with("28") || code == INSUFFICIENT_PRIVILEGE {
        return Exit::Refused;
    }
    let class = fault.class();
    if class == Class::Permanent {
        Exit::Configuration
    } else if class == Class::Statement {
        Exit::Failed
    } else {
        Exit::Unavailable
    }
}

/// PostgreSQL's SQLSTATE; 28 is the class of refused authentications.
const INSUFFICIENT_PRIVILEGE: &str = "42501";

#[cfg(test)]
mod tests {
    use steadfast::Fault;
    use steadfast::verdict::Step;

    use super::*;

    fn exit(class: Class, code: &str) -> Exit {
        exit_of(&SchemaError::Database(Fault::new(class, Step::Authenticate, "x").with_code(code).into()))
    }

    #[test]
    fn each_kind_of_failure_has_its_code() {
        assert_eq!(exit(Class::Permanent, "28P01"), Exit::Refused);
        assert_eq!(exit(Class::Statement, "42501"), Exit::Refused);
        assert_eq!(exit(Class::Permanent, "3D000"), Exit::Configuration);
        assert_eq!(exit(Class::Unreachable, ""), Exit::Unavailable);
        assert_eq!(exit(Class::Unavailable, "57P03"), Exit::Unavailable);
        assert_eq!(exit(Class::Timeout, "57014"), Exit::Unavailable);
        assert_eq!(exit(Class::Statement, "42601"), Exit::Failed);
        let foreign = SchemaError::ForeignTable { table: "users", missing: vec!["email"] };
        assert_eq!(exit_of(&foreign), Exit::Configuration);
    }
}
