//! No text makes the reader of URLs panic, no message shows a piece of a password, and what was read comes back.
//!
//! Input: text. Its lines are also what stands before, behind and after a password.

#![no_main]

use libfuzzer_sys::fuzz_target;
use secrecy::ExposeSecret;
use steadfast::Config;

/// Stands in no text of ours, and no part of it is likely to be made up.
const SECRET: &str = "hunter2Zq9";

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    if let Ok(config) = Config::from_url(&text) {
        let url = config.to_url();
        let again = Config::from_url(url.expose_secret()).expect("what was read can be read again");
        assert_eq!(again.to_url().expose_secret(), url.expose_secret());
        assert!(again.repairs.is_empty(), "{:?} in {:?}", again.repairs, url.expose_secret());
    }
    if text.contains("hunter2") {
        return;
    }
    let mut lines = text.splitn(3, '\n');
    let mut next = || lines.next().unwrap_or_default();
    let (before, behind, place) = (next(), next(), next());
    if before.contains('?') {
        // Behind it stands a parameter, by all that anybody could tell.
        return;
    }
    let parameters = behind.split_once('?').map_or("", |(_, parameters)| parameters);
    if before.contains('@') && parameters.contains(['=', '&']) {
        // Between the at sign and a parameter stands a host, likewise.
        return;
    }
    let shown = match Config::from_url(&format!("postgres://u:{before}{SECRET}{behind}@{place}")) {
        Ok(config) => {
            format!("{config:?} {:?} {} {:?}", config.describe(), config.target(), config.repairs)
        }
        Err(errors) => format!("{errors} {errors:?}"),
    };
    assert!(!shown.contains(SECRET), "{shown}");
});
