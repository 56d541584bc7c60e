//! The service on PostgreSQL: late, restarted, cut off, and shared by many workers.

use crate::support::{Answer, Service, within};
use axum::Router;
use steadfast::config::Config;
use steadfast::time::{Duration, Instant, sleep};
use steadfast::{Database, tasks};
use steadfast_service::{Phase, ensure_schema};
use steadfast_test::{Ending, Fault, Mode, Postgres, Relay};

#[cfg(test)]
async fn serve(url: &str) -> Service {
    let service = Service::launch(&Config::from_url(url).unwrap(), |_| (), Router::new());
    let app = service.app.clone();
    within("the service serves", || app.lifecycle().phase() == Phase::Serving).await;
    service
}

/// Creates users at a steady pace until told to stop, and gives the answers with the names.
#[cfg(test)]
fn load(
    service: &Service,
) -> (tokio::sync::watch::Sender<bool>, tokio::sync::mpsc::UnboundedReceiver<(String, Answer)>) {
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let (sender, answers) = tokio::sync::mpsc::unbounded_channel();
    let client = service.client();
    drop(tasks::spawn("load", async move {
        for n in 0.. {
            if *stopped.borrow() {
                return;
            }
            let sender = sender.clone();
            drop(tasks::spawn("request", async move {
                let name = format!("user-{n}");
                let body = format!(r#"{{"username":"{name}","email":"{name}@example.org"}}"#);
                let answer = client.json("POST", "/api/v1/users", &body).await;
                drop(sender.send((name, answer)));
            }));
            sleep(Duration::from_millis(20)).await;
        }
    }));
    (stop, answers)
}

/// Every answer was 201, and exactly what was answered is stored. A connection that dies between COMMIT and its
/// acknowledgement leaves one honest answer besides: that the outcome is not known. Then the row may be there.
#[cfg(test)]
async fn all_was_stored_once(
    service: &Service,
    mut answers: tokio::sync::mpsc::UnboundedReceiver<(String, Answer)>,
) -> usize {
    let (mut created, mut unknown) = (Vec::new(), Vec::new());
    while let Some((name, answer)) = answers.recv().await {
        if answer.status == 201 {
            created.push(name);
        } else {
            assert_eq!(answer.problem(), "outcome-unknown", "{name} {answer:?}");
            assert_eq!(answer.header("x-outcome"), Some("unknown"));
            unknown.push(name);
        }
    }
    assert!(unknown.len() <= 2, "two incidents at fifty requests a second: {unknown:?}");
    let rows = service.app.database().query("SELECT username FROM users", &[], None).await.unwrap();
    let mut stored: Vec<String> = rows.iter().map(|row| row.get("username").unwrap()).collect();
    stored.retain(|name| !unknown.contains(name));
    created.sort_unstable();
    stored.sort_unstable();
    assert_eq!(stored, created);
    created.len()
}

#[tokio::test]
async fn users_are_created_read_changed_refused_and_deleted() {
    let postgres = Postgres::start().await;
    let service = serve(&postgres.url()).await;
    let client = service.client();
    let id = client.create("ada", "ada@example.org").await;
    let address = format!("/api/v1/users/{id}");
    let created = client.get(&address).await.body();
    let changed = client.json("PATCH", &address, r#"{"email":"new@example.org"}"#).await.body();
    assert_eq!(changed, client.get(&address).await.body());
    assert_eq!(
        (&changed["username"], &changed["created_at"]),
        (&created["username"], &created["created_at"])
    );
    client.create("👩\u{200D}💻 O'Brien", "用户@例子.公司").await;
    for (body, field) in [
        (r#"{"username":"ada","email":"x@y.z"}"#, "username"),
        (r#"{"username":"x","email":"new@example.org"}"#, "email"),
    ] {
        let answer = client.json("POST", "/api/v1/users", body).await;
        assert_eq!((answer.status, answer.errors()), (409, vec![(field.to_owned(), "taken".to_owned())]));
    }
    let replaced = client.json("PUT", &address, r#"{"username":"x","email":"x@y.z"}"#).await;
    assert_eq!(replaced.status, 200);
    let page = client.get("/api/v1/users?limit=1").await.body();
    assert_eq!(page["users"][0]["username"], "x");
    assert_eq!(client.get(page["next"].as_str().unwrap()).await.body()["next"], serde_json::Value::Null);
    assert_eq!(client.delete(&address).await.status, 204);
    assert_eq!(client.get(&address).await.status, 404);
    assert_eq!(client.get(&format!("/api/v1/users/{}", i64::MAX)).await.status, 404);
    service.end().await;
    assert_eq!(postgres.backends("steadfast").await.total, 0, "nothing stays connected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_workers_set_the_schema_up_once() {
    let postgres = Postgres::start().await;
    let workers = (0..12).map(|_| {
        let database = Database::open(&Config::from_url(&postgres.url()).unwrap()).unwrap();
        async move {
            let result = ensure_schema(&database, Instant::now() + Duration::from_secs(20)).await;
            result.map(|()| database)
        }
    });
    let databases = futures_util::future::try_join_all(workers).await.unwrap();
    let rows = databases[0].query("SELECT version FROM steadfast_schema", &[], None).await.unwrap();
    assert_eq!(rows.len(), 2, "one for each step");
    let keys = databases[0].query("SELECT name FROM steadfast_secret", &[], None).await.unwrap();
    assert_eq!(keys.len(), 1);
}

#[tokio::test]
async fn it_serves_within_a_second_of_the_arrival_of_its_database() {
    let postgres = Postgres::start().await;
    postgres.stop(Mode::Fast).await;
    let service = Service::launch(&Config::from_url(&postgres.url()).unwrap(), |_| (), Router::new());
    assert_eq!(service.client().get("/api/v1/users").await.status, 503);
    // Long enough that every backoff has reached its cap.
    sleep(Duration::from_secs(4)).await;
    assert_eq!(service.app.lifecycle().phase(), Phase::Starting);
    postgres.start_again().await;
    let arrived = Instant::now();
    let app = service.app.clone();
    within("the service serves", || app.lifecycle().phase() == Phase::Serving).await;
    assert!(arrived.elapsed() < Duration::from_millis(1500), "{:?}", arrived.elapsed());
    assert_eq!(service.client().get("/api/v1/users").await.status, 200);
    service.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_under_load_fails_no_request_and_stores_each_row_once() {
    let postgres = Postgres::start().await;
    let service = serve(&postgres.url()).await;
    let (stop, answers) = load(&service);
    sleep(Duration::from_millis(500)).await;
    postgres.restart(Mode::Fast).await;
    sleep(Duration::from_millis(500)).await;
    assert!(postgres.terminate_all_backends().await > 0);
    sleep(Duration::from_millis(500)).await;
    stop.send_replace(true);
    let stored = all_was_stored_once(&service, answers).await;
    assert!(stored >= 20, "only {stored} were stored");
    service.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_that_were_cut_fail_no_request() {
    let postgres = Postgres::start().await;
    for ending in [Ending::Fin, Ending::Rst] {
        let relay = Relay::to(postgres.addr()).await;
        let service = serve(&relay.url_from(&postgres)).await;
        let client = service.client();
        for round in 0..5 {
            relay.cut_all(ending).await;
            let name = format!("{ending:?}-{round}").to_lowercase();
            client.create(&name, &format!("{name}@example.org")).await;
        }
        service.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_away_answers_say_so_and_afterwards_all_is_well() {
    let postgres = Postgres::start().await;
    let relay = Relay::to(postgres.addr()).await;
    let config = Config::from_url(&relay.url_from(&postgres)).unwrap();
    let quick =
        |settings: &mut steadfast_service::Settings| settings.request_timeout = Duration::from_secs(2);
    let service = Service::launch(&config, quick, Router::new());
    let app = service.app.clone();
    within("the service serves", || app.lifecycle().phase() == Phase::Serving).await;
    let client = service.client();
    client.create("before", "before@example.org").await;
    relay.set(Fault::Refuse).await;
    relay.cut_all(Ending::Rst).await;
    let body = r#"{"username":"during","email":"during@example.org"}"#;
    for answer in [client.get("/api/v1/users").await, client.json("POST", "/api/v1/users", body).await] {
        assert_eq!((answer.status, answer.problem().as_str()), (503, "database-unavailable"), "{answer:?}");
        assert!(answer.header("retry-after").is_some() && answer.header("x-outcome").is_none(), "{answer:?}");
        assert!(
            !answer.text.contains("127.0.0.1") && !answer.text.contains(&relay.port().to_string()),
            "{answer:?}"
        );
    }
    relay.set(Fault::None).await;
    // What was refused with "nothing was changed" was not stored.
    let back = client.json("POST", "/api/v1/users", body).await;
    assert_eq!(back.status, 201, "{back:?}");
    service.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_hang_up_leave_no_transaction_open() {
    let postgres = Postgres::start().await;
    let service = serve(&postgres.url()).await;
    let address = service.address;
    for n in 0..50 {
        let body = format!(r#"{{"username":"u{n}","email":"u{n}@example.org"}}"#);
        let head =
            "POST /api/v1/users HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: ";
        let text = format!("{head}{}\r\n\r\n{body}", body.len());
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, text.as_bytes()).await.unwrap();
        sleep(Duration::from_micros(200 * (n % 10))).await;
    }
    let database = service.app.database().clone();
    within("every connection is back in the pool", || database.status().leased == 0).await;
    let backends = postgres.backends("steadfast").await;
    assert_eq!((backends.idle_in_transaction, backends.active), (0, 0), "{backends:?}");
    service.end().await;
}

#[tokio::test]
async fn a_role_that_may_not_create_tables_can_serve_a_schema_that_is_there() {
    let postgres = Postgres::start().await;
    let owner = Database::open(&Config::from_url(&postgres.superuser_url()).unwrap()).unwrap();
    let soon = || Instant::now() + Duration::from_secs(20);
    ensure_schema(&owner, soon()).await.unwrap();
    let options = steadfast::sql::TransactionOptions::default();
    let grant = "CREATE ROLE clerk LOGIN PASSWORD 'x'; GRANT SELECT ON steadfast_schema, users TO clerk; \
                 GRANT INSERT, UPDATE, DELETE ON users TO clerk; GRANT USAGE ON SCHEMA public TO clerk; \
                 REVOKE CREATE ON SCHEMA public FROM PUBLIC";
    owner.transaction(options, Some(soon()), |tx| async move { tx.batch(grant).await }).await.unwrap();
    let mut config = Config::from_url(&postgres.superuser_url()).unwrap();
    if let steadfast::config::BackendOptions::Postgres(options) = &mut config.backend {
        options.user = "clerk".to_owned();
        options.password = Some("x".to_owned().into());
    }
    let clerk = Database::open(&config).unwrap();
    ensure_schema(&clerk, soon()).await.unwrap();
    let service = Service::launch(&config, |_| (), Router::new());
    let app = service.app.clone();
    within("the service serves", || app.lifecycle().phase() == Phase::Serving).await;
    service.client().create("ada", "ada@example.org").await;
    service.end().await;
}
