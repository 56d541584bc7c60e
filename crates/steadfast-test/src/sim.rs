//! A simulated database: a connector whose every behaviour is set by the test, for a pool under paused time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use steadfast::connector::{Alarm, Condition, Connector};
use steadfast::error::Fault;
use steadfast::verdict::{Class, Step};
use tokio::time::sleep;

/// The simulated server. Clones share one server; give one to the pool and steer with the other.
#[derive(Debug, Clone, Default)]
pub struct SimServer {
    world: Arc<Mutex<World>>,
}

/// How the server answers something.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// As it should, after this long.
    After(Duration),
    /// Never.
    Never,
    /// With an error of this class, after this long.
    Fail(Class, Duration),
    /// The task panics.
    Panic,
}

#[derive(Debug)]
struct World {
    next_id: u64,
    open: BTreeSet<u64>,
    most_open: usize,
    opened: u64,
    connect: Answer,
    ping: Answer,
    clean: Answer,
    close: Answer,
    pings: u64,
    cleans: u64,
    said_goodbye: u64,
    abandoned: u64,
    connections: Vec<(u64, Arc<Shared>, Alarm)>,
}

/// What server and client know of a connection.
#[derive(Debug, Default)]
struct Shared {
    lost: AtomicBool,
    dirty: AtomicBool,
    held: AtomicBool,
}

/// A simulated connection.
#[derive(Debug)]
pub struct SimConnection {
    id: u64,
    shared: Arc<Shared>,
    world: Arc<Mutex<World>>,
}

impl Default for World {
    fn default() -> Self {
        let soon = Answer::After(Duration::from_millis(1));
        Self {
            next_id: 1,
            open: BTreeSet::new(),
            most_open: 0,
            opened: 0,
            connect: soon.clone(),
            ping: soon.clone(),
            clean: soon.clone(),
            close: soon,
            pings: 0,
            cleans: 0,
            said_goodbye: 0,
            abandoned: 0,
            connections: Vec::new(),
        }
    }
}

impl SimServer {
    /// A server that answers everything within a millisecond.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How connecting goes from now on.
    pub fn on_connect(&self, answer: Answer) {
        self.world.lock().connect = answer;
    }

    /// How pings go from now on.
    pub fn on_ping(&self, answer: Answer) {
        self.world.lock().ping = answer;
    }

    /// How cleaning goes from now on.
    pub fn on_clean(&self, answer: Answer) {
        self.world.lock().clean = answer;
    }

    /// How goodbyes go from now on.
    pub fn on_close(&self, answer: Answer) {
        self.world.lock().close = answer;
    }

    /// Ends every connection; its holder can see that without asking.
    pub fn end_all(&self) {
        let connections: Vec<_> = self
            .world
            .lock()
            .connections
            .iter()
            .map(|(_, shared, alarm)| (Arc::clone(shared), alarm.clone()))
            .collect();
        for (shared, alarm) in connections {
            shared.lost.store(true, Ordering::SeqCst);
            alarm.ring();
        }
    }

    /// Connections that exist now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.world.lock().open.len()
    }

    /// The most that ever existed at the same time.
    #[must_use]
    pub fn most_open(&self) -> usize {
        self.world.lock().most_open
    }

    /// How many were ever opened.
    #[must_use]
    pub fn opened(&self) -> u64 {
        self.world.lock().opened
    }

    /// How many pings arrived.
    #[must_use]
    pub fn pings(&self) -> u64 {
        self.world.lock().pings
    }

    /// How many connections were cleaned.
    #[must_use]
    pub fn cleans(&self) -> u64 {
        self.world.lock().cleans
    }

    /// How many connections ended with a goodbye.
    #[must_use]
    pub fn said_goodbye(&self) -> u64 {
        self.world.lock().said_goodbye
    }
}

impl SimConnection {
    /// Which connection this is, counted from one.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// Leaves something behind that must be cleaned.
    pub fn soil(&self) {
        self.shared.dirty.store(true, Ordering::SeqCst);
    }

    /// The peer ends the connection.
    pub fn lose(&self) {
        self.shared.lost.store(true, Ordering::SeqCst);
    }

    /// True when somebody left something behind that was not cleaned.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.shared.dirty.load(Ordering::SeqCst)
    }

    /// Notes that the caller holds the connection now.
    ///
    /// # Panics
    /// When somebody holds it already.
    pub fn hold(&self) {
        assert!(!self.shared.held.swap(true, Ordering::SeqCst), "connection {} is in two hands", self.id);
    }

    /// Notes that the caller is about to give it back.
    pub fn let_go(&self) {
        self.shared.held.store(false, Ordering::SeqCst);
    }
}

impl Drop for SimConnection {
    fn drop(&mut self) {
        let mut world = self.world.lock();
        world.open.remove(&self.id);
        world.connections.retain(|(id, ..)| *id != self.id);
    }
}

impl Connector for SimServer {
    type Connection = SimConnection;

    async fn connect(&self, alarm: Alarm) -> Result<SimConnection, Fault> {
        let answer = self.world.lock().connect.clone();
        act(answer, Step::Dial).await?;
        let mut world = self.world.lock();
        let id = world.next_id;
        world.next_id += 1;
        world.opened += 1;
        world.open.insert(id);
        world.most_open = world.most_open.max(world.open.len());
        let shared = Arc::new(Shared::default());
        world.connections.push((id, Arc::clone(&shared), alarm));
        Ok(SimConnection { id, shared, world: Arc::clone(&self.world) })
    }

    async fn ping(&self, _connection: &mut SimConnection) -> Result<(), Fault> {
        let answer = {
            let mut world = self.world.lock();
            world.pings += 1;
            world.ping.clone()
        };
        act(answer, Step::Ping).await
    }

    fn inspect(&self, connection: &SimConnection) -> Condition {
        if connection.shared.lost.load(Ordering::SeqCst) {
            Condition::Lost(Fault::new(
                Class::ConnectionLost,
                Step::Statement,
                "the peer ended the connection",
            ))
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
        act(answer, Step::Clean).await?;
        connection.shared.dirty.store(false, Ordering::SeqCst);
        Ok(())
    }

    async fn close(&self, connection: SimConnection) {
        let answer = self.world.lock().close.clone();
        if act(answer, Step::Close).await.is_ok() {
            self.world.lock().said_goodbye += 1;
        }
        drop(connection);
    }

    fn abandon(&self, connection: SimConnection) {
        self.world.lock().abandoned += 1;
        std::mem::forget(connection);
    }
}

async fn act(answer: Answer, step: Step) -> Result<(), Fault> {
    match answer {
        Answer::After(delay) => {
            sleep(delay).await;
            Ok(())
        }
        Answer::Never => std::future::pending().await,
        Answer::Fail(class, delay) => {
            sleep(delay).await;
            Err(Fault::new(class, step, "simulated"))
        }
        #[expect(clippy::panic, reason = "what happens then is what is tested")]
        Answer::Panic => panic!("simulated"),
    }
}
