//! `docs/configuration.md`, rendered from the tables that parsing uses.

use crate::config::draft::Draft;
use crate::config::options::PoolOptions;
use crate::config::table::{self, Applies, Row};
use crate::config::url::{FOREIGN, Foreign};

/// The reference of all options in Markdown: the text of `docs/configuration.md`, but for what a program adds.
#[must_use]
pub fn reference() -> String {
    let mut text = INTRODUCTION.to_owned();
    for (title, prefix) in [("Pool", "pool."), ("PostgreSQL", "postgres."), ("SQLite", "sqlite.")] {
        text.push_str(&format!("\n## {title}\n\n"));
        text.push_str("| option | environment | URL parameter | unit | default | accepted | for | why |\n");
        text.push_str("|---|---|---|---|---|---|---|---|\n");
        text.extend(table::rows().filter(|row| row.name.starts_with(prefix)).map(line));
    }
    text.push_str(FOREIGN_INTRODUCTION);
    text.extend(FOREIGN.iter().map(foreign_line));
    text
}

fn line(row: &Row) -> String {
    let variables: Vec<String> =
        std::iter::once(row.environment).chain(row.libpq).map(|name| format!("`{name}`")).collect();
    let parameter = match (row.parameter, row.part) {
        (Some(name), Some(part)) => format!("the {part} of the URL, or `{name}`"),
        (Some(name), None) => format!("`{name}`"),
        (None, Some(part)) => format!("the {part} of the URL"),
        (None, None) => String::new(),
    };
    let cells = [
        format!("`{}`", row.name),
        variables.join(", "),
        parameter,
        row.unit.to_owned(),
        default(row),
        row.accepted.to_owned(),
        row.applies.words().to_owned(),
        row.reason.to_owned(),
    ];
    cells_line(&cells)
}

/// The default as the code has it; for SQLite too where that differs.
fn default(row: &Row) -> String {
    if let Some(words) = row.default {
        return words.to_owned();
    }
    let quoted =
        |draft: &Draft| (row.text)(draft).map_or_else(|| "none".to_owned(), |text| format!("`{text}`"));
    let general = quoted(&Draft::default());
    let sqlite = quoted(&Draft { pool: PoolOptions::sqlite(), ..Draft::default() });
    if row.applies == Applies::Both && general != sqlite {
        format!("{general} (SQLite: {sqlite})")
    } else {
        general
    }
}

fn foreign_line(foreign: &Foreign) -> String {
    let cells = [
        format!("`{}`", foreign.name),
        foreign.from.to_owned(),
        foreign.meaning.to_owned(),
        foreign.accepted.to_owned(),
    ];
    cells_line(&cells)
}

fn cells_line(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

const INTRODUCTION: &str = include_str!("reference/introduction.md");
const FOREIGN_INTRODUCTION: &str = include_str!("reference/foreign.md");

#[cfg(test)]
mod tests {
    use super::reference;

    /// Beside the workspace's crates; absent where this crate is built from a registry.
    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");

    #[test]
    fn the_documentation_is_what_the_table_renders() {
        if !std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml")).exists() {
            return;
        }
        let written = std::fs::read_to_string(FILE).unwrap_or_default();
        // The program adds its own settings at the end, and compares the whole.
        if !written.starts_with(&reference()) {
            let line = written.lines().zip(reference().lines()).position(|(a, b)| a != b);
            panic!(
                "docs/configuration.md differs from the table of options (first at line {:?}); write it anew: \
                 cargo run -p steadfast-cli -- config --reference > docs/configuration.md",
                line.map(|line| line + 1)
            );
        }
    }

    #[test]
    fn every_line_of_a_table_has_all_its_cells() {
        let text = reference();
        let mut width = 0;
        for line in text.lines() {
            let cells = line.replace("\\|", "").matches('|').count();
            if cells == 0 {
                width = 0;
            } else if width == 0 {
                width = cells;
            } else {
                assert_eq!(cells, width, "{line}");
            }
        }
    }
}
