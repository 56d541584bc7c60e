use std::sync::atomic::AtomicUsize;

use super::*;

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Count {
    fn take(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }
}

/// A bell whose task has reported, and who would be woken.
struct Scene {
    bell: Arc<Doorbell>,
    ring: Waker,
    call: Waker,
    task: Arc<Count>,
    caller: Arc<Count>,
}

impl Scene {
    fn new() -> Self {
        let bell = Doorbell::new();
        let scene = Self {
            ring: Waker::from(Arc::clone(&bell)),
            call: Waker::from(Arc::new(Caller(Arc::clone(&bell)))),
            bell,
            task: Arc::default(),
            caller: Arc::default(),
        };
        assert!(scene.report(), "nobody else drives");
        scene.turn();
        scene.bell.leave();
        assert!(scene.bell.is_resting());
        scene
    }

    fn report(&self) -> bool {
        self.bell.report(&Waker::from(Arc::clone(&self.task)))
    }

    fn take_over(&self) {
        self.bell.take_over(&Waker::from(Arc::clone(&self.caller)));
    }

    fn turn(&self) {
        self.bell.begin();
        self.bell.end(false);
    }

    /// How often the task and the caller were woken since the last look.
    fn woken(&self) -> (usize, usize) {
        (self.task.take(), self.caller.take())
    }
}

#[test]
fn it_rests_only_when_nobody_rang_since_the_last_turn_began() {
    let bell = Doorbell::new();
    assert!(!bell.is_resting(), "the first turn is still to come");
    let scene = Scene::new();
    scene.ring.wake_by_ref();
    assert!(!scene.bell.is_resting(), "something was handed over");
    scene.bell.begin();
    assert!(!scene.bell.is_resting(), "it is being looked at");
    scene.ring.wake_by_ref();
    scene.bell.end(false);
    assert!(!scene.bell.is_resting(), "rung during the turn");
    scene.bell.begin();
    scene.bell.end(true);
    scene.ring.wake_by_ref();
    assert!(scene.bell.is_resting(), "what is over takes up nothing, and nothing waits for it");
}

#[tokio::test]
async fn whoever_waits_for_rest_hears_of_it() {
    let scene = Scene::new();
    scene.ring.wake_by_ref();
    let mut waiting = std::pin::pin!(scene.bell.rested());
    assert!(futures_util::poll!(&mut waiting).is_pending());
    scene.turn();
    assert!(futures_util::poll!(&mut waiting).is_ready());
    // And again: it is not told only once.
    scene.ring.wake_by_ref();
    let mut waiting = std::pin::pin!(scene.bell.rested());
    assert!(futures_util::poll!(&mut waiting).is_pending());
    scene.turn();
    assert!(futures_util::poll!(&mut waiting).is_ready());
}

#[test]
fn who_drives_is_woken_once_and_nobody_else() {
    let scene = Scene::new();
    scene.ring.wake_by_ref();
    scene.ring.wake_by_ref();
    assert_eq!(scene.woken(), (1, 0), "the task drives");
    scene.turn();
    scene.take_over();
    assert!(!scene.report(), "the caller drives");
    scene.ring.wake_by_ref();
    scene.call.wake_by_ref();
    assert_eq!(scene.woken(), (0, 0), "the caller is at it");
    assert!(!scene.bell.may_sleep(), "and has something to do");
    scene.turn();
    assert!(scene.bell.take_call() && !scene.bell.take_call());
    assert!(scene.bell.may_sleep());
    scene.ring.wake_by_ref();
    assert_eq!(scene.woken(), (0, 1), "the caller sleeps, and drives");
}

#[test]
fn what_the_caller_leaves_undone_is_the_tasks() {
    let scene = Scene::new();
    scene.take_over();
    assert!(scene.bell.may_sleep());
    scene.ring.wake_by_ref();
    assert_eq!(scene.woken(), (0, 1));
    // Its future is dropped before it was polled again.
    scene.bell.hand_back();
    assert_eq!(scene.woken(), (1, 0));
    assert!(scene.report());
    scene.turn();
    scene.bell.leave();
    scene.call.wake_by_ref();
    assert_eq!(scene.woken(), (0, 0), "nobody is left to be called");
    scene.ring.wake_by_ref();
    assert_eq!(scene.woken(), (1, 0), "the task drives again");
}

#[test]
fn what_is_done_at_the_same_moment_by_the_task_is_not_lost_to_the_caller() {
    let scene = Scene::new();
    scene.ring.wake_by_ref();
    scene.woken();
    assert!(scene.report(), "the task began before the caller came");
    scene.take_over();
    assert!(!scene.bell.may_sleep());
    scene.turn();
    // The answer came in the task's turn, while it keeps the bell from waking anybody.
    scene.call.wake_by_ref();
    scene.ring.wake_by_ref();
    assert_eq!(scene.woken(), (0, 0));
    scene.bell.leave();
    assert_eq!(scene.woken(), (0, 2), "for the answer, and for what there is to drive");
}

#[test]
fn threads_that_ring_call_and_change_seats_lose_nothing() {
    for round in 0..200_u32 {
        let scene = Scene::new();
        std::thread::scope(|scope| {
            scope.spawn(|| scene.ring.wake_by_ref());
            scope.spawn(|| scene.call.wake_by_ref());
            scene.take_over();
            if round % 2 == 0 {
                while !scene.bell.may_sleep() {
                    scene.turn();
                    scene.bell.take_call();
                }
            } else {
                scene.bell.hand_back();
            }
        });
        // Whoever drives now is awake, or there is nothing to do for it.
        let (task, caller) = scene.woken();
        let driver = if round % 2 == 0 { caller } else { task };
        assert!(scene.bell.is_resting() || driver > 0, "round {round}");
    }
}
