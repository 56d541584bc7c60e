//! Whatever a client sends, the answer is a 4xx that names what is wrong; never a 500, never a lost row.

use crate::support::{Answer, Service};

const USERS: &str = "/api/v1/users";

fn named(answer: &Answer) -> Vec<String> {
    answer.errors().into_iter().map(|(field, _)| field).collect()
}

#[tokio::test]
async fn bodies_that_are_not_a_user_are_refused_with_every_field_named() {
    let service = Service::start(|_| ()).await;
    let client = service.client();
    let id = client.create("ada", "ada@example.org").await;
    let long = "x".repeat(60_000);
    let table: [(String, &[&str]); 12] = [
        ("{}".into(), &["username", "email"]),
        (r#"{"username":null,"email":null}"#.into(), &["username", "email"]),
        (r#"{"username":1,"email":[]}"#.into(), &["username", "email"]),
        (r#"{"username":{"a":{}},"email":"a@b.c"}"#.into(), &["username"]),
        (r#"{"username":"a\u0000b","email":"a@b.c"}"#.into(), &["username"]),
        (r#"{"username":"ok","email":"a\u0000@b.c"}"#.into(), &["email"]),
        (r#"{"username":"a","username":"b","email":"a@b.c"}"#.into(), &["username"]),
        (r#"{"username":"a","email":"a@b.c","role":"admin"}"#.into(), &["role"]),
        (r#"{"username":"a","email":"a@b.c","id":7}"#.into(), &["id"]),
        (r#"{"username":"\u202Eevil","email":"a@b.c"}"#.into(), &["username"]),
        (format!(r#"{{"username":"{long}","email":"a@b.c"}}"#), &["username"]),
        (format!(r#"{{"username":"a","email":"{long}@b.c"}}"#), &["email"]),
    ];
    for (body, fields) in &table {
        for (method, path) in [("POST", USERS.to_owned()), ("PUT", format!("{USERS}/{id}"))] {
            let answer = client.json(method, &path, body).await;
            assert_eq!(answer.status, 422, "{method} {body:.80}");
            assert_eq!(named(&answer), *fields, "{method} {body:.80}");
        }
    }
    let patch = client.json("PATCH", &format!("{USERS}/{id}"), "{}").await;
    assert_eq!((patch.status, named(&patch)), (422, vec!["username".to_owned(), "email".to_owned()]));
    let left = client.get(USERS).await.body();
    assert_eq!(left["users"].as_array().unwrap().len(), 1);
    assert_eq!(left["users"][0]["username"], "ada");
    service.end().await;
}

#[tokio::test]
async fn malformed_json_is_refused_with_line_and_column() {
    let service = Service::start(|_| ()).await;
    let client = service.client();
    for body in [
        "{\n\"username\": oops}",
        "{",
        "[]",
        "null",
        "\"text\"",
        "{} {}",
        "{\"a\": \"\\ud800\"}",
        "\u{FEFF}{}",
    ] {
        let answer = client.json("POST", USERS, body).await;
        assert_eq!((answer.status, answer.problem().as_str()), (400, "malformed-json"), "{body}");
    }
    let invalid = [("Content-Type", "application/json")];
    assert_eq!(client.send("POST", USERS, &invalid, b"{\"username\": \"\xff\"}").await.status, 400);
    let oops = client.json("POST", USERS, "{\n\"username\": oops}").await;
    assert!(oops.body()["detail"].as_str().unwrap().contains("line 2 column 13"), "{oops:?}");
    assert_eq!(client.json("POST", USERS, "").await.status, 400, "an empty body");
    let tower = format!("{{\"a\":{}", "[".repeat(50_000));
    assert_eq!(client.json("POST", USERS, &tower).await.status, 400);
    service.end().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_and_the_client_learns_it() {
    let service = Service::start(|_| ()).await;
    let client = service.client();
    let megabyte = format!(r#"{{"username":"{}","email":"a@b.c"}}"#, "x".repeat(1 << 20));
    let answer = client.json("POST", USERS, &megabyte).await;
    assert_eq!((answer.status, answer.problem().as_str()), (413, "body-too-large"));
    // The same without a declared length.
    let mut chunked =
        b"POST /api/v1/users HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Type: application/json\r\n\
        Transfer-Encoding: chunked\r\n\r\n"
            .to_vec();
    for _ in 0..64 {
        chunked.extend_from_slice(b"4000\r\n");
        chunked.extend_from_slice(&[b' '; 0x4000]);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    assert_eq!(client.raw(&chunked).await.status, 413);
    // Who asks first is refused before the body is sent.
    let polite = "POST /api/v1/users HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Type: application/json\r\n\
        Content-Length: 1048576\r\nExpect: 100-continue\r\n\r\n";
    assert_eq!(client.raw(polite.as_bytes()).await.status, 413);
    // The largest body that is read at all is judged by its content.
    let exact = format!("{{\"a\":\"{}\"}}", "x".repeat(64 * 1024 - 8));
    assert_eq!(exact.len(), 64 * 1024);
    assert_eq!(client.json("POST", USERS, &exact).await.status, 422);
    service.end().await;
}

#[tokio::test]
async fn what_is_not_declared_as_json_is_not_read_as_json() {
    let service = Service::start(|_| ()).await;
    let client = service.client();
    let body = br#"{"username":"a","email":"a@b.c"}"#;
    let wrong: [&[(&str, &str)]; 5] = [
        &[],
        &[("Content-Type", "text/plain")],
        &[("Content-Type", "application/x-www-form-urlencoded")],
        &[("Content-Type", "application/json; charset=utf-16")],
        &[("Content-Type", "application/json"), ("Content-Encoding", "gzip")],
    ];
    for headers in wrong {
        let answer = client.send("POST", USERS, headers, body).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (415, "unsupported-media-type"),
            "{headers:?}"
        );
    }
    service.end().await;
}

#[tokio::test]
async fn addresses_that_name_nothing_are_refused_as_what_they_are() {
    let service = Service::start(|_| ()).await;
    let client = service.client();
    for path in [
        "/nothing",
        "/api",
        "/api/v1/users/",
        "/api/v1/users/1/x",
        "/api/v2/users",
        "/%00",
        "/..%2f",
        "/problems/x",
    ] {
        let answer = client.get(path).await;
        assert_eq!((answer.status, answer.problem().as_str()), (404, "not-found"), "{path}");
    }
    for id in [
        "abc",
        "0",
        "-1",
        "+1",
        "1.5",
        "9223372036854775808",
        "1e3",
        "%31%00",
        "%ff",
        "٣",
        " 1",
        "0x1",
        "null",
    ] {
        let path = format!("{USERS}/{}", id.replace(' ', "%20"));
        for method in ["GET", "DELETE"] {
            let answer = client.send(method, &path, &[], b"").await;
            assert_eq!(answer.status, 400, "{method} {path}");
            assert_eq!(named(&answer), ["id"]);
        }
        let answer = client.json("PATCH", &path, r#"{"username":"a"}"#).await;
        assert_eq!((answer.status, named(&answer)), (400, vec!["id".to_owned()]));
    }
    for id in ["1", "9223372036854775807", "007"] {
        let answer = client.get(&format!("{USERS}/{id}")).await;
        assert_eq!((answer.status, answer.problem().as_str()), (404, "user-not-found"), "{id}");
    }
    service.end().await;
}

#[tokio::test]
async fn bad_paging_is_refused_by_parameter() {
    let service = Service::start(|_| ()).await;
    let client = service.client();
    let table: [(&str, &[&str]); 10] = [
        ("limit=0", &["limit"]),
        ("limit=101", &["limit"]),
        ("limit=-5&after=x", &["limit", "after"]),
        ("limit=", &["limit"]),
        ("after=-1", &["after"]),
        ("after=99999999999999999999", &["after"]),
        ("page=2", &["page"]),
        ("limit=5&limit=6", &["limit"]),
        ("after=%00", &["after"]),
        ("after=%ff", &["after"]),
    ];
    for (query, fields) in table {
        let answer = client.get(&format!("{USERS}?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(named(&answer), fields, "{query}");
    }
    service.end().await;
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let service = Service::start(|_| ()).await;
    let client = service.client();
    let allowed = |answer: &Answer| {
        let mut methods: Vec<_> =
            answer.header("allow").unwrap().split(',').map(|m| m.trim().to_owned()).collect();
        methods.sort_unstable();
        methods.join(" ")
    };
    for method in ["DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "BREW"] {
        let answer = client.send(method, USERS, &[], b"").await;
        assert_eq!((answer.status, answer.problem().as_str()), (405, "method-not-allowed"), "{method}");
        assert_eq!(allowed(&answer), "GET HEAD POST");
    }
    let answer = client.json("POST", "/api/v1/users/1", "{}").await;
    assert_eq!((answer.status, allowed(&answer).as_str()), (405, "DELETE GET HEAD PATCH PUT"));
    assert_eq!(client.send("POST", "/", &[], b"").await.status, 405);
    service.end().await;
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let service = Service::start(|_| ()).await;
    let client = service.client();
    for path in ["/", USERS, "/openapi.json", "/nothing", "/api/v1/users/7"] {
        let (head, get) = (client.send("HEAD", path, &[], b"").await, client.get(path).await);
        assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    }
    service.end().await;
}

#[tokio::test]
async fn a_request_keeps_its_name_from_end_to_end() {
    let service = Service::start(|_| ()).await;
    let client = service.client();
    let answer = client.send("GET", "/nothing", &[("X-Request-Id", "my-id.42")], b"").await;
    assert_eq!(answer.header("x-request-id"), Some("my-id.42"));
    assert_eq!(answer.body()["instance"], "my-id.42");
    let answer = client.send("GET", "/nothing", &[("X-Request-Id", "<script>")], b"").await;
    assert_ne!(answer.header("x-request-id"), Some("<script>"));
    assert!(!answer.text.contains("<script>"));
    service.end().await;
}

#[tokio::test]
async fn heads_that_are_too_large_are_refused_and_the_service_goes_on() {
    let service = Service::start(|_| ()).await;
    let client = service.client();
    let many: String = (0..200).map(|n| format!("X-{n}: y\r\n")).collect();
    let big = format!("X-Big: {}\r\n", "y".repeat(64 * 1024));
    for headers in [many, big] {
        let answer = client.raw(format!("GET / HTTP/1.1\r\nHost: t\r\n{headers}\r\n").as_bytes()).await;
        assert_eq!(answer.status, 431);
    }
    for nonsense in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ] {
        assert_eq!(client.raw(nonsense).await.status, 400);
    }
    assert_eq!(client.get("/").await.status, 200);
    service.end().await;
}
