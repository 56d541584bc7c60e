//! Settings that the server reports unasked whenever they change, by whatever means: a function that somebody else
//! wrote, or a new configuration.

use std::collections::BTreeMap;

/// What was reported: each setting as it was at the beginning or after the last reset, and as it is.
#[derive(Debug, Default)]
pub(super) struct Parameters(BTreeMap<String, Setting>);

#[derive(Debug)]
struct Setting {
    initial: String,
    value: String,
}

impl Parameters {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|setting| setting.value.as_str())
    }

    /// Takes a report. True when any setting is not what it was at the beginning.
    pub(super) fn change(&mut self, name: String, value: String) -> bool {
        if let Some(setting) = self.0.get_mut(&name) {
            setting.value = value;
        } else if self.0.len() < MOST {
            self.0.insert(name, Setting { initial: value.clone(), value });
        }
        // Whether it follows another server is not for the session to decide.
        let drifted = |(name, setting): (&String, &Setting)| {
            setting.value != setting.initial && name != "in_hot_standby"
        };
        self.0.iter().any(drifted)
    }

    /// The session was reset. What that did not bring back was changed by the server itself, and is the new normal.
    pub(super) fn settle(&mut self) {
        for setting in self.0.values_mut() {
            setting.initial.clone_from(&setting.value);
        }
    }
}

/// A server reports about fifteen; one that makes up thousands is not remembered.
const MOST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_has_drifted_until_it_is_back_or_the_server_keeps_it() {
        let mut parameters = Parameters::default();
        let mut change = |name: &str, value: &str| parameters.change(name.to_owned(), value.to_owned());
        assert!(!change("TimeZone", "UTC") && !change("in_hot_standby", "on"));
        assert!(!change("in_hot_standby", "off"), "a promotion is nothing to reset");
        assert!(change("TimeZone", "Asia/Tokyo"));
        assert!(!change("TimeZone", "UTC"), "it was local to a transaction");
        assert!(change("TimeZone", "Asia/Tokyo"));
        parameters.settle();
        assert_eq!(parameters.get("TimeZone"), Some("Asia/Tokyo"));
        assert!(!parameters.change("in_hot_standby".to_owned(), "on".to_owned()));
    }
}
