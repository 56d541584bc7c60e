//! Loading as a whole: order, defaults, reports.

mod round_trip;

use secrecy::ExposeSecret;

use super::table::{self, Applies};
use super::{
    BackendOptions, Config, ConfigErrors, Environment, Origin, PoolOptions, PostgresOptions, PrePing,
    SqliteLocation, SqliteOptions, SslMode, render_settings,
};
use crate::time::Duration;

fn load(variables: &[(&str, &str)], overrides: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    Config::load(&variables.iter().copied().collect(), overrides)
}

fn postgres(config: &Config) -> &PostgresOptions {
    match &config.backend {
        BackendOptions::Postgres(options) => options,
        BackendOptions::Sqlite(_) => panic!("this is SQLite"),
    }
}

fn sqlite(config: &Config) -> &SqliteOptions {
    match &config.backend {
        BackendOptions::Sqlite(options) => options,
        BackendOptions::Postgres(_) => panic!("this is PostgreSQL"),
    }
}

fn origin(config: &Config, name: &str) -> String {
    let settings = config.describe();
    settings.iter().find(|setting| setting.name == name).expect("described").origin.to_string()
}

fn fields(result: Result<Config, ConfigErrors>) -> Vec<String> {
    result.unwrap_err().iter().map(|error| error.field().to_owned()).collect()
}

#[test]
fn without_configuration_it_is_a_sqlite_file_with_simple_settings() {
    let config = load(&[], &[]).unwrap();
    assert_eq!(config.target(), "SQLite file steadfast.sqlite3");
    assert_eq!(config.pool, PoolOptions::sqlite());
    assert!(config.repairs.is_empty() && config.warnings.is_empty());
    assert!(config.describe().iter().all(|setting| setting.origin == Origin::Default));
}

#[test]
fn each_source_outranks_the_one_before_for_every_option() {
    let url = |parameter: &str| format!("postgres://u@h/d?{parameter}");
    type Pairs = &'static [(&'static str, &'static str)];
    let steps: &[(&str, Pairs, &str, Pairs, usize)] = &[
        ("default", &[], "", &[], 5),
        ("environment STEADFAST_POOL_SIZE", &[("STEADFAST_POOL_SIZE", "6")], "", &[], 6),
        ("URL parameter pool_size", &[("STEADFAST_POOL_SIZE", "6")], "pool_size=7", &[], 7),
        ("override", &[("STEADFAST_POOL_SIZE", "6")], "pool_size=7", &[("pool.size", "8")], 8),
    ];
    for (expected, variables, parameter, overrides, size) in steps {
        let url = url(parameter);
        let mut variables = variables.to_vec();
        variables.push(("DATABASE_URL", url.as_str()));
        let config = load(&variables, overrides).unwrap();
        assert_eq!(config.pool.size, *size);
        assert_eq!(origin(&config, "pool.size"), *expected);
    }
}

#[test]
fn libpqs_variables_fill_what_the_url_leaves_out_and_ours_outrank_them() {
    let pg = [
        ("PGHOST", "pghost"),
        ("PGPORT", "5433"),
        ("PGUSER", "pguser"),
        ("PGPASSWORD", "pgpass\n"),
        ("PGDATABASE", "pgdb"),
        ("PGSSLMODE", "require"),
        ("PGAPPNAME", "pgapp"),
        ("PGCONNECT_TIMEOUT", "3"),
    ];
    let with = |more: &[(&'static str, &'static str)]| load(&[&pg[..], more].concat(), &[]).unwrap();

    let config = with(&[("DATABASE_URL", "postgres://")]);
    assert_eq!(config.target(), "PostgreSQL at pghost:5433/pgdb as pguser");
    let options = postgres(&config);
    assert_eq!(options.password.as_ref().unwrap().expose_secret(), "pgpass");
    assert_eq!(options.tls.mode, SslMode::Require);
    assert_eq!(options.application_name, "pgapp");
    assert_eq!(config.pool.connect_timeout, Duration::from_secs(3));
    assert_eq!(origin(&config, "postgres.host"), "environment PGHOST");

    let config =
        with(&[("DATABASE_URL", "postgres://u:p@h:1/d"), ("STEADFAST_POSTGRES_APPLICATION_NAME", "ours")]);
    assert_eq!(config.target(), "PostgreSQL at h:1/d as u");
    assert_eq!(postgres(&config).application_name, "ours");
    assert_eq!(postgres(&config).password.as_ref().unwrap().expose_secret(), "p");

    let config = with(&[]);
    assert_eq!(config.target(), "SQLite file steadfast.sqlite3");
    assert_eq!(config.warnings.len(), 1);
    assert!(config.warnings[0].contains("PGHOST") && config.warnings[0].contains("postgres://"));
}

#[test]
fn an_address_from_the_environment_is_not_dialled_for_a_host_from_the_url() {
    let config =
        load(&[("PGHOSTADDR", "10.0.0.1"), ("DATABASE_URL", "postgres://u@elsewhere/d")], &[]).unwrap();
    assert!(postgres(&config).addresses.is_empty());
    let config = load(&[("PGHOSTADDR", "10.0.0.1"), ("DATABASE_URL", "postgres://u@/d")], &[]).unwrap();
    assert_eq!(config.target(), "PostgreSQL at 10.0.0.1:5432/d as u");
    let both =
        [("PGHOSTADDR", "10.0.0.1"), ("STEADFAST_POSTGRES_HOST", "ours"), ("DATABASE_URL", "postgres://")];
    assert!(postgres(&load(&both, &[]).unwrap()).addresses.is_empty());
    let config = Config::from_url("postgres://a,b/d?hostaddr=10.0.0.1,10.0.0.2").unwrap();
    assert_eq!(postgres(&config).addresses.len(), 2);
}

#[test]
fn an_empty_host_is_this_machine_and_user_and_database_follow_libpq() {
    let config = load(&[("DATABASE_URL", "postgres://"), ("USER", "alice")], &[]).unwrap();
    let hosts: Vec<&str> = postgres(&config).hosts.iter().map(|(host, _)| host.as_str()).collect();
    assert_eq!(hosts, ["/var/run/postgresql", "/tmp", "localhost"]);
    assert_eq!((postgres(&config).user.as_str(), postgres(&config).database.as_str()), ("alice", "alice"));
    assert_eq!(origin(&config, "postgres.user"), "environment USER");
    assert_eq!(origin(&config, "postgres.dbname"), "because of postgres.user");
    assert_eq!(postgres(&Config::from_url("postgres://").unwrap()).user, "postgres");
}

#[test]
fn several_hosts_have_one_port_or_one_each() {
    let hosts = |url: &str| Config::from_url(url).map(|config| postgres(&config).hosts.clone());
    let of = |list: &[(&str, u16)]| list.iter().map(|(h, p)| ((*h).to_owned(), *p)).collect::<Vec<_>>();
    assert_eq!(hosts("postgres://a:1,b:2/d").unwrap(), of(&[("a", 1), ("b", 2)]));
    assert_eq!(hosts("postgres://a,b:2/d").unwrap(), of(&[("a", 5432), ("b", 2)]));
    assert_eq!(hosts("postgres://a,b/d?port=7").unwrap(), of(&[("a", 7), ("b", 7)]));
    assert_eq!(hosts("postgres://[::1]:1,b/d").unwrap(), of(&[("::1", 1), ("b", 5432)]));
    assert_eq!(fields(Config::from_url("postgres://a,b,c/d?port=1,2")), ["database.url: parameter port"]);
    assert_eq!(
        fields(Config::from_url("postgres://a,b/d?hostaddr=::1")),
        ["database.url: parameter hostaddr"]
    );
    let config = Config::from_url("postgres://u@[::1]:1,b/d").unwrap();
    assert_eq!(config.target(), "PostgreSQL at [::1]:1,b:5432/d as u");
}

#[test]
fn all_problems_are_told_at_once_under_the_names_that_were_used() {
    let found = load(
        &[
            ("DATABASE_URL", "postgres://u:hunter2@h:x/d?sslmode=requird&nonsense=1"),
            ("STEADFAST_POOL_SIZE", "many"),
            ("STEADFAST_POOL_SIZ", "7"),
            ("PGPORT", "abc"),
        ],
        &[("pool.sise", "7"), ("pool.recycle", "soon")],
    );
    let text = found.as_ref().unwrap_err().to_string();
    let fields = fields(found);
    for field in [
        "DATABASE_URL: port",
        "DATABASE_URL: parameter sslmode",
        "DATABASE_URL: parameter nonsense",
        "STEADFAST_POOL_SIZE",
        "STEADFAST_POOL_SIZ",
        "PGPORT",
        "pool.sise",
        "pool.recycle",
    ] {
        assert!(fields.iter().any(|found| found == field), "{field} is missing: {fields:?}");
    }
    assert_eq!(fields.len(), 8, "{fields:?}");
    assert!(
        text.starts_with("8 problems") && text.contains("`require`") && !text.contains("hunter2"),
        "{text}"
    );
}

#[test]
fn options_that_contradict_each_other_are_named_as_they_were_set() {
    let with = |url: &str, variables: &[(&str, &str)]| {
        fields(load(&[variables, &[("DATABASE_URL", url)]].concat(), &[]))
    };
    let url = "postgres://u@h/d";
    assert_eq!(with(url, &[("STEADFAST_POOL_MIN_IDLE", "6")]), ["STEADFAST_POOL_MIN_IDLE"]);
    assert_eq!(
        with("postgres://u@h/d?pool_size=0&max_overflow=0", &[]),
        ["DATABASE_URL: parameter pool_size"]
    );
    assert_eq!(
        with("postgres://u@h/d?sslmode=disable&channel_binding=require", &[]),
        ["DATABASE_URL: parameter channel_binding"]
    );
    assert_eq!(with(url, &[("PGSSLROOTCERT", "system"), ("PGSSLMODE", "require")]), ["PGSSLMODE"]);
    assert_eq!(
        with("postgres://u@h/d?sslnegotiation=direct&sslmode=prefer", &[]),
        ["DATABASE_URL: parameter sslmode"]
    );
    assert_eq!(with("postgres://u@h/d?sslcert=c.pem", &[]), ["postgres.sslkey"]);
    assert_eq!(with("postgres://u@h/d?sslkey=c.pem", &[]), ["postgres.sslcert"]);
    assert_eq!(with("postgres://u%00@h/d", &[]), ["DATABASE_URL: user"]);
    assert_eq!(with("postgres://u:%00@h/d", &[]), ["DATABASE_URL: password"]);
    assert_eq!(with("postgres://u@h/d%0A", &[]), ["DATABASE_URL: path"]);
    assert_eq!(with("postgres://u@h/d%20", &[]), ["DATABASE_URL: path"]);
    assert_eq!(with("postgres://u@h/d", &[("PGUSER", "u ")]), ["PGUSER"]);
    assert_eq!(with("sqlite:data/", &[]), ["DATABASE_URL: path"]);
}

#[test]
fn a_stronger_promise_raises_the_sslmode_that_nobody_chose() {
    let mode = |parameters: &str| {
        let config = Config::from_url(&format!("postgres://u@h/d?{parameters}")).unwrap();
        (postgres(&config).tls.mode, origin(&config, "postgres.sslmode"))
    };
    let because = |cause: &str| format!("because of {cause}");
    assert_eq!(mode(""), (SslMode::Prefer, "default".to_owned()));
    assert_eq!(mode("sslrootcert=system"), (SslMode::VerifyFull, because("postgres.sslrootcert")));
    assert_eq!(mode("sslnegotiation=direct"), (SslMode::Require, because("postgres.sslnegotiation")));
    let pin = "ab".repeat(32);
    assert_eq!(mode(&format!("sslpin={pin}")), (SslMode::Require, because("postgres.sslpin")));
    assert_eq!(fields(Config::from_url(&format!("postgres://h?sslpin={pin}&sslmode=allow"))).len(), 1);
}

#[test]
fn one_environment_serves_both_databases() {
    let variables = [
        ("STEADFAST_POOL_SIZE", "3"),
        ("STEADFAST_POOL_RECYCLE", "60"),
        ("STEADFAST_POSTGRES_SSLMODE", "require"),
        ("STEADFAST_POSTGRES_PASSWORD", "hunter2"),
        ("STEADFAST_SQLITE_BUSY_TIMEOUT", "1s"),
        ("PGSSLMODE", "nonsense of another program"),
    ];
    let config = load(&[&variables[..], &[("DATABASE_URL", "sqlite::memory:")]].concat(), &[]).unwrap();
    assert_eq!((config.pool.size, config.pool.recycle), (3, None));
    assert_eq!(sqlite(&config).busy_timeout, Duration::from_secs(1));
    let ignored: Vec<String> = config
        .describe()
        .into_iter()
        .filter(|setting| setting.ignored)
        .map(|setting| format!("{}={}", setting.name, setting.value))
        .collect();
    assert_eq!(ignored, ["pool.recycle=60", "postgres.password=(hidden)", "postgres.sslmode=require"]);
    assert_eq!(config.warnings.len(), 3, "{:?}", config.warnings);
    assert!(!format!("{config:?}{:?}", config.describe()).contains("hunter2"));
    // Checked all the same.
    let wrong = load(&[("STEADFAST_POSTGRES_SSLMODE", "requird")], &[]);
    assert_eq!(fields(wrong), ["STEADFAST_POSTGRES_SSLMODE"]);
}

#[test]
fn an_empty_database_url_is_an_error_and_never_a_silent_sqlite_file() {
    for empty in ["", " ", "\n", "\"\""] {
        assert_eq!(fields(load(&[("DATABASE_URL", empty)], &[])), ["DATABASE_URL"], "{empty:?}");
    }
    let config = load(&[("DATABASE_URL", "")], &[("database.url", "sqlite::memory:")]).unwrap();
    assert_eq!(config.target(), "SQLite in memory");
    assert_eq!(origin(&config, "database.url"), "override");
}

#[test]
fn what_kubernetes_sets_for_a_service_of_our_name_is_no_port() {
    let variables =
        [("STEADFAST_POSTGRES_PORT", "tcp://10.0.0.7:5432"), ("DATABASE_URL", "postgres://u@h/d")];
    let config = load(&variables, &[]).unwrap();
    assert_eq!(config.target(), "PostgreSQL at h:5432/d as u");
    assert_eq!(config.warnings.len(), 1);
}

#[test]
fn every_option_can_be_set_by_environment_and_by_override() {
    for row in table::rows() {
        let url = if row.applies == Applies::Sqlite { "sqlite:f" } else { "postgres://" };
        let present =
            super::draft::Draft::of(&Config::from_url(url).unwrap().backend, &PoolOptions::default());
        let value = match row.name {
            "postgres.hostaddr" => "10.0.0.7".to_owned(),
            "postgres.sslpin" => "ab".repeat(32),
            "sqlite.path" => "g".to_owned(),
            // The key alone would be refused; what matters here is that its variable is read.
            "postgres.sslcert"
            | "postgres.sslkey"
            | "postgres.options"
            | "postgres.password"
            | "postgres.sslrootcert" => "x".to_owned(),
            _ => (row.text)(&present).expect("shown"),
        };
        let environment: Environment =
            [("DATABASE_URL", url), (row.environment, value.as_str())].into_iter().collect();
        for (overrides, expected) in [
            (vec![], format!("environment {}", row.environment)),
            (vec![(row.name, value.as_str())], "override".to_owned()),
        ] {
            match Config::load(&environment, &overrides) {
                // The path of the URL outranks the variable.
                Ok(config) if row.name == "sqlite.path" && overrides.is_empty() => {
                    assert_eq!(origin(&config, row.name), "URL path");
                }
                Ok(config) => assert_eq!(origin(&config, row.name), expected, "{}", row.name),
                Err(errors) => {
                    assert!(
                        matches!(row.name, "postgres.sslcert" | "postgres.sslkey"),
                        "{}: {errors}",
                        row.name
                    );
                }
            }
        }
    }
}

#[test]
fn what_code_changes_afterwards_is_shown_as_codes() {
    let mut config = Config::from_url("postgres://u:hunter2@h/d").unwrap();
    config.pool.size = 9;
    assert_eq!(origin(&config, "pool.size"), "code");
    assert_eq!(origin(&config, "pool.max_overflow"), "default");
    config.pool.min_idle = 10;
    assert_eq!(config.validate().unwrap_err().first().field(), "pool.min_idle");
    let made =
        Config::postgres(PostgresOptions { application_name: "mine".to_owned(), ..Default::default() });
    assert_eq!(origin(&made, "postgres.application_name"), "code");
    assert_eq!(origin(&made, "postgres.sslmode"), "default");
}

#[test]
fn the_settings_are_shown_aligned_and_without_the_password() {
    let config = Config::from_url("postgres://alice:hunter2@db.example/app?pool_size=7").unwrap();
    let text = render_settings(&config.describe());
    assert!(!text.contains("hunter2"), "{text}");
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(line("database.url").contains("PostgreSQL at db.example:5432/app as alice"));
    assert!(line("postgres.password").contains("(hidden)"));
    let column = |name: &str, word: &str| line(name).find(word).unwrap();
    assert_eq!(column("pool.size", "URL parameter"), column("pool.max_overflow", "default"));
    assert!(text.ends_with('\n'));
}

#[test]
fn memory_is_one_call_away() {
    let config = Config::sqlite_memory();
    assert_eq!(sqlite(&config).location, SqliteLocation::Memory);
    assert_eq!(config.target(), "SQLite in memory");
    assert!(config.validate().is_ok());
}

#[test]
fn options_made_in_code_are_judged_too() {
    let problem = |change: fn(&mut PostgresOptions)| {
        let mut options = PostgresOptions::default();
        change(&mut options);
        options.validate().unwrap_err().field().to_owned()
    };
    assert_eq!(problem(|o| o.hosts.clear()), "postgres.host");
    assert_eq!(problem(|o| o.hosts = vec![(String::new(), 1)]), "postgres.host");
    assert_eq!(problem(|o| o.hosts = vec![("h".into(), 0)]), "postgres.port");
    assert_eq!(problem(|o| o.addresses = vec![None, None]), "postgres.hostaddr");
    assert_eq!(problem(|o| o.user.clear()), "postgres.user");
    assert_eq!(problem(|o| o.database = "a\0".into()), "postgres.dbname");
    assert_eq!(problem(|o| o.application_name = "a\0".into()), "postgres.application_name");
    assert_eq!(problem(|o| o.password = Some("a\0".into())), "postgres.password");
    assert_eq!(problem(|o| o.options = Some("a\0".into())), "postgres.options");
    assert_eq!(
        problem(|o| o.socket.keepalives_idle = Duration::from_millis(1500)),
        "postgres.keepalives_idle"
    );
    assert_eq!(problem(|o| o.socket.keepalives_interval = Duration::MAX), "postgres.keepalives_interval");
    assert_eq!(problem(|o| o.socket.keepalives_count = 0), "postgres.keepalives_count");
    assert_eq!(problem(|o| o.socket.tcp_user_timeout = Some(Duration::MAX)), "postgres.tcp_user_timeout");
    assert_eq!(problem(|o| o.socket.tcp_user_timeout = Some(Duration::ZERO)), "postgres.tcp_user_timeout");
    assert_eq!(problem(|o| o.tls.root_cert = Some(String::new())), "postgres.sslrootcert");

    let pool = |change: fn(&mut PoolOptions)| {
        let mut options = PoolOptions::default();
        change(&mut options);
        options.validate().unwrap_err().field().to_owned()
    };
    assert_eq!(pool(|o| (o.size, o.max_overflow) = (0, 0)), "pool.size");
    assert_eq!(pool(|o| o.size = usize::MAX), "pool.size");
    assert_eq!(pool(|o| o.min_idle = 6), "pool.min_idle");
    assert_eq!(pool(|o| o.max_waiters = 0), "pool.max_waiters");
    assert_eq!(pool(|o| o.acquire_timeout = Duration::ZERO), "pool.acquire_timeout");
    assert_eq!(pool(|o| o.recycle = Some(Duration::MAX)), "pool.recycle");
    assert_eq!(pool(|o| o.pre_ping = PrePing::AfterIdle(Duration::MAX)), "pool.pre_ping");

    let mut file = SqliteOptions::default();
    for path in ["", "a/", "a\0b"] {
        file.location = SqliteLocation::File(path.into());
        assert_eq!(file.validate().unwrap_err().field(), "sqlite.path", "{path:?}");
    }
    file = SqliteOptions { busy_timeout: Duration::MAX, ..SqliteOptions::default() };
    assert_eq!(file.validate().unwrap_err().field(), "sqlite.busy_timeout");
}
