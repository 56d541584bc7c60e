//! What was loaded and from where, kept beside the values so that it can be shown.

use std::collections::BTreeMap;
use std::fmt;

use crate::config::configuration::{BackendOptions, Config};
use crate::config::draft::Draft;
use crate::config::options::PoolOptions;
use crate::config::origin::Origin;
use crate::config::table::{self, Applies, Row};

/// The origin of each option, and a copy of the values as loaded: what differs now was changed in code.
#[derive(Clone)]
pub(crate) struct Provenance {
    pub(crate) origins: BTreeMap<&'static str, Origin>,
    pub(crate) loaded: Draft,
    /// Set, but without a meaning for this backend; with the value as it may be shown.
    pub(crate) ignored: Vec<(&'static Row, String, Origin)>,
    /// Where the database's URL came from.
    pub(crate) url: Origin,
}

impl Provenance {
    /// For a configuration that was made in code: whatever is not the default is the code's.
    pub(crate) fn of_code(backend: &BackendOptions, pool: &PoolOptions) -> Self {
        let present = Draft::of(backend, pool);
        let defaults = Draft { pool: pool.clone(), ..Draft::default() };
        let changed = |row: &&Row| (row.text)(&present) != (row.text)(&defaults);
        let origins = table::rows().filter(changed).map(|row| (row.name, Origin::Code)).collect();
        Self { origins, loaded: present, ignored: Vec::new(), url: Origin::Code }
    }
}

/// The values stand in the configuration itself.
impl fmt::Debug for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.origins).finish()
    }
}

/// One option of a loaded configuration, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setting {
    /// Its name: `pool.size`.
    pub name: &'static str,
    /// Its value in the notation that is also accepted; `(hidden)` for a secret, `(none)` for no value.
    pub value: String,
    /// Where the value came from.
    pub origin: Origin,
    /// Whether it has no effect on the backend in use.
    pub ignored: bool,
    /// Why the default is what it is.
    pub reason: &'static str,
}

impl Config {
    /// All options in effect with their values and where each came from; then those that were set but have no
    /// meaning for the backend. Contains no secret.
    #[must_use]
    pub fn describe(&self) -> Vec<Setting> {
        let present = Draft::of(&self.backend, &self.pool);
        let other = match self.backend {
            BackendOptions::Postgres(_) => Applies::Sqlite,
            BackendOptions::Sqlite(_) => Applies::Postgres,
        };
        let mut settings = vec![Setting {
            name: "database.url",
            value: self.target(),
            origin: self.provenance.url.clone(),
            ignored: false,
            reason: "",
        }];
        settings.extend(table::rows().filter(|row| row.applies != other).map(|row| Setting {
            name: row.name,
            value: row.shown(&present),
            origin: self.provenance.origin_of(row, &present),
            ignored: false,
            reason: row.reason,
        }));
        settings.extend(self.provenance.ignored.iter().map(|(row, value, origin)| Setting {
            name: row.name,
            value: value.clone(),
            origin: origin.clone(),
            ignored: true,
            reason: row.reason,
        }));
        settings
    }
}

impl Provenance {
    fn origin_of(&self, row: &Row, present: &Draft) -> Origin {
        if (row.text)(present) != (row.text)(&self.loaded) {
            return Origin::Code;
        }
        self.origins.get(row.name).cloned().unwrap_or(Origin::Default)
    }
}

/// Settings as aligned text, one to a line: name, value, origin. Ends with a line break.
#[must_use]
pub fn render_settings(settings: &[Setting]) -> String {
    let width = |of: fn(&Setting) -> usize| settings.iter().map(of).max().unwrap_or_default();
    let name_width = width(|setting| setting.name.chars().count());
    let value_width = width(|setting| setting.value.chars().count()).min(WIDEST_VALUE);
    let line = |setting: &Setting| {
        let Setting { name, value, origin, ignored, .. } = setting;
        let note = if *ignored { " (no effect on this database)" } else { "" };
        format!("{name:name_width$}  {value:value_width$}  {origin}{note}\n")
    };
    settings.iter().map(line).collect()
}

/// A longer value pushes its own origin to the right, not everybody's.
const WIDEST_VALUE: usize = 40;
