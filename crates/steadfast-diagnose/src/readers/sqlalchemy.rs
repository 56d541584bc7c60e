//! SQLAlchemy: one regular expression (`_parse_url`, 1.4 to 2.1), then the name of a dialect, then psycopg.

use super::pieces::{Destination, Reading, SSLMODES, lenient};

/// What SQLAlchemy makes of a URL.
pub(super) fn read(url: &str) -> Reading {
    match parse(url) {
        Ok(destination) => Reading::Connects(destination),
        Err(words @ (SHORT_NAME | UNKNOWN_PARAMETER | NO_SSLMODE)) => Reading::Lacks(words),
        Err(words) => Reading::Refuses(words),
    }
}

const SHORT_NAME: &str = "Can't load plugin: sqlalchemy.dialects:postgres; it wants postgresql://";
const UNKNOWN_PARAMETER: &str = "invalid connection option";
const NO_SSLMODE: &str = "connect() got an unexpected keyword argument 'sslmode'";

const UNREADABLE: &str = "Could not parse SQLAlchemy URL";

fn parse(url: &str) -> Result<Destination, &'static str> {
    let (name, rest) = url.split_once("://").ok_or(UNREADABLE)?;
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '+')) {
        return Err(UNREADABLE);
    }
    let (dialect, driver) = name.split_once('+').unwrap_or((name, ""));
    match dialect {
        "postgresql" => {}
        "postgres" => return Err(SHORT_NAME),
        _ => return Err("Can't load plugin: it has no such dialect"),
    }
    let (user_info, rest) = split_user(rest);
    let mut found = Destination::default();
    if let Some((user, password)) = user_info {
        (found.user, found.password) = (lenient(user), lenient(password));
    }
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = before.split_once('/').unwrap_or((before, ""));
    let (host, port) = match authority.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        Some((address, after)) => (address, after.strip_prefix(':').unwrap_or_default()),
        None => authority.split_once(':').unwrap_or((authority, "")),
    };
    if !port.is_empty() && port.trim().parse::<u32>().is_err() {
        return Err("invalid literal for int(): the port is no number");
    }
    found.host = lenient(host);
    port.trim().clone_into(&mut found.port);
    // It decodes neither the host nor the database.
    database.clone_into(&mut found.database);
    // Its pattern stops at a line break in the parameters.
    parameters(query.split('\n').next().unwrap_or_default(), driver)?;
    if found.database.ends_with(char::is_whitespace) {
        found.oddity =
            Some("database \"..\" does not exist: the blank at its end is taken as part of its name");
    }
    Ok(found)
}

/// `(?:(?P<username>[^:/]*)(?::(?P<password>[^@]*))?@)?`
fn split_user(rest: &str) -> (Option<(&str, &str)>, &str) {
    let end = rest.find([':', '/']).unwrap_or(rest.len());
    let user = rest.get(..end).unwrap_or_default();
    let behind = rest.get(end..).unwrap_or_default();
    if let Some((password, after)) = behind.strip_prefix(':').and_then(|from| from.split_once('@')) {
        return (Some((user, password)), after);
    }
    match user.rsplit_once('@') {
        // A greedy match: up to the last one.
        Some((user, _)) => (Some((user, "")), rest.get(user.len().saturating_add(1)..).unwrap_or_default()),
        None => (None, rest),
    }
}

fn parameters(query: &str, driver: &str) -> Result<(), &'static str> {
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        match name {
            "sslmode" if driver == "asyncpg" => return Err(NO_SSLMODE),
            "sslmode" if !SSLMODES.contains(&lenient(value).as_str()) => return Err("invalid sslmode value"),
            // Parameters go to the driver, and psycopg asks libpq.
            "pgbouncer" | "schema" | "pool_timeout" | "connection_limit" | "serverVersion" | "charset"
            | "currentSchema" => return Err(UNKNOWN_PARAMETER),
            _ => {}
        }
    }
    Ok(())
}
