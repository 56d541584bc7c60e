//! What must not be left in: unfinished code, tests that do not run, silenced lints.

use crate::finding::Finding;
use crate::project::Project;
use crate::source::line_at;

const RULES: &[(&str, &str, &str)] = &[
    ("todo!", "unfinished", "finish it, or return a typed error"),
    ("unimplemented!", "unfinished", "finish it, or return a typed error"),
    (
        "#[ignore",
        "ignored-test",
        "a test that does not run proves nothing: make it fast and sure, or remove it",
    ),
    ("#[allow(", "allow", "use #[expect(.., reason = \"..\")], which tells when it is not needed any more"),
    ("#![allow(", "allow", "use #![expect(.., reason = \"..\")], which tells when it is not needed any more"),
];

pub(crate) fn check(project: &Project) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &project.sources {
        for (marker, rule, remedy) in RULES {
            for (at, _) in source.code.match_indices(marker) {
                findings.push(Finding::error(&source.path, line_at(&source.code, at), rule, *remedy));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_found_in_code_and_not_in_words_about_it() {
        let text = "// todo!() and #[allow(x)]\nfn a() { todo!() }\n#[ignore = \"slow\"]\n#[allow(b)]\nconst C: &str = \"todo!\";\n";
        let lines: Vec<_> = check(&Project::of(&[("crates/a/src/x.rs", text)]))
            .iter()
            .map(|finding| (finding.line, finding.rule))
            .collect();
        assert_eq!(lines, [(2, "unfinished"), (3, "ignored-test"), (4, "allow")]);
    }
}
