//! The simulated server as the pool sees it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::Mutex;
use steadfast::connector::{Alarm, Condition, Connector};
use steadfast::error::Fault;
use steadfast::verdict::{Class, Step};
use tokio::time::Instant;

use super::connection::{Line, SimConnection};
use super::server::{SimServer, World};

impl Connector for SimServer {
    type Connection = SimConnection;

    async fn connect(&self, alarm: Alarm) -> Result<SimConnection, Fault> {
        let mut attempt = Attempt::begin(&self.world);
        let answer = self.world.lock().connect.clone();
        let result = answer.act(Step::Dial, false).await;
        attempt.answered = true;
        result?;
        let line = Arc::new(Line::new(alarm));
        let id = self.world.lock().admit(&line);
        Ok(SimConnection { id, line, world: Arc::clone(&self.world) })
    }

    async fn ping(&self, connection: &mut SimConnection) -> Result<(), Fault> {
        let answer = {
            let mut world = self.world.lock();
            world.pings += 1;
            world.ping.clone()
        };
        answer.act(Step::Ping, connection.line.is_silent()).await?;
        if connection.is_lost() {
            return Err(lost(Step::Ping));
        }
        connection.line.prove();
        Ok(())
    }

    fn inspect(&self, connection: &SimConnection) -> Condition {
        if connection.is_lost() {
            Condition::Lost(lost(Step::Statement))
        } else if connection.is_dirty() {
            Condition::Dirty
        } else {
            Condition::Ready
        }
    }

    async fn clean(&self, connection: &mut SimConnection) -> Result<(), Fault> {
        let answer = {
            let mut world = self.world.lock();
            world.cleans += 1;
            world.clean.clone()
        };
        answer.act(Step::Clean, connection.line.is_silent()).await?;
        if connection.is_lost() {
            return Err(lost(Step::Clean));
        }
        connection.line.work();
        connection.line.dirty.store(false, Ordering::SeqCst);
        Ok(())
    }

    async fn close(&self, connection: SimConnection) {
        let answer = self.world.lock().close.clone();
        if answer.act(Step::Close, connection.line.is_silent()).await.is_ok() {
            self.world.lock().said_goodbye += 1;
        }
        drop(connection);
    }

    fn abandon(&self, connection: SimConnection) {
        self.world.lock().abandoned += 1;
        std::mem::forget(connection);
    }
}

/// A connect that is being answered. The server notes when its client does not wait for the answer.
struct Attempt {
    world: Arc<Mutex<World>>,
    since: Instant,
    answered: bool,
}

impl Attempt {
    fn begin(world: &Arc<Mutex<World>>) -> Self {
        world.lock().connecting += 1;
        Self { world: Arc::clone(world), since: Instant::now(), answered: false }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let mut world = self.world.lock();
        world.connecting -= 1;
        if !self.answered && !std::thread::panicking() {
            let patience = self.since.elapsed();
            world.least_patience = Some(world.least_patience.map_or(patience, |least| least.min(patience)));
        }
    }
}

fn lost(step: Step) -> Fault {
    Fault::new(Class::ConnectionLost, step, "the peer ended the connection")
}
