//! The service as one of several worker processes.

use std::net::TcpListener;
use std::sync::Arc;

use axum::Router;
use steadfast::tasks;
use steadfast::time::{Duration, Instant, sleep_until};
use steadfast_supervisor::{Order, Roster, Worker, WorkerHandle};
use tokio::sync::Notify;

use crate::app::App;
use crate::lifecycle::{Lifecycle, Phase};
use crate::server::{Listening, ServeError};
use crate::workers;

/// How long a worker that is not ready leaves its clients to nobody, at the start of them all: somebody else may be ready
/// in that time. After it they are told that the database is missing.
const NOBODY_READY: Duration = Duration::from_millis(500);

/// Serves on a listener that it shares with other workers, until the master tells it to end.
///
/// A worker takes no clients before its database is ready, unless nobody else is ready either: then it is better to answer
/// them with 503.
///
/// # Errors
/// When the listener cannot be used. Never because of the database.
pub async fn serve_as_worker(
    app: App,
    worker: &Worker,
    listener: TcpListener,
    outside: impl FnOnce(&App) -> Router,
) -> Result<(), ServeError> {
    let handle = worker.handle();
    handle.watch_tokio(&tokio::runtime::Handle::current());
    let listening = Listening::adopt(app.clone(), listener)?;
    let changed = obey(&listening, &handle);
    let life = app.lifecycle().clone();
    // Both end with the service: its life cycle always comes to the end.
    drop(tasks::spawn("worker: life cycle", report(life.clone(), handle.clone())));
    drop(tasks::spawn("worker: state", workers::publish(app.clone(), handle.clone())));
    drop(tasks::spawn(
        "worker: budget",
        workers::watch_budget(app.clone(), handle.clone(), worker.family().to_owned(), Arc::clone(&changed)),
    ));
    let open = open(life, handle.clone(), changed);
    let routes = outside(&app);
    // More requests than connections wait for each other here, while another worker may have connections to spare.
    let saturated = app.database().status().capacity().max(1);
    listening.run_when(open, saturated, &move || handle.may_accept(), routes).await;
    Ok(())
}

/// Does what the master says; gives what tells of changes among the workers.
fn obey(listening: &Listening, handle: &WorkerHandle) -> Arc<Notify> {
    let changed = Arc::new(Notify::new());
    let (shutdown, notify) = (listening.shutdown(), Arc::clone(&changed));
    handle.on_order(move |order| match order {
        Order::Retire => shutdown.retire(),
        Order::Drain => shutdown.drain(),
        Order::Hurry => shutdown.hurry(),
        Order::Changed | _ => notify.notify_waiters(),
    });
    changed
}

async fn report(life: Lifecycle, handle: WorkerHandle) {
    life.reached(Phase::Serving).await;
    if life.phase() == Phase::Serving {
        handle.ready();
    }
}

/// Returns when this worker shall take clients.
async fn open(life: Lifecycle, handle: WorkerHandle, changed: Arc<Notify>) {
    let nobody_ready = async {
        let patience = Instant::now() + NOBODY_READY;
        loop {
            let news = changed.notified();
            if Instant::now() >= patience && !somebody_else_is_ready(&handle) {
                return;
            }
            tokio::select! {
                () = news => {}
                () = sleep_until(patience), if Instant::now() < patience => {}
            }
        }
    };
    tokio::select! {
        () = life.reached(Phase::Serving) => {
            // Who is told to end before it was ever ready has nothing to say to anybody.
            if !life.was_ready() {
                std::future::pending::<()>().await;
            }
        }
        () = nobody_ready => {}
    }
}

fn somebody_else_is_ready(handle: &WorkerHandle) -> bool {
    let roster: Roster = handle.roster();
    let own = handle.identity().incarnation;
    roster.succeeding || roster.ready().any(|worker| worker.incarnation != own)
}
