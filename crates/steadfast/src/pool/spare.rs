//! Giving up one connection so that there is one to ask with.
//!
//! When all connections are in use and nothing is heard on any of them, they may all be lost, or all be busy with slow
//! work; only the server knows, and there is no connection left to ask it. One holder gives its own up then. If the
//! work was merely slow, some of it was done for nothing: that must stay rare.

use parking_lot::Mutex;

use crate::time::{Duration, Instant};

/// Whose turn it is. The lock is held for moments only.
#[derive(Debug, Default)]
pub(super) struct Spare(Mutex<Option<(Instant, Duration)>>);

impl Spare {
    /// True for the first who asks, then not before some time has passed, which doubles each time it was needed again.
    pub(super) fn turn(&self, now: Instant) -> bool {
        let mut last = self.0.lock();
        let pause = match *last {
            None => SHORTEST,
            Some((when, pause)) if now < when + pause => return false,
            // Long ago: another incident.
            Some((when, pause)) if now > when + pause * 4 => SHORTEST,
            Some((_, pause)) => (pause * 2).min(LONGEST),
        };
        *last = Some((now, pause));
        true
    }
}

/// A path that dies in all of its connections seldom does so again at once.
const SHORTEST: Duration = Duration::from_secs(2);

/// What a pool full of slow statements loses is then one of them in ten minutes.
const LONGEST: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_gives_way_and_then_nobody_for_ever_longer() {
        let spare = Spare::default();
        let start = Instant::now();
        let mut now = start;
        let mut turns = Vec::new();
        while now < start + Duration::from_secs(7200) {
            if spare.turn(now) {
                turns.push((now - start).as_secs());
            }
            now += Duration::from_secs(1);
        }
        assert_eq!(turns[..6], [0, 2, 6, 14, 30, 62]);
        assert!(turns.windows(2).all(|pair| pair[1] - pair[0] <= 600), "{turns:?}");
        assert!(spare.turn(now + Duration::from_secs(3600)));
        assert!(spare.turn(now + Duration::from_secs(3602)), "a new incident begins anew");
    }
}
