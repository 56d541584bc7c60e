//! Whichever worker answers, it answers for all.

use std::collections::BTreeSet;

use super::support::{all_ready, two_workers, workers};
use crate::support::SOON;
use steadfast_test::{Signal, eventually};

#[tokio::test]
async fn every_worker_shows_all_workers() {
    let (_postgres, service) = two_workers(&[]).await;
    let client = service.client;
    let mut answered = BTreeSet::new();
    eventually("both have answered, for both", SOON, async || {
        let body = client.get("/api/v1/health").await.body();
        let check = &body["checks"]["workers"][0];
        let of_both = check["workers"].as_array().unwrap().iter().all(|worker| {
            let state = &worker["blobs"]["service"];
            assert_eq!(worker["blobs"]["metrics"], serde_json::Value::Null, "metrics have their own address");
            state["phase"] == "serving" && state["pool"]["capacity"] == 15 && worker["pid"].as_i64() > Some(0)
        });
        if of_both && check["observedValue"] == 2 {
            answered.insert(check["answeredBy"].as_u64().unwrap());
        }
        answered.len() == 2
    })
    .await;
    assert_eq!(answered, BTreeSet::from([1, 2]));
}

/// While a worker is replaced there are two of one number: each series is told once all the same, or nothing could be
/// scraped.
#[tokio::test]
async fn any_worker_tells_the_metrics_and_the_status_of_all() {
    let (_postgres, service) = two_workers(&[]).await;
    let all_shown = async |what: &str| {
        eventually(what, SOON, async || {
            let text = service.client.get("/metrics").await.text;
            let mut series: Vec<_> = text
                .lines()
                .filter(|line| !line.starts_with('#'))
                .filter_map(|line| line.rsplit_once(' '))
                .collect();
            let told = series.len();
            series.sort_unstable();
            series.dedup_by_key(|(name, _)| *name);
            assert_eq!(series.len(), told, "a series is told twice");
            let status = service.client.get("/status.json").await.body();
            let numbers: Vec<_> = status["workers"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|one| one["worker"].as_u64())
                .collect();
            text.contains("worker=\"1\"") && text.contains("worker=\"2\"") && numbers == [Some(1), Some(2)]
        })
        .await;
    };
    all_shown("both workers are shown").await;
    let before = all_ready(service.client, 2).await.iter().map(|worker| worker.incarnation).max().unwrap();
    service.process.signal(Signal::HUP);
    eventually("both workers are replaced", SOON, async || {
        all_shown("both workers are shown during a reload").await;
        let workers = workers(service.client).await;
        workers.len() == 2 && workers.iter().all(|one| one.incarnation > before && one.stage == "ready")
    })
    .await;
    all_shown("both workers are shown after a reload").await;
}
