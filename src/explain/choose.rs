//! What is meant by a name: a verdict, a rule or a finding.
//!
//! What must stay true: a name that could mean two things means none, and all of them are listed.

use crate::decision::{Decision, Verdict};
use crate::facts::TriagedFinding;
use crate::model::digest::Digest;
use crate::model::text::Untrusted;
use crate::policy::Bundle;

/// What a name could mean, one of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The name that means this alone.
    pub id: Untrusted,
    /// What it is, one line.
    pub what: Untrusted,
}

/// Why a name means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfound {
    /// There is no such thing.
    #[error("there is no finding, rule or verdict of this name")]
    Nothing {
        /// What there is, verdicts first.
        instead: Vec<Choice>,
    },
    /// The rule says nothing here.
    #[error("the rule has no verdict here: it passed")]
    Passed,
    /// There are several.
    #[error("the name means more than one thing")]
    Several(Vec<Choice>),
}

/// What is explained.
pub(super) struct Chosen<'a> {
    /// The id of the finding that it is about, where there is one.
    pub(super) finding: Option<&'a Untrusted>,
    pub(super) verdicts: Vec<&'a Verdict>,
}

/// A name of a verdict that stays from run to run while the verdict does.
pub(super) fn id(verdict: &Verdict) -> String {
    let text = |text: &Option<Untrusted>| text.as_ref().map(|text| text.as_raw().to_owned()).unwrap_or_default();
    let parts = [
        verdict.rule.as_raw(),
        verdict.owner.as_raw(),
        verdict.severity.word(),
        &text(&verdict.path),
        &text(&verdict.next),
        verdict.msg.as_raw(),
    ];
    let hex: String = Digest::of(parts.join("\n")).hex().chars().take(16).collect();
    format!("v-{hex}")
}

/// The verdict of this id, the finding of this id or fingerprint, the only verdict of this rule, or the only finding of this name.
pub(super) fn choose<'a>(wanted: &str, decision: &'a Decision, bundle: &Bundle) -> Result<Chosen<'a>, Unfound> {
    if let Some(verdict) = decision.verdicts.iter().find(|verdict| id(verdict) == wanted) {
        return Ok(of_verdict(verdict));
    }
    let exact = |triaged: &&TriagedFinding| triaged.finding.id == *wanted || triaged.finding.fingerprint == *wanted;
    if let Some(triaged) = decision.findings.iter().find(exact) {
        return Ok(of_finding(triaged, decision));
    }
    let of_rule: Vec<&Verdict> = decision.verdicts.iter().filter(|verdict| verdict.rule == *wanted).collect();
    match of_rule.as_slice() {
        [] => {}
        [one] => return Ok(of_verdict(one)),
        several => return Err(Unfound::Several(several.iter().copied().map(choice).collect())),
    }
    let is_named = |triaged: &&TriagedFinding| {
        let finding = &triaged.finding;
        let mut names = finding.ids.iter().chain([&finding.rule.id]);
        names.any(|name| name.as_raw().eq_ignore_ascii_case(wanted))
    };
    let named: Vec<&TriagedFinding> = decision.findings.iter().filter(is_named).collect();
    match named.as_slice() {
        [one] => Ok(of_finding(one, decision)),
        [] if bundle.rules.iter().any(|rule| rule.id == wanted) => Err(Unfound::Passed),
        [] => {
            let findings = decision.findings.iter().map(finding_choice);
            Err(Unfound::Nothing { instead: decision.verdicts.iter().map(choice).chain(findings).collect() })
        }
        several => Err(Unfound::Several(several.iter().copied().map(finding_choice).collect())),
    }
}

fn of_verdict(verdict: &Verdict) -> Chosen<'_> {
    Chosen { finding: verdict.findings.first(), verdicts: vec![verdict] }
}

fn of_finding<'a>(triaged: &'a TriagedFinding, decision: &'a Decision) -> Chosen<'a> {
    let id = &triaged.finding.id;
    let verdicts = decision.verdicts.iter().filter(|verdict| verdict.findings.contains(id)).collect();
    Chosen { finding: Some(id), verdicts }
}

fn choice(verdict: &Verdict) -> Choice {
    let what = format!("{} {}: {}", verdict.action.word(), verdict.rule.as_raw(), verdict.msg.as_raw());
    Choice { id: id(verdict).into(), what: what.into() }
}

fn finding_choice(triaged: &TriagedFinding) -> Choice {
    let finding = &triaged.finding;
    let name = finding.ids.first().unwrap_or(&finding.rule.id).as_raw();
    let package = finding.package.as_ref().map(|package| {
        let version = package.version.as_ref().map(|version| format!(" {}", version.as_raw())).unwrap_or_default();
        format!("  {}{version}", package.name.as_raw())
    });
    let path = finding.location.path.as_ref().map(|path| format!("  {}", path.as_raw()));
    let what = format!(
        "{} {} {name}{}{}",
        triaged.disposition.word(),
        finding.severity.word(),
        package.unwrap_or_default(),
        path.unwrap_or_default()
    );
    Choice { id: finding.id.clone(), what: what.into() }
}
