//! When a worker that died is started again. Pure.

use crate::clock::{Duration, Instant};

/// One place for a worker: what became of those who were in it.
#[derive(Debug, Default)]
pub(crate) struct Place {
    /// Deaths in a row, none of which came after [`HEALTHY`].
    failures: u32,
    /// All deaths that nobody had asked for.
    pub(crate) deaths: u64,
    pub(crate) last_death: Option<String>,
    /// Not before this.
    pub(crate) next: Option<Instant>,
}

/// Who has lived for so long was well; the next death is a new story.
const HEALTHY: Duration = Duration::from_secs(60);
/// The pause after the second death in a row; the first one is replaced at once.
const FIRST: Duration = Duration::from_millis(100);
/// A minute's outage costs at most half a minute more.
const LONGEST: Duration = Duration::from_secs(30);
/// So many deaths in a row are no accident.
const DEGRADED: u32 = 3;

impl Place {
    /// A worker has died that had lived for so long. `jitter` is 0 to 1.
    pub(crate) fn failed(&mut self, lived: Duration, how: String, now: Instant, jitter: f64) {
        if lived >= HEALTHY {
            self.failures = 0;
        }
        self.failures = self.failures.saturating_add(1);
        self.deaths += 1;
        self.last_death = Some(how);
        self.next = Some(now + self.pause().mul_f64(0.5 + jitter / 2.0));
    }

    /// The worker in it has lived for so long.
    pub(crate) fn lives(&mut self, lived: Duration) {
        if lived >= HEALTHY {
            self.failures = 0;
        }
    }

    /// When [`lives`](Self::lives) will make a difference.
    pub(crate) fn healthy_at(&self, started: Instant) -> Option<Instant> {
        (self.failures > 0).then_some(started + HEALTHY)
    }

    pub(crate) const fn is_degraded(&self) -> bool {
        self.failures >= DEGRADED
    }

    fn pause(&self) -> Duration {
        match self.failures.checked_sub(2) {
            None => Duration::ZERO,
            Some(doublings) => FIRST.saturating_mul(1 << doublings.min(16)).min(LONGEST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_death_is_replaced_at_once_and_the_next_ones_wait_longer_and_longer() {
        let now = crate::clock::now();
        let mut place = Place::default();
        let mut pauses = Vec::new();
        for _ in 0..12 {
            place.failed(Duration::ZERO, String::new(), now, 1.0);
            pauses.push((place.next.unwrap() - now).as_millis());
        }
        assert_eq!(pauses, [0, 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000]);
        place.failed(Duration::ZERO, String::new(), now, 0.0);
        assert_eq!(place.next.unwrap() - now, LONGEST / 2);
    }

    #[test]
    fn three_in_a_row_are_a_degraded_place_until_one_has_lived_for_a_minute() {
        let now = crate::clock::now();
        let mut place = Place::default();
        place.failed(Duration::ZERO, String::new(), now, 0.0);
        place.failed(Duration::ZERO, String::new(), now, 0.0);
        assert!(!place.is_degraded());
        place.failed(Duration::ZERO, String::new(), now, 0.0);
        assert!(place.is_degraded());
        place.lives(HEALTHY - Duration::from_secs(1));
        assert!(place.is_degraded());
        place.lives(HEALTHY);
        assert!(!place.is_degraded());
        place.failed(HEALTHY, String::new(), now, 1.0);
        assert_eq!(place.next, Some(now), "and its death is a first one again");
    }
}
