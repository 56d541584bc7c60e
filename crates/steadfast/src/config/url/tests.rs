use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::{Backend, parse};

/// What a URL gave, in one line: values in the order of the table, then the number of repairs and warnings;
/// or the parts that were refused.
fn read(url: &str) -> String {
    let parsed = parse("DATABASE_URL", url);
    if !parsed.problems.is_empty() {
        let fields: Vec<&str> =
            parsed.problems.iter().map(|p| p.field().strip_prefix("DATABASE_URL").unwrap_or("?")).collect();
        return format!("refused{}", fields.join(""));
    }
    let mut text = match parsed.backend {
        Backend::Postgres => "pg".to_owned(),
        Backend::Sqlite => "sqlite".to_owned(),
    };
    for part in &parsed.settings {
        let name = part.option.rsplit('.').next().unwrap();
        text.push_str(&format!(" {name}={}", part.value.expose_secret()));
    }
    text + &"!".repeat(parsed.repairs.len()) + &"?".repeat(parsed.warnings.len())
}

#[track_caller]
fn check(table: &[(&str, &str)]) {
    for (url, expected) in table {
        assert_eq!(read(url), *expected, "{url:?}");
    }
}

#[test]
fn well_formed_postgres_urls_are_read_without_a_word() {
    check(&[
        ("postgres://u:p@h:5433/d", "pg host=h port=5433 user=u password=p dbname=d"),
        ("postgresql://u:p@h/d", "pg host=h user=u password=p dbname=d"),
        ("postgres://h", "pg host=h"),
        ("postgres://", "pg"),
        ("postgres:///d", "pg dbname=d"),
        ("postgres://u@/d", "pg user=u dbname=d"),
        ("postgres://:p@h/d", "pg host=h password=p dbname=d"),
        ("postgres://u:@h/d", "pg host=h user=u dbname=d"),
        ("postgres://u:p:q@h/d", "pg host=h user=u password=p:q dbname=d"),
        ("postgres://u:p%40%2F%23%3F%25@h/d", "pg host=h user=u password=p@/#?% dbname=d"),
        ("postgres://u:p+q@h/d", "pg host=h user=u password=p+q dbname=d"),
        ("postgres://u:пароль@h/d", "pg host=h user=u password=пароль dbname=d"),
        ("postgres://h/my%20db", "pg host=h dbname=my db"),
        ("postgres://h:/d", "pg host=h dbname=d"),
        ("postgres://h1:1,h2:2/d", "pg host=h1,h2 port=1,2 dbname=d"),
        ("postgres://h1,h2:5433/d", "pg host=h1,h2 port=,5433 dbname=d"),
        ("postgres://[::1]:5433/d", "pg host=::1 port=5433 dbname=d"),
        ("postgres://u@[2001:db8::1],h/d", "pg host=2001:db8::1,h user=u dbname=d"),
        ("postgres://%2Fvar%2Frun%2Fpostgresql/d", "pg host=/var/run/postgresql dbname=d"),
    ]);
}

#[test]
fn well_formed_parameters_are_read_without_a_word() {
    check(&[
        ("postgres:///d?host=/tmp&port=5433", "pg host=/tmp port=5433 dbname=d"),
        ("postgres:///d?host=@abstract", "pg host=@abstract dbname=d"),
        ("postgres://h/d?user=me@corp&password=x", "pg host=h user=me@corp password=x dbname=d"),
        (
            "postgres://u:p@h/d?application_name=a@b",
            "pg host=h user=u password=p dbname=d application_name=a@b",
        ),
        ("postgres://h/d?sslmode=verify-full", "pg host=h dbname=d sslmode=verify-full"),
        (
            "postgres://h/d?options=-c%20statement_timeout%3D5s",
            "pg host=h dbname=d options=-c statement_timeout=5s",
        ),
        ("postgres://h/d?options=endpoint%3Dep-x", "pg host=h dbname=d options=endpoint=ep-x"),
        ("postgres://h/d?hostaddr=10.0.0.1&pool_size=7", "pg size=7 host=h hostaddr=10.0.0.1 dbname=d"),
        ("postgres://h/d?", "pg host=h dbname=d"),
        ("postgres://h/d?&sslmode=require&", "pg host=h dbname=d sslmode=require"),
        ("postgres://h?sslmode=require", "pg host=h sslmode=require"),
    ]);
}

#[test]
fn well_formed_sqlite_urls_are_read_without_a_word() {
    check(&[
        ("sqlite::memory:", "sqlite path=:memory:"),
        ("sqlite://:memory:", "sqlite path=:memory:"),
        ("sqlite:///:memory:", "sqlite path=:memory:"),
        ("sqlite:app.db", "sqlite path=app.db"),
        ("sqlite://app.db", "sqlite path=app.db"),
        ("sqlite://./data/app.db", "sqlite path=./data/app.db"),
        ("sqlite:/var/app.db", "sqlite path=/var/app.db"),
        ("sqlite:///var/app.db", "sqlite path=/var/app.db"),
        ("sqlite:////var/app.db", "sqlite path=/var/app.db"),
        // A drive where there are drives, a directory of that name elsewhere.
        ("sqlite:///C:/a.db", if cfg!(windows) { "sqlite path=C:/a.db" } else { "sqlite path=/C:/a.db" }),
        ("sqlite:/%20:a", "sqlite path=/ :a"),
        ("sqlite:my%20app.db?busy_timeout=3", "sqlite path=my app.db busy_timeout=3"),
    ]);
}

/// Every row of the table of what other parsers make of odd URLs.
#[test]
fn what_trips_other_parsers_is_mended_or_refused() {
    check(&[
        ("postgres://u:p@h/d\n", "pg host=h user=u password=p dbname=d!"),
        ("postgres://u:p@h/d?sslmode=require\n", "pg host=h user=u password=p dbname=d sslmode=require!"),
        (" postgres://u:p@h/d", "pg host=h user=u password=p dbname=d!"),
        ("postgresql+psycopg2://u:p@h/d", "pg host=h user=u password=p dbname=d!"),
        ("https://h/d", "refused: scheme"),
        ("jdbc:postgresql://h/d?user=u&password=p", "refused: scheme"),
        ("postgres://u:p@ss@h/d", "pg host=h user=u password=p@ss dbname=d!"),
        ("postgres://u:p/ss@h/d", "pg host=h user=u password=p/ss dbname=d!"),
        ("postgres://u:p#ss@h/d", "pg host=h user=u password=p#ss dbname=d!"),
        ("postgres://u:p?ss@h/d", "pg host=h user=u password=p?ss dbname=d!"),
        ("postgres://u:100%@h/d", "pg host=h user=u password=100% dbname=d!"),
        ("postgres://h/d?pgbouncer=true", "pg host=h dbname=d statement_cache=0!"),
        ("postgres://h/d?schema=app", "pg host=h dbname=d options=-c search_path=\"app\"!"),
        ("postgres://h/d?sslmode=verify-full", "pg host=h dbname=d sslmode=verify-full"),
        ("", "refused"),
    ]);
}

#[test]
fn wrapping_is_taken_off() {
    let plain = "pg host=h user=u password=p dbname=d";
    for (url, repairs) in [
        ("\"postgres://u:p@h/d\"", 1),
        ("'postgres://u:p@h/d'", 1),
        ("`postgres://u:p@h/d`", 1),
        ("\u{201c}postgres://u:p@h/d\u{201d}", 1),
        (" \" postgres://u:p@h/d \" \n", 3),
        ("\u{feff}postgres://u:p@h/d\u{200b}", 1),
        ("\u{a0}postgres://u:p@h/d\r\n", 1),
        ("DATABASE_URL=postgres://u:p@h/d", 1),
        ("export DATABASE_URL=\"postgres://u:p@h/d\"", 3),
        ("psql 'postgres://u:p@h/d'", 2),
        ("POSTGRES://u:p@h/d", 1),
        ("postgres+asyncpg://u:p@h/d", 1),
        ("postgres://u:p@h/d/", 1),
        ("postgres://u:p@h/d ?sslmode=prefer", 1),
        ("postgres://u:p@ h/d", 1),
    ] {
        let parsed = parse("DATABASE_URL", url);
        assert!(read(url).starts_with(plain), "{url:?}: {}", read(url));
        assert_eq!(parsed.repairs.len(), repairs, "{url:?}: {:?}", parsed.repairs);
    }
}

#[test]
fn passwords_that_nobody_encoded_are_taken_literally() {
    for password in [
        "@",
        "@@",
        "a@b:c/d?e#f%g",
        "100%",
        "%",
        "%%",
        "%zz",
        "p?a=b",
        "p?sslmode",
        "a/b/c",
        "#",
        "?",
        "p&q",
        "p=q",
        "[x",
        "a b",
        "'",
        "\"x",
        "x{y}",
        "$x",
        "~",
        "p,q",
        "p;q",
        "\\",
        "p?",
        "ü%",
        "p@h:1/d",
    ] {
        let url = format!("postgres://u:{password}@h:5433/d?sslmode=require");
        let expected = format!("pg host=h port=5433 user=u password={password} dbname=d sslmode=require");
        let found = read(&url);
        assert_eq!(found.trim_end_matches('!'), expected.trim_end_matches('!'), "{url}");
    }
}

#[test]
fn parameters_of_other_programs_are_translated_or_left_out() {
    let of = |parameters: &str| read(&format!("postgres://h/d?{parameters}"));
    for (parameters, expected) in [
        ("connection_limit=3", "pg size=3 max_overflow=0 host=h dbname=d!"),
        ("pool_timeout=20", "pg acquire_timeout=20 host=h dbname=d!"),
        ("pgbouncer=false", "pg host=h dbname=d!"),
        ("ssl=true", "pg host=h dbname=d sslmode=require!"),
        ("ssl=false", "pg host=h dbname=d sslmode=disable!"),
        ("ssl=verify-full", "pg host=h dbname=d sslmode=verify-full!"),
        ("sslmode=no-verify", "pg host=h dbname=d sslmode=require!"),
        ("sslaccept=strict", "pg host=h dbname=d sslmode=verify-full!"),
        ("sslaccept=accept_invalid_certs", "pg host=h dbname=d!"),
        ("supa=base-pooler.x", "pg host=h dbname=d!"),
        ("schema=My%20App", "pg host=h dbname=d options=-c search_path=\"My\\ App\"!"),
        ("options=-c%20a%3Db&schema=x", "pg host=h dbname=d options=-c a=b -c search_path=\"x\"!"),
        ("options[statement_timeout]=5s", "pg host=h dbname=d options=-c statement_timeout=5s"),
        ("prepareThreshold=0", "pg host=h dbname=d statement_cache=0!"),
        ("default_query_exec_mode=simple_protocol", "pg host=h dbname=d statement_cache=0!"),
        ("targetServerType=primary", "pg host=h dbname=d target_session_attrs=primary!"),
        ("serverVersion=15&charset=utf8", "pg host=h dbname=d!!"),
        ("gssencmode=disable&sslsni=1", "pg host=h dbname=d!!"),
        ("sslmode=require&sslmode=prefer", "pg host=h dbname=d sslmode=require sslmode=prefer!"),
        ("gssencmode=require", "refused: parameter gssencmode"),
        ("ssl_min_protocol_version=TLSv1.3", "refused: parameter ssl_min_protocol_version"),
        ("load_balance_hosts=random", "refused: parameter load_balance_hosts"),
        ("pgbouncer=perhaps", "refused: parameter pgbouncer"),
        ("client_encoding=latin1", "refused: parameter client_encoding"),
        ("schema=a%22b", "refused: parameter schema"),
    ] {
        assert_eq!(of(parameters), expected, "{parameters}");
    }
}

#[test]
fn sqlite_urls_of_others_are_read_with_a_word() {
    check(&[
        ("sqlite+aiosqlite:///app.db", "sqlite path=app.db!!"),
        ("sqlite+pysqlite:////var/app.db", "sqlite path=/var/app.db!"),
        ("sqlite:///app.db", "sqlite path=/app.db?"),
        ("sqlite3:app.db", "sqlite path=app.db!"),
        ("file:./dev.db", "sqlite path=./dev.db!"),
        ("file::memory:?cache=shared", "sqlite path=:memory:!!"),
        ("sqlite:x?mode=memory", "sqlite path=:memory:!"),
        ("sqlite:app.db?mode=rwc", "sqlite path=app.db!"),
        ("sqlite:app.db?timeout=3", "sqlite path=app.db busy_timeout=3!"),
        ("sqlite:app.db?_busy_timeout=2500", "sqlite path=app.db busy_timeout=2500ms!"),
        ("sqlite:app.db?mode=ro", "refused: parameter mode"),
        ("sqlite:app.db?journal=x", "refused: parameter journal"),
        ("sqlite:", "refused: path"),
        ("sqlite://", "refused: path"),
        ("sqlite:////", "refused: path"),
        ("sqlite+aiosqlite://app.db", "refused: path"),
    ]);
}

#[test]
fn what_cannot_be_meant_is_refused_by_the_name_of_its_part() {
    check(&[
        ("   \n", "refused"),
        ("\"\"", "refused"),
        ("'postgres://u:p@h/d", "refused: quotes"),
        ("postgres://u:p@h\n/d", "refused"),
        ("${{Postgres.DATABASE_URL}}", "refused"),
        ("$DATABASE_URL", "refused"),
        ("${DATABASE_URL}", "refused"),
        ("%DATABASE_URL%", "refused"),
        ("<your database url>", "refused"),
        ("postgres://u:${PGPASSWORD}@h/d", "refused"),
        ("postgres://u:$(PGPASSWORD)@h/d", "refused"),
        ("postgres://{{user}}:p@h/d", "refused"),
        ("postgres://u:[YOUR-PASSWORD]@h/d", "refused: password"),
        ("postgres://u:********@h/d", "refused: password"),
        ("http://h", "refused: scheme"),
        ("mysql://u:p@h/d", "refused: scheme"),
        ("redis://h", "refused: scheme"),
        ("rediss://h", "refused: scheme"),
        ("mongodb+srv://u:p@h", "refused: scheme"),
        ("prisma+postgres://h", "refused: scheme"),
        ("tcp://172.17.0.2:5432", "refused: scheme"),
        ("postgre://h/d", "refused: scheme"),
        ("postgres:h/d", "refused: scheme"),
        ("postgres:/h/d", "refused: scheme"),
        ("postgres+://h/d", "refused: scheme"),
        ("postgres", "refused: scheme"),
        ("://h/d", "refused: scheme"),
        ("//u:p@h/d", "refused: scheme"),
        ("host=h user=u password=p", "refused: scheme"),
        ("Server=h;User Id=u;Password=p", "refused: scheme"),
        ("u:p@h/d", "refused: scheme"),
        ("app.db", "refused: scheme"),
        ("postgres://u:p", "refused: port"),
        ("postgres://u:p@h:x/d", "refused: port"),
        ("postgres://h:0/d", "refused: port"),
        ("postgres://h:65536/d", "refused: port"),
        ("postgres://h1,h2:x", "refused: port 2"),
        ("postgres://::1/d", "refused: host"),
        ("postgres://[::1/d", "refused: host"),
        ("postgres://[::1]x:5/d", "refused: host"),
        ("postgres://[zz]/d", "refused: host"),
        ("postgres://h1,,h2/d", "refused: host 2"),
        ("postgres://u:p@a b/d", "refused: host"),
        ("postgres://u:p@%ff/d", "refused: host"),
        ("postgres://u:%ff@h/d", "refused: password"),
        ("postgres://%ff@h/d", "refused: user"),
        ("postgres://h/%ff", "refused: database"),
        ("postgres://h/d?sslmode", "refused: parameter sslmode"),
        ("postgres://h/d?sslmod=require", "refused: parameter sslmod"),
        ("postgres://h/d?ssl mode=x", "refused: parameter (not shown)"),
        ("postgres://h/d?application_name=%ff", "refused: parameters"),
        ("postgres://u:%ff@h:x/d?nonsense=1", "refused: port: password: parameter nonsense"),
    ]);
}

#[test]
fn errors_say_what_is_accepted_and_what_is_near() {
    let only = |url: &str| parse("DATABASE_URL", url).problems.remove(0).to_string();
    assert!(only("postgre://h/d").contains("did you mean postgres?"));
    assert!(only("postgres://h/d?sslmod=x").contains("did you mean sslmode?"));
    assert!(only("postgres://h/d?pool_sise=x").contains("did you mean pool_size"));
    assert!(only("jdbc:postgresql://h/d").contains("jdbc:"));
    assert!(only("https://x.supabase.co").contains("connection string"));
    assert!(only("postgres://u:p").contains("@host"));
    assert!(only("").contains("unset it"));
    assert!(only("host=h user=u").contains("not a URL"));
}

/// The password is in each of these, wherever a careless reader would put it.
#[test]
fn no_message_contains_the_password_or_a_piece_of_it() {
    for url in [
        "postgres://u:hunter2",
        "postgres://u:hunter2/d",
        "postgres://u:hunter2?x",
        "postgres://u:5?hunter2=1",
        "postgres://u:5?hunter2",
        "postgres://u:12345678/hunter2",
        "u:hunter2@h/d",
        "hunter2:x@h",
        "hunter2://h",
        "host=h password=hunter2",
        "mysql://u:hunter2@h/d",
        "https://u:hunter2@h/d",
        "jdbc:postgresql://h/d?password=hunter2",
        "'postgres://u:hunter2@h/d",
        "postgres://u:hunter2@h:x/d",
        "postgres://u:x@hunter2@a b/d",
        "postgres://u:%ff?hunter2=@h/d",
        "postgres://u:${hunter2}@h/d",
        "postgres://u:hunter2@h/d?password",
        "postgres://u:hunter2@h/d?sslmode=x&sslmod=y",
        "postgres://u:x?hunter2=1@h/d?sslmode=bad",
        "postgres://u:a@b?hunter2=1@h/d",
        "sqlite://u:hunter2@h?x=y",
    ] {
        if url == "hunter2://h" {
            // A scheme is no password: somebody must be told what was read.
            continue;
        }
        let parsed = parse("DATABASE_URL", url);
        let mut shown = format!("{parsed:?}");
        for text in
            parsed.problems.iter().map(ToString::to_string).chain(parsed.repairs).chain(parsed.warnings)
        {
            shown.push_str(&text);
        }
        assert!(!shown.contains("hunter2"), "{url}: {shown}");
    }
}

#[rustfmt::skip]
const PUNCTUATION: &[&str] = &[
    "@", "/", "?", "#", ":", "%", "&", "=", "x", " ", "[", "]", ",", "1", "host", "sslmod", "?a=b", "${", "}", "\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,80}") {
        let _unused = parse("DATABASE_URL", &text);
    }

    #[test]
    fn no_text_made_of_url_pieces_makes_the_parser_panic(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "postgres:", "sqlite:", "//", "/", "@", ":", "?", "#", "%", "%4", "%ff", "[", "]", "::1", ",",
                "&", "=", "sslmode", "schema", "options[", "h", "5432", "\"", "'", " ", "\n", "\0", "é", "${", "}",
                "file", ":memory:", "mode=memory", "+x", "~", "C:",
            ]),
            0..14,
        )
    ) {
        let _unused = parse("DATABASE_URL", &pieces.concat());
    }

    #[test]
    fn any_encoded_user_and_password_come_back(user in "\\PC{1,20}", password in "\\PC{1,20}") {
        let url = format!("postgres://{}:{}@h/d", super::encode(&user), super::encode(&password));
        let parsed = parse("DATABASE_URL", &url);
        prop_assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
        prop_assert!(parsed.repairs.is_empty(), "{:?}", parsed.repairs);
        let value = |option: &str| {
            parsed.settings.iter().find(|part| part.option == option).map(|part| part.value.expose_secret())
        };
        prop_assert_eq!(value("postgres.user"), Some(user.as_str()));
        prop_assert_eq!(value("postgres.password"), Some(password.as_str()));
    }

    /// Whatever a password is made of, and whatever follows it.
    #[test]
    fn no_message_contains_a_piece_of_any_password(
        scheme in prop::sample::select(vec!["postgres://", "postgres:/", "postgre://", "", "mysql://", "'postgres://"]),
        before in prop::collection::vec(prop::sample::select(PUNCTUATION), 0..5),
        behind in prop::collection::vec(prop::sample::select(PUNCTUATION), 0..5),
        place in prop::collection::vec(prop::sample::select(PUNCTUATION), 0..6),
    ) {
        let url = format!("{scheme}u:{}hunter2{}@{}", before.concat(), behind.concat(), place.concat());
        let parsed = parse("DATABASE_URL", &url);
        let mut shown = format!("{parsed:?}");
        for text in parsed.problems.iter().map(ToString::to_string).chain(parsed.repairs).chain(parsed.warnings) {
            shown.push_str(&text);
        }
        prop_assert!(!shown.contains("hunter2"), "{}: {}", url, shown);
    }

    /// Without `%`, so that nothing in it can be taken for an encoding.
    #[test]
    fn any_password_without_an_encoding_comes_back_as_it_was_written(password in "[ -$&-z|~]{1,16}") {
        prop_assume!(!password.contains("${") && !password.contains("$(") && !password.contains("{{"));
        prop_assume!(password.trim_matches('*').chars().next().is_some());
        let url = format!("postgres://u:{password}@h/d");
        let parsed = parse("DATABASE_URL", &url);
        let found = parsed.settings.iter().find(|part| part.option == "postgres.password");
        // The one way to be misread: a piece behind `?` that is a known parameter by name.
        if !password.contains('?') {
            prop_assert_eq!(found.map(|part| part.value.expose_secret()), Some(password.as_str()));
        }
    }
}
