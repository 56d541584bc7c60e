//! Create, read, update, delete and list, over real sockets.

use crate::support::Service;

#[tokio::test]
async fn a_user_is_created_read_replaced_changed_and_deleted() {
    let service = Service::start(|_| ()).await;
    let client = service.client();

    let created =
        client.json("POST", "/api/v1/users", r#"{"username":"ada","email":"Ada@Example.org"}"#).await;
    assert_eq!(created.status, 201);
    let user = created.body();
    assert_eq!(user["username"], "ada");
    assert_eq!(user["email"], "Ada@example.org", "a domain has no case");
    assert_eq!(user["created_at"], user["updated_at"]);
    let address = format!("/api/v1/users/{}", user["id"]);
    assert_eq!(created.header("location"), Some(&*address));

    assert_eq!(client.get(&address).await.body(), user, "what was answered is what was stored");

    let replaced = client.json("PUT", &address, r#"{"username":"countess","email":"a@b.c"}"#).await;
    assert_eq!(replaced.status, 200);
    let changed = client.json("PATCH", &address, r#"{"username":"Ada L."}"#).await;
    assert_eq!(changed.status, 200);
    let now = client.get(&address).await.body();
    assert_eq!(now, changed.body());
    assert_eq!((&now["username"], &now["email"]), (&"Ada L.".into(), &"a@b.c".into()));
    assert_eq!(now["created_at"], user["created_at"]);
    assert_ne!(now["updated_at"], user["updated_at"]);

    assert_eq!(client.delete(&address).await.status, 204);
    for gone in [client.get(&address).await, client.delete(&address).await] {
        assert_eq!(gone.status, 404);
        assert_eq!(gone.problem(), "user-not-found");
    }
    service.end().await;
}

#[tokio::test]
async fn what_is_taken_is_refused_by_name() {
    let service = Service::start(|_| ()).await;
    let client = service.client();
    let first = client.create("ada", "ada@example.org").await;
    let second = client.create("bob", "bob@example.org").await;
    let address = format!("/api/v1/users/{second}");
    let users = "/api/v1/users".to_owned();
    let table = [
        ("POST", &users, r#"{"username":"ada","email":"x@y.z"}"#, "username"),
        ("POST", &users, r#"{"username":"x","email":"ada@EXAMPLE.org"}"#, "email"),
        ("PUT", &address, r#"{"username":"ada","email":"bob@example.org"}"#, "username"),
        ("PATCH", &address, r#"{"email":"ada@example.org"}"#, "email"),
    ];
    for (method, path, body, field) in table {
        let answer = client.json(method, path, body).await;
        assert_eq!(answer.status, 409, "{method} {body}");
        assert_eq!(answer.problem(), "duplicate");
        assert_eq!(answer.errors(), [(field.to_owned(), "taken".to_owned())]);
    }
    // Nothing was lost or changed by the refusals, and one's own values are not taken.
    let own = r#"{"username":"ada","email":"ada@example.org"}"#;
    assert_eq!(client.json("PUT", &format!("/api/v1/users/{first}"), own).await.status, 200);
    assert_eq!(client.get(&address).await.body()["username"], "bob");
    assert_eq!(client.get("/api/v1/users").await.body()["users"].as_array().unwrap().len(), 2);
    service.end().await;
}

#[tokio::test]
async fn following_next_visits_every_user_once() {
    let service = Service::start(|_| ()).await;
    let client = service.client();
    for n in 0..25 {
        client.create(&format!("u{n}"), &format!("u{n}@example.org")).await;
    }
    let (mut seen, mut pages) = (Vec::new(), 0);
    let mut next = Some("/api/v1/users?limit=10".to_owned());
    while let Some(address) = next {
        let page = client.get(&address).await;
        pages += 1;
        let body = page.body();
        seen.extend(body["users"].as_array().unwrap().iter().map(|user| user["id"].as_i64().unwrap()));
        next = body["next"].as_str().map(str::to_owned);
        let link = next.as_ref().map(|next| format!("<{next}>; rel=\"next\""));
        assert_eq!(page.header("link"), link.as_deref());
        if pages == 1 {
            // Who is deleted behind us makes nobody ahead disappear.
            assert_eq!(client.delete(&format!("/api/v1/users/{}", seen[0])).await.status, 204);
        }
    }
    assert_eq!(pages, 3);
    assert_eq!(seen.len(), 25);
    assert!(seen.is_sorted_by(|a, b| a < b), "{seen:?}");
    let default = client.get("/api/v1/users").await.body();
    assert_eq!(default["users"].as_array().unwrap().len(), 20);
    let beyond = client.get(&format!("/api/v1/users?after={}", i64::MAX)).await.body();
    assert_eq!(beyond, serde_json::json!({ "users": [], "next": null }));
    service.end().await;
}

#[tokio::test]
async fn the_id_of_a_deleted_user_never_names_another_one() {
    let service = Service::start(|_| ()).await;
    let client = service.client();
    let old = client.create("a", "a@b.c").await;
    client.delete(&format!("/api/v1/users/{old}")).await;
    assert!(client.create("b", "b@b.c").await > old);
    service.end().await;
}

#[tokio::test]
async fn names_of_every_script_survive_the_way_to_the_database_and_back() {
    let service = Service::start(|_| ()).await;
    let client = service.client();
    for (n, name) in
        ["李小龍", "👩\u{200D}💻", "محمد", "O'Brien\"; DROP TABLE users; --", "\u{10FFFD}"].iter().enumerate()
    {
        let id = client.create(name, &format!("u{n}@例子.org")).await;
        assert_eq!(client.get(&format!("/api/v1/users/{id}")).await.body()["username"], *name);
    }
    // The same name in another spelling is the same name.
    client.create("Zoe\u{308}", "z1@example.org").await;
    let body = serde_json::json!({ "username": "Zo\u{EB}", "email": "z2@example.org" }).to_string();
    assert_eq!(client.json("POST", "/api/v1/users", &body).await.status, 409);
    service.end().await;
}

#[tokio::test]
async fn forty_clients_that_want_the_same_name_make_one_user() {
    let service = Service::start(|_| ()).await;
    let client = service.client();
    let tries = (0..40).map(|n| async move {
        let body = format!(r#"{{"username":"ada","email":"u{n}@example.org"}}"#);
        client.json("POST", "/api/v1/users", &body).await.status
    });
    let mut statuses = futures_util::future::join_all(tries).await;
    statuses.sort_unstable();
    assert_eq!(statuses[0], 201);
    assert!(statuses[1..].iter().all(|status| *status == 409), "{statuses:?}");
    service.end().await;
}
