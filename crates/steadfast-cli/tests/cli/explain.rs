//! `steadfast explain` as a process.

#![cfg(test)]

use std::io::Write as _;
use std::process::Stdio;

use crate::support::{Finished, Place};

/// Nothing of this may keep it from working.
const BROKEN: &[(&str, &str)] =
    &[("DATABASE_URL", "${{nothing}}"), ("STEADFAST_POOL_SIZE", "many"), ("PORT", "http")];

const TRACEBACK: &str = r#"Traceback (most recent call last):
  File "app.py", line 7, in <module>
    engine = create_engine("postgresql://app:hunter2@db.internal/app")
sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) connection to server at "db.internal" (10.0.0.7), port
5432 failed: FATAL:  password authentication failed for user "app"
"#;

fn explain_input(place: &Place, text: &[u8], arguments: &[&str]) -> Finished {
    let arguments = [&["explain", "-"], arguments].concat();
    let mut command = place.command(&arguments, BROKEN);
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    Finished(child.wait_with_output().unwrap())
}

#[test]
fn a_pasted_traceback_is_explained_and_nothing_of_it_is_printed() {
    let place = Place::new();
    let finished = explain_input(&place, TRACEBACK.as_bytes(), &[]);
    assert_eq!(finished.code(), 0, "{}", finished.err());
    let out = finished.out();
    assert!(out.starts_with("Wrong password\nwrong-password (authentication)\n"), "{out}");
    for heading in ["Likely causes", "What to do", "Does trying again help?", "What steadfast does by itself"]
    {
        assert!(out.contains(heading), "{heading}: {out}");
    }
    for secret in ["hunter2", "db.internal", "10.0.0.7"] {
        assert!(!out.contains(secret), "{secret}: {out}");
    }
    assert!(!out.contains('\u{1b}'), "no colour off a terminal");
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    assert_eq!(finished.err(), "");
}

#[test]
fn an_identifier_a_code_and_unquoted_words_all_find_their_entry() {
    let place = Place::new();
    for (arguments, id) in [
        (&["explain", "deadlock"][..], "deadlock"),
        (&["explain", "Deadlock"], "deadlock"),
        (&["explain", "40p01"], "deadlock"),
        (&["explain", "FATAL:  sorry, too many clients already"], "too-many-connections"),
        (&["explain", "FATAL:", "sorry,", "too", "many", "clients", "already"], "too-many-connections"),
    ] {
        let finished = place.run(arguments, BROKEN);
        assert_eq!(finished.code(), 0, "{arguments:?} {}", finished.err());
        assert!(finished.out().lines().nth(1).unwrap().starts_with(id), "{}", finished.out());
    }
}

#[test]
fn what_is_not_recognised_ends_with_1_and_the_nearest_entries() {
    let place = Place::new();
    for (asked, offered) in [
        ("conection-refused", "connection-refused"),
        ("the deadlock in our certificate issuer was wrong-name: hunter2", "certificate"),
    ] {
        let finished = place.run(&["explain", asked], BROKEN);
        assert_eq!(finished.code(), 1, "{}", finished.out());
        let out = finished.out();
        assert!(out.starts_with("Not recognised.") && out.contains(offered), "{out}");
        assert!(!out.contains("hunter2") && !out.contains("conection-"), "{out}");
    }
    for nothing in ["", "hello, world", "\u{0}\u{1}"] {
        let finished = explain_input(&place, nothing.as_bytes(), &[]);
        assert_eq!(finished.code(), 1, "{nothing:?}: {}", finished.out());
    }
}

#[test]
fn the_list_has_every_entry_below_its_layer() {
    let place = Place::new();
    let finished = place.run(&["explain"], BROKEN);
    assert_eq!(finished.code(), 0);
    let out = finished.out().split_whitespace().collect::<Vec<_>>().join(" ");
    for entry in steadfast_explain::entries() {
        assert!(out.contains(&format!(" {} {} ", entry.id, entry.title)), "{}: {out}", entry.id);
    }
    for layer in steadfast_explain::Layer::ALL {
        assert!(out.contains(layer.title()), "{layer}");
    }
}

#[test]
fn programs_get_json_of_one_shape() {
    let place = Place::new();
    let read = |finished: &Finished| -> serde_json::Value { serde_json::from_str(&finished.out()).unwrap() };
    let found = explain_input(&place, TRACEBACK.as_bytes(), &["--json"]);
    let json = read(&found);
    assert_eq!((found.code(), &json["recognised"]), (0, &true.into()));
    let best = &json["matches"][0];
    assert_eq!(best["entry"]["id"], "wrong-password");
    assert_eq!((&best["confidence"], &best["evidence"]["client"]), (&"certain".into(), &"PostgreSQL".into()));
    assert_eq!((&best["entry"]["retry"], &best["entry"]["sqlstates"][0]), (&"never".into(), &"28P01".into()));
    let missing = place.run(&["explain", "--json", "conection-refused"], BROKEN);
    let json = read(&missing);
    assert_eq!(
        (missing.code(), &json["recognised"], &json["matches"]),
        (1, &false.into(), &serde_json::json!([]))
    );
    assert_eq!(json["nearest"][0]["id"], "connection-refused");
    let list = read(&place.run(&["explain", "--json"], BROKEN));
    assert_eq!(list["entries"].as_array().unwrap().len(), steadfast_explain::entries().len());
}

#[test]
fn bytes_that_are_no_text_and_input_without_end_are_bounded() {
    let place = Place::new();
    let mut noise: Vec<u8> =
        (0..8_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    noise.extend_from_slice(b"\n\nERROR:  deadlock detected\n");
    let finished = explain_input(&place, &noise, &[]);
    assert_eq!(finished.code(), 0, "the end is read: {}", finished.err());
    assert!(finished.out().contains("deadlock (transaction)"), "{}", finished.out());
}
