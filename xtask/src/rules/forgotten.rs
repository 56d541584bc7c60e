//! A file that no `mod` names is not compiled, and its tests never fail.

use crate::finding::Finding;
use crate::project::Project;
use crate::source::{Source, words};

const RULE: &str = "forgotten";

pub(crate) fn check(project: &Project) -> Vec<Finding> {
    let in_src = |path: &str| path.starts_with("src/") || path.contains("/src/");
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
    let forgotten = project.sources.iter().filter(|source| in_src(&source.path));
    forgotten
        .filter(|source| !reached.contains(&source.path.as_str()))
        .map(|source| {
            Finding::error(&source.path, 1, RULE, "no mod names this file: add the mod, or remove it")
        })
        .collect()
}

fn is_root(path: &str) -> bool {
    let Some(inside) =
        path.strip_prefix("src/").or_else(|| path.split_once("/src/").map(|(_, inside)| inside))
    else {
        return false;
    };
    matches!(inside, "lib.rs" | "main.rs")
        || inside.strip_prefix("bin/").is_some_and(|name| !name.contains('/') || name.ends_with("/main.rs"))
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
            ("crates/a/tests/fear.rs", ""),
        ]);
        let found: Vec<_> = check(&project).into_iter().map(|finding| finding.path).collect();
        assert_eq!(found, ["crates/a/src/c/tests.rs", "crates/a/src/comment.rs"]);
    }
}
