//! What is wrong with a document, where, and the way out.

use std::fmt;

use crate::model::text::{Untrusted, neutral};

/// The most faults that are reported together; a document with more has one cause.
const MOST: usize = 200;

/// One fault of form in one document. Whoever wrote the document has to correct it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file, as it was given.
    pub file: Untrusted,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong. May quote the document: neutralise it when printing.
    pub message: String,
    /// The way out. May quote the document.
    pub fix: Option<String>,
}

impl Fault {
    /// A fault at a line and column.
    pub fn new(file: &str, (line, column): (usize, usize), message: impl Into<String>, fix: Option<String>) -> Self {
        Self { file: file.into(), line, column, message: message.into(), fix }
    }

    /// `file:line:column: message`, neutralised, without the way out.
    #[must_use]
    pub fn headline(&self) -> String {
        format!("{}:{}:{}: {}", self.file.line(), self.line, self.column, neutral(&self.message))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline())?;
        match &self.fix {
            Some(fix) => write!(f, "; {}", neutral(fix)),
            None => Ok(()),
        }
    }
}

/// All faults of one or several documents, by place; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Sorts and bounds.
    #[must_use]
    pub fn new(mut faults: Vec<Fault>) -> Self {
        faults.sort();
        faults.dedup();
        let beyond = faults.len().saturating_sub(MOST);
        faults.truncate(MOST);
        if let (1.., Some(last)) = (beyond, faults.last().cloned()) {
            faults.push(Fault { message: format!("and {beyond} more faults after this one"), fix: None, ..last });
        }
        Self(faults)
    }

    /// The faults.
    #[must_use]
    pub fn as_slice(&self) -> &[Fault] {
        &self.0
    }

    /// The faults, given away.
    #[must_use]
    pub fn into_vec(self) -> Vec<Fault> {
        self.0
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, fault) in self.0.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Line and column, from 1, of a byte offset.
pub(super) fn place_of(bytes: &[u8], offset: usize) -> (usize, usize) {
    let before = bytes.get(..offset).unwrap_or(bytes);
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    // Characters, not bytes: continuation bytes of UTF-8 do not count.
    let column = before.get(start..).unwrap_or_default().iter().filter(|b| **b & 0xc0 != 0x80).count() + 1;
    (line, column)
}
