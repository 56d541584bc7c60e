//! A test for each rule, by the name of the line it stands for.

use super::*;
use crate::postgres::guard::facts::Facts;

const NOW: i64 = 1_800_000_000_000_000;
const SECOND: i64 = 1_000_000;

fn ticket() -> XidTicket {
    XidTicket {
        system: 7,
        timeline: 3,
        xid: 1000,
        lsn: 500,
        anchored: true,
        process: 42,
        process_started: NOW - 60 * SECOND,
        witness: Some(NOW - 3600 * SECOND),
        recovered_to: Some(100),
        noted_at: NOW,
    }
}

/// The same server, a moment later.
fn look(status: Status, sighting: Sighting) -> Look {
    let server = Facts {
        process: 43,
        process_started: NOW,
        system: 7,
        witness: ticket().witness,
        now: NOW + SECOND,
        in_recovery: false,
        timeline: Some(3),
        lsn: Some(900),
        xid: None,
        unlogged: false,
        recovered_to: Some(100),
    };
    Look { server, status, sighting }
}

fn seen(status: Status, change: impl FnOnce(&mut Facts)) -> Ruling {
    let mut look = look(status, Sighting::Absent);
    change(&mut look.server);
    judge(&ticket(), &look, Before::default())
}

const COMMITTED: Ruling = Ruling::Settled(Outcome::Committed { durable: false });
const NOT_COMMITTED: Ruling = Ruling::Settled(Outcome::NotCommitted);

fn unknown(doubt: Doubt) -> Ruling {
    Ruling::Settled(Outcome::Unknown(doubt))
}

const EVERY_STATUS: [Status; 5] =
    [Status::InProgress, Status::Committed, Status::Aborted, Status::InFuture, Status::Forgotten];

#[test]
fn another_cluster_knows_nothing() {
    for status in EVERY_STATUS {
        assert_eq!(seen(status, |server| server.system = 8), unknown(Doubt::OtherCluster));
    }
}

#[test]
fn a_standby_and_a_server_left_behind_are_not_believed() {
    for status in EVERY_STATUS {
        let standby = seen(status, |server| (server.in_recovery, server.timeline) = (true, None));
        assert!(matches!(standby, Ruling::AskElsewhere(Doubt::NotReached { .. })), "{standby:?}");
        let older = seen(status, |server| server.timeline = Some(2));
        assert_eq!(older, Ruling::AskElsewhere(Doubt::OlderTimeline));
    }
}

#[test]
fn aborted_or_not_handed_out_is_not_committed_whatever_has_happened_since() {
    for status in [Status::Aborted, Status::InFuture] {
        assert_eq!(seen(status, |_| {}), NOT_COMMITTED);
        assert_eq!(seen(status, |server| server.witness = Some(NOW)), NOT_COMMITTED);
        assert_eq!(seen(status, |server| server.timeline = Some(9)), NOT_COMMITTED);
    }
}

#[test]
fn what_is_forgotten_is_unknown() {
    assert_eq!(seen(Status::Forgotten, |_| {}), unknown(Doubt::TooOld));
}

#[test]
fn committed_without_a_recovery_in_between_is_committed() {
    assert_eq!(seen(Status::Committed, |_| {}), COMMITTED);
    // A clean restart: no recovery, so none has ended anywhere.
    assert_eq!(seen(Status::Committed, |server| server.recovered_to = None), COMMITTED);
}

#[test]
fn committed_after_a_crash_in_place_may_be_another_transaction() {
    let crashed =
        |to: u64| move |server: &mut Facts| (server.witness, server.recovered_to) = (Some(NOW), Some(to));
    assert_eq!(seen(Status::Committed, crashed(499)), NOT_COMMITTED, "the log ended before our commit");
    assert_eq!(seen(Status::Committed, crashed(500)), unknown(Doubt::Recovered));
    assert_eq!(seen(Status::Committed, crashed(800)), unknown(Doubt::Recovered));
}

#[test]
fn statistics_reset_by_hand_prove_nothing() {
    // The last recovery is the one that the ticket knows, long before our commit.
    assert_eq!(seen(Status::Committed, |server| server.witness = Some(NOW)), unknown(Doubt::Recovered));
    let mut running = look(Status::InProgress, Sighting::AtIt { awaits_replication: false });
    running.server.witness = Some(NOW);
    let before = Before { absent: false, ..Before::default() };
    assert_eq!(judge(&ticket(), &running, before), Ruling::Wait(Doubt::StillRunning));
}

#[test]
fn a_server_without_a_witness_is_not_believed() {
    let mut without = ticket();
    without.witness = None;
    let mut look = look(Status::Committed, Sighting::Absent);
    look.server.witness = None;
    assert_eq!(judge(&without, &look, Before::default()), unknown(Doubt::Recovered));
}

#[test]
fn a_promotion_that_had_read_our_id_is_believed() {
    let promoted = |to: u64, witness: i64| {
        move |server: &mut Facts| {
            server.timeline = Some(4);
            server.recovered_to = Some(to);
            server.witness = Some(witness);
        }
    };
    let old = NOW - 31 * SECOND;
    assert_eq!(seen(Status::Committed, promoted(500, old)), COMMITTED);
    assert_eq!(seen(Status::Committed, promoted(499, old)), NOT_COMMITTED);
    let young = NOW - 29 * SECOND;
    assert_eq!(
        seen(Status::Committed, promoted(500, young)),
        unknown(Doubt::Recovered),
        "or it crashed since"
    );
    let further = |server: &mut Facts| {
        promoted(500, old)(server);
        server.timeline = Some(5);
    };
    assert_eq!(seen(Status::Committed, further), unknown(Doubt::Recovered), "two promotions");
    let behind = |server: &mut Facts| {
        promoted(500, old)(server);
        server.now = NOW - SECOND;
    };
    assert_eq!(seen(Status::Committed, behind), unknown(Doubt::Recovered), "its clock is wrong");
}

#[test]
fn a_promotion_is_not_believed_where_the_log_may_not_bear_our_id() {
    let mut floating = ticket();
    floating.anchored = false;
    let mut look = look(Status::Committed, Sighting::Absent);
    look.server.timeline = Some(4);
    look.server.recovered_to = Some(600);
    look.server.witness = Some(NOW - 3600 * SECOND);
    assert_eq!(judge(&floating, &look, Before::default()), unknown(Doubt::Recovered));
    assert_eq!(judge(&ticket(), &look, Before::default()), COMMITTED);
}

#[test]
fn a_transaction_in_progress_is_given_time_then_ended() {
    let at_it = look(Status::InProgress, Sighting::AtIt { awaits_replication: false });
    let before = |milliseconds, may_end| Before {
        absent: false,
        asking_for: Duration::from_millis(milliseconds),
        may_end,
    };
    assert_eq!(judge(&ticket(), &at_it, before(49, true)), Ruling::Wait(Doubt::StillRunning));
    assert_eq!(judge(&ticket(), &at_it, before(50, true)), Ruling::Terminate);
    assert_eq!(judge(&ticket(), &at_it, before(5000, false)), Ruling::Wait(Doubt::StillRunning));
}

#[test]
fn a_wait_for_a_synchronous_standby_is_never_ended() {
    let waits = look(Status::InProgress, Sighting::AtIt { awaits_replication: true });
    let before = Before { absent: false, asking_for: Duration::from_secs(60), may_end: true };
    assert_eq!(judge(&ticket(), &waits, before), Ruling::Wait(Doubt::AwaitsReplication));
}

#[test]
fn a_prepared_transaction_is_named() {
    let prepared = look(Status::InProgress, Sighting::Prepared("order 7".into()));
    let before = Before { absent: true, asking_for: Duration::from_secs(60), may_end: true };
    assert_eq!(judge(&ticket(), &prepared, before), unknown(Doubt::Prepared { gid: "order 7".into() }));
}

#[test]
fn an_id_that_somebody_else_is_at_was_handed_out_again() {
    let mut absent = look(Status::InProgress, Sighting::Absent);
    let twice = Before { absent: true, ..Before::default() };
    assert_eq!(
        judge(&ticket(), &absent, twice),
        Ruling::Wait(Doubt::StillRunning),
        "no crash, so it is ours"
    );
    absent.server.witness = Some(NOW);
    assert_eq!(judge(&ticket(), &absent, Before::default()), Ruling::Wait(Doubt::StillRunning), "seen once");
    assert_eq!(judge(&ticket(), &absent, twice), NOT_COMMITTED);
}

#[test]
fn what_may_not_be_seen_is_waited_for() {
    for sighting in [Sighting::Hidden, Sighting::Past] {
        let look = look(Status::InProgress, sighting);
        let before = Before { absent: true, asking_for: Duration::from_secs(60), may_end: true };
        assert_eq!(judge(&ticket(), &look, before), Ruling::Wait(Doubt::StillRunning));
    }
}
