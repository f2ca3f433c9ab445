//! Write a decision for a reader.
//!
//! What must stay true: a renderer sees the decision and a writer, nothing else; it decides nothing, and every one that
//! carries totals shows the same.

use std::io;

use crate::decision::Decision;

/// How to write for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI colours are wanted.
    pub color: bool,
    /// Columns.
    pub width: usize,
    /// Whether the reader sees more than ASCII.
    pub unicode: bool,
    /// Only the line that says the decision.
    pub quiet: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, width: 80, unicode: true, quiet: false }
    }
}

/// One output format.
#[derive(Debug)]
pub struct Renderer {
    /// What `--output` takes.
    pub id: &'static str,
    /// For people.
    pub title: &'static str,
    /// Writes the whole output.
    pub write: fn(&Decision, &Style, &mut dyn io::Write) -> io::Result<()>,
}

/// Every output format, by id.
pub static RENDERERS: &[&Renderer] = &[];
