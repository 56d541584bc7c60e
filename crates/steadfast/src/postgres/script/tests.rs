use super::*;

#[test]
fn transaction_control_is_seen_behind_comments_and_in_any_case() {
    for text in ["BEGIN", " start transaction", "/* a /* b */ */ Rollback", "-- x\nABORT", ";;rollback work"]
    {
        assert_eq!(Script::of(text).first, Kind::Controlling, "{text}");
    }
    for text in ["COMMIT", "end;", "/**/commit and chain", "PREPARE TRANSACTION 'x'", "commit prepared 'x'"] {
        assert_eq!(Script::of(text).first, Kind::Committing, "{text}");
    }
    for text in ["ROLLBACK TO a", "rollback work to savepoint a", "rollback transaction/**/to a"] {
        assert_eq!(Script::of(text).first, Kind::ReturningToSavepoint, "{text}");
    }
}

#[test]
fn what_only_looks_like_it_is_plain() {
    for text in [
        "",
        "SELECT CASE WHEN a THEN 1 END",
        "PREPARE x AS SELECT 1",
        "SAVEPOINT a",
        "RELEASE a",
        "endless",
        "DO $$BEGIN PERFORM 1; COMMIT; END$$",
        "DO $body$BEGIN; END; $$ x $$ $body$",
        "SELECT 'a; COMMIT; b', \"x; COMMIT\", E'\\'; COMMIT; '",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
        "SELECT $1; -- COMMIT;\n",
        "'; COMMIT",
        "$x; COMMIT$x",
    ] {
        assert!(!kinds(text).take(1).any(Kind::controls), "{text}");
        if !text.contains("$x") {
            assert!(!kinds(text).any(Kind::controls), "{text}");
        }
    }
}

#[test]
fn statements_are_told_apart() {
    use Kind::{Committing, Controlling, Plain};
    let kinds: Vec<_> =
        kinds("begin; insert into t values (';'), ($a$;$a$);; commit -- ; rollback").collect();
    assert_eq!(kinds, [Controlling, Plain, Committing]);
    let script = Script::of("select 1; commit");
    assert!(script.first == Plain && script.several && script.controls && script.commits);
    assert!(!Script::of(";; select 1;").several);
    assert!(Script::of("select 1; /* x */ Copy t from stdin").copies && !Script::of("select copy").copies);
}

#[test]
fn what_a_statement_does_to_rows_is_told_by_its_first_word() {
    for text in ["SELECT 1", " (select 1)", "/* x */ Values (1)", "-- a\nSHOW x", "savepoint a"] {
        assert_eq!(Script::of(text).habit, Habit::Reads, "{text}");
    }
    for text in ["INSERT INTO t VALUES (1)", "update t set a = 1", "/**/DELETE FROM t", "merge into t"] {
        assert_eq!(Script::of(text).habit, Habit::Changes, "{text}");
    }
    for text in
        ["", ";", "WITH a AS (INSERT INTO t VALUES (1)) SELECT 1", "CALL p()", "CREATE TABLE t ()", "COPY t"]
    {
        assert_eq!(Script::of(text).habit, Habit::Other, "{text}");
    }
    assert!(mentions_notify("NOTIFY a") && mentions_notify("select PG_NOTIFY('a', 'b')"));
    assert!(!mentions_notify("SELECT notice FROM t") && !mentions_notify("x"));
}

#[test]
fn a_query_is_what_begins_like_one() {
    for text in [
        "SELECT 1",
        " /* x */ (select 1) union select 2",
        "TABLE t",
        "values (1)",
        "With a AS (SELECT 1) TABLE a",
    ] {
        assert!(Script::of(text).queries, "{text}");
    }
    for text in [
        "CALL p()",
        "SHOW x",
        "EXPLAIN SELECT 1",
        "FETCH c",
        "VACUUM",
        "DO $$x$$",
        "EXECUTE s",
        "",
        "selects",
    ] {
        assert!(!Script::of(text).queries, "{text}");
    }
}

#[test]
fn a_comment_ends_where_the_server_ends_it() {
    for end in ["\n", "\r", "\r\n"] {
        let called = Script::of(&format!("-- x{end}CALL p() /*\nSELECT 1 */"));
        assert!(!called.queries && called.habit == Habit::Other, "{end:?}");
        assert_eq!(Script::of(&format!("-- x{end}COMMIT --\n")).first, Kind::Committing, "{end:?}");
    }
    assert!(Script::of("-- a comment to the end").first == Kind::Plain);
}
