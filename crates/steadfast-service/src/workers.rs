//! What workers tell each other, and what health shows of them all.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use steadfast::metrics::Peers;
use steadfast::time::{Duration, Instant, sleep};
use steadfast::web::Check;
use steadfast_supervisor::WorkerHandle;
use tokio::sync::Notify;

use crate::app::App;
use crate::budget::{Budget, Facts};
use crate::lifecycle::Phase;

/// How often a worker looks whether it has something new to tell.
const LOOK: Duration = Duration::from_millis(500);

/// The name under which a worker tells of itself.
const STATE: &str = "service";

/// The name under which the first worker tells of the budget.
const BUDGET: &str = "budget";

/// The worker who looks at the budget for all.
const FIRST: usize = 1;

/// How long the server may take to tell its limits.
const ASK: Duration = Duration::from_secs(10);

/// The other workers of the same master, so that each can show the metrics and the status of all.
#[derive(Debug)]
pub struct Colleagues(WorkerHandle);

impl Colleagues {
    /// Those of this worker.
    #[must_use]
    pub const fn of(worker: WorkerHandle) -> Self {
        Self(worker)
    }
}

impl Peers for Colleagues {
    fn publish(&self, part: &str, value: Value) {
        self.0.publish(part, value);
    }

    /// One for each place: while a worker is replaced there are two of the same number, and a metric may only be told
    /// once for each. The newer one stands for both as soon as it has something to tell.
    fn others(&self) -> Vec<BTreeMap<String, Value>> {
        let mut workers = self.0.roster().workers;
        workers.retain(|worker| worker.number != self.0.identity().number && !worker.blobs.is_empty());
        workers.sort_by_key(|worker| worker.incarnation);
        let places = workers.into_iter().map(|worker| (worker.number, worker.blobs));
        places.collect::<BTreeMap<_, _>>().into_values().collect()
    }

    fn workers(&self) -> usize {
        self.0.roster().wanted.max(1)
    }
}

/// Lets the others know how this worker is, as long as it lives.
pub(crate) async fn publish(app: App, handle: WorkerHandle) {
    let mut told = Value::Null;
    while app.lifecycle().phase() < Phase::Ending {
        let now = state(&app);
        if now != told {
            handle.publish(STATE, now.clone());
            told = now;
        }
        sleep(LOOK).await;
    }
}

fn state(app: &App) -> Value {
    let pool = app.database().status();
    json!({
        "phase": format!("{:?}", app.lifecycle().phase()).to_ascii_lowercase(),
        "requestsInFlight": app.requests_in_flight(),
        "pool": {
            "idle": pool.idle,
            "inUse": pool.leased,
            "opening": pool.opening,
            "waiting": pool.waiting,
            "capacity": pool.capacity(),
            "generation": pool.generation,
        },
    })
}

/// Compares what all workers may open with what the server has: when this worker begins to serve, and whenever the number
/// of workers changes. One of them does it for all.
pub(crate) async fn watch_budget(app: App, handle: WorkerHandle, family: String, changed: Arc<Notify>) {
    if handle.identity().number != FIRST {
        return;
    }
    let life = app.lifecycle();
    life.reached(Phase::Serving).await;
    let mut judged = 0;
    while life.phase() == Phase::Serving {
        let news = changed.notified();
        let workers = handle.roster().wanted;
        if workers != judged && workers > 0 {
            judged = workers;
            judge(&app, &handle, &family, workers).await;
        }
        tokio::select! {
            () = news => {}
            () = life.reached(Phase::Draining) => {}
        }
    }
}

async fn judge(app: &App, handle: &WorkerHandle, family: &str, workers: usize) {
    let facts = match Facts::ask(app.database(), family, Instant::now() + ASK).await {
        Ok(Some(facts)) => facts,
        Ok(None) => return,
        Err(error) => {
            return tracing::warn!(%error, "the server does not tell its limits; the budget is not checked");
        }
    };
    let budget = Budget { workers, per_worker: app.database().status().capacity(), facts };
    if budget.fits() {
        tracing::info!("the connection budget holds: {budget}");
    } else {
        tracing::warn!("the connection budget does not hold: {budget}");
    }
    let (wanted, left, fits) = (budget.wanted(), budget.left(), budget.fits());
    let text = budget.to_string();
    handle.publish(BUDGET, json!({ "wanted": wanted, "left": left, "fits": fits, "text": text }));
}

/// All workers, for the health document of any of them.
pub(crate) fn check(worker: &WorkerHandle) -> Check {
    let mut roster = worker.roster();
    for worker in &mut roster.workers {
        // Metrics and status have addresses of their own, and are long.
        worker.blobs.retain(|name, _| matches!(name.as_str(), STATE | BUDGET));
    }
    let workers: Vec<_> = roster.workers.iter().map(|worker| json!(worker)).collect();
    let observed = json!([{
        "componentType": "component",
        "status": if roster.degraded.is_some() { "warn" } else { "pass" },
        "observedValue": roster.ready().count(),
        "wanted": roster.wanted,
        "master": roster.master,
        "answeredBy": worker.identity().incarnation,
        "output": roster.degraded,
        "workers": workers,
    }]);
    let trouble = roster.degraded.is_some().then_some("not all workers can be kept running");
    Check::new("workers", observed, trouble)
}
