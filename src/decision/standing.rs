//! What a decision's verdicts are about, in a form that two decisions can be compared by.
//!
//! What must stay true: what changes from day to day by itself, such as an age in a message, makes no difference.

use std::collections::BTreeMap;

use super::{Verdict, VerdictAction};
use crate::model::text::Untrusted;

/// What a verdict is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// The policy rule.
    pub rule: Untrusted,
    /// The finding; else path and message without its figures.
    pub about: String,
    /// Among several that are alike.
    number: usize,
}

/// A verdict about one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Deny or warn.
    pub action: VerdictAction,
    /// Index into the decision's verdicts.
    pub verdict: usize,
}

/// Every verdict once for each finding that it is about.
#[must_use]
pub fn standing(verdicts: &[Verdict]) -> BTreeMap<Subject, Standing> {
    let mut all: BTreeMap<Subject, Standing> = BTreeMap::new();
    for (position, verdict) in verdicts.iter().enumerate() {
        let path = verdict.path.as_ref().map(Untrusted::as_raw).unwrap_or_default();
        let about: Vec<String> = match verdict.findings.as_slice() {
            [] => vec![format!("{path}\n{}", without_figures(verdict.msg.as_raw()))],
            findings => findings.iter().map(|id| id.as_raw().to_owned()).collect(),
        };
        for about in about {
            let mut subject = Subject { rule: verdict.rule.clone(), about, number: 0 };
            while all.contains_key(&subject) {
                subject.number += 1;
            }
            all.insert(subject, Standing { action: verdict.action, verdict: position });
        }
    }
    all
}

/// A message that counts hours or days is the same one tomorrow.
fn without_figures(msg: &str) -> String {
    msg.chars().filter(|c| !c.is_ascii_digit()).collect()
}
