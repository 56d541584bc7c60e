//! What in a database changes a session without showing it in the text or the tag of a statement.

use std::collections::HashSet;

use super::line::RawRow;

/// What touches a session without showing it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Hidden {
    /// Names of functions, in small letters.
    names: HashSet<Box<[u8]>>,
    /// Such a function belongs to a trigger.
    writes: bool,
    /// Such a function belongs to a view, a policy, an operator or the like, or there are too many to tell.
    anything: bool,
}

impl Hidden {
    #[cfg(test)]
    pub(super) fn of(names: HashSet<Box<[u8]>>) -> Self {
        Self { names, ..Self::default() }
    }

    /// True when nothing of the kind is there.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// True when a statement with this text may touch the session behind our back.
    pub(super) fn in_text(&self, text: &[u8]) -> bool {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..);
        self.anything
            || (!self.names.is_empty()
                && text.split(|byte| !is_part(byte)).any(|word| {
                    !word.is_empty() && self.names.contains(word.to_ascii_lowercase().as_slice())
                }))
    }

    /// True when a command with this tag may have.
    pub(super) fn in_tag(&self, tag: &[u8]) -> bool {
        let first = || tag.split(|byte| *byte == b' ').next().unwrap_or_default();
        self.writes && matches!(first(), b"INSERT" | b"UPDATE" | b"DELETE" | b"MERGE" | b"TRUNCATE" | b"COPY")
    }

    pub(super) fn read(answer: &[RawRow]) -> Self {
        let mut found = Self::default();
        for row in answer {
            match (row.text(0), row.text(1)) {
                (Some("function"), Some(name)) => drop(found.names.insert(name.as_bytes().into())),
                (Some("writes"), _) => found.writes = true,
                (Some("anything"), _) => found.anything = true,
                _ => {}
            }
        }
        found.anything |= found.names.len() > MOST;
        found
    }

    pub(super) fn tell(&self) {
        if self.names.is_empty() {
            return;
        }
        let mut names: Vec<_> =
            self.names.iter().take(10).map(|name| String::from_utf8_lossy(name)).collect();
        names.sort_unstable();
        tracing::info!(
            functions = names.join(", "),
            by_triggers = self.writes,
            everywhere = self.anything,
            "functions of this database change the session; connections are reset after each use of them"
        );
    }
}

/// With more than so many names nearly every text would be found to hold one.
const MOST: usize = 500;

/// One simple query, which is a transaction of its own. Without compilation of expressions, which takes a server with its
/// default settings fifty times as long as the answer.
pub(super) fn question() -> String {
    // A statement of an UPDATE has a SET of its own, which is not meant.
    let set = r"regexp_replace(body, 'update\s[^;]*?\mset\M', '', 'g') ~ '\mset\s+(?!local\M|transaction\M|constraints\M)'";
    let touching = format!(
        r"(body ~ 'set_config|advisory_(?!xact)|dblink_connect|\mtemp(orary)?\M|\m(reset|listen|unlisten|prepare|deallocate|discard|load)\s|\mwith\s+hold\M' OR {set})"
    );
    let objects = ["pg_trigger", "pg_proc", "pg_extension"]
        .map(|class| format!("'pg_catalog.{class}'::pg_catalog.regclass"))
        .join(", ");
    format!(
        r"SET LOCAL statement_timeout = 2000; SET LOCAL search_path = pg_catalog; SET LOCAL jit = off;
WITH RECURSIVE f AS (
  SELECT p.oid, lower(p.proname::text) AS name, l.lanname NOT IN ('c', 'internal') AS coded,
    lower(CASE WHEN p.prosrc = '' THEN pg_get_functiondef(p.oid) ELSE p.prosrc END) AS body
  FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
  WHERE p.pronamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname IN ('pg_catalog', 'information_schema'))
), plain AS (
  SELECT oid, name FROM f WHERE coded AND {touching}
  UNION SELECT oid, name FROM f WHERE NOT coded AND name IN ('set_limit', 'dblink_connect', 'dblink_connect_u')
), called AS (
  SELECT oid, name FROM plain
  UNION SELECT f.oid, f.name FROM f JOIN called c ON f.coded AND position(c.name IN f.body) > 0
), writes AS (
  SELECT EXISTS (SELECT FROM pg_trigger t JOIN called c ON c.oid = t.tgfoid WHERE NOT t.tgisinternal) AS yes
), everything AS (
  SELECT oid, name FROM called
  UNION SELECT f.oid, f.name FROM f, writes w
    WHERE w.yes AND f.coded AND f.body ~ 'insert|update|delete|merge|truncate|copy'
), hidden AS (
  SELECT oid, name FROM everything
  UNION SELECT f.oid, f.name FROM f JOIN hidden h ON f.coded AND position(h.name IN f.body) > 0
)
SELECT 'function', name FROM hidden
UNION ALL SELECT 'writes', '' FROM writes WHERE yes
UNION ALL SELECT 'anything', '' WHERE EXISTS (
  SELECT FROM pg_depend d JOIN hidden h ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = h.oid
  WHERE d.classid NOT IN ({objects}))
  OR EXISTS (SELECT FROM pg_aggregate a JOIN hidden h ON h.oid IN (a.aggtransfn, a.aggfinalfn))
  OR EXISTS (SELECT FROM hidden WHERE name ~ '[ -#%-/:-^`{{-~]')"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(names: &[&str], writes: bool, anything: bool) -> Hidden {
        let names = names.iter().map(|name| name.as_bytes().into()).collect();
        Hidden { names, writes, anything }
    }

    #[test]
    fn a_function_is_found_by_its_name_as_a_word_of_its_own() {
        let hidden = hidden(&["become", "größer"], false, false);
        for text in ["SELECT become(1)", "select public.BECOME ($1)", "CALL \"become\"()", "SELECT größer()"]
        {
            assert!(hidden.in_text(text.as_bytes()), "{text}");
        }
        for text in ["SELECT becoming(1)", "SELECT unbecome(1)", "SELECT become_x()", ""] {
            assert!(!hidden.in_text(text.as_bytes()), "{text}");
        }
        assert!(!hidden.in_tag(b"INSERT 0 1"));
    }

    #[test]
    fn a_trigger_is_found_by_the_tag_of_what_fires_it() {
        let hidden = hidden(&["note"], true, false);
        for tag in ["INSERT 0 1", "UPDATE 3", "DELETE 0", "MERGE 1", "TRUNCATE TABLE", "COPY 7"] {
            assert!(hidden.in_tag(tag.as_bytes()), "{tag}");
        }
        assert!(!hidden.in_tag(b"SELECT 1"));
    }

    #[test]
    fn what_is_everywhere_is_in_each_text() {
        assert!(hidden(&[], false, true).in_text(b"SELECT 1"));
        assert!(!hidden(&[], false, false).in_text(b"SELECT become()"));
    }
}
