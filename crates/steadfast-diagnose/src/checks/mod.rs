//! The checks, one file each.

mod authentication;
mod capacity;
mod dns;
mod environment;
mod features;
mod ghosts;
mod idle_limit;
mod latency;
mod pool;
mod pooler;
mod privileges;
mod protocol;
mod queries;
mod recovery;
mod retry;
mod server;
mod sqlite;
mod tables;
mod tcp;
mod timeouts;
mod tls;
mod url;

use crate::check::Check;

/// All checks, from the outside inwards.
pub(crate) fn all() -> &'static [&'static dyn Check] {
    &[
        &environment::Environment,
        &url::Url,
        &dns::Dns,
        &tcp::Tcp,
        &protocol::Protocol,
        &sqlite::file::File,
        &sqlite::disk::Disk,
        &tls::Tls,
        &authentication::Authentication,
        &server::Server,
        &sqlite::library::Library,
        &sqlite::locks::Locks,
        &pooler::Pooler,
        &capacity::Capacity,
        &timeouts::Timeouts,
        &latency::Latency,
        &idle_limit::IdleLimit,
        &features::Features,
        &tables::Tables,
        &privileges::Privileges,
        &queries::Queries,
        &pool::Pool,
        &recovery::Recovery,
        &retry::Retry,
        &ghosts::Ghosts,
    ]
}

#[cfg(test)]
mod tests {
    use super::all;

    #[test]
    fn identifiers_are_unique_and_depend_on_earlier_ones() {
        let ids: Vec<&str> = all().iter().map(|check| check.id()).collect();
        for (place, check) in all().iter().enumerate() {
            assert_eq!(ids.iter().filter(|id| **id == check.id()).count(), 1, "{}", check.id());
            assert!(check.id().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
            for needed in check.needs() {
                assert!(ids[..place].contains(needed), "{} needs {needed}", check.id());
            }
        }
    }

    #[test]
    fn layers_come_in_order() {
        assert!(all().is_sorted_by_key(|check| check.layer()));
    }
}
