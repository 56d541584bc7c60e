use super::*;

const HERE: Circumstances =
    Circumstances { moment: Moment::Established, target: TargetSession::Any, read_only: false, fatal: false };
const CONNECTING: Circumstances = Circumstances { moment: Moment::Connecting, fatal: true, ..HERE };

fn class(code: &str, circumstances: Circumstances) -> Class {
    rule(code, "", circumstances).class
}

/// Code, class on an established connection, class while connecting. Written down a second time on purpose:
/// whoever changes a row must mean it.
const EXPECTED: &[(&str, Class, Class)] = &[
    ("08000", Class::ConnectionLost, Class::Unavailable),
    ("08001", Class::Unavailable, Class::Unavailable),
    ("08003", Class::ConnectionLost, Class::Unavailable),
    ("08004", Class::Permanent, Class::Permanent),
    ("08006", Class::ConnectionLost, Class::Unavailable),
    ("08007", Class::ConnectionLost, Class::Unavailable),
    ("08P01", Class::Statement, Class::Unavailable),
    ("57P01", Class::ConnectionLost, Class::Unavailable),
    ("57P02", Class::ConnectionLost, Class::Unavailable),
    ("57P03", Class::Unavailable, Class::Unavailable),
    ("57P04", Class::Permanent, Class::Permanent),
    ("57P05", Class::ConnectionLost, Class::Unavailable),
    ("57000", Class::ConnectionLost, Class::Unavailable),
    ("25P03", Class::ConnectionLost, Class::Unavailable),
    ("25P04", Class::Timeout, Class::Unavailable),
    ("53000", Class::Unavailable, Class::Unavailable),
    ("53100", Class::Unavailable, Class::Unavailable),
    ("53200", Class::Unavailable, Class::Unavailable),
    ("53300", Class::Capacity, Class::Capacity),
    ("53400", Class::Statement, Class::Permanent),
    ("53999", Class::Unavailable, Class::Unavailable),
    ("58030", Class::Unavailable, Class::Unavailable),
    ("XX000", Class::Statement, Class::Permanent),
    ("XX001", Class::Statement, Class::Permanent),
    ("XX002", Class::Statement, Class::Permanent),
    ("28000", Class::Permanent, Class::Permanent),
    ("28P01", Class::Permanent, Class::Permanent),
    ("28999", Class::Permanent, Class::Permanent),
    ("3D000", Class::Permanent, Class::Permanent),
    ("3F000", Class::Statement, Class::Permanent),
    ("55000", Class::Statement, Class::Permanent),
    ("55006", Class::Statement, Class::Permanent),
    ("55P03", Class::Timeout, Class::Unavailable),
    ("57014", Class::Timeout, Class::Unavailable),
    ("40000", Class::Conflict, Class::Conflict),
    ("40001", Class::Conflict, Class::Conflict),
    ("40002", Class::Statement, Class::Permanent),
    ("40003", Class::ConnectionLost, Class::Unavailable),
    ("40P01", Class::Conflict, Class::Conflict),
    ("25001", Class::Statement, Class::Permanent),
    ("25006", Class::ReadOnlyServer, Class::ReadOnlyServer),
    ("25P01", Class::Statement, Class::Permanent),
    ("25P02", Class::RolledBack, Class::Permanent),
    ("2D000", Class::Statement, Class::Permanent),
    ("26000", Class::Statement, Class::Permanent),
    ("42P05", Class::Statement, Class::Permanent),
    ("0A000", Class::Statement, Class::Permanent),
    ("23000", Class::Statement, Class::Permanent),
    ("23502", Class::Statement, Class::Permanent),
    ("23503", Class::Statement, Class::Permanent),
    ("23505", Class::Statement, Class::Permanent),
    ("23514", Class::Statement, Class::Permanent),
    ("23P01", Class::Statement, Class::Permanent),
    ("22P02", Class::Statement, Class::Permanent),
    ("42601", Class::Statement, Class::Permanent),
    ("42P01", Class::Statement, Class::Permanent),
    ("42703", Class::Statement, Class::Permanent),
    ("42883", Class::Statement, Class::Permanent),
    ("42501", Class::Statement, Class::Permanent),
    ("42704", Class::Statement, Class::Permanent),
    ("P0001", Class::Statement, Class::Permanent),
    ("54000", Class::Statement, Class::Permanent),
    ("HV000", Class::Statement, Class::Permanent),
];

#[test]
fn each_row_means_what_is_written_here() {
    for (code, established, connecting) in EXPECTED {
        assert_eq!(class(code, HERE), *established, "{code} established");
        assert_eq!(class(code, CONNECTING), *connecting, "{code} connecting");
    }
    for row in CODES {
        assert!(EXPECTED.iter().any(|(code, ..)| code.starts_with(row.key)), "{} is not tested", row.key);
        assert!(!row.remedy.is_empty() && !row.remedy.ends_with('.'), "{}", row.key);
    }
}

#[test]
fn each_wording_of_a_pooler_is_recognised_and_only_under_its_codes() {
    for (message, expected) in [
        ("query_wait_timeout", Class::Unavailable),
        ("no more connections allowed (max_client_conn)", Class::Capacity),
        ("no such database: shop", Class::Permanent),
        ("server login failed: x (server_login_retry)", Class::Unavailable),
        ("server login has been failing, try again later", Class::Unavailable),
        ("client_login_timeout", Class::Unavailable),
        ("pgbouncer cannot connect to server", Class::Unavailable),
        ("unsupported startup parameter: search_path", Class::Permanent),
        ("SSL required", Class::Permanent),
        ("Tenant or user not found", Class::Permanent),
        ("MaxClientsInSessionMode: max clients reached", Class::Capacity),
        ("Max client connections reached", Class::Capacity),
        ("The endpoint ID is not specified", Class::Permanent),
        ("Couldn't connect to compute node", Class::Unavailable),
    ] {
        assert_eq!(rule("08P01", message, CONNECTING).class, expected, "{message}");
    }
    let fatal = Circumstances { fatal: true, ..HERE };
    assert_eq!(class("08P01", fatal), Class::ConnectionLost);
    assert_eq!(rule("08P01", "client_idle_timeout", fatal).class, Class::ConnectionLost);
    assert_eq!(rule("08P01", "server conn crashed?", fatal).class, Class::ConnectionLost);
    assert_eq!(
        rule("P0001", "no such database", HERE).class,
        Class::Statement,
        "the application's own words"
    );
}

#[test]
fn a_refused_write_condemns_the_server_only_where_writes_are_expected() {
    for (target, expected) in [
        (TargetSession::Any, Class::ReadOnlyServer),
        (TargetSession::ReadWrite, Class::ReadOnlyServer),
        (TargetSession::Primary, Class::ReadOnlyServer),
        (TargetSession::ReadOnly, Class::Statement),
        (TargetSession::Standby, Class::Statement),
        (TargetSession::PreferStandby, Class::Statement),
    ] {
        assert_eq!(class("25006", Circumstances { target, ..HERE }), expected, "{target:?}");
        let ours = Circumstances { target, read_only: true, ..HERE };
        assert_eq!(class("25006", ours), Class::Statement, "in our own read-only transaction, {target:?}");
    }
}

#[test]
fn a_fatal_that_no_row_knows_is_a_lost_connection() {
    assert_eq!(class("XX000", Circumstances { fatal: true, ..HERE }), Class::ConnectionLost);
    assert_eq!(class("42501", Circumstances { fatal: true, ..HERE }), Class::ConnectionLost);
}

#[test]
fn codes_that_say_so_leave_the_outcome_unknown() {
    assert!(rule("08007", "", HERE).outcome_unknown && rule("40003", "", HERE).outcome_unknown);
    assert!(!rule("40001", "", HERE).outcome_unknown);
}

#[test]
fn odd_codes_are_no_trouble() {
    for code in ["", "4", "ü23", "9", "\u{1F600}x"] {
        assert_eq!(class(code, HERE), Class::Statement);
    }
}
