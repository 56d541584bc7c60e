//! Parameters of other programs that are found in database URLs, and what they mean here. The reference is
//! rendered from this table too.

mod rows;

pub(crate) use rows::FOREIGN;

/// A parameter that is not ours.
pub(crate) struct Foreign {
    pub(crate) name: &'static str,
    /// Whose it is.
    pub(crate) from: &'static str,
    /// What becomes of it.
    pub(crate) meaning: &'static str,
    /// What is accepted.
    pub(crate) accepted: &'static str,
    pub(crate) read: fn(&str) -> Result<Translation, String>,
}

/// What a foreign parameter becomes.
pub(crate) enum Translation {
    /// Values of options of ours.
    Set(Vec<(&'static str, String)>),
    /// An addition to the session's start-up options.
    Session(String),
    /// Nothing: it asks for what is the case anyway, or for what has no meaning here.
    Nothing,
}

use Translation::{Nothing, Session, Set};

type Read = fn(&str) -> Result<Translation, String>;

const fn row(
    name: &'static str,
    from: &'static str,
    meaning: &'static str,
    accepted: &'static str,
    read: Read,
) -> Foreign {
    Foreign { name, from, meaning, accepted, read }
}

/// The parameter of this name.
pub(super) fn by_name(name: &str) -> Option<&'static Foreign> {
    FOREIGN.iter().find(|foreign| foreign.name == name)
}

fn set(option: &'static str, value: &str) -> Result<Translation, String> {
    Ok(Set(vec![(option, value.to_owned())]))
}

fn limit(value: &str) -> Result<Translation, String> {
    Ok(Set(vec![("pool.size", value.to_owned()), ("pool.max_overflow", "0".to_owned())]))
}

fn boolean(value: &str) -> Result<bool, String> {
    crate::config::value::boolean(value)
}

fn only(value: &str, accepted: &[&str], problem: &str) -> Result<Translation, String> {
    if accepted.contains(&value) { Ok(Nothing) } else { Err(problem.to_owned()) }
}

fn utf8(value: &str) -> Result<Translation, String> {
    let plain = value.to_ascii_lowercase().replace(['-', '_'], "");
    only(&plain, &["utf8", "utf8mb4", "unicode", "auto"], "only UTF-8 is spoken")
}

/// Schemas with commas between, each quoted, so that the server takes them by the letter.
fn search_path(value: &str) -> Result<Translation, String> {
    let names: Vec<&str> = value.split(',').map(|name| name.trim().trim_matches('"')).collect();
    if names.iter().any(|name| name.is_empty() || name.contains(['"', '\0'])) {
        return Err("it contains an empty name or a quote".to_owned());
    }
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    Ok(Session(session_option("search_path", &quoted.join(","))))
}

fn setting(name: &'static str, value: &str) -> Result<Translation, String> {
    if value.is_empty() || value.contains('\0') {
        return Err("it is empty or contains a NUL character".to_owned());
    }
    Ok(Session(session_option(name, value)))
}

/// `-c name=value`; the server splits its options at blanks, and a backslash keeps one (PostgreSQL manual,
/// libpq-connect, `options`).
pub(super) fn session_option(name: &str, value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace(' ', "\\ ");
    format!("-c {name}={escaped}")
}
