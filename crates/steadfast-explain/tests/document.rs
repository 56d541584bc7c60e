//! The guide's catalogue is the one that `steadfast explain` prints.
#![cfg(test)]

const GUIDE: &str = include_str!("../../../TROUBLESHOOTING.md");

#[test]
fn the_catalogue_in_the_guide_is_up_to_date() {
    let (_, rest) = GUIDE.split_once("<!-- catalogue -->\n").expect("the mark of its beginning");
    let (rendered, _) = rest.split_once("<!-- end of the catalogue -->\n").expect("the mark of its end");
    assert!(
        rendered.trim() == steadfast_explain::markdown().trim(),
        "TROUBLESHOOTING.md is out of date; write it anew: scripts/render-docs"
    );
}

#[test]
fn links_within_the_guide_lead_to_headings() {
    let headings: Vec<String> = GUIDE.lines().filter(|line| line.starts_with('#')).map(anchor).collect();
    for link in GUIDE.split("](#").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(headings.iter().any(|heading| heading == link), "#{link} is no heading");
    }
}

/// As GitHub makes it of a heading.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .collect::<String>()
        .replace(' ', "-")
}
