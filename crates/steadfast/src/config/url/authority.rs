//! Where the parts of a PostgreSQL URL begin and end, also when its author encoded nothing.

use crate::config::url::query;

/// The raw parts, still encoded.
pub(super) struct Authority<'a> {
    pub(super) user_info: Option<&'a str>,
    pub(super) hosts: &'a str,
    pub(super) path: Option<&'a str>,
    pub(super) query: Option<&'a str>,
}

/// Splits what follows `postgres://`.
///
/// User info ends at the last `@` before the parameters, since neither host nor database have one and
/// passwords often do. `#` is an ordinary character: no database URL has a fragment.
pub(super) fn split(text: &str) -> Authority<'_> {
    let (head, query) = split_query(text);
    let (user_info, place) = match head.rsplit_once('@') {
        Some((user_info, place)) => (Some(user_info), place),
        None => (None, head),
    };
    let (hosts, path) = match place.split_once('/') {
        Some((hosts, path)) => (hosts, Some(path)),
        None => (place, None),
    };
    Authority { user_info, hosts, path, query }
}

/// Finds the question mark that begins the parameters; an earlier one belongs to the password.
///
/// It is the first one behind which there are only pairs whose names could be names. Where such a pair
/// contains an `@`, the first name must even be a known one, or else `p?a=b@host` would lose its password.
fn split_query(text: &str) -> (&str, Option<&str>) {
    for (position, _) in text.match_indices('?') {
        let (head, query) = cut(text, position);
        let names =
            || query.split('&').filter(|p| !p.is_empty()).map(|p| p.split_once('=').map_or(p, |(n, _)| n));
        let known_first = || names().next().is_some_and(query::is_known);
        if names().all(|name| query::is_plain(name.trim())) && (!query.contains('@') || known_first()) {
            return (head, Some(query));
        }
    }
    // Parameters that are not well formed are parameters all the same when no user info can follow.
    let after_user_info = text.rfind('@').unwrap_or_default();
    match text.match_indices('?').find(|(position, _)| *position > after_user_info) {
        Some((position, _)) => {
            let (head, query) = cut(text, position);
            (head, Some(query))
        }
        None => (text, None),
    }
}

/// Before and behind the one-byte character at this position.
fn cut(text: &str, position: usize) -> (&str, &str) {
    let (head, rest) = text.split_at(position);
    (head, rest.strip_prefix('?').unwrap_or(rest))
}
