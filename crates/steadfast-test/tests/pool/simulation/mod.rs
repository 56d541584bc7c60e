//! Seeded simulations of everything at once, under paused time. A failing seed is printed and replays exactly.
//!
//! [`schedule`] decides what happens, [`caller`] and [`trouble`] do it, and [`referee`] judges: it knows the rules
//! (design: 1 to 9) and what can be seen from outside, and nothing of how the pool works.

mod caller;
mod referee;
mod schedule;
mod trouble;

/// How many schedules each of the parts of a normal run plays; `STEADFAST_SIM_SEEDS` asks for another number in all.
const SEEDS_OF_A_PART: u64 = 800;
/// A normal run is split, so that it uses every processor.
const PARTS: u64 = 4;
/// How many schedules with a crowd of callers a normal run plays.
const CROWDS: u64 = 6;

#[test]
fn rules_hold_under_every_schedule_part_1() {
    play_part(0);
}

#[test]
fn rules_hold_under_every_schedule_part_2() {
    play_part(1);
}

#[test]
fn rules_hold_under_every_schedule_part_3() {
    play_part(2);
}

#[test]
fn rules_hold_under_every_schedule_part_4() {
    play_part(3);
}

#[test]
fn rules_hold_with_thousands_of_callers() {
    for seed in 0..CROWDS {
        play(seed, schedule::Scale::Crowd);
    }
}

#[test]
fn a_seed_replays_exactly() {
    for seed in 0..40 {
        let [first, second] = [(); 2].map(|()| schedule::play(seed, schedule::Scale::Few));
        assert_eq!(first, second, "seed {seed}");
    }
}

/// Plays the seeds of one part: all of them together are those from `STEADFAST_SIM_SEED` on, `STEADFAST_SIM_SEEDS`
/// many. With the first alone it is that one seed, in each part.
fn play_part(part: u64) {
    let (first, seeds) = (number("STEADFAST_SIM_SEED"), number("STEADFAST_SIM_SEEDS"));
    if let (Some(seed), None) = (first, seeds) {
        return play(seed, schedule::Scale::Few);
    }
    let (first, seeds) = (first.unwrap_or(0), seeds.unwrap_or(SEEDS_OF_A_PART * PARTS));
    for seed in (first..first + seeds).filter(|seed| seed % PARTS == part) {
        play(seed, schedule::Scale::Few);
    }
}

/// True when a single schedule is played again, to be looked at.
fn is_replay() -> bool {
    number("STEADFAST_SIM_SEED").is_some() && number("STEADFAST_SIM_SEEDS").is_none()
}

fn play(seed: u64, scale: schedule::Scale) {
    let played = std::panic::catch_unwind(|| schedule::play(seed, scale));
    assert!(played.is_ok(), "the schedule of STEADFAST_SIM_SEED={seed} ({scale:?}) broke a rule");
}

#[expect(clippy::disallowed_methods, reason = "which schedules to play is asked of whoever runs the test")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
