//! What is read from the pool when somebody looks, and the series of what was counted.

use prometheus::core::Collector as _;

use super::instruments::Instruments;
use super::series::Totals;
use crate::config::PoolOptions;
use crate::event::CloseCause;
use crate::pool::{CircuitState, Status};

impl Instruments {
    /// Sets the gauges to what the pool looks like.
    pub(super) fn set(&self, status: &Status, options: &PoolOptions, ready: bool) {
        let states = [
            ("idle", status.idle),
            ("used", status.leased),
            ("opening", status.opening),
            ("verifying", status.verifying),
            ("cleaning", status.cleaning),
            ("closing", status.closing_connections),
        ];
        for (state, count) in states {
            self.connections.with_label_values(&[state]).set(signed(count));
        }
        let [most, idle_max, idle_min] = &self.limits;
        most.set(signed(status.capacity()));
        // With an idle timeout nothing but `min_idle` is kept for good, and until then all that were opened are.
        idle_max.set(signed(status.capacity()));
        idle_min.set(signed(options.min_idle));
        self.pending.set(signed(status.waiting));
        self.generation.set(i64::try_from(status.generation).unwrap_or(i64::MAX));
        self.suspect.set(signed(status.suspect));
        for state in CircuitState::ALL {
            self.circuit.with_label_values(&[state.name()]).set(i64::from(state == status.circuit));
        }
        self.ready.set(i64::from(ready));
    }

    /// Makes the series of fixed sets begin at zero, so that the first death is seen as an increase.
    pub(super) fn begin(&self) {
        for cause in CloseCause::NAMES {
            let _zero = self.deaths.with_label_values(&[cause]);
        }
        for result in ["answered", "failed", "timed_out"] {
            let _zero = self.pings.with_label_values(&[result]);
        }
        for reason in ["timed_out", "queue_full", "closed", "permanent"] {
            let _zero = self.acquire_failures.with_label_values(&[reason]);
        }
        for kind in ["loss", "outage"] {
            let _zero = self.incidents.with_label_values(&[kind]);
        }
        for outcome in ["committed", "not_committed", "unknown", "committed_unreplicated"] {
            let _zero = self.outcomes.with_label_values(&[outcome]);
        }
        for state in ["in_doubt", "left_behind"] {
            let _zero = self.fences.with_label_values(&[state]);
        }
        for class in ["connection_lost", "unreachable", "unavailable", "capacity", "permanent"] {
            let _zero = self.open_failures.with_label_values(&[class]);
        }
        for operation in ["query", "read", "transaction"] {
            let _zero = self.retries.with_label_values(&[operation, "connection_lost"]);
        }
    }

    /// Everything that was counted since the process began.
    pub(super) fn totals(&self) -> Totals {
        let used = self.use_time.counts();
        let pings: u64 = self
            .pings
            .collect()
            .iter()
            .flat_map(prometheus::proto::MetricFamily::get_metric)
            .map(|metric| whole(metric.get_counter().get_value()))
            .sum();
        Totals {
            requests: self.traffic.all(),
            failures: self.traffic.failed(),
            used: used.total(),
            used_seconds: used.seconds(),
            work: self.operations.counts().buckets.to_vec(),
            opened: self.create_time.counts().total(),
            pings,
            acquired: self.wait_time.counts().buckets.to_vec(),
        }
    }

    /// The counts of all pings since the process began.
    pub(super) fn ping_counts(&self) -> Vec<u64> {
        self.ping_time.counts().buckets.to_vec()
    }
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, far below 2^53")]
fn whole(value: f64) -> u64 {
    value as u64
}
