//! A module names only what stands above it in its crate's list of modules.

use std::collections::HashMap;

use crate::finding::Finding;
use crate::project::Project;
use crate::source::{Source, line_at, words};

const RULE: &str = "layers";
/// The crates whose list of modules is an order.
const LAYERED: &[&str] = &[
    "crates/steadfast-diagnose/src/",
    "crates/steadfast-supervisor/src/",
    "crates/steadfast-test/src/",
    "crates/steadfast/src/",
];

pub(crate) fn check(project: &Project) -> Vec<Finding> {
    let mut findings = Vec::new();
    for directory in LAYERED {
        let Some(root) = project.source(&format!("{directory}lib.rs")) else {
            continue;
        };
        let order = modules(root);
        let exported = exports(root);
        for source in &project.sources {
            let Some(inside) = source.path.strip_prefix(directory).filter(|inside| *inside != "lib.rs")
            else {
                continue;
            };
            findings.extend(check_file(source, inside, &order, &exported));
        }
    }
    findings
}

fn check_file(
    source: &Source,
    inside: &str,
    order: &[String],
    exported: &HashMap<String, String>,
) -> Vec<Finding> {
    let parts: Vec<&str> = inside.trim_end_matches(".rs").split('/').filter(|part| *part != "mod").collect();
    let place_of = |name: &str| order.iter().position(|module| module == name);
    let Some((own, own_place)) = parts.first().and_then(|own| Some((*own, place_of(own)?))) else {
        return Vec::new();
    };
    let root = format!("{}::", vec!["super"; parts.len()].join("::"));
    let mut findings = Vec::new();
    for (at, name) in
        named_from(&source.product, "crate::").into_iter().chain(named_from(&source.product, &root))
    {
        let module = exported.get(&name).unwrap_or(&name);
        if place_of(module).is_some_and(|place| place > own_place) {
            let remedy = format!(
                "{own} stands above {module} in lib.rs and must not name it: move the code, or the line in the list"
            );
            findings.push(Finding::error(&source.path, line_at(&source.product, at), RULE, remedy));
        }
    }
    findings
}

/// The names of `mod x;`, in order.
fn modules(root: &Source) -> Vec<String> {
    let declared =
        words(&root.code, "mod").filter_map(|at| root.code.get(at + 3..)?.split(['{', ';']).next());
    declared.map(|name| name.trim().to_owned()).collect()
}

/// What `pub use module::{Name, ..}` makes known at the root: name -> module.
fn exports(root: &Source) -> HashMap<String, String> {
    let mut exported = HashMap::new();
    for at in words(&root.code, "use") {
        let statement = root.code.get(at + 3..).and_then(|rest| rest.split(';').next()).unwrap_or_default();
        let Some((module, names)) = statement.trim().split_once("::") else {
            continue;
        };
        for name in names.split([',', '{', '}']) {
            let visible = name.rsplit(" as ").next().unwrap_or(name);
            if let Some(last) = visible.trim().rsplit("::").next().filter(|last| !last.is_empty()) {
                exported.insert(last.to_owned(), module.trim().to_owned());
            }
        }
    }
    exported
}

/// The first names behind a prefix, also in `prefix{a::b, c}`, each with its place.
fn named_from(code: &str, prefix: &str) -> Vec<(usize, String)> {
    let mut named = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        let continues = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        // `$crate::`, and `super::` as the tail of a longer path, mean something else.
        if code
            .get(..at)
            .and_then(|before| before.chars().next_back())
            .is_some_and(|c| continues(c) || c == '$')
        {
            continue;
        }
        let from = at + prefix.len();
        let rest = code.get(from..).unwrap_or_default();
        if rest.starts_with('{') {
            let mut depth = 0_usize;
            let mut starts = false;
            for (offset, c) in rest.char_indices() {
                match c {
                    '{' => (depth, starts) = (depth + 1, depth == 0),
                    '}' if depth <= 1 => break,
                    '}' => depth -= 1,
                    ',' => starts = depth == 1,
                    c if c.is_whitespace() => {}
                    _ if starts => {
                        starts = false;
                        named.push((from + offset, name_at(rest.get(offset..).unwrap_or_default())));
                    }
                    _ => {}
                }
            }
        } else {
            named.push((at, name_at(rest)));
        }
    }
    named
}

fn name_at(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "pub mod time;\npub mod error;\n#[cfg(feature = \"x\")]\nmod pool;\npub use pool::{Lease, inner::Deep as Shown};\n";

    fn lines(path: &str, text: &str) -> Vec<usize> {
        let path = format!("crates/steadfast/src/{path}");
        check(&Project::of(&[("crates/steadfast/src/lib.rs", ROOT), (&path, text)]))
            .iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn a_module_names_what_stands_above_it_or_itself() {
        assert_eq!(lines("pool/mod.rs", "use crate::error::E;\nuse crate::{time, pool::x};\n"), [0; 0]);
        assert_eq!(lines("error.rs", "use crate::time::T;\nuse crate::pool::P;\n"), [2]);
        assert_eq!(lines("error/kind.rs", "fn a() -> crate::pool::P { }\n"), [1]);
    }

    #[test]
    fn names_in_braces_are_seen_one_by_one() {
        assert_eq!(
            lines("time.rs", "use crate::{\n    time::{pool, x},\n    error::{self, E},\n    pool,\n};\n"),
            [3, 4]
        );
    }

    #[test]
    fn a_name_exported_at_the_root_counts_as_its_module() {
        assert_eq!(lines("error.rs", "use crate::Lease;\nuse crate::Shown;\nuse crate::Other;\n"), [1, 2]);
    }

    #[test]
    fn the_root_is_also_reached_by_super() {
        assert_eq!(lines("error.rs", "use super::pool;\n"), [1]);
        assert_eq!(lines("error/kind.rs", "use super::pool;\nuse super::super::pool;\n"), [2]);
    }

    #[test]
    fn tests_and_comments_may_name_anything() {
        assert_eq!(
            lines("error.rs", "//! [`crate::pool`]\n#[cfg(test)]\nmod tests { use crate::pool::P; }\n"),
            [0; 0]
        );
        assert_eq!(lines("error/tests.rs", "use crate::pool::P;\n"), [0; 0]);
    }
}
