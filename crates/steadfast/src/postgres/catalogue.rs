//! What a database can do to a session from inside: functions that set, lock, listen or prepare when they are called.
//!
//! Neither the text nor the tag of a statement shows what a function in it does. The server is asked for such
//! functions, seldom: by the first connection, and by one that is opened a minute or more after the last time. A text
//! that names one of them then counts as touching the session. In most databases there is none, and nothing changes.
//!
//! What this cannot see: code in C beyond the usual extensions, statements that a function puts together from pieces
//! which do not look like one, and functions that another program has created since the server was last asked.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::time::{Duration, Instant};

/// What is known of one database. Shared by all connections of a connector.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    /// Held for moments only.
    state: Mutex<State>,
    /// Raised whenever the answer is another one, or is not to be relied upon any more.
    version: AtomicU64,
    /// How often a server has refused to write because it takes no writes at all.
    refusals: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    /// `None`: to be asked.
    known: Option<Arc<Hidden>>,
    /// Somebody is asking.
    asking: bool,
    next: Option<Instant>,
}

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

/// Permission to ask, held by one at a time. One that ends without an answer, because the connection was lost or given up
/// meanwhile, is not followed by another at once: whatever kept that connection would keep the next one too. Until then
/// every statement counts as touching the session.
#[derive(Debug)]
#[must_use]
pub(super) struct Turn<'a> {
    catalogue: &'a Catalogue,
    began: Instant,
    answered: bool,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.catalogue.state.lock();
        state.asking = false;
        if !self.answered {
            state.next = Some(self.began + AFTER_NO_ANSWER);
        }
    }
}

impl Catalogue {
    /// What is known; `None` when nothing can be relied upon at present.
    pub(super) fn known(&self) -> Option<Arc<Hidden>> {
        self.state.lock().known.clone()
    }

    /// Changes whenever what was found out earlier may be wrong.
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// How often a server has refused to write because it takes no writes at all. Connections from before the last
    /// time may lead to the same server.
    pub(super) fn refusals(&self) -> u64 {
        self.refusals.load(Ordering::Acquire)
    }

    /// A server has.
    pub(super) fn refused(&self) {
        self.refusals.fetch_add(1, Ordering::AcqRel);
    }

    /// Something was created: what is known may be out of date.
    pub(super) fn outdated(&self) {
        let mut state = self.state.lock();
        (state.known, state.next) = (None, None);
        self.version.fetch_add(1, Ordering::AcqRel);
    }

    /// True when nothing is known.
    pub(super) fn is_unknown(&self) -> bool {
        self.state.lock().known.is_none()
    }

    /// A database without such functions.
    #[cfg(test)]
    pub(super) fn of_nothing() -> Self {
        let catalogue = Self::default();
        catalogue.state.lock().known = Some(Arc::default());
        catalogue
    }

    /// The server has named these functions.
    #[cfg(test)]
    pub(super) fn answered(&self, names: &[&str]) {
        let names = names.iter().map(|name| name.as_bytes().into()).collect();
        self.state.lock().known = Some(Arc::new(Hidden { names, ..Hidden::default() }));
        self.version.fetch_add(1, Ordering::AcqRel);
    }

    /// The right to ask, when it is time to and nobody else is at it.
    pub(super) fn turn(&self, now: Instant) -> Option<Turn<'_>> {
        let mut state = self.state.lock();
        let due = state.next.is_none_or(|next| now >= next);
        (due && !state.asking).then(|| {
            state.asking = true;
            Turn { catalogue: self, began: now, answered: false }
        })
    }

    /// Asks the server. One that does not answer, because it is no full PostgreSQL or takes too long, is taken to have
    /// nothing of the kind.
    ///
    /// # Errors
    /// The connection is of no use any more.
    ///
    /// # Cancel safety
    /// Dropped half-way, the connection is busy.
    pub(super) async fn ask(&self, client: &Client, mut turn: Turn<'_>) -> Result<(), tokio_postgres::Error> {
        let began = Instant::now();
        let version = self.version();
        let found = match client.simple_query(&question()).await {
            Ok(answer) => Hidden::read(&answer),
            Err(error) if error.is_closed() => return Err(error),
            Err(error) => {
                tracing::debug!(%error, "functions that change the session are not known");
                Hidden::default()
            }
        };
        turn.answered = true;
        let mut state = self.state.lock();
        if self.version() != version {
            // Something was created meanwhile: the next one asks again.
            return Ok(());
        }
        if state.known.as_deref() != Some(&found) {
            found.tell();
            self.version.fetch_add(1, Ordering::AcqRel);
            state.known = Some(Arc::new(found));
        }
        state.next = Some(Instant::now() + AGAIN.max(began.elapsed() * 100));
        // In this order: a turn that ends takes the lock.
        drop(state);
        drop(turn);
        Ok(())
    }
}

impl Hidden {
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
        let first = tag.split(|byte| *byte == b' ').next().unwrap_or_default();
        self.writes && matches!(first, b"INSERT" | b"UPDATE" | b"DELETE" | b"MERGE" | b"TRUNCATE" | b"COPY")
    }

    fn read(answer: &[SimpleQueryMessage]) -> Self {
        let mut found = Self::default();
        for message in answer {
            let SimpleQueryMessage::Row(row) = message else { continue };
            match (row.get(0), row.get(1)) {
                (Some("function"), Some(name)) => drop(found.names.insert(name.as_bytes().into())),
                (Some("writes"), _) => found.writes = true,
                (Some("anything"), _) => found.anything = true,
                _ => {}
            }
        }
        found.anything |= found.names.len() > MOST;
        found
    }

    fn tell(&self) {
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

/// After what time a new connection asks again, at the least.
const AGAIN: Duration = Duration::from_secs(60);

/// After what time the next one asks when there was no answer.
const AFTER_NO_ANSWER: Duration = Duration::from_secs(5);

/// With more than so many names nearly every text would be found to hold one.
const MOST: usize = 500;

/// One simple query, which is a transaction of its own. Without compilation of expressions, which takes a server with its
/// default settings fifty times as long as the answer.
fn question() -> String {
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

    #[test]
    fn one_asks_at_a_time_and_again_when_something_was_created() {
        let catalogue = Catalogue::default();
        let now = Instant::now();
        let turn = catalogue.turn(now).expect("nothing is known");
        assert!(catalogue.turn(now).is_none(), "somebody is at it");
        drop(turn);
        assert!(catalogue.turn(now).is_none(), "what gave no answer now would give none now");
        assert!(catalogue.turn(now + AFTER_NO_ANSWER).is_some());
        let mut state = catalogue.state.lock();
        (state.known, state.next) = (Some(Arc::default()), Some(now + AGAIN));
        drop(state);
        assert!(catalogue.turn(now).is_none() && catalogue.turn(now + AGAIN).is_some());
        let before = catalogue.version();
        catalogue.outdated();
        assert!(catalogue.is_unknown() && catalogue.version() > before && catalogue.turn(now).is_some());
    }
}
