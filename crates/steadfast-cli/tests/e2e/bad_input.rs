//! Whatever a client sends, PostgreSQL behind it or not, the answer is a 4xx that names what is wrong; never a 500,
//! never a lost row.

use std::collections::BTreeMap;

use crate::support::client::create;
use crate::support::{Answer, Service, USERS};
use steadfast_test::Postgres;
use tokio::task::JoinSet;

const JSON: [(&str, &str); 1] = [("Content-Type", "application/json")];

async fn service() -> (Postgres, Service) {
    let postgres = Postgres::start().await;
    let service = Service::on(&postgres.url(), &[]).await;
    (postgres, service)
}

fn assert_refused(answer: &Answer, status: u16, fields: &[&str], sent: &str) {
    assert_eq!(
        (answer.status, answer.fields()),
        (status, fields.iter().map(|f| (*f).to_owned()).collect()),
        "{sent:.120}: {answer:?}"
    );
    let _is_a_problem = answer.problem();
}

/// Nothing of what was refused may be there, and nothing that was there may be gone.
async fn assert_only_ada(postgres: &Postgres) {
    assert_eq!(postgres.psql("SELECT username || '/' || email FROM users").await, "ada/ada@example.org");
}

#[tokio::test]
async fn fields_that_cannot_be_stored_are_named() {
    let (postgres, service) = service().await;
    let client = service.client;
    let ada = client.exchange(&create("ada")).await.unwrap().body()["id"].to_string();
    let long = "x".repeat(60_000);
    let table: [(String, &[&str]); 18] = [
        ("{}".into(), &["username", "email"]),
        (r#"{"username":null,"email":null}"#.into(), &["username", "email"]),
        (r#"{"username":1,"email":[]}"#.into(), &["username", "email"]),
        (r#"{"username":true,"email":{"a":1}}"#.into(), &["username", "email"]),
        (r#"{"username":"","email":""}"#.into(), &["username", "email"]),
        (r#"{"username":"a\u0000b","email":"a@b.c"}"#.into(), &["username"]),
        (r#"{"username":"\u0000","email":"a@b.c"}"#.into(), &["username"]),
        (r#"{"username":"ok","email":"a\u0000@b.c"}"#.into(), &["email"]),
        (r#"{"username":"a","username":"b","email":"a@b.c"}"#.into(), &["username"]),
        (r#"{"username":"a","email":"a@b.c","email":"a@b.c"}"#.into(), &["email"]),
        (r#"{"username":"a","email":"a@b.c","role":"admin"}"#.into(), &["role"]),
        (r#"{"username":"a","email":"a@b.c","id":1,"created_at":"now"}"#.into(), &["created_at", "id"]),
        ("{\"username\":\"\u{202E}evil\",\"email\":\"a@b.c\"}".into(), &["username"]),
        ("{\"username\":\"a\u{200F}b\",\"email\":\"a@b.c\"}".into(), &["username"]),
        (format!(r#"{{"username":"{long}","email":"a@b.c"}}"#), &["username"]),
        (format!(r#"{{"username":"a","email":"{long}@b.c"}}"#), &["email"]),
        (format!(r#"{{"username":"{}","email":"a@b.c"}}"#, "🦀".repeat(65)), &["username"]),
        (r#"{"username":1e400,"email":"a@b.c"}"#.into(), &["username"]),
    ];
    for (body, fields) in &table {
        for (method, path) in [("POST", USERS.to_owned()), ("PUT", format!("{USERS}/{ada}"))] {
            let answer = client.json(method, &path, body).await;
            if body.contains("1e400") {
                // A number that no reader of JSON has to understand.
                assert!((400..500).contains(&answer.status), "{answer:?}");
                continue;
            }
            assert_refused(&answer, 422, fields, body);
        }
    }
    assert_refused(
        &client.json("PATCH", &format!("{USERS}/{ada}"), "{}").await,
        422,
        &["username", "email"],
        "{}",
    );
    assert_only_ada(&postgres).await;
}

#[tokio::test]
async fn bodies_that_are_no_json_object_are_refused() {
    let (postgres, service) = service().await;
    let client = service.client;
    client.exchange(&create("ada")).await.unwrap();
    let tower = format!("{{\"a\":{}", "[".repeat(50_000));
    let bodies = [
        "",
        "{",
        "[]",
        "null",
        "\"text\"",
        "7",
        "{} {}",
        "{\"username\": oops}",
        "{'username': 'a'}",
        "{\"username\":\"a\",}",
        "\u{FEFF}{}",
        "username=a&email=b",
        tower.as_str(),
        r#"{"username":"\ud800","email":"a@b.c"}"#,
        r#"{"username":"\udc00\ud800","email":"a@b.c"}"#,
    ];
    for body in bodies {
        let answer = client.json("POST", USERS, body).await;
        assert_eq!((answer.status, answer.problem().as_str()), (400, "malformed-json"), "{body:.80}");
    }
    for bytes in [
        &b"{\"username\": \"\xff\xfe\"}"[..],
        b"\x00\x00\x00\x00",
        b"\x1f\x8b\x08\x00",
        b"{\"username\":\"\0\"}",
    ] {
        let answer = client.send("POST", USERS, &JSON, bytes).await;
        assert_eq!((answer.status, answer.problem().as_str()), (400, "malformed-json"), "{bytes:?}");
    }
    assert_only_ada(&postgres).await;
}

#[tokio::test]
async fn bodies_and_heads_that_are_too_large_are_refused_and_the_client_learns_it() {
    let (postgres, service) = service().await;
    let client = service.client;
    client.exchange(&create("ada")).await.unwrap();
    let megabyte = format!(r#"{{"username":"{}","email":"a@b.c"}}"#, "x".repeat(1 << 20));
    let answer = client.json("POST", USERS, &megabyte).await;
    assert_eq!((answer.status, answer.problem().as_str()), (413, "body-too-large"));
    let head = format!("GET /{} HTTP/1.1\r\nHost: t\r\n\r\n", "x".repeat(64 * 1024));
    let answer = client.exchange(head.as_bytes()).await.unwrap();
    assert!([414, 431].contains(&answer.status), "{answer:?}");
    assert_only_ada(&postgres).await;
}

#[tokio::test]
async fn wrong_types_and_methods_are_told_the_right_ones() {
    let (postgres, service) = service().await;
    let client = service.client;
    client.exchange(&create("ada")).await.unwrap();
    let body = br#"{"username":"a","email":"a@b.c"}"#;
    let wrong: [&[(&str, &str)]; 5] = [
        &[],
        &[("Content-Type", "text/plain")],
        &[("Content-Type", "application/x-www-form-urlencoded")],
        &[("Content-Type", "application/json; charset=latin1")],
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
    for (method, path) in [
        ("DELETE", USERS),
        ("PUT", USERS),
        ("PATCH", USERS),
        ("BREW", USERS),
        ("POST", "/api/v1/users/1"),
        ("POST", "/livez"),
    ] {
        let answer = client.send(method, path, &[], b"").await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (405, "method-not-allowed"),
            "{method} {path}"
        );
        assert!(answer.header("allow").is_some(), "{answer:?}");
    }
    assert_only_ada(&postgres).await;
}

#[tokio::test]
async fn ids_and_pages_that_cannot_be_are_named_and_unknown_ones_are_not_found() {
    let (postgres, service) = service().await;
    let client = service.client;
    client.exchange(&create("ada")).await.unwrap();
    let patch = r#"{"username":"other"}"#;
    for id in [
        "abc",
        "0",
        "-1",
        "1.5",
        "9223372036854775808",
        "1e3",
        "%00",
        "1%00",
        "%ff",
        "null",
        "1'--",
        "%F0%9F%A6%80",
    ] {
        let path = format!("{USERS}/{id}");
        for method in ["GET", "DELETE"] {
            assert_refused(&client.send(method, &path, &[], b"").await, 400, &["id"], &path);
        }
        assert_refused(&client.json("PATCH", &path, patch).await, 400, &["id"], &path);
    }
    for id in ["999", "2147483648", "9223372036854775807"] {
        let path = format!("{USERS}/{id}");
        let answers = [
            client.get(&path).await,
            client.send("DELETE", &path, &[], b"").await,
            client.json("PATCH", &path, patch).await,
            client.json("PUT", &path, r#"{"username":"o","email":"o@b.c"}"#).await,
        ];
        for answer in answers {
            assert_refused(&answer, 404, &["id"], &path);
            assert_eq!(answer.problem(), "user-not-found");
        }
    }
    let pages: [(&str, &[&str]); 9] = [
        ("limit=0", &["limit"]),
        ("limit=101", &["limit"]),
        ("limit=abc&after=-1", &["limit", "after"]),
        ("limit=", &["limit"]),
        ("after=9223372036854775808", &["after"]),
        ("page=2", &["page"]),
        ("limit=5&limit=6", &["limit"]),
        ("after=%00", &["after"]),
        ("after=1%27%20OR%201=1", &["after"]),
    ];
    for (query, fields) in pages {
        assert_refused(&client.get(&format!("{USERS}?{query}")).await, 400, fields, query);
    }
    assert_eq!(client.get(&format!("{USERS}?after=9223372036854775807")).await.status, 200);
    assert_only_ada(&postgres).await;
}

#[tokio::test]
async fn odd_names_that_can_be_stored_come_back_as_they_were() {
    let (_postgres, service) = service().await;
    let client = service.client;
    for (number, name) in
        ["a\"; DROP TABLE users; --", "O'Brien \\ $1 %s", "محمد", "שלום", "👩‍💻🦀", "李小龍", "\u{FFFD}"]
            .iter()
            .enumerate()
    {
        let body =
            serde_json::json!({ "username": name, "email": format!("odd{number}@example.org") }).to_string();
        let created = client.json("POST", USERS, &body).await;
        assert_eq!(created.status, 201, "{created:?}");
        let read = client.get(created.header("location").unwrap()).await;
        assert_eq!((read.status, read.body()), (200, created.body()));
        assert_eq!(read.body()["username"], **name);
    }
}

#[tokio::test]
async fn of_twenty_who_want_the_same_name_at_once_exactly_one_gets_it() {
    let (postgres, service) = service().await;
    let client = service.client;
    for (round, same) in ["username", "email", "username"].into_iter().enumerate() {
        let mut under_way = JoinSet::new();
        for number in 0..20 {
            let (name, mail) = match same {
                "username" => (format!("same-{round}"), format!("m{number}-{round}@example.org")),
                _ => (format!("n{number}-{round}"), format!("same-{round}@example.org")),
            };
            let body = serde_json::json!({ "username": name, "email": mail }).to_string();
            under_way.spawn(async move { client.json("POST", USERS, &body).await });
        }
        let mut counts = BTreeMap::<u16, usize>::new();
        for answer in under_way.join_all().await {
            *counts.entry(answer.status).or_default() += 1;
            if answer.status != 201 {
                assert_refused(&answer, 409, &[same], same);
            }
        }
        assert_eq!(counts, BTreeMap::from([(201, 1), (409, 19)]), "{same}");
    }
    assert_eq!(postgres.psql("SELECT count(*) FROM users").await, "3");
}
