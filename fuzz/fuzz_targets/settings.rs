//! No value of any option makes loading a configuration panic, and an error names the option.
//!
//! Input: a byte for the option, then the value.

#![no_main]

use libfuzzer_sys::fuzz_target;
use steadfast::Config;
use steadfast::config::Environment;

fuzz_target!(|data: &[u8]| {
    let Some((&which, value)) = data.split_first() else { return };
    let value = String::from_utf8_lossy(value);
    for url in ["postgres://u@h/d", "sqlite:f"] {
        let environment: Environment = [("DATABASE_URL", url)].into_iter().collect();
        let config = Config::load(&environment, &[]).expect("a plain URL");
        let settings = config.describe();
        let setting = &settings[usize::from(which) % settings.len()];
        if let Err(errors) = Config::load(&environment, &[(setting.name, &value)]) {
            assert!(errors.iter().all(|error| !error.to_string().is_empty()));
        }
    }
});
