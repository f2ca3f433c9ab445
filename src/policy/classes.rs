//! Findings that a rule cannot tell apart, together.
//!
//! What must stay true: two findings are in one class only when the rule sees the same of both, and of the exceptions that cover
//! them; so the verdict on one is the verdict on all.

use std::collections::BTreeMap;

use regorus::Value;

use super::reads::Reads;

/// A finding, and the exception that covers it or null.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subject {
    pub(super) finding: Value,
    pub(super) exception: Value,
}

/// What the rule sees, and the indices of the findings that look like that, in order.
pub(super) fn classes(reads: &Reads, subjects: &[Subject]) -> BTreeMap<Subject, Vec<usize>> {
    let mut classes: BTreeMap<Subject, Vec<usize>> = BTreeMap::new();
    for (index, subject) in subjects.iter().enumerate() {
        let seen = Subject {
            finding: reads.finding.project(&subject.finding),
            exception: reads.exception.project(&subject.exception),
        };
        classes.entry(seen).or_default().push(index);
    }
    classes
}
