//! The decision as `KEY=value` lines: what a pipeline branches on, and GitLab's `dotenv` report.
//!
//! What must stay true: every value is one of our own words, a number or a digest, never text from outside, so that no shell,
//! runner or log can be made to read more into a line. A few lines, far below GitLab's limits (5 KB, 20 variables).

use std::io;

use super::{Renderer, Style};
use crate::decision::Decision;

pub(super) static RENDERER: Renderer =
    Renderer { id: "dotenv", title: "outcome, exit code and counts as KEY=value lines", write };

fn write(decision: &Decision, _style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let Decision { id, outcome, exit_code, only_because_of, totals, gate, .. } = decision;
    writeln!(out, "COUNTERSIGN_DECISION={}", outcome.word())?;
    writeln!(out, "COUNTERSIGN_EXIT_CODE={exit_code}")?;
    writeln!(out, "COUNTERSIGN_BLOCKED={}", totals.deny)?;
    writeln!(out, "COUNTERSIGN_WARNED={}", totals.warn)?;
    writeln!(out, "COUNTERSIGN_EXCEPTED={}", totals.excepted)?;
    writeln!(out, "COUNTERSIGN_DECISIVE_EXCEPTIONS={}", only_because_of.len())?;
    writeln!(out, "COUNTERSIGN_NOT_AFFECTED={}", totals.not_affected)?;
    writeln!(out, "COUNTERSIGN_RESOLVED={}", totals.resolved)?;
    writeln!(out, "COUNTERSIGN_POLICY_DIGEST={}", gate.policy_digest)?;
    writeln!(out, "COUNTERSIGN_ID={id}")
}
