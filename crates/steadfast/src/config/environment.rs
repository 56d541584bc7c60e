//! The environment of the process, captured once. The only place of the project that reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::config::nearest::nearest;
use crate::config::table;
use crate::error::ConfigError;

/// Environment variables, captured once or made of a list.
///
/// Whoever needs a variable asks here instead of asking the operating system, so that a test can give any
/// environment to any part and tests do not disturb each other. `Debug` shows names, never values.
///
/// ```
/// use steadfast::config::Environment;
///
/// let environment: Environment = [("STEADFAST_POOL_SIZE", "7"), ("PORT", "8080")].into_iter().collect();
/// assert_eq!(environment.get("PORT"), Some("8080"));
/// ```
#[derive(Clone, Default)]
pub struct Environment {
    values: BTreeMap<String, Value>,
    known: BTreeSet<String>,
}

#[derive(Clone)]
enum Value {
    Text(String),
    /// Not UTF-8; of no use, and a reason to complain only when somebody asks for it.
    Unreadable,
}

impl Environment {
    /// The environment of this process, now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn capture() -> Self {
        let readable = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            // A name that is not UTF-8 is nobody's name here.
            let name = name.into_string().ok()?;
            Some((name, value.into_string().map_or(Value::Unreadable, Value::Text)))
        };
        Self { values: std::env::vars_os().filter_map(readable).collect(), known: BTreeSet::new() }
    }

    /// The value of a variable; `None` when it is not set or not UTF-8. An empty one counts as set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        match self.values.get(name) {
            Some(Value::Text(text)) => Some(text),
            Some(Value::Unreadable) | None => None,
        }
    }

    /// The value of a setting: without the line break that files and secret stores like to add; `None` when
    /// the variable is not set or empty (`VAR=` is how compose files and CI systems pass on "not set").
    ///
    /// # Errors
    /// The variable is set but is not UTF-8.
    pub fn setting(&self, name: &str) -> Result<Option<&str>, ConfigError> {
        match self.values.get(name) {
            Some(Value::Text(text)) => {
                Ok(Some(text.trim_end_matches(['\r', '\n'])).filter(|text| !text.trim().is_empty()))
            }
            Some(Value::Unreadable) => {
                Err(ConfigError::new(name, "its value is not UTF-8", "accepted: text in UTF-8"))
            }
            None => Ok(None),
        }
    }

    /// Declares further `STEADFAST_` names that somebody else reads (a service, a command line), so that they
    /// are neither refused nor warned about, and can be suggested.
    #[must_use]
    pub fn with_known<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.known.extend(names.into_iter().map(str::to_owned));
        self
    }

    /// Judges the names that begin with `STEADFAST_` and belong to nobody.
    ///
    /// A name that is near to a known one, or in the name space of the options, is an error: a typo must stop
    /// a deployment, not take effect as a default. Any other is a warning, because the prefix is not ours
    /// alone. What Kubernetes sets for a service that happens to be called `steadfast` is neither.
    pub(crate) fn unknown_names(&self) -> (Vec<ConfigError>, Vec<String>) {
        let (mut errors, mut warnings) = (Vec::new(), Vec::new());
        for (name, value) in &self.values {
            if !name.starts_with(PREFIX) || self.is_known(name) || is_service_link(name, value) {
                continue;
            }
            let known = table::rows().map(|row| row.environment).chain(self.known.iter().map(String::as_str));
            let near = nearest(name, known);
            if near.is_empty() && !GROUPS.iter().any(|group| name.starts_with(group)) {
                warnings.push(format!("{name} is set, but nothing here reads it"));
                continue;
            }
            let hint = match near.as_slice() {
                [] => "all names stand in docs/configuration.md and in `steadfast config --reference`"
                    .to_owned(),
                near => format!("did you mean {}?", near.join(" or ")),
            };
            errors.push(ConfigError::new(name, "there is no such option", hint));
        }
        (errors, warnings)
    }

    /// Whether a variable that is ours by name was set by Kubernetes for a service (`steadfast-postgres`
    /// makes `STEADFAST_POSTGRES_PORT=tcp://10.0.0.7:5432`).
    pub(crate) fn is_service_link(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|value| is_service_link(name, value))
    }

    fn is_known(&self, name: &str) -> bool {
        self.known.contains(name) || table::rows().any(|row| row.environment == name)
    }
}

/// What all our variables begin with.
const PREFIX: &str = "STEADFAST_";

/// Name spaces in which nobody but us has business.
const GROUPS: &[&str] = &["STEADFAST_POOL_", "STEADFAST_POSTGRES_", "STEADFAST_SQLITE_"];

/// Kubernetes describes each service of a name space in variables that begin with the service's name.
fn is_service_link(name: &str, value: &Value) -> bool {
    let links = ["tcp://", "udp://", "sctp://"];
    let is_link = match value {
        Value::Text(text) => links.iter().any(|link| text.starts_with(link)),
        Value::Unreadable => false,
    };
    let detail = ["_TCP", "_UDP", "_SCTP"];
    is_link
        || name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || (name.contains("_PORT_") && detail.iter().any(|protocol| name.contains(protocol)))
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let values =
            variables.into_iter().map(|(name, value)| (name.into(), Value::Text(value.into()))).collect();
        Self { values, known: BTreeSet::new() }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{Environment, Value};

    fn of(variables: &[(&str, &str)]) -> Environment {
        variables.iter().copied().collect()
    }

    #[test]
    fn a_typo_in_a_name_is_an_error_that_names_the_right_one() {
        let (errors, warnings) = of(&[("STEADFAST_POOL_SIZ", "7")]).unknown_names();
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].field(), "STEADFAST_POOL_SIZ");
        assert!(errors[0].accepted().contains("STEADFAST_POOL_SIZE"), "{}", errors[0]);
        assert!(warnings.is_empty());
    }

    #[test]
    fn an_invented_name_among_the_options_is_an_error_too() {
        let (errors, _) = of(&[("STEADFAST_POOL_COLOUR_OF_THE_WATER", "blue")]).unknown_names();
        assert_eq!(errors.len(), 1);
    }

    #[test]
    fn a_foreign_name_with_our_prefix_is_a_warning() {
        let (errors, warnings) = of(&[("STEADFAST_BACKUP_BUCKET", "s3")]).unknown_names();
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(warnings.len(), 1);
        assert!(!warnings[0].contains("s3"));
    }

    #[test]
    fn what_kubernetes_sets_for_a_service_of_our_name_is_nothing() {
        let environment = of(&[
            ("STEADFAST_SERVICE_HOST", "10.0.0.7"),
            ("STEADFAST_SERVICE_PORT", "8000"),
            ("STEADFAST_SERVICE_PORT_HTTP", "8000"),
            ("STEADFAST_PORT", "tcp://10.0.0.7:8000"),
            ("STEADFAST_PORT_8000_TCP", "tcp://10.0.0.7:8000"),
            ("STEADFAST_PORT_8000_TCP_ADDR", "10.0.0.7"),
            ("STEADFAST_POSTGRES_SERVICE_HOST", "10.0.0.7"),
            ("STEADFAST_POSTGRES_PORT", "tcp://10.0.0.7:5432"),
            ("STEADFAST_POSTGRES_PORT_5432_TCP_PROTO", "tcp"),
        ]);
        let (errors, warnings) = environment.unknown_names();
        assert!(errors.is_empty() && warnings.is_empty(), "{errors:?} {warnings:?}");
        assert!(environment.is_service_link("STEADFAST_POSTGRES_PORT"));
        assert!(!of(&[("STEADFAST_POSTGRES_PORT", "5433")]).is_service_link("STEADFAST_POSTGRES_PORT"));
    }

    #[test]
    fn a_declared_name_is_known() {
        let environment = of(&[("STEADFAST_LISTEN", "x"), ("STEADFAST_LISTNE", "x")]);
        let (errors, _) = environment.with_known(["STEADFAST_LISTEN"]).unknown_names();
        assert_eq!(errors.len(), 1);
        assert!(errors[0].accepted().contains("STEADFAST_LISTEN"));
    }

    #[test]
    fn an_empty_variable_is_no_setting_and_a_line_break_at_the_end_is_no_part_of_one() {
        let environment = of(&[("EMPTY", ""), ("BLANK", " \n"), ("BREAK", "value\r\n"), ("INNER", " v ")]);
        assert_eq!(environment.setting("EMPTY"), Ok(None));
        assert_eq!(environment.setting("BLANK"), Ok(None));
        assert_eq!(environment.setting("ABSENT"), Ok(None));
        assert_eq!(environment.setting("BREAK"), Ok(Some("value")));
        assert_eq!(environment.setting("INNER"), Ok(Some(" v ")));
        assert_eq!(environment.get("EMPTY"), Some(""));
    }

    #[test]
    fn what_is_not_text_is_an_error_only_for_who_asks() {
        let mut environment = of(&[]);
        environment.values.insert("NOISE".to_owned(), Value::Unreadable);
        assert_eq!(environment.get("NOISE"), None);
        let error = environment.setting("NOISE").unwrap_err();
        assert_eq!(error.field(), "NOISE");
    }

    #[test]
    fn debug_shows_names_and_no_values() {
        let shown = format!("{:?}", of(&[("DATABASE_URL", "postgres://u:hunter2@h/d")]));
        assert_eq!(shown, r#"{"DATABASE_URL"}"#);
    }

    #[test]
    fn the_environment_of_this_process_is_captured() {
        assert!(Environment::capture().get("PATH").is_some());
    }
}
