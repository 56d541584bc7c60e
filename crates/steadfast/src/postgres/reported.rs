//! Settings that the server reports unasked whenever they change, by whatever means: a function that somebody else
//! wrote, or a new configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// Values by name.
type Settings = BTreeMap<Box<str>, Box<str>>;

/// What connections were told when they began, which is the same for nearly all connections of a pool and therefore kept
/// once.
#[derive(Debug, Default)]
pub(crate) struct Usual(Mutex<Arc<Settings>>);

/// What was reported: the settings as they were at the beginning or after the last reset, and those that are not as
/// they were.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    initial: Arc<Settings>,
    changed: Settings,
}

impl Parameters {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.changed.get(name).or_else(|| self.initial.get(name)).map(|value| &**value)
    }

    /// Takes a report. True when any setting is not what it was at the beginning, other than one that is `ours`.
    pub(super) fn change(&mut self, name: &str, value: &str, ours: Option<&str>) -> bool {
        match self.initial.get(name) {
            Some(initial) if **initial == *value => drop(self.changed.remove(name)),
            Some(_) => drop(self.changed.insert(name.into(), value.into())),
            None if self.initial.len() < MOST => {
                Arc::make_mut(&mut self.initial).insert(name.into(), value.into());
            }
            None => {}
        }
        // Whether it follows another server is not for the session to decide.
        self.changed.keys().any(|name| &**name != "in_hot_standby" && ours != Some(name))
    }

    /// The session was reset. What that did not bring back was changed by the server itself, and is the new normal.
    pub(super) fn settle(&mut self) {
        if !self.changed.is_empty() {
            Arc::make_mut(&mut self.initial).append(&mut self.changed);
        }
    }

    /// Gives up its own copy of what others were told as well.
    pub(super) fn share(&mut self, usual: &Usual) {
        let mut usual = usual.0.lock();
        if *usual == self.initial {
            self.initial = Arc::clone(&usual);
        } else {
            *usual = Arc::clone(&self.initial);
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
        let mut change = |name: &str, value: &str| parameters.change(name, value, None);
        assert!(!change("TimeZone", "UTC") && !change("in_hot_standby", "on"));
        assert!(!change("in_hot_standby", "off"), "a promotion is nothing to reset");
        assert!(change("TimeZone", "Asia/Tokyo"));
        assert!(!change("TimeZone", "UTC"), "it was local to a transaction");
        assert!(change("TimeZone", "Asia/Tokyo"));
        parameters.settle();
        assert_eq!(parameters.get("TimeZone"), Some("Asia/Tokyo"));
        assert!(!parameters.change("in_hot_standby", "on", None));
        assert!(!parameters.change("in_hot_standby", "on", Some("TimeZone")));
        assert!(!parameters.change("TimeZone", "UTC", Some("TimeZone")), "we did that");
        assert!(parameters.change("DateStyle", "ISO, DMY", None), "and now we are done with it");
    }

    #[test]
    fn what_all_were_told_is_kept_once_and_changed_by_each_for_itself() {
        let usual = Usual::default();
        let [mut one, mut other, mut odd] = ["UTC", "UTC", "Asia/Tokyo"].map(|zone| {
            let mut parameters = Parameters::default();
            parameters.change("TimeZone", zone, None);
            parameters.share(&usual);
            parameters
        });
        assert!(Arc::ptr_eq(&one.initial, &other.initial) && !Arc::ptr_eq(&one.initial, &odd.initial));
        assert!(!one.change("in_hot_standby", "off", None) && one.change("TimeZone", "Asia/Tokyo", None));
        one.settle();
        assert!(other.get("TimeZone") == Some("UTC") && other.get("in_hot_standby").is_none());
        assert!(!other.change("TimeZone", "UTC", None) && odd.change("TimeZone", "UTC", None));
    }
}
