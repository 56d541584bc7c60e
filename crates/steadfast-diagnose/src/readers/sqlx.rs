//! sqlx: the WHATWG URL parser (crate `url`), then its own reading of the parts. The scheme is not looked at.

use super::pieces::{Destination, Reading, is_port, lenient};

/// What sqlx makes of a URL.
pub(super) fn read(url: &str) -> Reading {
    match parse(url) {
        Ok(destination) => Reading::Connects(destination),
        Err(SEVERAL_HOSTS) => Reading::Lacks(SEVERAL_HOSTS),
        Err(words) => Reading::Refuses(words),
    }
}

const SEVERAL_HOSTS: &str = "it knows no several hosts";

fn parse(url: &str) -> Result<Destination, &'static str> {
    // Control characters and blanks around it go, tabs and line breaks within it as well.
    let trimmed = url.trim_matches(|c: char| c <= ' ');
    let url: String = trimmed.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
    let scheme = url.split(':').next().unwrap_or_default();
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    let Some(rest) = url.strip_prefix(scheme).and_then(|rest| rest.strip_prefix(':')).filter(|_| is_scheme)
    else {
        return Err("relative URL without a base");
    };
    let Some(rest) = rest.strip_prefix("//") else {
        // A path and nothing else: no host, no user.
        return Ok(Destination {
            oddity: Some("finds no host in it and connects to this machine"),
            ..Destination::default()
        });
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = (rest.get(..end).unwrap_or_default(), rest.get(end..).unwrap_or_default());
    let mut found = Destination::default();
    let host_port = match authority.rsplit_once('@') {
        Some((user_info, host_port)) => {
            let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
            (found.user, found.password) = (lenient(user), lenient(password));
            host_port
        }
        None => authority,
    };
    if host_port.contains(',') {
        return Err(SEVERAL_HOSTS);
    }
    let (host, port) = match host_port.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (host_port, ""),
    };
    if !port.is_empty() && !is_port(port) {
        return Err("invalid port number");
    }
    if host.contains([' ', '<', '>', '^', '|']) {
        return Err("invalid domain character");
    }
    port.clone_into(&mut found.port);
    found.host = lenient(host.trim_start_matches('[').trim_end_matches(']'));
    let without_fragment = rest.split('#').next().unwrap_or_default();
    let (path, query) = without_fragment.split_once('?').unwrap_or((without_fragment, ""));
    found.database = lenient(path.strip_prefix('/').unwrap_or(path));
    parameters(query, &mut found)?;
    if !matches!(scheme, "postgres" | "postgresql") {
        found.oddity = Some("does not look at the scheme: it would speak PostgreSQL to whatever this is");
    }
    Ok(found)
}

fn parameters(query: &str, found: &mut Destination) -> Result<(), &'static str> {
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let value = lenient(value);
        match name {
            "sslmode" | "ssl-mode" => {
                let known = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
                if !known.contains(&value.to_ascii_lowercase().as_str()) {
                    return Err("unknown value for `ssl_mode`");
                }
            }
            "host" => found.host = value,
            "port" if is_port(&value) => found.port = value,
            "port" => return Err("invalid digit found in string"),
            "user" => found.user = value,
            "password" => found.password = value,
            "dbname" => found.database = value,
            _ => {}
        }
    }
    Ok(())
}
