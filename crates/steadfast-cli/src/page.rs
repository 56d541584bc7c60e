//! Text for people: wrapped to the width of the terminal, and coloured on one.

use std::io::{self, IsTerminal as _};

use steadfast::config::Environment;

/// Without a terminal to ask.
const USUAL_WIDTH: usize = 80;
/// Longer lines are hard to read, however wide the terminal is.
const GREATEST_WIDTH: usize = 100;
/// Narrower is not readable either: the terminal may wrap.
const LEAST_WIDTH: usize = 30;

/// Something to print, put together line by line.
#[derive(Debug)]
pub(crate) struct Page {
    text: String,
    width: usize,
    colour: bool,
}

/// How a piece of text is set off.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Style {
    Bold,
    Dim,
}

impl Page {
    /// A page for standard output.
    pub(crate) fn for_output(environment: &Environment) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let columns = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let width = columns.filter(|_| is_terminal).unwrap_or(USUAL_WIDTH);
        let colour = is_terminal && environment.get("NO_COLOR").unwrap_or_default().is_empty();
        Self::new(width, colour)
    }

    fn new(width: usize, colour: bool) -> Self {
        Self { text: String::new(), width: width.clamp(LEAST_WIDTH, GREATEST_WIDTH), colour }
    }

    /// A line of its own.
    pub(crate) fn heading(&mut self, text: &str) {
        let heading = self.styled(Style::Bold, text);
        self.text.push_str(&heading);
        self.text.push('\n');
    }

    /// An empty line.
    pub(crate) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A paragraph behind a label; its further lines begin below the first word.
    pub(crate) fn paragraph(&mut self, label: &str, text: &str) {
        let indent = label.chars().count();
        let mut label = label.to_owned();
        for line in wrapped(text, self.width.saturating_sub(indent)) {
            self.text.push_str(&label);
            self.text.push_str(&line);
            self.text.push('\n');
            label = " ".repeat(indent);
        }
    }

    /// A piece of text set off, where there is colour.
    pub(crate) fn styled(&self, style: Style, text: &str) -> String {
        let code = match style {
            Style::Bold => "1",
            Style::Dim => "2",
        };
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// What has been put together.
    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

/// The lines of a paragraph. A word that is longer than a line has one of its own.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_fit_the_width_and_hang_below_their_first_word() {
        let mut page = Page::new(30, false);
        page.paragraph("  1. ", "Look at the server's log: the reason stands there.");
        page.paragraph("", "x".repeat(50).as_str());
        let text = page.into_text();
        assert_eq!(
            text.lines().collect::<Vec<_>>(),
            ["  1. Look at the server's log:", "     the reason stands there.", &"x".repeat(50)]
        );
    }

    #[test]
    fn colour_is_only_where_it_is_wanted() {
        assert_eq!(Page::new(80, false).styled(Style::Bold, "a"), "a");
        assert_eq!(Page::new(80, true).styled(Style::Dim, "a"), "\u{1b}[2ma\u{1b}[0m");
    }
}
