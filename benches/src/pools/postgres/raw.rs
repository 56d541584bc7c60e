use tokio_postgres::{Client, NoTls, Statement};

use super::SELECT;
use crate::error::Result;
use crate::measure::Work;
use crate::pools::CONNECTIONS;

/// The driver alone: no pool. Tasks share connections and so their round trips, which is the limit of what the
/// driver can do, and what a pool, whose every connection has one owner at a time, cannot have.
pub struct Raw {
    clients: Vec<(Client, Statement)>,
}

/// An open connection with nothing around it.
pub async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

impl Raw {
    pub async fn new(url: &str) -> Result<Self> {
        let mut clients = Vec::new();
        for _ in 0..CONNECTIONS {
            let client = connect(url).await?;
            let statement = client.prepare(SELECT).await?;
            clients.push((client, statement));
        }
        Ok(Self { clients })
    }
}

impl Work for Raw {
    async fn once(&self, task: usize) {
        let (client, statement) = &self.clients[task % self.clients.len()];
        client.query(statement, &[]).await.expect("a row");
    }
}
