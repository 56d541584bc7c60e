//! A worker dies at once, again and again.

use super::support::{OwnProgram, all_ready, print_row, signal, start, workers};
use crate::support::{Load, SOON};
use steadfast_test::{Postgres, Signal, eventually};
use tokio::time::Instant;

#[tokio::test]
async fn a_crash_loop_is_told_slows_down_and_ends_when_its_cause_does() {
    let postgres = Postgres::start().await;
    let program = OwnProgram::new();
    let service = start(&postgres, &program.path, &[]).await;
    let client = service.client;
    let load = Load::start(client);
    program.spoil("exit 3");
    let killed = Instant::now();
    signal(&workers(client).await[0], Signal::KILL);
    let line = service.process.wait_for_line("degraded: not all workers can be kept running", SOON).await;
    assert!(line.contains("exit code 3"), "{line}");
    eventually("health says it to everybody", SOON, async || {
        let answer = client.send("GET", "/api/v1/health", &[("Via", "1.1 test")], b"").await;
        let body = answer.body();
        answer.status == 200
            && body["status"] == "warn"
            && body["output"] == "not all workers can be kept running"
            && body["checks"]["workers"].is_null()
    })
    .await;
    let body = client.get("/api/v1/health").await.body();
    let check = &body["checks"]["workers"][0];
    assert!(check["output"].as_str().unwrap().contains("exit code 3"), "{check}");
    assert_eq!(client.get("/readyz").await.status, 200, "the other one serves");
    // The pauses grow from 50 ms at least, each to the double: so many of them fit into the time, and two deaths more.
    let deaths = service.log().lines().filter(|line| line.contains("a worker has died")).count();
    let pauses = (1 + killed.elapsed().as_millis() / 50).ilog2();
    assert!(deaths <= 2 + pauses as usize, "{deaths} deaths in {:?}", killed.elapsed());
    program.mend();
    all_ready(client, 2).await;
    let record = load.stop().await;
    print_row("crash loop of one of two workers", &record, None);
    assert!(service.process.is_running());
}
