//! The number of workers is changed while they serve.

use std::time::Duration;

use super::support::{ROLLED, all_ready, is_there, print_row, two_workers};
use crate::support::{Load, SOON};
use steadfast_test::{Signal, eventually};

#[tokio::test]
async fn ttin_adds_a_worker_and_ttou_retires_one_without_losing_a_request() {
    let (_postgres, service) = two_workers(&[]).await;
    let load = Load::start(service.client);
    service.process.signal(Signal::TTIN);
    let three = all_ready(service.client, 3).await;
    service.process.signal(Signal::TTOU);
    let two = all_ready(service.client, 2).await;
    assert_eq!(two, three[..2], "the last one goes");
    eventually("its process has ended", SOON, async || !is_there(three[2].pid)).await;
    load.goes_on_for(Duration::from_millis(500)).await;
    let record = load.stop().await;
    print_row("TTIN, then TTOU", &record, None);
    record.assert_no_failures();
}

#[tokio::test]
async fn the_last_worker_is_never_retired() {
    let (_postgres, service) = two_workers(&[]).await;
    service.process.signal(Signal::TTOU);
    all_ready(service.client, 1).await;
    service.process.signal(Signal::TTOU);
    service.process.signal(Signal::HUP);
    // Whatever the signals asked is done once the reload is.
    service.process.wait_for_line("all workers are replaced", ROLLED).await;
    all_ready(service.client, 1).await;
}
