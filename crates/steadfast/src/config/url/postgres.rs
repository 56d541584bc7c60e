//! The parts of a PostgreSQL URL.

use crate::config::url::authority::{self, Authority};
use crate::config::url::percent::decode;
use crate::config::url::{Reader, Refusal, query};
use crate::config::value;

/// Reads what follows `postgres:`. Every part is looked at, so that all problems are told at once.
pub(super) fn read(reader: &mut Reader<'_>, rest: &str) -> Result<(), Refusal> {
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let Authority { user_info, hosts, path, query } = authority::split(rest);
    let checked = hosts_and_ports(reader, hosts, user_info.is_some());
    if user_info.is_none() && checked.is_err() {
        // What was read as a host may be a name and a password whose `@host` is missing; go no further, lest
        // a piece of it is taken for something that may be shown.
        return checked;
    }
    if let Err(refusal) = checked {
        reader.refuse(&refusal);
    }
    if let Some(Err(refusal)) = user_info.map(|text| user_and_password(reader, text)) {
        reader.refuse(&refusal);
    }
    if let Some(Err(refusal)) = path.map(|text| database(reader, text)) {
        reader.refuse(&refusal);
    }
    let show_names = user_info.is_some() || path.is_some() || !hosts.contains(':');
    query::read(reader, query.unwrap_or_default(), show_names);
    Ok(())
}

fn user_and_password(reader: &mut Reader<'_>, text: &str) -> Result<(), Refusal> {
    let (user, password) =
        text.split_once(':').map_or((text, None), |(user, password)| (user, Some(password)));
    if !user.is_empty() {
        let user = decoded(reader, "user", user)?;
        reader.part("postgres.user", "user", user);
    }
    let Some(password) = password.filter(|password| !password.is_empty()) else {
        return Ok(());
    };
    if MASKS.iter().any(|mask| password.eq_ignore_ascii_case(mask)) || is_masked(password) {
        let problem = "it is the placeholder of a page that does not show the real one";
        return Err(Refusal::new(
            "password",
            problem,
            "put the real password in its place, or reset it there",
        ));
    }
    let password = decoded(reader, "password", password)?;
    reader.part("postgres.password", "password", password);
    Ok(())
}

/// What providers' pages show in the place of a password.
const MASKS: &[&str] =
    &["[YOUR-PASSWORD]", "[YOUR_PASSWORD]", "<password>", "<your-password>", "YOUR_PASSWORD"];

fn is_masked(password: &str) -> bool {
    password.chars().count() >= 4 && password.chars().all(|c| matches!(c, '*' | '\u{2022}' | '\u{25cf}'))
}

/// Decodes user or password, taking literally what should have been encoded.
fn decoded(reader: &mut Reader<'_>, part: &'static str, raw: &str) -> Result<String, Refusal> {
    let decoded =
        decode(raw).map_err(|problem| Refusal::new(part, problem, "accepted: UTF-8, percent-encoded"))?;
    if decoded.stray
        || raw.contains(['@', '/', '?', '#', '[', ']', ' ', '"', '<', '>', '\\', '^', '`', '{', '|', '}'])
    {
        reader.repair(&format!(
            "the {part} contains characters that have a meaning in URLs; they were taken literally, but \
            other \
             programs will stumble: percent-encode them"
        ));
    }
    Ok(decoded.text)
}

fn hosts_and_ports(reader: &mut Reader<'_>, text: &str, has_user_info: bool) -> Result<(), Refusal> {
    if text.is_empty() {
        return Ok(());
    }
    let several = text.contains(',');
    let (mut hosts, mut ports) = (Vec::new(), Vec::new());
    for (index, entry) in text.split(',').enumerate() {
        let of = |part: &str| {
            if several { format!("{part} {}", index.saturating_add(1)) } else { part.to_owned() }
        };
        let trimmed = entry.trim();
        if trimmed.len() != entry.len() {
            reader.repair("removed blanks around the host");
        }
        let (host, port) = split_port(trimmed)
            .ok_or_else(|| Refusal::new(of("host"), "an IPv6 address must stand in brackets", HOSTS))?;
        let host = decode(host).map_err(|problem| Refusal::new(of("host"), problem, HOSTS))?.text;
        if host.is_empty() && several {
            return Err(Refusal::new(of("host"), "it is empty", HOSTS));
        }
        if !host.is_empty() {
            hosts.push(value::host(&host).map_err(|problem| Refusal::new(of("host"), problem, HOSTS))?);
        }
        let number = port.parse::<u16>().is_ok_and(|port| port > 0);
        if !number && !port.is_empty() {
            let accepted = if has_user_info {
                "accepted: 1 to 65535"
            } else {
                "accepted: 1 to 65535; if user:password was meant, the @host behind it is missing"
            };
            return Err(Refusal::new(of("port"), "it is not a number from 1 to 65535 (not shown)", accepted));
        }
        ports.push(port);
    }
    if !hosts.is_empty() {
        reader.part("postgres.host", "host", hosts.join(","));
    }
    if ports.iter().any(|port| !port.is_empty()) {
        reader.part("postgres.port", "port", ports.join(","));
    }
    Ok(())
}

const HOSTS: &str = "accepted: a name, an address (IPv6 in brackets), a percent-encoded socket directory, or \
                     several with commas between";

/// `None`: colons of an IPv6 address without brackets.
fn split_port(text: &str) -> Option<(&str, &str)> {
    if let Some(end) = text.rfind(']') {
        let (host, rest) = text.split_at(end.saturating_add(1));
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, port)),
            // Something between bracket and colon makes the host a wrong one, and it is refused as such.
            None if rest.is_empty() => Some((host, "")),
            None => Some((text, "")),
        };
    }
    match text.split_once(':') {
        None => Some((text, "")),
        Some((_, port)) if port.contains(':') => None,
        Some(parts) => Some(parts),
    }
}

fn database(reader: &mut Reader<'_>, raw: &str) -> Result<(), Refusal> {
    let name = raw.trim().trim_end_matches('/');
    if name.len() != raw.len() {
        reader.repair("removed blanks or a slash behind the name of the database");
    }
    if name.is_empty() {
        return Ok(());
    }
    let accepted = "accepted: the name of a database, percent-encoded";
    let decoded = decode(name).map_err(|problem| Refusal::new("database", problem, accepted))?;
    if decoded.stray || name.contains(['?', '#']) {
        reader.repair("the name of the database contains `%`, `?` or `#`; it was taken literally");
    }
    reader.part("postgres.dbname", "path", decoded.text);
    Ok(())
}
