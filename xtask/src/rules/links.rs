//! A link to a file that is not there.

use crate::finding::Finding;
use crate::project::Project;

const RULE: &str = "link";

pub(crate) fn check(project: &Project) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in project.files.iter().filter(|file| file.path.ends_with(".md")) {
        let mut fenced = false;
        for (index, line) in file.text.lines().enumerate() {
            fenced ^= line.trim_start().starts_with("```");
            if fenced {
                continue;
            }
            for target in targets(line) {
                let path = target.split('#').next().unwrap_or_default();
                if is_elsewhere(target) || path.is_empty() {
                    continue;
                }
                let resolved = resolve(&file.path, path);
                if !resolved.as_ref().is_some_and(|found| found.is_empty() || project.paths.contains(found)) {
                    let remedy = format!("{target} does not exist: correct or remove the link");
                    findings.push(Finding::error(&file.path, index + 1, RULE, remedy));
                }
            }
        }
    }
    findings
}

/// What stands behind `](` and behind `[name]: `.
fn targets(line: &str) -> Vec<&str> {
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let definition =
        line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(_, target)| target.trim());
    inline.chain(definition).collect()
}

fn is_elsewhere(target: &str) -> bool {
    target.contains("://") || target.starts_with("mailto:") || target.starts_with('#')
}

/// The path from the project's root; `None` when it leads out of the project.
fn resolve(from: &str, target: &str) -> Option<String> {
    let directory = from.rsplit_once('/').map_or("", |(directory, _)| directory);
    let base = if target.starts_with('/') { "" } else { directory };
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(target.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_from_where_they_stand() {
        let text = "[a](b.md#c) [d](../README.md \"title\") [e](https://x.org/y) [f](#here)\n[g](gone.md)\n\
                    ```\n[h](in-a-fence.md)\n```\n[i]: also-gone.md\n[j](../../out.md)\n[k](..)\n";
        let project = Project::of(&[("docs/a.md", text), ("docs/b.md", ""), ("README.md", "")]);
        let lines: Vec<_> = check(&project).iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [2, 6, 7]);
    }
}
