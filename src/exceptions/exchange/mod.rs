//! Records in the words of the scanners' own ignore files, and back.
//!
//! What must stay true: a file never ignores more than its records cover. What a tool has no words for is left out, and said; and
//! what is read from a tool's file is no record before somebody has filled in what the file does not say.
//!
//! A tool is one file here plus its row in [`TOOLS`].

mod cargo;
mod grype;
mod openvex;
mod osv_scanner;
mod read;
mod snyk;
mod trivy;

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;

use packageurl::PackageUrl;

use super::criteria::is_cwe;
use crate::model::exception::{Exception, Match};
use crate::model::finding::{Finding, Kind};
use crate::model::text::{Untrusted, neutral};
use crate::model::time::Date;
use crate::strict::{Document, Fault};

pub use read::{Imported, by_file, import};

/// A tool that has an ignore file.
#[derive(Debug)]
pub struct Tool {
    /// What `--format` takes.
    pub id: &'static str,
    /// The file as the tool looks for it.
    pub file: &'static str,
    /// Whether the file says when an entry ends.
    ends: bool,
    /// Whether a finding that is named in it is not reported any more.
    hides: bool,
    /// What stands before the entries, and what where there are none.
    frame: fn(&[String], Date) -> String,
    /// One record in the tool's words, or why it has none.
    say: fn(&Entry) -> Result<String, String>,
    /// Reads the tool's file; none for a tool whose file says nothing that a record could be made from.
    read: Option<Read>,
}

/// Entries of a tool's file that a record could say; the others become faults.
type Read = fn(&Document, &mut Vec<Fault>) -> Vec<Ignored>;

impl Tool {
    /// Whether its file can be imported.
    #[must_use]
    pub fn reads(&self) -> bool {
        self.read.is_some()
    }
}

/// Every tool, by id.
pub static TOOLS: &[&Tool] =
    &[&cargo::AUDIT, &cargo::DENY, &grype::TOOL, &openvex::TOOL, &osv_scanner::TOOL, &snyk::TOOL, &trivy::TOOL];

/// What a record says that could be said to a tool.
#[derive(Clone, Debug)]
struct Entry {
    ids: Vec<Untrusted>,
    package: Option<Untrusted>,
    path: Option<Untrusted>,
    rule: Option<Untrusted>,
    kind: Option<Kind>,
    created: Date,
    expires: Date,
    /// The record, its owner and its reason, in one line.
    statement: String,
    mitigation: String,
}

/// An entry of a tool's file, as a record could say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Ignored {
    criteria: Match,
    reason: Option<Untrusted>,
    expires: Option<Date>,
    line: usize,
}

/// A record that was not written, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The record.
    pub id: Untrusted,
    /// What the tool has no words for.
    pub why: Untrusted,
}

/// Where a file will be used.
#[derive(Clone, Debug, Default)]
pub struct Here<'a> {
    /// The repository that it lies in.
    pub repository: Option<&'a str>,
    /// Where the file is for this run alone: for each record the names that it may ignore here, see [`names_of_this_run`].
    pub of_this_run: Option<BTreeMap<Untrusted, Vec<Untrusted>>>,
}

/// For each record, given as its id and the ids of the findings that it covers, the names of which it covers every finding.
#[must_use]
pub fn names_of_this_run(
    covers: &BTreeMap<Untrusted, BTreeSet<Untrusted>>,
    findings: &[Finding],
) -> BTreeMap<Untrusted, Vec<Untrusted>> {
    let mut named: BTreeMap<&Untrusted, Vec<&Untrusted>> = BTreeMap::new();
    for finding in findings {
        for name in finding.ids.iter().filter(|id| !is_cwe(id.as_raw())) {
            named.entry(name).or_default().push(&finding.id);
        }
    }
    let mut names: BTreeMap<Untrusted, Vec<Untrusted>> = BTreeMap::new();
    for (record, covered) in covers {
        let whole = named.iter().filter(|(_, findings)| findings.iter().all(|id| covered.contains(*id)));
        let whole: Vec<Untrusted> = whole.map(|(name, _)| (*name).clone()).collect();
        if !whole.is_empty() {
            names.insert(record.clone(), whole);
        }
    }
    names
}

/// A tool's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Its text.
    pub text: String,
    /// Records that it says in part or not at all.
    pub left_out: Vec<LeftOut>,
    /// How many records it says.
    pub records: usize,
}

/// Finds a tool by id.
#[must_use]
pub fn tool(id: &str) -> Option<&'static Tool> {
    TOOLS.iter().copied().find(|tool| tool.id == id)
}

/// Writes records in a tool's words. They have to be in force and admitted.
#[must_use]
pub fn export(tool: &Tool, records: &[&Exception], here: &Here<'_>, today: Date) -> Exported {
    let mut entries = Vec::new();
    let mut left_out = Vec::new();
    for record in records {
        let said = entry(tool, record, here).and_then(|entry| (tool.say)(&entry));
        match said {
            Ok(text) => entries.push(text),
            Err(why) => left_out.push(LeftOut { id: record.id.clone(), why: why.into() }),
        }
    }
    Exported { text: (tool.frame)(&entries, today), records: entries.len(), left_out }
}

/// What of a record a file can say here.
fn entry(tool: &Tool, record: &Exception, here: &Here<'_>) -> Result<Entry, String> {
    let Match { ids, package, path, fingerprint, rule, kind, resource, verdict } = &record.criteria;
    if verdict.is_some() {
        return Err("it names a policy rule, and no finding".to_owned());
    }
    let line = |text: &Untrusted| text.line().replace('"', "'");
    let plain = Entry {
        ids: ids.iter().filter(|id| !is_cwe(id.as_raw())).cloned().collect(),
        package: package.clone(),
        path: path.clone(),
        rule: rule.clone(),
        kind: *kind,
        created: record.created,
        expires: record.expires,
        statement: format!("{}, {}: {}", line(&record.id), line(&record.owner), line(&record.reason)),
        mitigation: line(&record.mitigation),
    };
    if !tool.hides {
        return Ok(plain);
    }
    if let Some(of_this_run) = &here.of_this_run {
        return match of_this_run.get(&record.id) {
            None => Err("it covers all findings of no name here".to_owned()),
            Some(ids) => Ok(Entry { ids: ids.clone(), package: None, path: None, rule: None, kind: None, ..plain }),
        };
    }
    let scope = &record.scope;
    let repository = |one: &Untrusted| here.repository.is_some_and(|here| *one == here);
    for (what, said) in [
        ("service", scope.service.is_empty()),
        ("environment", scope.environment.is_empty()),
        ("repository", scope.repository.is_empty() || scope.repository.iter().any(repository)),
        ("fingerprint", fingerprint.is_none()),
        ("resource", resource.is_none()),
        ("end", tool.ends),
    ] {
        if !said {
            return Err(format!("{} has no word for its {what}", tool.file));
        }
    }
    Ok(plain)
}

impl Entry {
    /// Refuses what a tool has no words for.
    fn without(&self, tool: &str, keys: &[&str]) -> Result<(), String> {
        let given = [
            ("package", self.package.is_some()),
            ("path", self.path.is_some()),
            ("rule", self.rule.is_some()),
            ("kind", self.kind.is_some_and(|kind| kind != Kind::Vulnerability)),
        ];
        match given.iter().find(|(key, given)| *given && keys.contains(key)) {
            Some((key, _)) => Err(format!("{tool} has no word for its {key}")),
            None => Ok(()),
        }
    }

    /// Those of its names that a tool knows.
    fn named(&self, tool: &str, known: impl Fn(&str) -> bool) -> Result<Vec<&str>, String> {
        let names: Vec<&str> = self.ids.iter().map(Untrusted::as_raw).filter(|id| known(id)).collect();
        if names.is_empty() { Err(format!("none of its ids is one of {tool}'s")) } else { Ok(names) }
    }

    /// The first day on which it does not hold any more.
    fn over(&self) -> Date {
        self.expires.plus_days(1)
    }

    fn purl(&self) -> Option<String> {
        PackageUrl::from_str(self.package.as_ref()?.as_raw()).ok().map(|purl| purl.to_string())
    }
}

/// A text in double quotes, as JSON, YAML and TOML read it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(neutral(text).as_ref()).to_string()
}

/// What stands first in every file that has comments.
fn header(today: Date) -> String {
    format!("# Written by countersign from exception records on {today}; edit the records, not this file.\n")
}
