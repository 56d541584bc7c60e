//! Whether a worker makes progress. Pure.

use crate::clock::{Duration, Instant};
use crate::message::{Beat, Progress};

/// What is known of a worker's progress.
#[derive(Debug)]
pub(crate) struct Pulse {
    /// When anything came from it.
    heard: Instant,
    /// The last beat of the runtime, and when it changed.
    beat: Option<(u64, Instant)>,
    /// For each thread, when it was last seen parked or getting on.
    threads: Vec<(Progress, Instant)>,
    started: Instant,
}

/// How a worker fails to make progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stuck {
    /// Nothing at all comes from the process: it is stopped, or never came up.
    Silent,
    /// The process lives, but there is no runtime yet.
    NoRuntime,
    /// No task of the runtime runs; these threads are blocked. One that had the others' work to wait for is enough.
    Runtime(Vec<usize>),
    /// These threads of the runtime are in the middle of one task and do not come out of it.
    Threads(Vec<usize>),
}

impl std::fmt::Display for Stuck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Silent => f.write_str("nothing comes from the process; it is stopped, or starved"),
            Self::NoRuntime => f.write_str("it has not come as far as its runtime; a hook hangs?"),
            Self::Runtime(which) if which.is_empty() => f.write_str("no task of its runtime runs"),
            Self::Runtime(which) => {
                write!(f, "no task of its runtime runs; its threads {which:?} are blocked inside a task")
            }
            Self::Threads(which) => {
                write!(f, "threads {which:?} of its runtime are blocked inside a task")
            }
        }
    }
}

impl Pulse {
    pub(crate) const fn new(now: Instant) -> Self {
        Self { heard: now, beat: None, threads: Vec::new(), started: now }
    }

    /// Something came that says nothing of the runtime.
    pub(crate) const fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    /// A beat came.
    pub(crate) fn note(&mut self, beat: &Beat, now: Instant) {
        self.heard = now;
        if let Some(beats) = beat.beats
            && self.beat.is_none_or(|(last, _)| last != beats)
        {
            self.beat = Some((beats, now));
        }
        self.threads.truncate(beat.threads.len());
        for (index, progress) in beat.threads.iter().enumerate() {
            match self.threads.get_mut(index) {
                Some((last, at)) => {
                    if progress.parked || progress != last {
                        *at = now;
                    }
                    *last = *progress;
                }
                None => self.threads.push((*progress, now)),
            }
        }
    }

    /// How it fails to make progress, if it has for at least this long. The plainest reason first.
    pub(crate) fn stuck(&self, now: Instant, limit: Duration) -> Option<Stuck> {
        if self.age(now) < limit {
            return None;
        }
        // What began a moment later belongs to the same story.
        let limit = limit.mul_f64(0.9);
        let late = |since: Instant| now.saturating_duration_since(since) >= limit;
        if late(self.heard) {
            return Some(Stuck::Silent);
        }
        let threads = self.threads.iter().enumerate();
        let blocked = threads.filter(|(_, (_, at))| late(*at)).map(|(index, _)| index).collect();
        Some(match self.beat {
            None if late(self.started) => Stuck::NoRuntime,
            Some((_, at)) if late(at) => Stuck::Runtime(blocked),
            None | Some(_) => Stuck::Threads(blocked),
        })
    }

    /// For how long it has made no progress, whichever way that is longest.
    pub(crate) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.oldest())
    }

    /// When [`stuck`](Self::stuck) would say so if nothing more came.
    pub(crate) fn due(&self, limit: Duration) -> Instant {
        self.oldest() + limit
    }

    fn oldest(&self) -> Instant {
        let beat = self.beat.map_or(self.started, |(_, at)| at);
        self.threads.iter().map(|(_, at)| *at).chain([self.heard, beat]).min().unwrap_or(self.heard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    fn beat(beats: u64, threads: &[(bool, u64)]) -> Beat {
        let threads = threads.iter().map(|&(parked, done)| Progress { parked, done }).collect();
        Beat { beats: Some(beats), threads }
    }

    /// Plays a beat each second and says what is found at the end.
    fn after(seconds: u64, of: impl Fn(u64) -> Option<Beat>) -> Option<Stuck> {
        let began = crate::clock::now();
        let mut pulse = Pulse::new(began);
        for second in 0..=seconds {
            let now = began + Duration::from_secs(second);
            if let Some(beat) = of(second) {
                pulse.note(&beat, now);
            }
            assert_eq!(pulse.stuck(now, LIMIT).is_some(), pulse.age(now) >= LIMIT, "at {second} s");
        }
        pulse.stuck(began + Duration::from_secs(seconds), LIMIT)
    }

    #[test]
    fn an_idle_worker_and_a_busy_one_make_progress() {
        assert_eq!(after(100, |s| Some(beat(s, &[(true, 7), (true, 9)]))), None);
        assert_eq!(after(100, |s| Some(beat(s, &[(false, s), (true, 9)]))), None);
    }

    #[test]
    fn one_blocked_thread_is_found_although_the_runtime_beats() {
        let blocked = |s: u64| Some(beat(s, &[(false, s.min(5)), (true, 9)]));
        assert_eq!(after(34, blocked), None);
        assert_eq!(after(35, blocked), Some(Stuck::Threads(vec![0])));
    }

    #[test]
    fn a_runtime_that_stands_still_is_found_although_its_threads_are_parked() {
        assert_eq!(after(29, |_| Some(beat(1, &[(true, 7)]))), None);
        assert_eq!(after(30, |_| Some(beat(1, &[(true, 7)]))), Some(Stuck::Runtime(Vec::new())));
    }

    #[test]
    fn a_process_that_says_nothing_is_found() {
        assert_eq!(after(40, |s| (s <= 5).then(|| beat(s, &[]))), Some(Stuck::Silent));
        assert_eq!(after(30, |_| None), Some(Stuck::Silent));
    }

    #[test]
    fn a_worker_that_never_gets_a_runtime_is_found() {
        assert_eq!(after(30, |_| Some(Beat::default())), Some(Stuck::NoRuntime));
        assert_eq!(after(40, |s| Some(if s < 20 { Beat::default() } else { beat(s, &[]) })), None);
    }
}
