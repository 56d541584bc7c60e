use super::*;

fn body(text: &str) -> JsonObject {
    serde_json::from_str(text).unwrap()
}

fn entries(problem: &Problem) -> Vec<(&str, &str)> {
    assert_eq!(problem.kind(), ProblemKind::InvalidBody);
    problem.errors().iter().map(|error| (error.field.as_str(), error.code)).collect()
}

#[test]
fn a_whole_user_is_read() {
    let user = new_user(body(r#"{"email": "Ada@Example.org", "username": "ada"}"#)).unwrap();
    assert_eq!(user, NewUser { username: "ada".into(), email: "Ada@example.org".into() });
}

#[test]
fn everything_that_is_wrong_is_named_at_once() {
    let problem =
        new_user(body(r#"{"username": "a\u0000", "email": 7, "id": 1, "zzz": [], "zzz": {}}"#)).unwrap_err();
    let expected = [("username", "invalid"), ("email", "wrong_type"), ("id", "unknown"), ("zzz", "unknown")];
    assert_eq!(entries(&problem), expected);
}

#[test]
fn each_field_has_one_entry() {
    let table: [(&str, &[(&str, &str)]); 9] = [
        ("{}", &[("username", "missing"), ("email", "missing")]),
        (r#"{"username": "a"}"#, &[("email", "missing")]),
        (r#"{"username": null, "email": "a@b.c"}"#, &[("username", "wrong_type")]),
        (r#"{"username": ["a"], "email": "a@b.c"}"#, &[("username", "wrong_type")]),
        (r#"{"username": {"a": 1}, "email": true}"#, &[("username", "wrong_type"), ("email", "wrong_type")]),
        (r#"{"username": "a", "email": 1e300}"#, &[("email", "wrong_type")]),
        (r#"{"username": "a", "username": "b", "email": "a@b.c"}"#, &[("username", "repeated")]),
        (r#"{"username": "a", "email": "a@b.c", "Email": "x@y.z"}"#, &[("Email", "unknown")]),
        (r#"{"username": "a", "email": "a@b.c", "": 1}"#, &[("", "unknown")]),
    ];
    for (text, expected) in table {
        assert_eq!(entries(&new_user(body(text)).unwrap_err()), expected, "{text}");
    }
}

#[test]
fn a_patch_changes_what_it_names() {
    let patch_of = |text| patch(body(text)).unwrap();
    assert_eq!(patch_of(r#"{"username": "a"}"#), UserPatch { username: Some("a".into()), email: None });
    assert_eq!(patch_of(r#"{"email": "a@b.c"}"#), UserPatch { username: None, email: Some("a@b.c".into()) });
}

#[test]
fn a_patch_that_changes_nothing_is_refused() {
    assert_eq!(entries(&patch(body("{}")).unwrap_err()), [("username", "missing"), ("email", "missing")]);
    assert_eq!(entries(&patch(body(r#"{"name": "a"}"#)).unwrap_err()), [("name", "unknown")]);
    assert_eq!(entries(&patch(body(r#"{"email": null}"#)).unwrap_err()), [("email", "wrong_type")]);
}

#[test]
fn a_thousand_unknown_fields_make_a_short_answer() {
    let fields: Vec<_> = (0..1000).map(|n| format!("\"{}{n}\": 1", "x".repeat(200))).collect();
    let problem = new_user(body(&format!("{{{}}}", fields.join(",")))).unwrap_err();
    assert_eq!(problem.errors().len(), MAX_ERRORS);
    assert!(problem.errors().iter().all(|error| error.field.chars().count() <= 65));
}

#[test]
fn no_entry_repeats_a_value() {
    let problem = new_user(body(r#"{"username": "hunter2\n", "email": "hunter2"}"#)).unwrap_err();
    assert!(!format!("{problem:?}").contains("hunter2"));
}
