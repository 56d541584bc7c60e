//! A configuration that cannot work is told at once, by exit code 78, and not tried for ever.

use std::process::Command;

use crate::support::scratch::Scratch;
use crate::support::{SOON, steadfast};
use steadfast_test::Process;

#[tokio::test]
async fn a_worker_whose_configuration_cannot_work_ends_the_master_with_78_and_its_reason() {
    let directory = Scratch::new();
    let url = "postgres://app:hunter2@127.0.0.1:1/app?sslmode=verify-full&sslrootcert=nowhere.pem";
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--workers", "2"];
    let mut command: Command = steadfast(directory.path(), &arguments, &[("DATABASE_URL", url)]);
    let process = Process::start(&mut command).await;
    assert_eq!(process.wait(SOON).await.code(), Some(78));
    let log = process.lines().join("\n");
    let died = log.lines().find(|line| line.contains("a worker has died")).unwrap();
    assert!(died.contains("exit code 78") && died.contains("nowhere.pem"), "{died}");
    assert!(!log.contains("hunter2"), "{log}");
}

#[tokio::test]
async fn a_database_in_memory_is_not_shared_by_processes() {
    let directory = Scratch::new();
    let environment = [("DATABASE_URL", "sqlite::memory:"), ("WEB_CONCURRENCY", "2")];
    let process = Process::start(&mut steadfast(directory.path(), &["serve"], &environment)).await;
    assert_eq!(process.wait(SOON).await.code(), Some(78));
    assert!(process.lines().join("\n").contains("in memory"), "{:?}", process.lines());
}
