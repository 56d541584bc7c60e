use super::super::evidence::ObservedSettings;
use super::*;

/// 200 callers a second for ten minutes, 10 ms each: two connections are busy, five are there.
fn calm() -> Evidence {
    Evidence {
        window: LONG,
        acquired: 120_000,
        use_mean: Duration::from_millis(10),
        pings: 1000,
        ping_p99: Duration::from_millis(1),
        server_limit: Some(97),
        workers: 4,
        settings: ObservedSettings {
            size: 5,
            max_overflow: 10,
            recycle: Some(Duration::from_secs(240)),
            idle_timeout: Some(Duration::from_secs(120)),
            keepalive_ping: None,
            ping_timeout: Duration::from_millis(800),
            pre_ping: Some(Duration::from_secs(1)),
        },
        ..Evidence::default()
    }
}

fn only(evidence: &Evidence) -> (Topic, String) {
    let mut all = advise(evidence);
    assert_eq!(all.len(), 1, "{all:?}");
    let advice = all.remove(0);
    assert!(
        advice.text.ends_with('.') && advice.text.matches(". ").count() == 0,
        "one sentence: {}",
        advice.text
    );
    (advice.topic, advice.text)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn what_fits_needs_no_advice() {
    assert_eq!(advise(&calm()), []);
}

#[test]
fn nothing_observed_is_no_advice() {
    assert_eq!(advise(&Evidence::default()), []);
}

#[test]
fn waits_with_a_busy_pool_ask_for_a_larger_one() {
    let busy = Evidence {
        use_mean: Duration::from_millis(60),
        waited: 9000,
        wait_p99: Duration::from_millis(80),
        ..calm()
    };
    let (topic, text) = only(&busy);
    assert_eq!(topic, Topic::PoolSize);
    // 200/s for 60 ms keep 12 busy; 12 + 2 * sqrt(12) = 18.9.
    assert!(text.contains("from 5 to 19") && text.contains("12.0 busy") && text.contains("80 ms"), "{text}");
}

#[test]
fn too_short_a_look_too_few_callers_or_an_outage_say_nothing_about_size() {
    let busy = Evidence {
        use_mean: Duration::from_millis(60),
        waited: 9000,
        wait_p99: Duration::from_millis(80),
        ..calm()
    };
    assert_eq!(advise(&Evidence { window: seconds(30), ..busy.clone() }), []);
    assert_eq!(advise(&Evidence { acquired: 100, waited: 50, ..busy.clone() }), []);
    assert_eq!(advise(&Evidence { outage: true, ..busy }), []);
}

#[test]
fn waits_for_connections_that_are_held_for_long_ask_for_shorter_use() {
    let mut held =
        Evidence { acquired: 3000, use_mean: seconds(1), waited: 2000, wait_p99: seconds(2), ..calm() };
    held.settings.size = 30;
    held.server_limit = None;
    let (topic, text) = only(&held);
    assert!(topic == Topic::PoolSize && text.contains("Give connections back sooner"), "{text}");
}

#[test]
fn a_pool_far_too_large_is_told_after_a_long_look_only() {
    let mut large = calm();
    (large.settings.size, large.server_limit) = (60, None);
    assert!(only(&large).1.contains("STEADFAST_POOL_SIZE 5 would do instead of 60"));
    assert_eq!(advise(&Evidence { window: seconds(300), ..large }), []);
}

#[test]
fn an_overflow_in_use_all_the_time_belongs_into_the_size() {
    let (topic, text) = only(&Evidence { beyond_size: 0.7, ..calm() });
    assert!(topic == Topic::Overflow && text.contains("70 %"), "{text}");
    assert_eq!(advise(&Evidence { beyond_size: 0.3, ..calm() }), []);
}

#[test]
fn deaths_at_the_same_idle_age_tell_of_a_limit() {
    let mut cut = calm();
    cut.settings.idle_timeout = None;
    cut.idle_deaths = vec![seconds(61), seconds(60), seconds(63)];
    let (topic, text) = only(&cut);
    assert!(topic == Topic::IdleLimit && text.contains("to 48 s") && text.contains("about 60 s"), "{text}");
    cut.idle_deaths = vec![seconds(61), seconds(200), seconds(400)];
    assert_eq!(advise(&cut), [], "different ages");
    cut.idle_deaths = vec![seconds(61); 2];
    assert_eq!(advise(&cut), [], "too few");
    cut.idle_deaths = vec![seconds(61); 4];
    cut.settings.keepalive_ping = Some(seconds(40));
    assert_eq!(advise(&cut), [], "met already");
}

#[test]
fn a_ping_deadline_near_the_round_trip_is_too_short() {
    let (topic, text) = only(&Evidence { ping_p99: Duration::from_millis(450), ..calm() });
    assert!(topic == Topic::Ping && text.contains("to 1800 ms"), "{text}");
    assert_eq!(advise(&Evidence { ping_p99: Duration::from_millis(450), pings: 20, ..calm() }), []);
}

#[test]
fn a_ping_before_every_lease_that_never_finds_anything_is_told() {
    let mut always = calm();
    always.settings.pre_ping = Some(Duration::ZERO);
    assert_eq!(only(&always).0, Topic::Ping);
    always.pings_failed = 1;
    assert_eq!(advise(&always), []);
}

#[test]
fn more_connections_than_the_server_has_are_told() {
    let (topic, text) = only(&Evidence { server_limit: Some(40), ..calm() });
    assert!(
        topic == Topic::ServerLimit && text.contains("at 10 or below") && text.contains("60 in all"),
        "{text}"
    );
}
