//! The table of foreign parameters.

use crate::config::url::foreign::Translation::Nothing;
use crate::config::url::foreign::{Foreign, boolean, limit, only, row, search_path, set, setting, utf8};

/// All of them, in the order of the documentation.
#[rustfmt::skip]
pub(crate) const FOREIGN: &[Foreign] = &[
    // What pools elsewhere are told.
    row("connection_limit", "Prisma", "pool.size, and no overflow", "1 to 100000", limit),
    row("pool_max_conns", "pgx", "pool.size, and no overflow", "1 to 100000", limit),
    row("max_overflow", "SQLAlchemy", "pool.max_overflow", "0 to 100000, -1 for unlimited", |v| set("pool.max_overflow", v)),
    row("pool_timeout", "Prisma, SQLAlchemy", "pool.acquire_timeout", DURATION,
        |v| set("pool.acquire_timeout", v)),
    row("pool_min_conns", "pgx", "pool.min_idle", "0 to pool.size", |v| {
        set("pool.min_idle", v)
    }),
    row("pool_max_conn_lifetime", "pgx", "pool.recycle", DURATION, |v| {
        set("pool.recycle", v)
    }),
    row("pool_max_conn_idle_time", "pgx", "pool.idle_timeout", DURATION, |v| set("pool.idle_timeout", v)),
    row("connectTimeout", "JDBC", "pool.connect_timeout", DURATION, |v| {
        set("pool.connect_timeout", v)
    }),
    row("loginTimeout", "JDBC", "pool.connect_timeout", DURATION, |v| {
        set("pool.connect_timeout", v)
    }),
    // Poolers and prepared statements.
    row("pgbouncer", "Prisma", "true: postgres.statement_cache 0", BOOLEAN, |v| match boolean(v)? {
        true => set("postgres.statement_cache", "0"),
        false => Ok(Nothing),
    }),
    row("prepared_statements", "Rails", "false: postgres.statement_cache 0", BOOLEAN, |v| match boolean(v)? {
        true => Ok(Nothing),
        false => set("postgres.statement_cache", "0"),
    }),
    row("prepareThreshold", "JDBC", "0: postgres.statement_cache 0", "a whole number", |v| match v {
        "0" => set("postgres.statement_cache", "0"),
        _ => Ok(Nothing),
    }),
    row("statement_cache_size", "asyncpg", "postgres.statement_cache", CACHE,
        |v| set("postgres.statement_cache", v)),
    row("prepared_statement_cache_size", "SQLAlchemy", "postgres.statement_cache", CACHE,
        |v| set("postgres.statement_cache", v)),
    row("statement-cache-capacity", "sqlx", "postgres.statement_cache", CACHE,
        |v| set("postgres.statement_cache", v)),
    row("default_query_exec_mode", "pgx", "exec, simple_protocol: postgres.statement_cache 0", "pgx's modes",
        |v| match v {
            "exec" | "simple_protocol" | "describe_exec" => set("postgres.statement_cache", "0"),
            "cache_statement" | "cache_describe" => Ok(Nothing),
            _ => Err("it is not known".to_owned()),
        }),
    row("supa", "Supabase, Vercel", "names the pooler's flavour, which needs no setting", "anything",
        |_| Ok(Nothing)),
    row("workaround", "Vercel", "meant for another client", "anything", |_| Ok(Nothing)),
    row("uselibpqcompat", "node-postgres", "libpq's meanings are used anyway", "anything", |_| Ok(Nothing)),
    // TLS.
    row("ssl", "JDBC, node-postgres", "true: sslmode=require (as libpq reads it), false: disable", SSL,
        |v| match v.to_ascii_lowercase().as_str() {
            "true" | "1" | "on" | "no-verify" | "" => set("postgres.sslmode", "require"),
            "false" | "0" | "off" => set("postgres.sslmode", "disable"),
            "disable" | "allow" | "prefer" | "require" | "verify-ca" | "verify-full" => {
                set("postgres.sslmode", v)
            }
            _ => Err("it is not known".to_owned()),
        }),
    row("ssl-mode", "sqlx", "sslmode", SSL, |v| set("postgres.sslmode", v)),
    row("ssl_mode", "some", "sslmode", SSL, |v| set("postgres.sslmode", v)),
    row("requiressl", "old libpq", "1: sslmode=require", "0, 1", |v| match v {
        "1" => set("postgres.sslmode", "require"),
        "0" => Ok(Nothing),
        _ => Err("it is not known".to_owned()),
    }),
    row("sslaccept", "Prisma", "strict: sslmode=verify-full; accept_invalid_certs: nothing", ACCEPT,
        |v| match v {
            "strict" => set("postgres.sslmode", "verify-full"),
            "accept_invalid_certs" => Ok(Nothing),
            _ => Err("it is not known".to_owned()),
        }),
    row("ssl-root-cert", "sqlx", "sslrootcert", "a path", |v| {
        set("postgres.sslrootcert", v)
    }),
    row("ssl_min_protocol_version", "libpq", "TLS 1.2 is the least anyway", "TLSv1, TLSv1.1, TLSv1.2", |v| {
        only(
            v,
            &["", "TLSv1", "TLSv1.1", "TLSv1.2"],
            "more than TLS 1.2 cannot be demanded",
        )
    }),
    row("sslcompression", "libpq", "never used, as is safe", "0", |v| {
        only(v, &["0"], "TLS is not compressed")
    }),
    row("sslsni", "libpq", "the name is always sent", "1", |v| {
        only(v, &["1"], "the name is always sent")
    }),
    row("sslcertmode", "libpq", "a certificate is sent when one is set", "allow",
        |v| only(v, &["allow"], "it is not supported")),
    row("gssencmode", "libpq", "GSSAPI is not spoken", "disable, prefer",
        |v| only(v, &["disable", "prefer"], "GSSAPI is not spoken")),
    // Sessions.
    row("schema", "Prisma", "-c search_path=... in postgres.options", "the name of a schema",
        search_path),
    row("currentSchema", "JDBC", "-c search_path=... in postgres.options", SCHEMAS, search_path),
    row("search_path", "pgx", "-c search_path=... in postgres.options", SCHEMAS, search_path),
    row("statement_timeout", "node-postgres", "-c statement_timeout=... in postgres.options", "milliseconds",
        |v| setting("statement_timeout", v)),
    row("lock_timeout", "node-postgres", "-c lock_timeout=... in postgres.options", "milliseconds",
        |v| setting("lock_timeout", v)),
    row("ApplicationName", "JDBC", "application_name", "text", |v| {
        set("postgres.application_name", v)
    }),
    row("fallback_application_name", "libpq", "application_name has a default", "anything", |_| Ok(Nothing)),
    row("targetServerType", "JDBC", "target_session_attrs", "any, primary, secondary, preferSecondary",
        |v| match v {
            "any" => set("postgres.target_session_attrs", "any"),
            "primary" | "master" => set("postgres.target_session_attrs", "primary"),
            "secondary" | "slave" => set("postgres.target_session_attrs", "standby"),
            "preferSecondary" | "preferSlave" => set("postgres.target_session_attrs", "prefer-standby"),
            _ => Err("it is not known".to_owned()),
        }),
    row("load_balance_hosts", "libpq", "hosts are tried in their order", "disable",
        |v| only(v, &["disable"], "hosts are tried in their order")),
    row("replication", "libpq", "an ordinary session anyway", "false", |v| {
        only(
            v,
            &["false", "off", "no", "0"],
            "replication sessions are not offered",
        )
    }),
    row("tcpKeepAlive", "JDBC", "keepalives", BOOLEAN, |v| {
        set("postgres.keepalives", v)
    }),
    row("socket_timeout", "Prisma", "every wait has a deadline of its own", "anything", |_| Ok(Nothing)),
    row("socketTimeout", "JDBC", "every wait has a deadline of its own", "anything", |_| Ok(Nothing)),
    row("client_encoding", "libpq", "UTF-8 is spoken anyway", "utf8, auto", utf8),
    row("charset", "Doctrine", "UTF-8 is spoken anyway", "utf8", utf8),
    row("serverVersion", "Doctrine", "the server tells its version itself", "anything", |_| Ok(Nothing)),
    row("username", "some", "user", "the name of a role", |v| {
        set("postgres.user", v)
    }),
    row("database", "some", "dbname", "the name of a database", |v| {
        set("postgres.dbname", v)
    }),
    // SQLite.
    row("mode", "SQLite", "memory: sqlite.path :memory:; rwc: as always", "memory, rwc", |v| match v {
        "memory" => set("sqlite.path", ":memory:"),
        "rwc" => Ok(Nothing),
        _ => Err("the file is always opened for writing, and made when it is not there".to_owned()),
    }),
    row("cache", "SQLite", "connections to memory share it anyway", "shared, private",
        |v| only(v, &["shared", "private"], "it is not known")),
    row("timeout", "SQLAlchemy", "sqlite.busy_timeout in seconds", DURATION,
        |v| set("sqlite.busy_timeout", v)),
    row("_busy_timeout", "Go", "sqlite.busy_timeout in milliseconds", "milliseconds", |v| {
        let digits = !v.is_empty() && v.chars().all(|c| c.is_ascii_digit());
        if digits {
            set("sqlite.busy_timeout", &format!("{v}ms"))
        } else {
            Err("it is not a whole number".to_owned())
        }
    }),
    row("check_same_thread", "SQLAlchemy", "each connection has its own thread", "anything", |_| Ok(Nothing)),
    row("uri", "SQLAlchemy", "parameters are always read", "anything", |_| Ok(Nothing)),
];

const BOOLEAN: &str = "true, false";
const CACHE: &str = "0 to 65536";
const DURATION: &str = "a duration such as 30s, or seconds";
const SSL: &str = "true, false, and the values of sslmode";
const ACCEPT: &str = "strict, accept_invalid_certs";
const SCHEMAS: &str = "names of schemas with commas between";
