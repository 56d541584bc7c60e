//! libpq, by the rules of `conninfo_uri_parse_options` (PostgreSQL 15 to 17).

use super::pieces::{Destination, Reading, SSLMODES, is_encoded, is_port, lenient};

/// What libpq makes of a URL.
pub(super) fn read(url: &str) -> Reading {
    match parse(url) {
        Ok(destination) => Reading::Connects(destination),
        Err(UNKNOWN_PARAMETER) => Reading::Lacks(UNKNOWN_PARAMETER),
        Err(words) => Reading::Refuses(words),
    }
}

const UNKNOWN_PARAMETER: &str = "invalid URI query parameter";

fn parse(url: &str) -> Result<Destination, &'static str> {
    let rest = url.strip_prefix("postgresql://").or_else(|| url.strip_prefix("postgres://"));
    let Some(rest) = rest else {
        return if url.is_empty() {
            Ok(Destination {
                oddity: Some("takes the local socket, as for no URL at all"),
                ..Destination::default()
            })
        } else {
            Err(
                "missing \"=\" in connection info string: it does not begin with postgres:// or postgresql://",
            )
        };
    };
    let mut found = Destination::default();
    // The first @ that comes before a slash ends the user info.
    let end = rest.find(['@', '/']).filter(|at| rest.get(*at..).is_some_and(|from| from.starts_with('@')));
    let (user_info, rest) = match end {
        Some(at) => (rest.get(..at), rest.get(at.saturating_add(1)..).unwrap_or_default()),
        None => (None, rest),
    };
    if let Some(user_info) = user_info {
        let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
        (found.user, found.password) = (decoded(user)?, decoded(password)?);
    }
    let (authority, path, query) = split(rest);
    let (hosts, ports) = hosts(authority)?;
    (found.host, found.port) = (decoded(&hosts)?, ports);
    found.database = decoded(path.unwrap_or_default())?;
    parameters(query, &mut found)?;
    if !found.port.split(',').all(|port| port.is_empty() || is_port(port)) {
        return Err("invalid integer value for connection option \"port\"");
    }
    if found.database.ends_with(char::is_whitespace) {
        found.oddity =
            Some("database \"..\" does not exist: the blank at its end is taken as part of its name");
    }
    Ok(found)
}

fn split(rest: &str) -> (&str, Option<&str>, &str) {
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    match before.split_once('/') {
        Some((authority, path)) => (authority, Some(path), query),
        None => (before, None, query),
    }
}

fn hosts(authority: &str) -> Result<(String, String), &'static str> {
    let (mut hosts, mut ports) = (Vec::new(), Vec::new());
    for one in authority.split(',') {
        let (host, port) = if let Some(inside) = one.strip_prefix('[') {
            let Some((address, after)) = inside.split_once(']') else {
                return Err("end of string reached when looking for matching \"]\" in IPv6 host address");
            };
            if address.is_empty() {
                return Err("IPv6 host address may not be empty");
            }
            match after.strip_prefix(':') {
                Some(port) => (address, port),
                None if after.is_empty() => (address, ""),
                None => return Err("unexpected character behind the IPv6 address"),
            }
        } else {
            one.split_once(':').unwrap_or((one, ""))
        };
        hosts.push(host);
        ports.push(port);
    }
    let ports = if ports.iter().all(|port| port.is_empty()) { String::new() } else { ports.join(",") };
    Ok((hosts.join(","), ports))
}

fn parameters(query: &str, found: &mut Destination) -> Result<(), &'static str> {
    for pair in query.split('&').filter(|_| !query.is_empty()) {
        let Some((name, value)) = pair.split_once('=') else {
            return Err("missing key/value separator \"=\" in URI query parameter");
        };
        if value.contains('=') {
            return Err("extra key/value separator \"=\" in URI query parameter");
        }
        let (name, value) = (decoded(name)?, decoded(value)?);
        match name.as_str() {
            "host" => found.host = value,
            "port" => found.port = value,
            "user" => found.user = value,
            "password" => found.password = value,
            "dbname" => found.database = value,
            "sslmode" if !SSLMODES.contains(&value.as_str()) => return Err("invalid sslmode value"),
            // JDBC's way to say it, which libpq knows.
            "ssl" if value == "true" => {}
            name if KNOWN.contains(&name) => {}
            _ => return Err(UNKNOWN_PARAMETER),
        }
    }
    Ok(())
}

fn decoded(text: &str) -> Result<String, &'static str> {
    if is_encoded(text) { Ok(lenient(text)) } else { Err("invalid percent-encoded token") }
}

/// The connection options of libpq 15; newer ones know a few more.
const KNOWN: &[&str] = &[
    "sslmode",
    "service",
    "connect_timeout",
    "hostaddr",
    "client_encoding",
    "options",
    "application_name",
    "fallback_application_name",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "sslcompression",
    "sslcert",
    "sslkey",
    "sslpassword",
    "sslrootcert",
    "sslcrl",
    "sslcrldir",
    "sslsni",
    "requirepeer",
    "require_auth",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "gssencmode",
    "krbsrvname",
    "gsslib",
    "gssdelegation",
    "replication",
    "target_session_attrs",
    "load_balance_hosts",
    "channel_binding",
    "passfile",
    "sslcertmode",
    "sslnegotiation",
];
