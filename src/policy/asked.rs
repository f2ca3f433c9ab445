//! What the engine is given to judge: the facts, without the list of findings where no rule goes through it, and the findings as
//! rules on findings can see them, alike ones once.
//!
//! What must stay true: whatever a rule that is asked can read is there. What it cannot read is left out, so that a hundred
//! thousand findings cost no more than the kinds of them.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::PolicyError;
use super::reads::Reads;
use crate::facts::{Facts, TriagedFinding};
use crate::model::text::Untrusted;
use crate::parallel;
use crate::projection::{self, Fields, Kept};

/// The key of the facts that holds the findings.
const FINDINGS: &str = "findings";

/// Facts for the engine.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// `{"facts": …, "subjects": [{"finding": …, "exception": …}, …]}`.
    pub(super) body: Vec<u8>,
    /// For each subject, the findings that look like it to every rule, in their order.
    pub(super) members: Vec<Vec<usize>>,
}

/// The findings that rules on findings are asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subjects {
    /// None.
    None,
    /// All, alike ones once.
    Alike,
    /// All, each on its own.
    #[cfg(test)]
    Apart,
    /// One, and nothing is left out.
    One(usize),
}

impl Asked {
    /// What rules that read this are given.
    ///
    /// # Errors
    /// A bug: a finding's exception is not among the facts, or the facts are no JSON.
    pub(super) fn new(facts: &Facts, reads: &Reads, subjects: Subjects) -> Result<Self, PolicyError> {
        let mut body = b"{\"facts\":".to_vec();
        match subjects {
            Subjects::None | Subjects::Alike if !reads.input.has(FINDINGS) => {
                written(&mut body, facts, Kept::Without(FINDINGS))?;
            }
            _ => facts.write(&mut body).map_err(|error| PolicyError::bug(error.to_string()))?,
        }
        body.extend_from_slice(b",\"subjects\":[");
        let members = match subjects {
            Subjects::None => Vec::new(),
            Subjects::Alike => list(&mut body, facts, &reads.finding, &reads.exception, 0..facts.findings.len())?,
            #[cfg(test)]
            Subjects::Apart => list(&mut body, facts, &EVERYTHING, &EVERYTHING, 0..facts.findings.len())?,
            Subjects::One(index) => list(&mut body, facts, &EVERYTHING, &EVERYTHING, index..index + 1)?,
        };
        body.extend_from_slice(b"]}");
        Ok(Self { body, members })
    }
}

static EVERYTHING: Fields = Fields { whole: true, below: BTreeMap::new() };

/// Findings that a thread looks at at a time.
const AT_A_TIME: usize = 2_000;

/// The different ones among some findings, in the order in which they are met, and which findings each of them is.
type Different = Vec<(Vec<u8>, Vec<usize>)>;

/// Writes the different ones among these findings, and says which findings each of them is.
fn list(
    body: &mut Vec<u8>,
    facts: &Facts,
    of_finding: &Fields,
    of_exception: &Fields,
    which: Range<usize>,
) -> Result<Vec<Vec<usize>>, PolicyError> {
    let exceptions = exceptions(facts, of_exception)?;
    let some: Vec<Range<usize>> =
        which.clone().step_by(AT_A_TIME).map(|from| from..which.end.min(from + AT_A_TIME)).collect();
    let different =
        parallel::map(&some, parallel::cores(), |some| different(facts, of_finding, &exceptions, some.clone()));
    let mut members: Vec<Vec<usize>> = Vec::new();
    let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
    for (subject, findings) in different.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten() {
        if let Some(alike) = known.get(&subject).and_then(|place| members.get_mut(*place)) {
            alike.extend(findings);
            continue;
        }
        if !members.is_empty() {
            body.push(b',');
        }
        body.extend_from_slice(&subject);
        known.insert(subject, members.len());
        members.push(findings);
    }
    Ok(members)
}

fn different(
    facts: &Facts,
    of_finding: &Fields,
    exceptions: &BTreeMap<&Untrusted, Vec<u8>>,
    which: Range<usize>,
) -> Result<Different, PolicyError> {
    let mut different: Different = Vec::new();
    let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut subject = Vec::new();
    for (index, triaged) in facts.findings.iter().enumerate().take(which.end).skip(which.start) {
        subject.clear();
        subject.extend_from_slice(b"{\"finding\":");
        written(&mut subject, triaged, Kept::Only(of_finding))?;
        subject.extend_from_slice(b",\"exception\":");
        subject.extend_from_slice(exception(triaged, exceptions)?);
        subject.push(b'}');
        if let Some((_, alike)) = known.get(&subject).and_then(|place| different.get_mut(*place)) {
            alike.push(index);
            continue;
        }
        known.insert(subject.clone(), different.len());
        different.push((subject.clone(), vec![index]));
    }
    Ok(different)
}

/// The exceptions as rules see them, by id.
fn exceptions<'f>(facts: &'f Facts, fields: &Fields) -> Result<BTreeMap<&'f Untrusted, Vec<u8>>, PolicyError> {
    let one = |exception| {
        let mut json = Vec::new();
        written(&mut json, exception, Kept::Only(fields)).map(|()| json)
    };
    facts.exceptions.iter().map(|exception| Ok((&exception.record.id, one(exception)?))).collect()
}

fn exception<'e>(
    triaged: &TriagedFinding,
    exceptions: &'e BTreeMap<&Untrusted, Vec<u8>>,
) -> Result<&'e [u8], PolicyError> {
    let Some(covered_by) = &triaged.exception else { return Ok(b"null") };
    exceptions.get(covered_by).map(Vec::as_slice).ok_or_else(|| {
        let (id, covered_by) = (triaged.finding.id.line(), covered_by.line());
        PolicyError::bug(format!("{id} is covered by {covered_by}, which is not among the exceptions"))
    })
}

fn written<T: serde::Serialize>(out: &mut Vec<u8>, value: &T, kept: Kept<'_>) -> Result<(), PolicyError> {
    projection::write(out, value, kept).map_err(|error| PolicyError::bug(error.to_string()))
}
