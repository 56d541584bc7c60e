//! What must not be written anywhere: places on somebody's machine, and the addresses of registries.

use crate::finding::Finding;
use crate::project::Project;

const RULE: &str = "word";

/// In two parts, so that this file does not break its own rule.
const PLACES: &[(&str, &str)] =
    &[("/ho", "me/"), ("/ro", "ot/"), ("/Us", "ers/"), ("/wo", "rk/"), ("/tmp/", "wt")];
const HOSTS: &[(&str, &str)] = &[
    ("index.crates", ".io"),
    ("static.crates", ".io"),
    ("registry.npmjs", ".org"),
    ("files.pythonhosted", ".org"),
    ("pypi.org/", "simple"),
    ("deb.debian", ".org"),
    ("archive.ubuntu", ".com"),
    ("proxy.golang", ".org"),
];

pub(crate) fn check(project: &Project) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &project.files {
        for (index, line) in file.text.lines().enumerate() {
            for (first, second) in PLACES {
                let place = format!("{first}{second}");
                if line.match_indices(&place).any(|(at, _)| begins_path(line, at)) {
                    let remedy =
                        format!("{place} is a place on one machine: use a relative path or a variable");
                    findings.push(Finding::error(&file.path, index + 1, RULE, remedy));
                }
            }
            for (first, second) in HOSTS {
                let host = format!("{first}{second}");
                if line.contains(&host) {
                    let remedy = format!("{host}: leave it to the tool which registry it asks");
                    findings.push(Finding::error(&file.path, index + 1, RULE, remedy));
                }
            }
        }
    }
    findings
}

/// Whether an absolute path begins here, and it is not the middle of a longer one or of an address.
fn begins_path(line: &str, at: usize) -> bool {
    line.get(..at)
        .and_then(|before| before.chars().next_back())
        .is_none_or(|c| !(c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '}' | '*' | '~')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        check(&Project::of(&[("README.md", text)])).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn places_on_a_machine_are_found_where_they_begin() {
        let bad = PLACES.iter().map(|(a, b)| format!("cd \"{a}{b}x\"\n")).collect::<String>();
        assert_eq!(lines(&bad), [1, 2, 3, 4, 5]);
        let good = PLACES.iter().map(|(a, b)| format!("https://example.org{a}{b}\n")).collect::<String>();
        assert_eq!(lines(&good), [0; 0]);
    }

    #[test]
    fn registries_are_found_anywhere() {
        let bad = HOSTS.iter().map(|(a, b)| format!("see https://{a}{b}/x\n")).collect::<String>();
        assert_eq!(lines(&bad).len(), HOSTS.len());
    }
}
