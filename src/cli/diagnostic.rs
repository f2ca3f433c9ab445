//! Errors for people, on standard error.
//!
//! What must stay true: whatever is printed is neutralised, because a message may quote a file name, a report or a policy.

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::error::CliError;
use crate::model::text::{guard_line_start, neutral};

/// The most problems that are printed one by one.
const MOST: usize = 50;

/// Prints every problem with its way out. Nothing can be done where standard error is gone.
pub fn report(error: &CliError) {
    let mut text = String::new();
    for problem in error.problems.iter().take(MOST) {
        paragraph(&mut text, "error: ", &problem.message);
        if let Some(hint) = &problem.hint {
            paragraph(&mut text, "  next: ", hint);
        }
    }
    if error.problems.len() > MOST {
        paragraph(&mut text, "error: ", &format!("and {} more", error.problems.len() - MOST));
    }
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Prints something worth knowing that is no fault.
pub fn note(message: &str) {
    let mut text = String::new();
    paragraph(&mut text, "note: ", message);
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// How far a long work is, on one line of standard error that is gone in the end; nothing where nobody is there to look at it.
#[derive(Debug)]
pub struct Progress {
    what: &'static str,
    done: AtomicUsize,
    all: usize,
    /// How often the line is written anew.
    every: usize,
    shown: bool,
}

impl Progress {
    /// None of `all` is done.
    #[must_use]
    pub fn new(what: &'static str, all: usize, quiet: bool) -> Self {
        let is_ci = super::io::variable("CI").is_some();
        let shown = is_shown(quiet, is_ci, std::io::stderr().is_terminal());
        let progress = Self { what, done: AtomicUsize::new(0), all, every: (all / 64).clamp(1, 16), shown };
        progress.write(0);
        progress
    }

    /// One more is done.
    pub fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(self.every) || done == self.all {
            self.write(done);
        }
    }

    fn write(&self, done: usize) {
        if self.shown {
            let _ = write!(std::io::stderr().lock(), "\r{done} of {} {}", self.all, self.what);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[K");
        }
    }
}

/// Somebody looks at a terminal that no CI system keeps as a log, and has not asked for silence.
const fn is_shown(quiet: bool, is_ci: bool, is_terminal: bool) -> bool {
    is_terminal && !is_ci && !quiet
}

/// Prints what is wrong with the command line, line by line.
pub fn usage(message: &str) {
    let mut text = String::new();
    for line in message.lines() {
        text.push_str(&guard_line_start(&neutral(line)));
        text.push('\n');
    }
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Our own messages may hold line breaks (a policy's source line with a caret); text from outside in them cannot do harm.
fn paragraph(text: &mut String, label: &str, message: &str) {
    for (n, line) in message.lines().enumerate() {
        let indent = if n == 0 { label.to_owned() } else { " ".repeat(label.len()) };
        text.push_str(&guard_line_start(&format!("{indent}{}", neutral(line))));
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_a_work_is_is_told_to_people_alone() {
        for (quiet, is_ci, is_terminal) in [(true, false, true), (false, true, true), (false, false, false)] {
            assert!(!is_shown(quiet, is_ci, is_terminal), "{quiet} {is_ci} {is_terminal}");
        }
        assert!(is_shown(false, false, true));
    }
}
