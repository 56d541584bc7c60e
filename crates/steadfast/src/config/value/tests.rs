use proptest::prelude::*;

use super::{Unit, duration, host, integer, optional_duration, quoted, show_duration};
use crate::time::Duration;

#[test]
fn durations_are_read_in_all_units_and_bare_numbers_in_the_options_own() {
    for (text, unit, millis) in [
        ("250ms", Unit::Seconds, 250),
        ("30", Unit::Seconds, 30_000),
        ("30", Unit::Milliseconds, 30),
        ("30s", Unit::Milliseconds, 30_000),
        (" 5 min ", Unit::Seconds, 300_000),
        ("5m", Unit::Seconds, 300_000),
        ("1h", Unit::Seconds, 3_600_000),
        ("1d", Unit::Seconds, 86_400_000),
        ("0.8", Unit::Seconds, 800),
        ("1.5s", Unit::Seconds, 1_500),
        ("0", Unit::Seconds, 0),
    ] {
        assert_eq!(duration(text, unit), Ok(Duration::from_millis(millis)), "{text}");
    }
}

#[test]
fn what_is_no_duration_is_refused_and_what_is_endless_too() {
    for text in ["", "s", "-1", "1 2", "1x", "1.2.3", ".", "1e9", "inf", "NaN", "0x10", "1,5", "٣"] {
        let problem = duration(text, Unit::Seconds).unwrap_err();
        assert!(problem.contains("not a duration"), "{text}: {problem}");
    }
    for text in ["366d", "99999999999999999999", "18446744073709551615h", "99999999999999999999.9"] {
        let problem = duration(text, Unit::Seconds).unwrap_err();
        assert!(problem.contains("longer than a year"), "{text}: {problem}");
    }
}

#[test]
fn off_and_zero_are_no_limit_where_that_is_offered() {
    for text in ["off", "none", "never", "0", "0s", "OFF", " none "] {
        assert_eq!(optional_duration(text, Unit::Seconds), Ok(None), "{text}");
    }
    assert_eq!(optional_duration("1", Unit::Seconds), Ok(Some(Duration::from_secs(1))));
}

#[test]
fn whole_numbers_have_bounds_on_both_sides() {
    assert_eq!(integer::<u32>(" 7 ", 1..=9), Ok(7));
    for text in ["0", "10", "-1", "1.0", "", "18446744073709551616", "five"] {
        assert!(integer::<u32>(text, 1..=9).is_err(), "{text}");
    }
}

#[test]
fn only_short_plain_words_are_shown() {
    assert_eq!(quoted("requird"), "`requird`");
    for secret in ["postgres://u:hunter2@h/d", "p@ss", "a:b", "0123456789012345678901234567890123"] {
        assert!(!quoted(secret).contains(secret), "{secret}");
    }
}

#[test]
fn hosts_are_names_addresses_and_socket_directories() {
    for (text, host_) in [
        ("db.example", "db.example"),
        ("my_container", "my_container"),
        ("10.0.0.1", "10.0.0.1"),
        ("[::1]", "::1"),
        ("::1", "::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("/var/run/postgresql", "/var/run/postgresql"),
        ("@abstract", "@abstract"),
        (" db ", "db"),
    ] {
        assert_eq!(host(text), Ok(host_.to_owned()), "{text}");
    }
    for text in ["", " ", "a b", "a\nb", "<host>", "[db]", "a:b", "u:p@h", "h%41", "$HOST"] {
        assert!(host(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn a_shown_duration_is_read_as_the_same(nanos in 0_u64..31_536_000_000_000_000) {
        let value = Duration::from_nanos(nanos);
        prop_assert_eq!(duration(&show_duration(value), Unit::Seconds), Ok(value));
    }

    #[test]
    fn no_text_makes_the_readers_panic(text in ".{0,40}") {
        let _unused = duration(&text, Unit::Milliseconds);
        let _unused = optional_duration(&text, Unit::Seconds);
        let _unused = integer::<u16>(&text, 0..=9);
        let _unused = host(&text);
    }
}
