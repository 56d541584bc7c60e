//! Rule 5: in the usual case a checkout and a return allocate nothing, start no task, and leave nothing in the log.

#![cfg(test)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use steadfast::config::PoolOptions;
use steadfast::event::{Event, Measurement, Observer};
use steadfast::pool::Pool;
use steadfast_test::sim::SimServer;

/// Counts what would have been logged.
#[derive(Debug, Default)]
struct Told(AtomicUsize);

impl Observer for Told {
    fn observe(&self, _event: &Event) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn rule_5_a_checkout_and_a_return_allocate_nothing_and_say_nothing() {
    let counter = allocation_counter::measure(|| drop(std::hint::black_box(Box::new(1_u64))));
    assert_eq!(counter.count_total, 1, "the counter counts");
    let told = Arc::new(Told::default());
    let pool = Pool::builder(SimServer::new())
        .options(PoolOptions::default())
        .observer(Arc::clone(&told) as Arc<dyn Observer>)
        .build()
        .unwrap();
    drop(pool.acquire().await.unwrap());
    // By way of the pool's lock at first, and by that of the thread's own pocket once the keeper has had its turn.
    for _ in 0..2 {
        let (events, tasks) = (told.0.load(Ordering::SeqCst), alive_tasks());
        let counted = allocation_counter::measure(|| {
            for _ in 0..1000 {
                // Ready at its first poll: nobody waits for anything.
                let lease = pool.acquire().now_or_never().expect("at once").expect("a connection");
                drop(lease);
            }
        });
        assert_eq!(counted.count_total, 0, "{} allocations", counted.count_total);
        assert_eq!((told.0.load(Ordering::SeqCst), alive_tasks()), (events, tasks));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Measures as metrics do: adds to atomic integers.
#[derive(Debug, Default)]
struct Meter {
    lent: AtomicUsize,
    returned: AtomicUsize,
}

impl Observer for Meter {
    fn observe(&self, _event: &Event) {}

    fn is_measuring(&self) -> bool {
        true
    }

    fn measure(&self, measurement: &Measurement) {
        if let Measurement::Acquired { .. } = measurement {
            self.lent.fetch_add(1, Ordering::SeqCst);
        }
        if let Measurement::Returned { .. } = measurement {
            self.returned.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rule_5_a_measured_checkout_allocates_nothing_either() {
    let meter = Arc::new(Meter::default());
    let pool = Pool::builder(SimServer::new()).observer(Arc::clone(&meter) as _).build().unwrap();
    drop(pool.acquire().await.unwrap());
    for _ in 0..2 {
        let before = meter.returned.load(Ordering::SeqCst);
        let counted = allocation_counter::measure(|| {
            for _ in 0..1000 {
                drop(pool.acquire().now_or_never().expect("at once").expect("a connection"));
            }
        });
        assert_eq!(counted.count_total, 0, "{} allocations", counted.count_total);
        assert_eq!(meter.returned.load(Ordering::SeqCst) - before, 1000);
        assert_eq!(meter.lent.load(Ordering::SeqCst), meter.returned.load(Ordering::SeqCst));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn rule_5_waiting_and_being_served_allocate_nothing_once_the_queue_has_grown() {
    let mut options = PoolOptions::default();
    (options.size, options.max_overflow) = (1, 0);
    let pool = Pool::new(SimServer::new(), options).unwrap();
    for round in 0..2 {
        let lease = pool.acquire().await.unwrap();
        let mut waiters: Vec<_> = (0..8).map(|_| Box::pin(pool.acquire())).collect();
        let counted = allocation_counter::measure(|| {
            for waiter in &mut waiters {
                assert!(waiter.as_mut().now_or_never().is_none(), "it waits");
            }
            drop(lease);
            for waiter in &mut waiters {
                drop(waiter.as_mut().now_or_never().expect("its turn").expect("a connection"));
            }
        });
        // The first round makes the queue as long as it is going to be.
        assert!(round == 0 || counted.count_total == 0, "{} allocations", counted.count_total);
    }
}

fn alive_tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}
