//! Text of several workers as one.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Puts texts in Prometheus' format together: every family once, with the samples of all. The samples differ by the
/// label `worker`, so nothing is added up that begins anew when a worker is replaced.
pub(super) fn merge<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut families: BTreeMap<&str, Family<'_>> = BTreeMap::new();
    for text in texts {
        let mut current: Option<&str> = None;
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("# HELP ").and_then(|rest| rest.split(' ').next()) {
                current = Some(name);
                if let Entry::Vacant(place) = families.entry(name) {
                    place.insert(Family { help: line, kind: None, samples: Vec::new() });
                }
                continue;
            }
            let Some(family) = current.and_then(|name| families.get_mut(name)) else { continue };
            if line.starts_with("# TYPE ") {
                family.kind = Some(line);
            } else if !line.starts_with('#') && !line.is_empty() {
                family.samples.push(line);
            }
        }
    }
    let lines = families.values().flat_map(|family| {
        [Some(family.help), family.kind].into_iter().flatten().chain(family.samples.iter().copied())
    });
    lines.fold(String::new(), |mut text, line| {
        text.push_str(line);
        text.push('\n');
        text
    })
}

/// The text, without the buckets of requests when it would be longer than this: counts and sums stay.
pub(super) fn within(text: String, most_bytes: usize) -> String {
    if text.len() <= most_bytes {
        return text;
    }
    let kept = text.lines().filter(|line| !line.starts_with("http_server_request_duration_seconds_bucket"));
    kept.fold(String::new(), |all, line| all + line + "\n")
}

struct Family<'a> {
    help: &'a str,
    kind: Option<&'a str>,
    samples: Vec<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_is_told_once_with_the_samples_of_all() {
        let one = "# HELP a An a.\n# TYPE a counter\na{worker=\"1\"} 1\n# HELP b A b.\n# TYPE b gauge\nb{worker=\"1\"} 2\n";
        let two = "# HELP b A b.\n# TYPE b gauge\nb{worker=\"2\"} 4\n# HELP c A c.\n# TYPE c gauge\nc{worker=\"2\"} 5\n";
        let expected = "# HELP a An a.\n# TYPE a counter\na{worker=\"1\"} 1\n# HELP b A b.\n# TYPE b gauge\n\
                        b{worker=\"1\"} 2\nb{worker=\"2\"} 4\n# HELP c A c.\n# TYPE c gauge\nc{worker=\"2\"} 5\n";
        assert_eq!(merge([one, two]), expected);
    }

    #[test]
    fn what_is_no_metrics_text_adds_nothing() {
        assert_eq!(merge(["hello\nworld 1\n", ""]), "");
    }
}
