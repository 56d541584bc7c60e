use std::collections::BTreeSet;

use super::{Applies, rows};
use crate::config::draft::Draft;
use crate::config::options::{PoolOptions, PrePing, SocketOptions};
use crate::time::Duration;

#[test]
fn names_follow_one_rule_and_none_is_used_twice() {
    let mut seen = BTreeSet::new();
    for row in rows() {
        let rule = format!("STEADFAST_{}", row.name.replace('.', "_").to_uppercase());
        assert_eq!(row.environment, rule);
        for name in [Some(row.name), Some(row.environment), row.libpq, row.parameter].into_iter().flatten() {
            assert!(seen.insert(name), "{name} is used twice");
        }
        assert!(row.parameter.is_some() || row.part.is_some(), "{} cannot be set in a URL", row.name);
        assert!(!row.accepted.is_empty() && !row.reason.is_empty(), "{} is not explained", row.name);
        for text in [row.accepted, row.reason] {
            assert!(!text.contains("  ") && !text.ends_with('.'), "{}: {text}", row.name);
        }
    }
}

#[test]
fn libpqs_options_have_libpqs_names() {
    for name in [
        "host",
        "hostaddr",
        "port",
        "user",
        "password",
        "dbname",
        "connect_timeout",
        "application_name",
        "options",
        "keepalives",
        "keepalives_idle",
        "keepalives_interval",
        "keepalives_count",
        "tcp_user_timeout",
        "sslmode",
        "sslrootcert",
        "sslcert",
        "sslkey",
        "sslnegotiation",
        "channel_binding",
        "target_session_attrs",
    ] {
        assert!(super::by_parameter(name).is_some(), "{name}");
    }
}

/// Every field of the options must have a row: a value other than the default for each row, set through it,
/// must make a difference, and what is shown must be read as the same.
#[test]
fn every_row_sets_its_own_field_and_shows_what_it_would_read() {
    for row in rows() {
        let sample = sample(row.name);
        let mut draft = Draft::default();
        (row.set)(&mut draft, sample).unwrap_or_else(|problem| panic!("{}: {problem}", row.name));
        draft.join_hosts().unwrap();
        let shown = (row.text)(&draft).unwrap_or_else(|| panic!("{} shows nothing", row.name));
        assert_ne!(Some(&shown), (row.text)(&Draft::default()).as_ref(), "{} changed nothing", row.name);
        let mut again = Draft::default();
        (row.set)(&mut again, &shown).unwrap();
        again.join_hosts().unwrap();
        assert_eq!((row.text)(&again), Some(shown), "{}", row.name);
        for other in rows().filter(|other| other.name != row.name && !follows(row.name, other.name)) {
            let untouched = {
                let mut draft = Draft::default();
                draft.join_hosts().unwrap();
                (other.text)(&draft)
            };
            assert_eq!((other.text)(&draft), untouched, "{} changed {}", row.name, other.name);
        }
    }
}

/// The database is named like the role; hosts, ports and addresses are lists of one length.
fn follows(cause: &str, effect: &str) -> bool {
    matches!(
        (cause, effect),
        ("postgres.user", "postgres.dbname")
            | ("postgres.host" | "postgres.hostaddr", "postgres.port" | "postgres.host")
    )
}

fn sample(name: &str) -> &'static str {
    match name {
        "pool.pre_ping" => "always",
        "pool.leak_tracking" => "on",
        "postgres.keepalives" => "off",
        "postgres.hostaddr" => "10.0.0.7",
        "postgres.target_session_attrs" => "primary",
        "postgres.sslmode" => "verify-ca",
        "postgres.sslpin" => "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF",
        "postgres.sslnegotiation" => "direct",
        "postgres.channel_binding" => "require",
        "postgres.host"
        | "postgres.user"
        | "postgres.password"
        | "postgres.dbname"
        | "postgres.application_name"
        | "postgres.options"
        | "postgres.sslrootcert"
        | "postgres.sslcert"
        | "postgres.sslkey"
        | "sqlite.path" => "other",
        _ => "77",
    }
}

#[test]
fn the_defaults_are_the_figures_that_were_asked_for() {
    let pool = PoolOptions::default();
    assert_eq!((pool.size, pool.max_overflow), (5, 10));
    assert_eq!(pool.acquire_timeout, Duration::from_secs(30));
    assert_eq!(pool.recycle, Some(Duration::from_secs(240)));
    assert_eq!(pool.connect_timeout, Duration::from_secs(10));
    assert_ne!(pool.pre_ping, PrePing::Never);
    let socket = SocketOptions::default();
    assert!(socket.keepalives);
    assert_eq!(socket.keepalives_idle, Duration::from_secs(20));
    assert_eq!(socket.keepalives_interval, Duration::from_secs(10));
    assert_eq!(socket.keepalives_count, 5);
}

#[test]
fn every_default_is_accepted_by_its_own_setter() {
    for row in rows() {
        if let Some(text) = (row.text)(&Draft::default()) {
            (row.set)(&mut Draft::default(), &text)
                .unwrap_or_else(|problem| panic!("{}: {problem}", row.name));
        }
    }
}

#[test]
fn only_the_password_is_secret_and_it_is_never_shown() {
    let secret: Vec<&str> = rows().filter(|row| row.secret).map(|row| row.name).collect();
    assert_eq!(secret, ["postgres.password"]);
    let row = super::by_name("postgres.password").unwrap();
    let mut draft = Draft::default();
    (row.set)(&mut draft, "hunter2").unwrap();
    assert_eq!(row.shown(&draft), "(hidden)");
    assert!(!format!("{draft:?}").contains("hunter2"));
}

#[test]
fn libpqs_units_and_zeroes_are_kept() {
    let mut draft = Draft::default();
    let set = |draft: &mut Draft, name: &str, text: &str| (super::by_name(name).unwrap().set)(draft, text);
    set(&mut draft, "postgres.tcp_user_timeout", "2500").unwrap();
    assert_eq!(draft.postgres.socket.tcp_user_timeout, Some(Duration::from_millis(2500)));
    set(&mut draft, "postgres.tcp_user_timeout", "0").unwrap();
    assert_eq!(draft.postgres.socket.tcp_user_timeout, None);
    set(&mut draft, "postgres.keepalives", "0").unwrap();
    assert!(!draft.postgres.socket.keepalives);
    set(&mut draft, "pool.connect_timeout", "3").unwrap();
    assert_eq!(draft.pool.connect_timeout, Duration::from_secs(3));
    for (name, text) in [
        ("pool.connect_timeout", "0"),
        ("postgres.keepalives_idle", "0"),
        ("postgres.keepalives_idle", "1500ms"),
        ("postgres.keepalives_interval", "32768"),
        ("postgres.keepalives_count", "128"),
        ("postgres.port", "0"),
        ("postgres.port", "65536"),
        ("postgres.sslpin", "abc"),
        ("postgres.sslpin", "zz112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"),
        ("pool.pre_ping", "0"),
        ("sqlite.path", "~/app.db"),
    ] {
        assert!(set(&mut draft, name, text).is_err(), "{name}={text}");
    }
}

#[test]
fn pre_ping_has_words_and_figures() {
    let row = super::by_name("pool.pre_ping").unwrap();
    for (text, policy) in [
        ("always", PrePing::Always),
        ("never", PrePing::Never),
        ("off", PrePing::Never),
        ("on", PrePing::AfterIdle(Duration::from_secs(1))),
        ("True", PrePing::AfterIdle(Duration::from_secs(1))),
        ("1s", PrePing::AfterIdle(Duration::from_secs(1))),
        ("250ms", PrePing::AfterIdle(Duration::from_millis(250))),
    ] {
        let mut draft = Draft::default();
        (row.set)(&mut draft, text).unwrap();
        assert_eq!(draft.pool.pre_ping, policy, "{text}");
    }
}

#[test]
fn sqlite_knows_the_pools_size_and_nothing_of_the_network() {
    for row in rows() {
        let expected = match row.name {
            "pool.recycle" | "pool.pre_ping" | "pool.ping_timeout" | "pool.keepalive_ping" => {
                Applies::Postgres
            }
            name if name.starts_with("pool.") => Applies::Both,
            name if name.starts_with("postgres.") => Applies::Postgres,
            _ => Applies::Sqlite,
        };
        assert_eq!(row.applies, expected, "{}", row.name);
    }
}
