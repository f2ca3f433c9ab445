//! What stands at a pointer into the facts, and the file that it comes from.
//!
//! What must stay true: a report is named by its path, its digest and the place in it, as the facts record them.

use serde::Serialize;
use serde_json::Value;

use super::{Fact, FactValue};
use crate::exceptions::Record;
use crate::facts::{Facts, TriagedFinding};
use crate::model::finding::Witness;
use crate::model::report::{Report, Sha256Field};
use crate::model::text::Untrusted;

/// A place in a file that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Source {
    /// The file, as it was given.
    pub file: Untrusted,
    /// The digest of a report's bytes; `null` for other files, whose digests the evidence's materials hold.
    pub sha256: Option<Sha256Field>,
    /// The place in a report: a JSON pointer, or an XML path.
    pub pointer: Option<Untrusted>,
    /// The line in a record's file.
    pub line: Option<usize>,
    /// Where the facts say so.
    pub fact: String,
}

/// Where a witness saw a finding.
pub(super) fn of_witness(witness: &Witness, facts: &Facts, fact: String) -> Source {
    of_report(facts.reports.get(witness.report), Some(&witness.pointer), fact)
}

fn of_report(report: Option<&Report>, pointer: Option<&Untrusted>, fact: String) -> Source {
    Source {
        file: report.map(|report| report.path.clone()).unwrap_or_default(),
        sha256: report.map(|report| report.digest),
        pointer: pointer.cloned(),
        line: None,
        fact,
    }
}

/// The facts, to look pointers up in.
pub(super) struct Book<'a> {
    /// Everything but the findings.
    rest: Value,
    findings: Vec<TriagedFinding>,
    facts: Facts,
    records: &'a [Record],
}

impl<'a> Book<'a> {
    pub(super) fn of(mut facts: Facts, records: &'a [Record]) -> Result<Self, serde_json::Error> {
        // There may be a million of them, and few are looked at.
        let findings = std::mem::take(&mut facts.findings);
        Ok(Self { rest: serde_json::to_value(&facts)?, findings, facts, records })
    }

    pub(super) fn fact(&self, pointer: String) -> Fact {
        let mut parts = pointer.split('/').skip(1);
        let (root, member) = (parts.next().unwrap_or_default(), parts.next().and_then(|part| part.parse().ok()));
        let below = pointer.splitn(4, '/').nth(3).map(|rest| format!("/{rest}")).unwrap_or_default();
        let whole;
        let (found, source) = match (root, member) {
            ("findings", None) => {
                let value = FactValue::Parts(self.findings.len());
                return Fact { pointer, value, source: None };
            }
            ("findings", Some(member)) => {
                let triaged = self.findings.get::<usize>(member);
                whole = triaged.and_then(|triaged| serde_json::to_value(triaged).ok()).unwrap_or_default();
                let source = triaged.and_then(|triaged| self.of_finding(triaged, member, &below));
                (whole.pointer(&below), source)
            }
            ("exceptions", Some(member)) => {
                let exception = self.facts.exceptions.get(member);
                let record = self.records.iter().find(|r| exception.is_some_and(|e| e.record.id == *r.id()));
                let source = record.map(|record| Source {
                    file: record.file.clone(),
                    sha256: None,
                    pointer: None,
                    line: Some(record.line),
                    fact: format!("/exceptions/{member}"),
                });
                (self.rest.pointer(&pointer), source)
            }
            ("reports", Some(member)) => {
                let report = self.facts.reports.get(member);
                let source = report.map(|report| of_report(Some(report), None, format!("/reports/{member}")));
                (self.rest.pointer(&pointer), source)
            }
            ("vex", Some(_)) => (self.rest.pointer(&pointer), self.of_statement(member)),
            _ => (self.rest.pointer(&pointer), self.of_document(&pointer)),
        };
        let value = match found {
            Some(Value::Array(members)) if !members.is_empty() => FactValue::Parts(members.len()),
            Some(Value::Object(fields)) if !fields.is_empty() => FactValue::Parts(fields.len()),
            Some(value) => FactValue::Is(value.clone()),
            None => FactValue::Is(Value::Null),
        };
        Fact { pointer, value, source }
    }

    /// The witness that gave the fact: of the severity the first that says it, else the first.
    fn of_finding(&self, triaged: &TriagedFinding, position: usize, below: &str) -> Option<Source> {
        const OURS: [&str; 7] = ["/id", "/owner", "/disposition", "/exception", "/known", "/first_seen", "/seen_days"];
        if OURS.contains(&below) {
            return None;
        }
        let finding = &triaged.finding;
        let says = |witness: &Witness| below != "/severity" || witness.severity == finding.severity;
        let number = finding.seen_by.iter().position(says)?;
        let witness = finding.seen_by.get(number)?;
        Some(of_witness(witness, &self.facts, format!("/findings/{position}/seen_by/{number}")))
    }

    /// A statement names its document.
    fn of_statement(&self, member: Option<usize>) -> Option<Source> {
        let fact = format!("/vex/{}", member?);
        let statement = self.rest.pointer(&fact)?;
        let text = |key: &str| statement.get(key).and_then(Value::as_str).map(Untrusted::from);
        Some(Source {
            file: text("path")?,
            sha256: statement.get("digest").and_then(|digest| serde_json::from_value(digest.clone()).ok()),
            pointer: text("pointer"),
            line: None,
            fact,
        })
    }

    /// What names a report by its number comes from it.
    fn of_document(&self, pointer: &str) -> Option<Source> {
        let mut at = pointer;
        while let Some((above, _)) = at.rsplit_once('/') {
            if let Some(number) = self.rest.pointer(at).and_then(|value| value.get("report")).and_then(Value::as_u64) {
                let report = usize::try_from(number).ok().and_then(|number| self.facts.reports.get(number))?;
                return Some(of_report(Some(report), None, at.to_owned()));
            }
            at = above;
        }
        None
    }
}
