//! Write a decision for a reader.
//!
//! What must stay true: a renderer sees the decision and a writer, nothing else; it decides nothing, and every one that
//! carries totals shows the same.

mod about;
mod annotations;
pub mod csv;
mod dotenv;
mod events;
mod gitlab;
mod human;
pub mod json;
mod junit;
mod markdown;
mod openvex;
mod page;
mod queue;
mod sarif;

use std::io;

use crate::decision::Decision;
use crate::model::text::Untrusted;

pub(crate) use page::{Ink, Page};
#[cfg(test)]
pub(crate) use queue::Queue;

/// Which verdicts people see; a program's format holds all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Show {
    /// The first of every owner; the rest is counted.
    #[default]
    First,
    /// Every one.
    All,
    /// Every one that blocks; the rest is counted.
    Blocked,
}

/// How to write, and what a reader is told beside the decision.
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
    /// Which verdicts.
    pub show: Show,
    /// Where the evidence is, for the line before the last.
    pub evidence: Option<String>,
    /// The file that is shown where a format demands one and a verdict is about none: of those that judged, one of the repository's.
    pub anchor: Option<Untrusted>,
}

/// Where nothing of the repository judged: the place where its configuration would be.
const NO_ANCHOR: &str = "countersign.yaml";

impl Style {
    /// The file of a verdict that is about none.
    fn anchor(&self) -> Untrusted {
        self.anchor.clone().unwrap_or_else(|| NO_ANCHOR.into())
    }
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, width: 80, unicode: true, quiet: false, show: Show::First, evidence: None, anchor: None }
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
pub static RENDERERS: &[&Renderer] = &[
    &annotations::AZURE,
    &queue::CSV,
    &dotenv::RENDERER,
    &events::RENDERER,
    &annotations::GITHUB,
    &gitlab::ANNOTATIONS,
    &gitlab::QUALITY,
    &human::RENDERER,
    &json::RENDERER,
    &junit::RENDERER,
    &markdown::SUMMARY,
    &markdown::COMMENT,
    &openvex::RENDERER,
    &queue::RENDERER,
    &sarif::RENDERER,
];

/// Finds an output format by id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Renderer> {
    RENDERERS.iter().copied().find(|renderer| renderer.id == id)
}
