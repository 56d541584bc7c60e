//! A file that grows beyond what fits into a head is two files.

use crate::finding::Finding;
use crate::project::Project;

const RULE: &str = "size";
/// Lines without tests, beyond which a file is worth a thought.
const COMFORTABLE: usize = 300;
/// Lines without tests, beyond which it is too much.
const MOST: usize = 400;
/// Lines of tests at the end of a file.
const MOST_TESTS: usize = 150;

pub(crate) fn check(project: &Project) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &project.sources {
        let (product, tests) = (source.product_lines(), source.test_lines());
        if product > MOST {
            let remedy = format!("{product} lines without tests, at most {MOST}: split it, one noun a file");
            findings.push(Finding::error(&source.path, 1, RULE, remedy));
        } else if product > COMFORTABLE {
            let remedy = format!("{product} lines without tests, better up to {COMFORTABLE}");
            findings.push(Finding::warning(&source.path, 1, RULE, remedy));
        }
        if product > 0 && tests > MOST_TESTS {
            let name = source.path.trim_end_matches("/mod.rs").trim_end_matches(".rs");
            let remedy =
                format!("{tests} lines of tests, at most {MOST_TESTS}: move them to {name}/tests.rs");
            findings.push(Finding::error(&source.path, 1, RULE, remedy));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Weight;

    fn weights(product: usize, tests: usize) -> Vec<Weight> {
        let tail = if tests == 0 {
            String::new()
        } else {
            format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "fn t() {}\n".repeat(tests - 3))
        };
        let text = "fn a() {}\n".repeat(product) + &tail;
        let project = Project::of(&[("crates/a/src/x.rs", &text)]);
        check(&project).iter().map(|finding| finding.weight).collect()
    }

    #[test]
    fn the_limits_count_the_product_and_the_tests_apart() {
        assert_eq!(weights(300, 150), []);
        assert_eq!(weights(301, 0), [Weight::Warning]);
        assert_eq!(weights(400, 0), [Weight::Warning]);
        assert_eq!(weights(401, 0), [Weight::Error]);
        assert_eq!(weights(10, 151), [Weight::Error]);
    }

    #[test]
    fn files_for_tests_may_be_long() {
        let text = "fn a() {}\n".repeat(1000);
        assert!(
            check(&Project::of(&[("crates/a/tests/x.rs", &text), ("crates/a/src/x/tests.rs", &text)]))
                .is_empty()
        );
    }
}
