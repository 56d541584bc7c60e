//! Whether a session may have been changed in a way that outlives its transaction.
//!
//! Three signs, all cheap and all erring on the side of a needless reset, which costs one round trip: the command
//! tag of what was done (`SET`, `LISTEN`, `PREPARE`), the text of what was asked, for effects that the tag does not
//! show (advisory locks, `set_config`, temporary tables), and, for what a function does that somebody else wrote, its
//! name in the text (see [`Catalogue`]). A fourth needs no guessing: the server reports some settings whenever they
//! change ([`Observed`](super::observed::Observed)).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use steadfast_wire::{CAPTURE_LIMIT, Parse, query_text, statement_of_bind};

use super::catalogue::Catalogue;
use super::hidden::Hidden;
use super::lasting::{creates_code, is_bare_boundary, is_local_set, is_touching, is_touching_tag};
use super::latch;
use super::standing;

/// Names of prepared statements that are remembered; beyond it every execution counts as touching.
const NAMES_LIMIT: usize = 1024;

/// Watches the texts that a client sends.
#[derive(Debug)]
pub(crate) struct TextWatch {
    /// Prepared statements that touch the session each time they are executed.
    touching: BTreeSet<Box<[u8]>>,
    overflown: bool,
    /// Sent statements of which a `SET` tag is to be expected that ends with the transaction.
    local_sets: u32,
    /// Sent statements that [lift](standing::LIFT) what we have set for the session.
    lifts: u32,
    /// Such a statement is prepared under the name of the latch.
    latched: bool,
    /// What functions of the database do.
    catalogue: Arc<Catalogue>,
    /// What was last known of it; `None` before the first answer. With which version of it that was compared.
    hidden: Option<Arc<Hidden>>,
    version: u64,
    /// Nothing is known at present, so that everything touches.
    in_the_dark: bool,
    /// Names and texts of statements that were prepared while nothing was known.
    undecided: BTreeMap<Box<[u8]>, Box<[u8]>>,
}

impl TextWatch {
    /// Watches texts for a database of which this much is known.
    pub(crate) fn new(catalogue: Arc<Catalogue>) -> Self {
        Self {
            touching: BTreeSet::new(),
            overflown: false,
            local_sets: 0,
            lifts: 0,
            latched: false,
            version: catalogue.version(),
            hidden: catalogue.known(),
            in_the_dark: catalogue.is_unknown(),
            undecided: BTreeMap::new(),
            catalogue,
        }
    }

    /// How much of the body of a Bind is needed: nothing as long as no known statement touches anything.
    pub(crate) fn bind_wanted(&mut self) -> usize {
        self.look_up();
        // Portal and statement name; ours are a few bytes long.
        match (self.touching.is_empty(), self.latched) {
            (true, false) => 0,
            (true, true) => latch::NAME.len() + 2,
            (false, _) => 256,
        }
    }

    /// Takes a Query. True when it touches the session.
    pub(crate) fn query(&mut self, body: &[u8], length: usize) -> bool {
        let text = query_text(body);
        if is_bare_boundary(text) {
            return false;
        }
        if text == standing::LIFT.as_bytes() {
            self.lifts += 1;
            return false;
        }
        if is_local_set(text) || text == standing::SET.as_bytes() {
            self.local_sets += 1;
        }
        self.look_up();
        length > CAPTURE_LIMIT || is_touching(text) || self.calls_hidden(text)
    }

    /// Takes a Parse. True when the session is to be counted as touched at once.
    pub(crate) fn parse(&mut self, body: &[u8], length: usize) -> bool {
        let parse = Parse::read(body);
        if parse.name == latch::NAME.as_bytes() {
            self.latched = parse.text == latch::TEXT.as_bytes();
        }
        self.look_up();
        let openly = length > CAPTURE_LIMIT || is_touching(parse.text);
        let touching = openly || self.calls_hidden(parse.text);
        if parse.name.is_empty() {
            return touching;
        }
        self.undecided.remove(parse.name);
        if !openly && self.in_the_dark && self.undecided.len() < NAMES_LIMIT {
            self.undecided.insert(parse.name.into(), parse.text.into());
        } else if !touching {
            self.touching.remove(parse.name);
        } else if self.touching.len() < NAMES_LIMIT {
            self.touching.insert(parse.name.into());
        } else {
            self.overflown = true;
        }
        self.overflown
    }

    /// Takes a Bind. True when the statement that it will execute touches the session.
    pub(crate) fn bind(&mut self, body: &[u8]) -> bool {
        if self.latched && statement_of_bind(body) == latch::NAME.as_bytes() {
            self.local_sets += 1;
            return false;
        }
        self.overflown || self.in_the_dark || self.touching.contains(statement_of_bind(body))
    }

    /// Takes the tag of a completed command. True when it was what lifts our own setting.
    pub(crate) fn lifted(&mut self, tag: &[u8]) -> bool {
        let lifted = tag == b"RESET" && self.lifts > 0;
        self.lifts -= u32::from(lifted);
        lifted
    }

    /// Takes the tag of any other. True when it touches the session.
    pub(crate) fn completed(&mut self, tag: &[u8]) -> bool {
        if tag == b"SET" && self.local_sets > 0 {
            self.local_sets -= 1;
            return false;
        }
        if creates_code(tag) {
            // Also a reason to clean, which finds out.
            self.catalogue.outdated();
            return true;
        }
        is_touching_tag(tag) || self.hidden.as_ref().is_some_and(|hidden| hidden.in_tag(tag))
    }

    fn calls_hidden(&self, text: &[u8]) -> bool {
        self.in_the_dark || self.hidden.as_ref().is_some_and(|hidden| hidden.in_text(text))
    }

    /// Takes notice when something else is known of the database than before.
    fn look_up(&mut self) {
        let version = self.catalogue.version();
        if version == self.version {
            return;
        }
        self.version = version;
        let known = self.catalogue.known();
        self.in_the_dark = known.is_none();
        let Some(now) = known else { return };
        for (name, text) in std::mem::take(&mut self.undecided) {
            if now.in_text(&text) {
                self.touching.insert(name);
            }
        }
        // What was judged by an earlier answer cannot be judged again: its text is gone.
        self.overflown |= !now.is_empty() && self.hidden.as_ref().is_some_and(|before| *before != now);
        self.hidden = Some(now);
    }

    /// The requests are all answered: what was expected and did not come failed.
    pub(crate) fn settled(&mut self) {
        (self.local_sets, self.lifts) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prepared_statement_touches_when_it_is_bound() {
        let mut watch = TextWatch::new(Arc::new(Catalogue::of_nothing()));
        assert_eq!(watch.bind_wanted(), 0, "nothing to look for, nothing to look at");
        assert!(!watch.parse(b"s1\0SELECT pg_advisory_lock($1)\0", 40));
        assert!(!watch.parse(b"s2\0SELECT 1\0", 20));
        assert!(watch.bind_wanted() > 0);
        assert!(watch.bind(b"\0s1\0rest"));
        assert!(!watch.bind(b"\0s2\0rest"));
        assert!(watch.parse(b"\0SELECT pg_advisory_lock(1)\0", 40), "the unnamed one is executed at once");
    }

    #[test]
    fn a_setting_for_the_transaction_is_no_touch() {
        let mut watch = TextWatch::new(Arc::new(Catalogue::of_nothing()));
        assert!(!watch.query(b"SET LOCAL statement_timeout = 5\0", 32));
        assert!(!watch.completed(b"SET"));
        assert!(watch.completed(b"SET"), "only as many as were announced");
        assert!(!watch.query(b"set transaction isolation level serializable;\0", 45));
        watch.settled();
        assert!(watch.completed(b"SET"), "the announced one failed");
        assert!(!watch.query(b"SET LOCAL a.b = 1; SET c.d = 2\0", 31));
        assert!(watch.completed(b"SET"), "several statements announce nothing");
    }

    #[test]
    fn what_makes_a_session_read_only_is_no_touch_and_neither_is_its_end() {
        let mut watch = TextWatch::new(Arc::new(Catalogue::of_nothing()));
        let [set, lift] = [standing::SET, standing::LIFT].map(|text| [text.as_bytes(), b"\0"].concat());
        assert!(!watch.query(&set, set.len()) && !watch.completed(b"SET"));
        assert!(watch.completed(b"SET"), "this was another one");
        assert!(!watch.query(&lift, lift.len()) && watch.lifted(b"RESET"));
        assert!(!watch.lifted(b"RESET") && watch.completed(b"RESET"), "this as well");
        assert!(!watch.query(&lift, lift.len()) && !watch.lifted(b"SELECT 1"));
        watch.settled();
        assert!(!watch.lifted(b"RESET"), "it failed");
    }

    #[test]
    fn the_latch_of_a_read_is_no_touch_and_hides_none() {
        let mut watch = TextWatch::new(Arc::new(Catalogue::of_nothing()));
        let latch = [latch::NAME.as_bytes(), b"\0", latch::TEXT.as_bytes(), b"\0"].concat();
        let bind = [b"\0", latch::NAME.as_bytes(), b"\0rest"].concat();
        assert!(!watch.parse(&latch, latch.len()));
        let wanted = watch.bind_wanted();
        assert!(wanted > 0);
        assert!(!watch.bind(&bind[..wanted]));
        assert!(!watch.completed(b"SET"));
        assert!(watch.completed(b"SET"), "this was another one");
        assert!(!watch.bind(b"\0sf1\0rest"));
        assert!(watch.completed(b"SET"), "nor does any other statement announce one");
        let other = [latch::NAME.as_bytes(), b"\0SET search_path = a\0"].concat();
        assert!(!watch.parse(&other, other.len()));
        assert!(!watch.bind(&bind));
        assert!(watch.completed(b"SET"), "the name alone is not enough");
    }

    #[test]
    fn while_nothing_is_known_of_functions_everything_touches_and_is_judged_later() {
        let catalogue = Arc::new(Catalogue::default());
        let mut watch = TextWatch::new(Arc::clone(&catalogue));
        assert!(watch.query(b"SELECT f()\0", 20));
        for (name, text) in [("s1", "SELECT f()"), ("s2", "SELECT g()")] {
            let body = [name.as_bytes(), b"\0", text.as_bytes(), b"\0"].concat();
            assert!(!watch.parse(&body, body.len()));
        }
        assert!(watch.bind(b"\0s2\0rest"), "not judged yet");
        catalogue.answered(&["f"]);
        assert!(watch.bind_wanted() > 0);
        assert!(watch.bind(b"\0s1\0rest") && !watch.bind(b"\0s2\0rest"));
        assert!(watch.query(b"SELECT f()\0", 20) && !watch.query(b"SELECT g()\0", 20));
        assert!(watch.completed(b"CREATE FUNCTION"));
        assert!(watch.query(b"SELECT g()\0", 20), "it may have been another g");
        catalogue.answered(&["f"]);
        assert!(watch.bind_wanted() > 0);
        assert!(!watch.bind(b"\0s2\0rest"), "the answer is the same");
        watch.completed(b"CREATE FUNCTION");
        catalogue.answered(&["f", "g"]);
        assert!(watch.bind_wanted() > 0);
        assert!(watch.bind(b"\0s2\0rest"), "g is another one, and the text of s2 is not known any more");
    }

    #[test]
    fn a_text_too_long_to_be_read_counts_as_touching() {
        assert!(TextWatch::new(Arc::new(Catalogue::of_nothing())).query(b"SELECT 1", CAPTURE_LIMIT + 1));
    }
}
