//! A file that no `mod` names is not compiled, and its tests never fail.

use crate::finding::Finding;
use crate::project::Project;
use crate::source::{Source, words};

const RULE: &str = "forgotten";

pub(crate) fn check(project: &Project) -> Vec<Finding> {
    let in_scope = |path: &str| in_src(path).is_some() || in_tests(path).is_some();
    let mut reached: Vec<&str> =
        project.sources.iter().map(|source| source.path.as_str()).filter(|path| is_root(path)).collect();
    let mut next = 0;
    while let Some(path) = reached.get(next) {
        if let Some(source) = project.source(path) {
            for child in children(source) {
                let found = project.sources.iter().find(|candidate| child.contains(&candidate.path));
                if let Some(found) = found.filter(|found| !reached.contains(&found.path.as_str())) {
                    reached.push(&found.path);
                }
            }
        }
        next += 1;
    }
    let forgotten = project.sources.iter().filter(|source| in_scope(&source.path));
    forgotten
        .filter(|source| !reached.contains(&source.path.as_str()))
        .map(|source| {
            Finding::error(&source.path, 1, RULE, "no mod names this file: add the mod, or remove it")
        })
        .collect()
}

fn in_src(path: &str) -> Option<&str> {
    path.strip_prefix("src/").or_else(|| path.split_once("/src/").map(|(_, inside)| inside))
}

/// Below a crate's own `tests`, which holds programs.
fn in_tests(path: &str) -> Option<&str> {
    if in_src(path).is_some() { None } else { path.split_once("/tests/").map(|(_, inside)| inside) }
}

fn is_root(path: &str) -> bool {
    let is_program =
        |name: &str| !name.contains('/') || name.split_once('/').is_some_and(|(_, rest)| rest == "main.rs");
    let Some(inside) = in_src(path) else {
        return in_tests(path).is_some_and(is_program);
    };
    matches!(inside, "lib.rs" | "main.rs") || inside.strip_prefix("bin/").is_some_and(is_program)
}

/// For each `mod name;` the two places where its file may be, and the place that a `path` attribute tells.
fn children(source: &Source) -> Vec<Vec<String>> {
    let (directory, name) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
    let own = match name {
        "lib.rs" | "main.rs" | "mod.rs" => directory.to_owned(),
        other => format!("{directory}/{}", other.trim_end_matches(".rs")),
    };
    let mut children = Vec::new();
    for at in words(&source.code, "mod") {
        let rest = source.code.get(at + 3..).unwrap_or_default();
        let Some((name, _)) = rest.split_once(';') else {
            continue;
        };
        let name = name.trim();
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let mut places = vec![format!("{own}/{name}.rs"), format!("{own}/{name}/mod.rs")];
        // What was reached by a path attribute, as modules of several test programs are, has its own beside it.
        if in_tests(&source.path).is_some() {
            places.push(format!("{directory}/{name}.rs"));
        }
        // Paths are literals, which only the text has.
        let before = source.text.get(..at).unwrap_or_default().trim_end();
        if let Some((_, told)) = before.rsplit_once("#[path = \"").filter(|(_, rest)| rest.ends_with("\"]")) {
            places.push(format!("{directory}/{}", told.trim_end_matches("\"]")));
        }
        children.push(places);
    }
    children
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_reached_from_a_root_or_forgotten() {
        let project = Project::of(&[
            ("crates/a/src/lib.rs", "pub mod b;\nmod c;\n// mod comment;\nmod inline { }\n"),
            ("crates/a/src/b.rs", "#[cfg(test)]\nmod tests;\n"),
            ("crates/a/src/b/tests.rs", ""),
            ("crates/a/src/c/mod.rs", "mod d;"),
            ("crates/a/src/c/d.rs", ""),
            ("crates/a/src/c/tests.rs", ""),
            ("crates/a/src/comment.rs", ""),
            ("crates/a/src/bin/tool.rs", ""),
            ("crates/a/tests/fear.rs", "#[path = \"common/suite.rs\"]\nmod suite;\n"),
            ("crates/a/tests/common/suite.rs", "mod part;"),
            ("crates/a/tests/common/part.rs", ""),
            ("crates/a/tests/e2e/main.rs", "mod named;"),
            ("crates/a/tests/e2e/named.rs", ""),
            ("crates/a/tests/e2e/nobodys.rs", ""),
        ]);
        let found: Vec<_> = check(&project).into_iter().map(|finding| finding.path).collect();
        assert_eq!(
            found,
            ["crates/a/src/c/tests.rs", "crates/a/src/comment.rs", "crates/a/tests/e2e/nobodys.rs"]
        );
    }
}
