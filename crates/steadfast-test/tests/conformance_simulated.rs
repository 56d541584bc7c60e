//! The simulated server keeps the contract of connectors, so that what holds of a pool on it holds on others.

#![cfg(test)]

use std::time::Duration;

use steadfast::error::Fault;
use steadfast::verdict::Class;
use steadfast_test::conformance::{Subject, check};
use steadfast_test::sim::{Answer, SimConnection, SimServer};

struct Simulated(SimServer);

impl Subject for Simulated {
    type Connector = SimServer;

    async fn start() -> Self {
        Self(SimServer::new())
    }

    fn connector(&self) -> &SimServer {
        &self.0
    }

    async fn work(&self, connection: &mut SimConnection) -> Result<(), Fault> {
        connection.request()
    }

    async fn soil(&self, connection: &mut SimConnection) {
        connection.soil();
    }

    async fn is_pristine(&self, connection: &mut SimConnection) -> bool {
        !connection.is_dirty()
    }

    fn stay_busy(&self, connection: &mut SimConnection) -> Option<impl Future<Output = ()> + Send> {
        connection.soil();
        Some(std::future::pending())
    }

    async fn end_all(&self) -> bool {
        self.0.end_all();
        true
    }

    async fn open(&self) -> Option<usize> {
        Some(self.0.open() + self.0.connecting())
    }

    fn to_nowhere() -> SimServer {
        let server = SimServer::new();
        server.on_connect(Answer::Fail(Class::Unreachable, Duration::ZERO));
        server
    }
}

#[tokio::test]
async fn the_simulated_server_keeps_the_contract() {
    check::<Simulated>().await;
}
