//! From options to a URL and back.

use std::collections::BTreeMap;

use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::postgres;
use crate::config::draft::Draft;
use crate::config::{
    ChannelBinding, Config, Environment, PoolOptions, PostgresOptions, PrePing, SqliteLocation,
    SqliteOptions, SslMode, table,
};
use crate::time::Duration;

/// All values of a configuration, secrets included, for comparison.
fn values(config: &Config) -> BTreeMap<&'static str, Option<String>> {
    let draft = Draft::of(&config.backend, &config.pool);
    table::rows().map(|row| (row.name, (row.text)(&draft))).collect()
}

fn name() -> impl Strategy<Value = String> {
    // No control characters and no blanks at the ends: those are refused or removed on purpose.
    "[!-~é@/:?#%&=+]{1,12}"
}

const MODES: [SslMode; 4] = [SslMode::Require, SslMode::VerifyCa, SslMode::VerifyFull, SslMode::Prefer];
const BINDINGS: [ChannelBinding; 3] =
    [ChannelBinding::Disable, ChannelBinding::Prefer, ChannelBinding::Require];

/// What a URL gives; a refusal fails the property.
fn from_url(url: &str) -> Result<Config, TestCaseError> {
    Config::from_url(url).map_err(|errors| TestCaseError::fail(errors.to_string()))
}

prop_compose! {
    fn any_postgres()(
        hosts in prop::collection::vec(("[a-z][a-z0-9.-]{0,8}|::1|/tmp/a b|10\\.0\\.0\\.1", 1_u16..), 1..4),
        user in name(), database in name(), application_name in "\\PC{0,12}",
        password in prop::option::of("\\PC{1,12}"),
        options in prop::option::of("-c [a-z]{1,5}=[!-~]{1,5}"),
        seconds in 1_u64..32_767, millis in prop::option::of(1_u64..100_000), keepalives: bool,
        count in 1_u32..=127, mode in prop::sample::select(&MODES), binding in prop::sample::select(&BINDINGS),
        statement_cache in 0_usize..=65_536,
    ) -> PostgresOptions {
        let mut made = PostgresOptions {
            hosts, user, database, application_name, options, statement_cache,
            password: password.map(Into::into), channel_binding: binding, ..PostgresOptions::default()
        };
        made.socket.keepalives = keepalives;
        made.socket.keepalives_idle = Duration::from_secs(seconds);
        made.socket.keepalives_count = count;
        made.socket.tcp_user_timeout = millis.map(Duration::from_millis);
        made.tls.mode = mode;
        made
    }
}

prop_compose! {
    fn any_pool()(
        size in 1_usize..1000, max_overflow in 0_usize..1000, nanos in 1_u64..1_000_000_000_000,
        recycle in prop::option::of(1_u64..1_000_000), max_waiters in 1_usize..1_000_000, leak_tracking: bool,
        pre_ping in prop_oneof![
            Just(PrePing::Always), Just(PrePing::Never),
            (1_u64..1_000_000).prop_map(|micros| PrePing::AfterIdle(Duration::from_micros(micros))),
        ],
    ) -> PoolOptions {
        PoolOptions {
            size, max_overflow, max_waiters, leak_tracking, pre_ping, min_idle: size / 2,
            acquire_timeout: Duration::from_nanos(nanos), recycle: recycle.map(Duration::from_millis),
            ..PoolOptions::default()
        }
    }
}

proptest! {
    #[test]
    fn any_options_come_back_from_their_url(options in any_postgres(), pool in any_pool()) {
        let mut config = Config::postgres(options);
        config.pool = pool;
        let url = config.to_url();
        let again = from_url(url.expose_secret())?;
        prop_assert!(again.repairs.is_empty(), "{:?}", again.repairs);
        prop_assert_eq!(values(&again), values(&config));
        let secret = format!("{again:?}{:?}{}", again.describe(), again.target());
        if let Some(password) = &postgres(&config).password {
            let password = password.expose_secret();
            // A short one stands in any text by chance.
            prop_assert!(password.len() < 10 || !secret.contains(password));
        }
    }

    #[test]
    fn any_file_comes_back_from_its_url(path in "[!-}é][ -}é]{0,20}[!-.0-}é]", millis in 0_u64..100_000) {
        prop_assume!(!path.starts_with("~/") && !path.starts_with("//"));
        prop_assume!(path.trim_start_matches('/') != ":memory:");
        let location = SqliteLocation::File(path.into());
        let busy_timeout = Duration::from_millis(millis);
        let mut config = Config::sqlite(SqliteOptions { location, busy_timeout });
        config.pool.size = 3;
        let again = from_url(config.to_url().expose_secret())?;
        prop_assert_eq!(values(&again), values(&config));
    }

    #[test]
    fn no_environment_and_no_override_makes_loading_panic(
        row in 0..table::rows().count(), text in "\\PC{0,20}",
        url in prop::sample::select(vec!["postgres://", "sqlite:f"]),
    ) {
        let row = table::rows().nth(row).expect("a row");
        let environment: Environment =
            [("DATABASE_URL", url), (row.environment, text.as_str())].into_iter().collect();
        let _unused = Config::load(&environment, &[(row.name, &text)]);
    }
}
