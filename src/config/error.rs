//! Errors of a configuration: each with its place in a file and its path in the tree, all of them reported at once.

use std::fmt;
use std::sync::Arc;

use super::at::At;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file's name as it was given.
    pub file: Arc<str>,
    /// From 1; 0: the file as a whole.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

impl Place {
    /// A file as a whole.
    pub fn file(name: &str) -> Self {
        Self {
            file: name.into(),
            line: 0,
            column: 0,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}:{}", self.file, self.column),
        }
    }
}

/// One error.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Error {
    /// Where it is.
    pub place: Place,
    /// Path in the tree, such as `platforms.acme.components.api`; empty: none.
    pub path: String,
    /// What was found and what was expected. Never a secret.
    pub message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "{}: {}", self.place, self.message),
            path => write!(f, "{}: {path}: {}", self.place, self.message),
        }
    }
}

/// Every error of a configuration: one line each, sorted by place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Errors(Vec<Error>);

impl Errors {
    /// The errors, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Error> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn push(
        &mut self,
        place: Place,
        path: impl Into<String>,
        message: impl Into<String>,
    ) {
        self.0.push(Error {
            place,
            path: path.into(),
            message: message.into(),
        });
    }

    /// An error in a value.
    pub(crate) fn value(&mut self, at: &At<'_>, message: impl Into<String>) {
        self.push(at.node.place.clone(), at.to_string(), message);
    }

    /// An error in a key, or in something that its mapping lacks.
    pub(crate) fn key(&mut self, at: &At<'_>, message: impl Into<String>) {
        self.push(at.key_place.clone(), at.to_string(), message);
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sorted: Vec<&Error> = self.0.iter().collect();
        sorted.sort();
        sorted.dedup();
        for (i, error) in sorted.into_iter().enumerate() {
            let end = if i == 0 { "" } else { "\n" };
            write!(f, "{end}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Errors {}
