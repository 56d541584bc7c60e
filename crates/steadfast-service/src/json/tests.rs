use http::HeaderValue;
use serde_json::json;

use super::*;

fn refusal(body: &[u8]) -> String {
    let problem = parse(body).unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::MalformedJson);
    format!("{problem:?}")
}

#[test]
fn an_object_keeps_order_and_repetition() {
    let JsonObject(fields) = parse(br#" {"b": 1, "a": [{}], "b": null} "#).unwrap();
    assert_eq!(fields, [("b".into(), json!(1)), ("a".into(), json!([{}])), ("b".into(), Value::Null)]);
}

#[test]
fn what_is_not_json_is_refused_with_line_and_column() {
    let table: [(&[u8], &str); 8] = [
        (b"{\n  \"a\": x}", "line 2 column 8"),
        (b"{\"a\": 1,}", "line 1 column 9"),
        (b"{\"a\": \"\xff\xfe\"}", "line 1 column"),
        (b"{\"a\": \"\\ud800\"}", "line 1 column"),
        (b"{\"a\": \"\x01\"}", "line 1 column"),
        (b"{\"a\": 1", "line 1 column 7"),
        (b"{} {}", "line 1 column 4"),
        (b"\xef\xbb\xbf{}", "line 1 column 1"),
    ];
    for (body, place) in table {
        let refusal = refusal(body);
        assert!(refusal.contains(place), "{refusal}");
    }
}

#[test]
fn what_is_json_but_no_object_is_refused_as_such() {
    for body in ["[]", "null", "true", "7", "\"hunter2\"", "[{\"username\": \"a\"}]"] {
        let refusal = refusal(body.as_bytes());
        assert!(refusal.contains("not an object"), "{refusal}");
        assert!(!refusal.contains("hunter2"), "{refusal}");
    }
}

#[test]
fn an_empty_body_is_called_empty() {
    for body in ["", " ", "\r\n\t"] {
        assert!(refusal(body.as_bytes()).contains("empty"));
    }
}

#[test]
fn a_tower_of_brackets_is_refused_not_recursed_into() {
    let body = format!("{{\"a\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000));
    assert!(refusal(body.as_bytes()).contains("recursion limit"));
}

#[test]
fn only_json_in_utf_8_is_accepted() {
    let with = |value: &'static str| HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(value))]);
    for good in [
        "application/json",
        "Application/JSON; charset=UTF-8",
        "application/json;charset=\"utf-8\"",
        "application/merge-patch+json",
    ] {
        assert!(check_type(&with(good)).is_ok(), "{good}");
    }
    for bad in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/jsonp",
        "text/json",
        "",
        "application/json; charset=latin1",
    ] {
        assert_eq!(check_type(&with(bad)).unwrap_err().kind(), ProblemKind::UnsupportedMediaType, "{bad}");
    }
    assert!(check_type(&HeaderMap::new()).is_err());
    let mut zipped = with("application/json");
    zipped.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    assert!(check_type(&zipped).is_err());
}

#[tokio::test]
async fn a_body_of_unknown_length_is_cut_at_the_limit() {
    let chunks = |count: usize| {
        let chunk = || Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 16]));
        Body::from_stream(futures_util::stream::iter((0..count).map(move |_| chunk())))
    };
    assert_eq!(read(chunks(4), 64).await.unwrap().len(), 64);
    assert_eq!(read(chunks(5), 64).await.unwrap_err().kind(), ProblemKind::BodyTooLarge);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_incomplete() {
    let parts = [Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("reset"))];
    let problem = read(Body::from_stream(futures_util::stream::iter(parts)), 64).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::RequestIncomplete);
}
