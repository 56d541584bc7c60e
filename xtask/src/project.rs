//! The files of the project, as the rules see them.

use std::path::Path;

use crate::source::Source;

/// Directories that hold nothing of ours.
const SKIPPED: &[&str] = &["target", ".git", "node_modules", "corpus", "artifacts", "proptest-regressions"];
/// What is written by people. Everything else, such as pictures, is left alone.
const TEXT: &[&str] =
    &["rs", "toml", "md", "sh", "sql", "yml", "yaml", "json", "html", "css", "js", "py", "txt"];
/// Files that a tool writes.
const GENERATED: &[&str] = &["Cargo.lock", "package-lock.json"];

/// A text file; paths are relative to the project's root, with slashes.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Everything the rules look at.
#[derive(Debug, Default)]
pub(crate) struct Project {
    pub(crate) files: Vec<File>,
    pub(crate) sources: Vec<Source>,
    /// Every path there is, text or not, directories included.
    pub(crate) paths: Vec<String>,
}

impl Project {
    pub(crate) fn read(root: &Path) -> std::io::Result<Self> {
        let mut project = Self::default();
        project.read_directory(root, "")?;
        Ok(project)
    }

    /// For tests of rules: a project of these files.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let mut project = Self::default();
        for (path, text) in files {
            project.add((*path).to_owned(), (*text).to_owned());
        }
        project
    }

    pub(crate) fn source(&self, path: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.path == path)
    }

    fn read_directory(&mut self, directory: &Path, name: &str) -> std::io::Result<()> {
        let mut entries: Vec<_> = std::fs::read_dir(directory)?.collect::<Result<_, _>>()?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let file_name = entry.file_name().to_string_lossy().into_owned();
            let path = if name.is_empty() { file_name.clone() } else { format!("{name}/{file_name}") };
            let kind = entry.file_type()?;
            if kind.is_dir() && !SKIPPED.contains(&file_name.as_str()) {
                self.paths.push(path.clone());
                self.read_directory(&entry.path(), &path)?;
            } else if kind.is_file() {
                match is_text(&path, &file_name).then(|| std::fs::read_to_string(entry.path())) {
                    Some(Ok(text)) => self.add(path, text),
                    Some(Err(_)) | None => self.paths.push(path),
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, path: String, text: String) {
        self.paths.push(path.clone());
        if path.ends_with(".rs") {
            self.sources.push(Source::new(&path, &text));
        }
        self.files.push(File { path, text });
    }
}

fn is_text(path: &str, name: &str) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let is_script = path.starts_with("scripts/") || path.starts_with(".ci/");
    !GENERATED.contains(&name) && (is_script || TEXT.contains(&extension))
}
