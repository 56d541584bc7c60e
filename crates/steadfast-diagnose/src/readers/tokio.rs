//! tokio-postgres, asked itself.

use std::str::FromStr as _;

use steadfast::postgres::tokio_postgres::Config;
use steadfast::postgres::tokio_postgres::config::Host;

use super::pieces::{Destination, Reading};

/// What tokio-postgres makes of a URL.
pub(super) fn read(url: &str) -> Reading {
    match Config::from_str(url) {
        Ok(config) => found(&config),
        Err(error) => {
            let said = error.to_string()
                + &std::error::Error::source(&error).map_or_else(String::new, ToString::to_string);
            match words(&said) {
                words @ (UNKNOWN_OPTION | SSLMODE) => Reading::Lacks(words),
                words => Reading::Refuses(words),
            }
        }
    }
}

fn found(config: &Config) -> Reading {
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        })
        .collect();
    if hosts.is_empty() && config.get_hostaddrs().is_empty() {
        return Reading::Refuses("both host and hostaddr are missing");
    }
    let ports: Vec<String> = config.get_ports().iter().map(ToString::to_string).collect();
    Reading::Connects(Destination {
        host: hosts.join(","),
        port: ports.join(","),
        user: config.get_user().unwrap_or_default().to_owned(),
        password: String::from_utf8_lossy(config.get_password().unwrap_or_default()).into_owned(),
        database: config.get_dbname().unwrap_or_default().to_owned(),
        oddity: config
            .get_dbname()
            .is_some_and(|name| name.ends_with(char::is_whitespace))
            .then_some("database \"..\" does not exist: the blank at its end is taken as part of its name"),
    })
}

const UNKNOWN_OPTION: &str = "unknown option";
/// It knows disable, prefer and require; that libpq's other words are none is another's finding.
const SSLMODE: &str = "invalid value for option `sslmode`: it knows disable, prefer and require";

/// Its own words where they hold nothing of the URL, else ours.
fn words(said: &str) -> &'static str {
    [
        ("unknown option", UNKNOWN_OPTION),
        ("`sslmode`", SSLMODE),
        ("`port`", "invalid value for option `port`"),
        ("`channel_binding`", "invalid value for option `channel_binding`"),
        ("`target_session_attrs`", "invalid value for option `target_session_attrs`"),
        ("invalid value", "invalid value for an option"),
        (
            "invalid connection string: unexpected EOF",
            "unexpected EOF: it does not begin with postgres:// or postgresql://",
        ),
        ("unexpected EOF", "unexpected EOF: it does not begin with postgres:// or postgresql://"),
        ("host", "the host is missing"),
    ]
    .iter()
    .find_map(|(part, words)| said.contains(part).then_some(*words))
    .unwrap_or("invalid connection string")
}
