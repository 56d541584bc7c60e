//! Options of the way to a PostgreSQL server, and of what is said to it at the start.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};

use crate::config::draft::Draft;
use crate::config::options::TargetSession;
use crate::config::table::{Applies, BLANK, Row};
use crate::config::value::{self, Parsed};

const PG: Row = Row { applies: Applies::Postgres, ..BLANK };

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "postgres.host",
        environment: "STEADFAST_POSTGRES_HOST",
        libpq: Some("PGHOST"),
        parameter: Some("host"),
        part: Some("host"),
        accepted: "a name, an address (IPv6 in brackets), a socket directory, or several with commas between",
        default: Some("this machine: the sockets in /var/run/postgresql and /tmp, then localhost"),
        reason: "libpq's default is the socket directory it was compiled with: Debian's or PostgreSQL's own \
                 (manual, libpq-connect)",
        set: set_hosts,
        text: |draft| Some(join(&draft.postgres.hosts, |(host, _)| bracketed(host))),
        ..PG
    },
    Row {
        name: "postgres.hostaddr",
        environment: "STEADFAST_POSTGRES_HOSTADDR",
        libpq: Some("PGHOSTADDR"),
        parameter: Some("hostaddr"),
        accepted: "an address for each host, with commas between; an empty one asks the resolver",
        reason: "names are resolved; an address here spares that and leaves the name to TLS (manual, \
                 libpq-connect)",
        set: |draft, text| addresses(text).map(|list| draft.addresses = Some(list)),
        text: show_addresses,
        ..PG
    },
    Row {
        name: "postgres.port",
        environment: "STEADFAST_POSTGRES_PORT",
        libpq: Some("PGPORT"),
        parameter: Some("port"),
        part: Some("port"),
        accepted: "1 to 65535; one for all hosts, or one for each with commas between",
        reason: "PostgreSQL's registered port (manual, runtime-config-connection)",
        set: |draft, text| ports(text).map(|list| draft.ports = Some(list)),
        text: |draft| Some(join(&draft.postgres.hosts, |(_, port)| port.to_string())),
        ..PG
    },
    Row {
        name: "postgres.user",
        environment: "STEADFAST_POSTGRES_USER",
        libpq: Some("PGUSER"),
        parameter: Some("user"),
        part: Some("user"),
        accepted: "the name of a role",
        default: Some("the variable `USER` or `LOGNAME`, else postgres"),
        reason: "libpq asks for the name of the system's user (manual, libpq-connect)",
        set: |draft, text| {
            draft.postgres.user = value::name(text)?;
            draft.user_named = true;
            Ok(())
        },
        text: |draft| Some(draft.postgres.user.clone()),
        ..PG
    },
    Row {
        name: "postgres.password",
        environment: "STEADFAST_POSTGRES_PASSWORD",
        libpq: Some("PGPASSWORD"),
        parameter: Some("password"),
        part: Some("password"),
        accepted: "text without NUL; percent-encoded in a URL",
        reason: "a server that asks for one refuses an empty one",
        secret: true,
        set: |draft, text| {
            // libpq reads an empty password as none.
            draft.postgres.password = (!text.is_empty()).then(|| SecretString::from(text));
            no_nul(text).map(drop)
        },
        text: |draft| draft.postgres.password.as_ref().map(|password| password.expose_secret().to_owned()),
        ..PG
    },
    Row {
        name: "postgres.dbname",
        environment: "STEADFAST_POSTGRES_DBNAME",
        libpq: Some("PGDATABASE"),
        parameter: Some("dbname"),
        part: Some("path"),
        accepted: "the name of a database",
        default: Some("the same as the role"),
        reason: "as in libpq (manual, libpq-connect)",
        set: |draft, text| {
            draft.postgres.database = value::name(text)?;
            draft.database_named = true;
            Ok(())
        },
        text: |draft| Some(draft.postgres.database.clone()),
        ..PG
    },
    Row {
        name: "postgres.application_name",
        environment: "STEADFAST_POSTGRES_APPLICATION_NAME",
        libpq: Some("PGAPPNAME"),
        parameter: Some("application_name"),
        accepted: "text without NUL; the server keeps 63 bytes",
        reason: "whoever looks into `pg_stat_activity` sees whose connections these are",
        set: |draft, text| no_nul(text).map(|name| draft.postgres.application_name = name),
        text: |draft| Some(draft.postgres.application_name.clone()),
        ..PG
    },
    Row {
        name: "postgres.options",
        environment: "STEADFAST_POSTGRES_OPTIONS",
        libpq: Some("PGOPTIONS"),
        parameter: Some("options"),
        accepted: "settings for the session, such as -c statement_timeout=5s",
        reason: "the server's own settings hold (manual, libpq-connect)",
        set: |draft, text| {
            draft.postgres.options = Some(no_nul(text)?).filter(|options| !options.trim().is_empty());
            Ok(())
        },
        text: |draft| draft.postgres.options.clone(),
        ..PG
    },
    Row {
        name: "postgres.target_session_attrs",
        environment: "STEADFAST_POSTGRES_TARGET_SESSION_ATTRS",
        libpq: Some("PGTARGETSESSIONATTRS"),
        parameter: Some("target_session_attrs"),
        accepted: "any, read-write, read-only, primary, standby, prefer-standby",
        reason: "as in libpq (manual, libpq-connect); with several hosts `primary` or `read-write` finds the \
                 one that takes writes after a failover",
        set: |draft, text| value::choice(text, TARGETS).map(|target| draft.postgres.target_session = target),
        text: |draft| Some(value::show_choice(&draft.postgres.target_session, TARGETS)),
        ..PG
    },
    Row {
        name: "postgres.statement_cache",
        environment: "STEADFAST_POSTGRES_STATEMENT_CACHE",
        parameter: Some("statement_cache"),
        unit: "statements for each connection",
        accepted: "0 (none, for a transaction pooler that forgets them) to 65536",
        reason: "more than most applications have; a prepared statement saves parsing and planning, and \
                 costs the server some kilobytes for each connection",
        set: |draft, text| {
            value::integer(text, 0..=65_536).map(|count| draft.postgres.statement_cache = count)
        },
        text: |draft| Some(draft.postgres.statement_cache.to_string()),
        ..PG
    },
];

const TARGETS: &[(&str, TargetSession)] = &[
    ("any", TargetSession::Any),
    ("read-write", TargetSession::ReadWrite),
    ("read-only", TargetSession::ReadOnly),
    ("primary", TargetSession::Primary),
    ("standby", TargetSession::Standby),
    ("prefer-standby", TargetSession::PreferStandby),
];

fn set_hosts(draft: &mut Draft, text: &str) -> Parsed<()> {
    let hosts: Parsed<Vec<String>> = text.split(',').map(value::host).collect();
    draft.hosts = Some(hosts?);
    // Addresses belong to the hosts they came with; those of a lower rank would lead somewhere else.
    draft.addresses = None;
    Ok(())
}

/// A port is not shown when it is wrong: where it stands in a URL a lost password may stand too.
fn ports(text: &str) -> Parsed<Vec<Option<u16>>> {
    let port = |text: &str| match text.trim() {
        "" => Ok(None),
        digits => match digits.parse::<u16>() {
            Ok(port) if port > 0 => Ok(Some(port)),
            Ok(_) | Err(_) => Err("it is not a number from 1 to 65535 (not shown)".to_owned()),
        },
    };
    text.split(',').map(port).collect()
}

fn addresses(text: &str) -> Parsed<Vec<Option<IpAddr>>> {
    let address = |text: &str| match text.trim().trim_matches(['[', ']']) {
        "" => Ok(None),
        address => match address.parse() {
            Ok(address) => Ok(Some(address)),
            Err(_) => Err("it is not an IP address (a name belongs into host)".to_owned()),
        },
    };
    text.split(',').map(address).collect()
}

fn show_addresses(draft: &Draft) -> Option<String> {
    let list = &draft.postgres.addresses;
    let show = |address: &Option<IpAddr>| address.map_or_else(String::new, |address| address.to_string());
    (!list.is_empty()).then(|| join(list, show))
}

fn bracketed(host: &str) -> String {
    let is_path = host.starts_with(['/', '@']);
    if host.contains(':') && !is_path { format!("[{host}]") } else { host.to_owned() }
}

fn join<T>(items: &[T], show: impl Fn(&T) -> String) -> String {
    items.iter().map(show).collect::<Vec<_>>().join(",")
}

fn no_nul(text: &str) -> Parsed<String> {
    if text.contains('\0') {
        return Err("it contains a NUL character, which PostgreSQL's protocol cannot carry".to_owned());
    }
    Ok(text.to_owned())
}
