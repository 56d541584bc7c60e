//! Whichever worker answers, it answers for all.

use std::collections::BTreeSet;

use super::support::two_workers;
use crate::support::SOON;
use steadfast_test::eventually;

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
