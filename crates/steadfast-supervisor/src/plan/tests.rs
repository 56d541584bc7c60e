use super::*;
use crate::clock::Duration;
use crate::message::Progress;

/// A plan and a clock.
struct Stage {
    plan: Plan,
    now: Instant,
}

fn stage(workers: usize) -> Stage {
    let now = crate::clock::now();
    let options = Options { workers, ..Options::default() };
    Stage { plan: Plan::new(options, now), now }
}

fn gone(code: Option<i32>) -> Gone {
    Gone { code, how: "it died".to_owned(), jitter: 1.0 }
}

impl Stage {
    fn pass(&mut self, milliseconds: u64) -> &mut Self {
        self.now += Duration::from_millis(milliseconds);
        self
    }

    /// What is to be done, without what is only to be said.
    fn actions(&mut self) -> Vec<Action> {
        let all = self.plan.take_actions();
        all.into_iter().filter(|action| !matches!(action, Action::Note(_))).collect()
    }

    fn notes(&mut self) -> Vec<Note> {
        let all = self.plan.take_actions();
        all.into_iter()
            .filter_map(|action| if let Action::Note(note) = action { Some(note) } else { None })
            .collect()
    }

    fn ready(&mut self, incarnation: u64) -> Vec<Action> {
        self.plan.ready(incarnation, self.now);
        self.actions()
    }

    fn gone(&mut self, incarnation: u64, code: Option<i32>) -> Vec<Action> {
        self.plan.gone(incarnation, &gone(code), self.now);
        self.actions()
    }

    fn tick(&mut self) -> Vec<Action> {
        self.plan.tick(self.now);
        self.actions()
    }

    fn ask(&mut self, ask: Ask) -> Vec<Action> {
        self.plan.ask(ask, self.now);
        self.actions()
    }

    /// All workers run.
    fn running(workers: usize) -> Self {
        let mut stage = stage(workers);
        stage.actions();
        for incarnation in 1..=workers as u64 {
            stage.ready(incarnation);
        }
        stage
    }
}

fn spawn(number: usize, incarnation: u64) -> Action {
    Action::Spawn { number, incarnation }
}

#[test]
fn a_worker_that_dies_is_replaced_at_once_and_then_after_pauses() {
    let mut stage = stage(2);
    assert_eq!(stage.actions(), [spawn(1, 1), spawn(2, 2)]);
    stage.ready(1);
    assert_eq!(stage.gone(1, None), [spawn(1, 3)]);
    assert_eq!(stage.gone(3, None), []);
    assert_eq!(stage.plan.next_deadline(), Some(stage.now + Duration::from_millis(100)));
    assert_eq!(stage.pass(100).tick(), [spawn(1, 4)]);
    assert_eq!(stage.plan.degraded(), None);
    stage.gone(4, None);
    assert!(stage.plan.degraded().unwrap().contains("worker 1"));
    assert_eq!(stage.pass(200).tick(), [spawn(1, 5)]);
    stage.ready(5);
    let beat = |beats| Beat { beats: Some(beats), threads: Vec::new() };
    for second in 0..60 {
        stage.pass(1000);
        stage.plan.beat(5, &beat(second), stage.now);
        stage.plan.beat(2, &beat(second), stage.now);
        stage.tick();
    }
    assert_eq!(stage.plan.degraded(), None, "it has lived for a minute");
}

#[test]
fn a_configuration_error_ends_the_master_only_while_nobody_was_ever_ready() {
    let mut early = stage(2);
    early.actions();
    assert_eq!(early.gone(1, Some(78)), [Action::Drain(2), Action::Hurry(2)]);
    assert_eq!(early.gone(2, None), [Action::Done(78)]);
    let mut late = Stage::running(2);
    assert_eq!(late.gone(1, Some(78)), [spawn(1, 3)]);
    assert_eq!(late.gone(3, Some(78)), [], "those that serve go on serving");
}

#[test]
fn a_stuck_worker_is_warned_of_aborted_killed_and_replaced() {
    let mut stage = Stage::running(1);
    let blocked = Beat { beats: Some(1), threads: vec![Progress { parked: false, done: 1 }] };
    let mut found = Vec::new();
    for half_second in 0..70 {
        stage.plan.beat(1, &Beat { beats: Some(half_second), ..blocked.clone() }, stage.now);
        found.extend(stage.tick().into_iter().map(|action| (half_second / 2, action)));
        stage.pass(500);
    }
    assert!(matches!(found[0], (15, Action::Warn { .. })), "{found:?}");
    assert!(matches!(found[1], (30, Action::Abort { .. })), "{found:?}");
    assert!(matches!(found[2], (32, Action::Kill { .. })), "{found:?}");
    assert_eq!(found.len(), 3);
    assert_eq!(stage.gone(1, None), [spawn(1, 2)]);
}

#[test]
fn a_worker_that_gets_on_again_in_time_is_left_alone() {
    let mut stage = Stage::running(1);
    assert!(matches!(stage.pass(16_000).tick()[..], [Action::Warn { .. }]));
    stage.plan.beat(1, &Beat { beats: Some(1), threads: Vec::new() }, stage.now);
    stage.plan.tick(stage.now);
    assert_eq!(stage.notes(), [Note::GetsOn { incarnation: 1 }]);
}

#[test]
fn the_end_drains_all_and_a_second_signal_hurries() {
    let mut stage = Stage::running(2);
    assert_eq!(stage.ask(Ask::End), [Action::Drain(1), Action::Drain(2)]);
    assert_eq!(stage.gone(1, Some(0)), []);
    assert_eq!(stage.ask(Ask::End), [Action::Hurry(2)]);
    assert!(matches!(stage.pass(5000).tick()[..], [Action::Kill { incarnation: 2, .. }]));
    assert_eq!(stage.tick(), [], "killed once");
    assert_eq!(stage.gone(2, None), [Action::Done(0)]);
}

#[test]
fn a_roll_replaces_one_after_the_other() {
    let mut stage = Stage::running(2);
    assert_eq!(stage.ask(Ask::Reload), [spawn(1, 3)]);
    assert_eq!(stage.ready(3), [Action::Retire(1)]);
    assert_eq!(stage.gone(1, Some(0)), [spawn(2, 4)]);
    assert_eq!(stage.ask(Ask::Reload), [], "it comes after this one");
    assert_eq!(stage.ready(4), [Action::Retire(2)]);
    assert_eq!(stage.gone(2, Some(0)), [spawn(1, 5)]);
}

#[test]
fn a_roll_whose_new_worker_dies_leaves_the_old_ones() {
    let mut stage = Stage::running(2);
    stage.ask(Ask::Reload);
    assert_eq!(stage.gone(3, Some(78)), []);
    assert_eq!(stage.plan.degraded(), None);
    assert_eq!(stage.plan.members().len(), 2);
    assert_eq!(stage.ask(Ask::Reload), [spawn(1, 4)], "and it can be tried again");
}

#[test]
fn a_roll_whose_new_worker_never_becomes_ready_leaves_the_old_ones() {
    let mut stage = Stage::running(1);
    stage.ask(Ask::Reload);
    let beat = |beats| Beat { beats: Some(beats), threads: Vec::new() };
    let mut found = Vec::new();
    for second in 0..61 {
        stage.plan.beat(1, &beat(second), stage.now);
        stage.plan.beat(2, &beat(second), stage.now);
        found.extend(stage.tick());
        stage.pass(1000);
    }
    assert_eq!(found, [Action::Retire(2), Action::Hurry(2)]);
    assert_eq!(stage.gone(2, Some(0)), []);
    assert_eq!(stage.plan.members()[0].stage(), crate::roster::Stage::Ready);
}

#[test]
fn an_old_worker_that_dies_during_the_roll_needs_no_other_replacement() {
    let mut stage = Stage::running(1);
    stage.ask(Ask::Reload);
    assert_eq!(stage.gone(1, None), []);
    assert_eq!(stage.ready(2), []);
    assert_eq!(stage.notes(), []);
    assert_eq!(stage.ask(Ask::Reload), [spawn(1, 3)], "the first roll is over");
}

#[test]
fn the_number_of_workers_can_be_changed_within_bounds() {
    let mut stage = Stage::running(1);
    assert_eq!(stage.ask(Ask::Fewer), []);
    assert_eq!(stage.ask(Ask::More), [spawn(2, 2)]);
    stage.ready(2);
    assert_eq!(stage.ask(Ask::Fewer), [Action::Retire(2)]);
    assert_eq!(stage.gone(2, Some(0)), []);
    assert_eq!(stage.ask(Ask::More), [spawn(2, 3)]);
}

#[test]
fn a_worker_that_was_told_to_end_by_somebody_else_is_replaced_before_it_has_ended() {
    let mut stage = Stage::running(1);
    stage.plan.draining(1, stage.now);
    assert_eq!(stage.actions(), [spawn(1, 2)]);
    assert_eq!(stage.gone(1, Some(0)), []);
}

#[test]
fn handing_over_leaves_the_listener_to_the_other_master() {
    let mut stage = Stage::running(1);
    assert_eq!(stage.ask(Ask::HandOver), [Action::Retire(1)]);
    assert_eq!(stage.gone(1, Some(0)), [Action::Done(0)]);
}
