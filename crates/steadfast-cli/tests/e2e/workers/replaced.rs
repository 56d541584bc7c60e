//! SIGUSR2 replaces the program.

use std::time::Duration;

use super::support::{OwnProgram, all_ready, is_there, print_row, start, workers};
use crate::support::{Load, SOON, ledger};
use steadfast_test::{Postgres, Signal, eventually};
use tokio::net::TcpStream;

async fn replaceable() -> (Postgres, OwnProgram, crate::support::Service) {
    let postgres = Postgres::start().await;
    let program = OwnProgram::new();
    let service = start(&postgres, &program.path, &[("STEADFAST_WORKER_READY_TIMEOUT", "10")]).await;
    (postgres, program, service)
}

#[tokio::test]
async fn the_program_is_replaced_under_load_twice_and_no_request_is_lost() {
    let (postgres, program, service) = replaceable().await;
    let load = Load::start(service.client);
    load.goes_on_for(Duration::from_millis(500)).await;
    for round in 1..=2 {
        let old = all_ready(service.client, 2).await;
        program.mend();
        let begun = load.now();
        service.process.signal(Signal::USR2);
        eventually("the old workers have ended", SOON, async || old.iter().all(|w| !is_there(w.pid))).await;
        println!(
            "measured: replaced, round {round}: the old workers had ended after {:?}",
            load.now() - begun
        );
        let new = all_ready(service.client, 2).await;
        assert!(new.iter().all(|worker| !old.contains(worker)), "{new:?}");
    }
    load.goes_on_for(Duration::from_millis(500)).await;
    let record = load.stop().await;
    print_row("USR2, twice", &record, None);
    record.assert_no_failures();
    assert_eq!(record.unknown(), 0);
    ledger::check(&postgres, &record).await;

    // The process that was started first is still the one to talk to.
    let last = workers(service.client).await;
    service.process.signal(Signal::TTIN);
    let three = all_ready(service.client, 3).await;
    assert_eq!(three[..2], last);
    service.process.signal(Signal::TERM);
    assert_eq!(service.process.wait(SOON).await.code(), Some(0));
    assert!(three.iter().all(|worker| !is_there(worker.pid)));
    assert!(TcpStream::connect(service.client.address).await.is_err());
}

#[tokio::test]
async fn a_program_that_cannot_serve_replaces_nothing() {
    let (_postgres, program, service) = replaceable().await;
    let before = workers(service.client).await;
    let load = Load::start(service.client);
    for script in ["exit 1", "exec sleep 60"] {
        program.spoil(script);
        service.process.signal(Signal::USR2);
        let told = |log: String| log.matches("the new program did not become ready").count();
        let wanted = if script == "exit 1" { 1 } else { 2 };
        eventually("it is told", SOON, async || told(service.log()) == wanted).await;
    }
    assert_eq!(all_ready(service.client, 2).await, before);
    let record = load.stop().await;
    print_row("USR2, the new program is broken", &record, None);
    record.assert_no_failures();
}

#[tokio::test]
async fn when_the_process_at_the_door_is_killed_everything_ends() {
    let (_postgres, _program, service) = replaceable().await;
    let old = workers(service.client).await;
    service.process.signal(Signal::USR2);
    eventually("the old workers have ended", SOON, async || old.iter().all(|w| !is_there(w.pid))).await;
    let new = all_ready(service.client, 2).await;
    service.process.signal(Signal::KILL);
    eventually("nobody keeps the port", SOON, async || {
        TcpStream::connect(service.client.address).await.is_err()
    })
    .await;
    eventually("the new workers have ended", SOON, async || new.iter().all(|w| !is_there(w.pid))).await;
}
