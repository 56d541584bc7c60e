//! Who drives a connection, under interleavings that shuttle chooses: the driver's task, callers who wait for an answer,
//! callers who go away, and a server that answers or ends the connection in between. Work that is left lying shows as a
//! deadlock.
//!
//! Mutations that were tried, each found by the tests named:
//! - who gives the seat back wakes nobody for what has rung, or gives it back after it has looked: *deadlock* in
//!   `what_a_caller_leaves_undone_the_task_does`;
//! - the task, when it leaves, does not pass on what rang or called meanwhile: *deadlock* there and in
//!   `every_call_is_answered`;
//! - who wants to sleep does so in spite of what rang; what rings during a turn is forgotten: *deadlock* in all;
//! - the task is not told of an end that a caller has seen: *deadlock* in `an_end_is_noticed_whoever_drives`;
//! - who waits for rest says so after it has looked: *deadlock* in `what_a_caller_leaves_undone_the_task_does`;
//! - a turn is not told that the driver was woken, or looks for that before it takes it away: *deadlock* in all.

#![cfg(steadfast_model)]
#![expect(clippy::disallowed_methods, reason = "the tasks of the model are those of an application")]

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use futures_util::future::poll_fn;
use shuttle::future::{JoinHandle, block_on, spawn, yield_now};
use shuttle::sync::atomic::AtomicBool;

use self::doorbell::Doorbell;
use self::engine::{Driven, Engine, Onlooker};
use self::schedules::{check, give_up_after};
use self::sync::Mutex;

#[path = "support/schedules.rs"]
mod schedules;

// The product's own files, with shuttle's locks and atomics.
#[path = "../../steadfast/src/postgres/doorbell.rs"]
mod doorbell;
#[expect(dead_code, reason = "a connection is dropped by the driver, which is not here")]
#[path = "../../steadfast/src/postgres/engine.rs"]
mod engine;
#[expect(dead_code, unused_imports, reason = "the pool uses the rest")]
#[path = "../../steadfast/src/sync/model.rs"]
mod sync;

mod time {
    pub(crate) use std::time::Duration;
}

/// What a driver and a socket have in them.
#[derive(Debug)]
struct Wire {
    content: Mutex<Content>,
    /// The server's work on each request.
    server: Mutex<Vec<JoinHandle<()>>>,
    bell: Arc<Doorbell>,
}

#[derive(Debug, Default)]
struct Content {
    /// Requests that were handed to the driver.
    requests: VecDeque<Arc<Answer>>,
    /// Requests that were sent, in order, and how many of them the server has answered.
    sent: VecDeque<Arc<Answer>>,
    readable: usize,
    /// The server has ended the connection.
    ended: bool,
    /// The driver is gone.
    gone: bool,
    /// Whom the socket wakes: who has found it empty, once.
    reader: Option<Waker>,
}

/// Where the answer to a request goes.
#[derive(Debug, Default)]
struct Answer {
    is_here: AtomicBool,
    waiting: WakerPlace,
}

#[derive(Debug)]
struct WakerPlace(Mutex<Option<Waker>>);

impl Default for WakerPlace {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl Answer {
    fn arrive(&self) {
        self.is_here.store(true, Ordering::SeqCst);
        let waiting = self.waiting.0.lock().take();
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Completes when it is here.
    async fn arrived(&self) {
        poll_fn(|cx| {
            *self.waiting.0.lock() = Some(cx.waker().clone());
            if self.is_here.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

impl Wire {
    /// Something arrives.
    fn arrive(&self, change: impl FnOnce(&mut Content)) {
        let mut content = self.content.lock();
        change(&mut content);
        let reader = content.reader.take();
        drop(content);
        reader.into_iter().for_each(Waker::wake);
    }

    /// Hands a request to the driver.
    fn ask(&self) -> Arc<Answer> {
        let answer = Arc::new(Answer::default());
        let mut content = self.content.lock();
        content.requests.push_back(Arc::clone(&answer));
        let gone = content.gone;
        drop(content);
        self.bell.ring();
        if gone {
            // The client says that the connection is closed.
            answer.arrive();
        }
        answer
    }

    /// A call as the driver's client makes it: queued when it is polled first.
    async fn call(&self) {
        self.ask().arrived().await;
    }

    fn end(&self) {
        self.arrive(|content| content.ended = true);
    }
}

/// The driver's half.
struct Half {
    wire: Arc<Wire>,
    /// It has found the socket empty, and was not woken since.
    drained: bool,
}

impl Driven for Half {
    fn turn(&mut self, cx: &mut Context<'_>, woken: bool) -> Poll<()> {
        self.drained &= !woken;
        let mut content = self.wire.content.lock();
        let ready = if self.drained { 0 } else { std::mem::take(&mut content.readable) };
        let ended = !self.drained && content.ended;
        if !self.drained {
            content.reader = Some(cx.waker().clone());
            self.drained = true;
        }
        let answered: Vec<_> = content.sent.drain(..ready).collect();
        while let Some(request) = content.requests.pop_front() {
            content.sent.push_back(request);
            let wire = Arc::clone(&self.wire);
            let at_work = spawn(async move {
                yield_now().await;
                wire.arrive(|content| content.readable += 1);
            });
            self.wire.server.lock().push(at_work);
        }
        drop(content);
        for answer in answered {
            answer.arrive();
        }
        if ended { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Half {
    /// Whoever waits hears that nothing will come.
    fn drop(&mut self) {
        let mut content = self.wire.content.lock();
        let mut waiting: Vec<_> = content.requests.drain(..).collect();
        waiting.extend(content.sent.drain(..));
        content.gone = true;
        drop(content);
        for answer in waiting {
            answer.arrive();
        }
    }
}

struct Nobody;

impl Onlooker for Nobody {
    fn turned(&self, _over: bool) {}
}

struct Scene {
    wire: Arc<Wire>,
    engine: Arc<Engine<Half, Nobody>>,
    task: JoinHandle<()>,
}

fn scene() -> Scene {
    let bell = Doorbell::new();
    let (content, server) = (Mutex::new(Content::default()), Mutex::new(Vec::new()));
    let wire = Arc::new(Wire { content, server, bell: Arc::clone(&bell) });
    let engine = Engine::new(Half { wire: Arc::clone(&wire), drained: false }, Nobody, bell);
    let driving = Arc::clone(&engine);
    let task = spawn(poll_fn(move |cx| driving.attend(cx)));
    Scene { wire, engine, task }
}

/// The server ends the connection, which the driver's task notices, and nothing else goes on.
async fn finish(wire: &Wire, task: JoinHandle<()>) {
    wire.end();
    task.await.unwrap();
    let server = std::mem::take(&mut *wire.server.lock());
    for at_work in server {
        at_work.await.unwrap();
    }
}

#[test]
fn every_call_is_answered() {
    check(|| {
        let Scene { wire, engine, task } = scene();
        let line = Arc::clone(&wire);
        let caller = spawn(async move {
            for _ in 0..3 {
                Arc::clone(&engine).drive(pin!(line.call())).await;
            }
        });
        block_on(async {
            caller.await.unwrap();
            finish(&wire, task).await;
        });
    });
}

#[test]
fn what_a_caller_leaves_undone_the_task_does() {
    check(|| {
        for polls in 1..4 {
            let Scene { wire, engine, task } = scene();
            let asked = Arc::new(Mutex::new(None));
            let (kept, line) = (Arc::clone(&asked), Arc::clone(&wire));
            let caller = spawn(async move {
                let call = pin!(async {
                    let answer = line.ask();
                    *kept.lock() = Some(Arc::clone(&answer));
                    answer.arrived().await;
                });
                give_up_after(polls, engine.drive(call)).await;
            });
            block_on(async {
                caller.await.unwrap();
                let answer = asked.lock().take().unwrap();
                answer.arrived().await;
                // As who cleans a connection waits.
                wire.bell.rested().await;
                assert!(wire.content.lock().requests.is_empty(), "it rests, and something is left");
                finish(&wire, task).await;
            });
        }
    });
}

#[test]
fn calls_that_nobody_drives_go_on_beside_and_behind_others() {
    check(|| {
        let Scene { wire, engine, task } = scene();
        let (line, other) = (Arc::clone(&wire), Arc::clone(&wire));
        let plain = spawn(async move { other.call().await });
        let caller = spawn(async move {
            Arc::clone(&engine).drive(pin!(line.call())).await;
            give_up_after(1, engine.drive(pin!(line.call()))).await;
            line.call().await;
        });
        block_on(async {
            plain.await.unwrap();
            caller.await.unwrap();
            finish(&wire, task).await;
        });
    });
}

#[test]
fn an_end_is_noticed_whoever_drives() {
    check(|| {
        let Scene { wire, engine, task } = scene();
        let line = Arc::clone(&wire);
        // No more than one call: the next one would wake the task.
        let caller = spawn(async move { engine.drive(pin!(line.call())).await });
        block_on(async {
            finish(&wire, task).await;
            caller.await.unwrap();
        });
    });
}
