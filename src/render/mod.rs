//! Write a decision for a reader.
//!
//! What must stay true: a renderer sees the decision and a writer, nothing else; it decides nothing, and every one that
//! carries totals shows the same.

mod dotenv;
mod human;
pub mod json;
mod page;
mod queue;

use std::io;

use crate::decision::Decision;

/// How to write for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI colours are wanted.
    pub color: bool,
    /// Columns.
    pub width: usize,
    /// Whether the reader sees more than ASCII.
    pub unicode: bool,
    /// Only the line that says the decision.
    pub quiet: bool,
    /// Where the evidence is, for the line before the last.
    pub evidence: Option<String>,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, width: 80, unicode: true, quiet: false, evidence: None }
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
pub static RENDERERS: &[&Renderer] = &[&dotenv::RENDERER, &human::RENDERER, &json::RENDERER, &queue::RENDERER];

/// Finds an output format by id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Renderer> {
    RENDERERS.iter().copied().find(|renderer| renderer.id == id)
}
