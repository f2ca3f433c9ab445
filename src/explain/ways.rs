//! What makes a verdict go away, the cheapest first.
//!
//! What must stay true: an exception is offered only where the policy itself says that it would help, with everything that the profile
//! demands of it; and a command to paste never holds text that a shell would obey.

use std::collections::BTreeSet;

use serde::Serialize;

use super::whatif::{Lifting, with_exception};
use super::{About, Bearing, Origin};
use crate::decision::{Verdict, VerdictAction};
use crate::facts::TriagedFinding;
use crate::model::exception::ExceptionState;
use crate::model::finding::{Kind, Location};
use crate::model::package::FixState;
use crate::model::profile::ExceptionDemands;
use crate::model::service::Exposure;
use crate::model::severity::Severity;
use crate::model::text::Untrusted;
use crate::model::time::Date;
use crate::policy::PolicyError;

/// The longest life that a command proposes, in days: a shorter one is asked for more easily.
const PROPOSED_DAYS: u32 = 30;
/// Places that are named; the rest is counted.
const NAMED: usize = 3;

/// One way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Way {
    /// How dear it is, compared with the others; 1 is the cheapest.
    pub cost: u8,
    /// Of what kind.
    pub kind: WayKind,
    /// What to do, one line.
    pub what: Untrusted,
    /// What remains then.
    pub leaves: Effect,
    /// What it needs beside that, one line each.
    pub needs: Vec<Untrusted>,
    /// A command line to paste.
    pub command: Option<Untrusted>,
}

/// The kinds of ways, the cheapest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum WayKind {
    /// Take a version that contains the fix.
    Upgrade,
    /// Give the gate what it lacks: a report, a receipt, a file.
    Supply,
    /// Mend what was found, where it was found.
    Fix,
    /// Do what the rule says.
    Act,
    /// Do without the package.
    Replace,
    /// Mend an exception that is there and does not count.
    Mend,
    /// Give an exception that is over another end.
    Renew,
    /// Ask for an exception.
    Except,
}

impl WayKind {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Upgrade => "upgrade",
            Self::Supply => "supply",
            Self::Fix => "fix",
            Self::Act => "act",
            Self::Replace => "replace",
            Self::Mend => "mend",
            Self::Renew => "renew",
            Self::Except => "except",
        }
    }

    const fn cost(self) -> u8 {
        match self {
            Self::Upgrade => 1,
            Self::Supply => 2,
            Self::Fix => 3,
            Self::Act => 4,
            Self::Replace => 5,
            Self::Mend => 6,
            Self::Renew => 7,
            Self::Except => 8,
        }
    }
}

/// What remains of the verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// None of them.
    Nothing,
    /// A warning.
    Warning,
    /// A block: no way.
    Block,
}

/// What was found.
pub(super) struct Ways {
    pub(super) ways: Vec<Way>,
    pub(super) no_ways: Vec<Untrusted>,
}

/// Every way that is known.
pub(super) fn ways(about: &About<'_>, exceptions: &[Bearing]) -> Result<Ways, PolicyError> {
    let mut found = Ways { ways: Vec::new(), no_ways: Vec::new() };
    if about.verdicts.is_empty() {
        return Ok(found);
    }
    match about.finding().filter(|_| about.verdicts.iter().any(|verdict| !verdict.findings.is_empty())) {
        Some(triaged) => {
            found.ways.push(mending(triaged));
            by_exception_of_finding(about, triaged, exceptions, &mut found)?;
        }
        None => {
            for verdict in &about.verdicts {
                found.ways.extend(doing(verdict));
                by_exception_of_rule(about, verdict, exceptions, &mut found)?;
            }
        }
    }
    found.ways.sort();
    found.ways.dedup();
    Ok(found)
}

fn way(kind: WayKind, what: String) -> Way {
    Way { cost: kind.cost(), kind, what: what.into(), leaves: Effect::Nothing, needs: Vec::new(), command: None }
}

/// What the rule itself says to do.
fn doing(verdict: &Verdict) -> Option<Way> {
    let kind = if verdict.rule.as_raw().starts_with("coverage/") { WayKind::Supply } else { WayKind::Act };
    verdict.next.as_ref().map(|next| way(kind, next.as_raw().to_owned()))
}

/// What is to be done about a finding itself.
fn mending(triaged: &TriagedFinding) -> Way {
    let finding = &triaged.finding;
    let places = places(triaged);
    let place = if places.is_empty() { String::new() } else { format!(" at {places}") };
    let package = finding.package.as_deref();
    let name = package.map(|package| package.name.as_raw()).unwrap_or("the package");
    match finding.kind {
        Kind::Vulnerability => {
            let version = package.and_then(|package| package.version.as_ref()).map(|v| format!(" from {}", v.as_raw()));
            let version = version.unwrap_or_default();
            let fixed: Vec<&str> =
                package.map(|package| package.fixed_in.iter().map(Untrusted::as_raw).collect()).unwrap_or_default();
            let fix_state = package.map(|package| package.fix_state).unwrap_or_default();
            match (fixed.as_slice(), fix_state) {
                ([], FixState::WontFix) => {
                    way(WayKind::Replace, format!("replace {name}: its supplier says that there will be no fix"))
                }
                ([], FixState::NotFixed) => {
                    way(WayKind::Replace, format!("replace {name}, or wait: no version contains a fix yet"))
                }
                ([], FixState::Fixed | FixState::Unknown) => {
                    way(WayKind::Upgrade, format!("upgrade {name}{version}; the report does not say to which version"))
                }
                (fixed, _) => way(WayKind::Upgrade, format!("upgrade {name}{version} to {}", fixed.join(" or "))),
            }
        }
        Kind::License => way(WayKind::Replace, format!("replace {name}, or have its licence allowed in the profile")),
        Kind::Malware => {
            way(WayKind::Replace, format!("remove {name}, and treat whatever installed it as compromised"))
        }
        Kind::Secret => way(WayKind::Fix, format!("rotate the credential first, then remove it{place}")),
        Kind::Test => way(WayKind::Fix, format!("make the test pass: {}{place}", finding.rule.id.as_raw())),
        Kind::Weakness | Kind::Misconfiguration | Kind::Quality => {
            let url = finding.rule.url.as_ref().map(|url| format!("; see {}", url.as_raw())).unwrap_or_default();
            way(WayKind::Fix, format!("mend {}{place}{url}", finding.rule.id.as_raw()))
        }
    }
}

/// `path:line`, else the resource; the first few.
fn places(triaged: &TriagedFinding) -> String {
    let finding = &triaged.finding;
    let all: &[Location] = match finding.occurrences.as_slice() {
        [] => std::slice::from_ref(&finding.location),
        several => several,
    };
    let place = |location: &Location| match (&location.path, location.line) {
        (Some(path), Some(line)) => Some(format!("{}:{line}", path.as_raw())),
        (Some(path), None) => Some(path.as_raw().to_owned()),
        (None, _) => location.resource.as_ref().or(location.image.as_ref()).map(|text| text.as_raw().to_owned()),
    };
    let places: BTreeSet<String> = all.iter().filter_map(place).collect();
    let more = places.len().saturating_sub(NAMED);
    let mut named: Vec<String> = places.into_iter().take(NAMED).collect();
    if more > 0 {
        named.push(format!("{more} more"));
    }
    named.join(", ")
}

fn by_exception_of_finding(
    about: &About<'_>,
    triaged: &TriagedFinding,
    exceptions: &[Bearing],
    found: &mut Ways,
) -> Result<(), PolicyError> {
    if triaged.exception.is_some() {
        return Ok(());
    }
    let severity = triaged.finding.severity;
    let demands = &about.case.facts.profile.exceptions;
    let longest = longest(about, severity);
    let until = about.case.facts.today().plus_days(days(longest.min(PROPOSED_DAYS)));
    let Some(leaves) = remains(about, Lifting::Finding, until)? else {
        found.no_ways.push("an exception lifts nothing: the rule says the same of a finding that is excepted".into());
        return Ok(());
    };
    if longest == 0 {
        let (word, exposure) = (severity.word(), exposure(about));
        let said = format!("the profile admits no exception for severity {word} in a service that is {exposure}");
        found.no_ways.push(said.into());
        return Ok(());
    }
    let needs = needs(demands, Some(severity));
    for record in exceptions.iter().filter(|record| record.matches) {
        existing(about, record, longest, leaves, &needs, found);
    }
    let id = &triaged.finding.id;
    let asked = format!("ask for an exception about {}, for at most {longest} days", id.as_raw());
    let command = Some(command_new(about, &["--finding", id.as_raw()], triaged.owner.as_ref(), until));
    found.ways.push(Way { leaves, needs, command, ..way(WayKind::Except, asked) });
    Ok(())
}

fn by_exception_of_rule(
    about: &About<'_>,
    verdict: &Verdict,
    exceptions: &[Bearing],
    found: &mut Ways,
) -> Result<(), PolicyError> {
    let rule = verdict.rule.as_raw();
    let demands = &about.case.facts.profile.exceptions;
    let Some(longest) = demands.verdicts.get(rule).copied() else {
        found.no_ways.push(format!("the profile lets no exception lift {rule}").into());
        return Ok(());
    };
    let until = about.case.facts.today().plus_days(days(longest.min(PROPOSED_DAYS)));
    let Some(leaves) = remains(about, Lifting::Rule, until)? else {
        found.no_ways.push(format!("an exception that names {rule} lifts nothing: the rule says the same").into());
        return Ok(());
    };
    let needs = needs(demands, None);
    for record in exceptions.iter().filter(|record| record.matches) {
        existing(about, record, longest, leaves, &needs, found);
    }
    let asked = format!("ask for an exception from {rule}, for at most {longest} days");
    let command = Some(command_new(about, &["--verdict", rule], Some(&verdict.owner), until));
    found.ways.push(Way { leaves, needs, command, ..way(WayKind::Except, asked) });
    Ok(())
}

/// What remains of the verdicts under an admitted exception; `None` where that is no better.
fn remains(about: &About<'_>, lifting: Lifting, until: Date) -> Result<Option<Effect>, PolicyError> {
    let mut remains = Effect::Nothing;
    let mut is_better = false;
    for verdict in &about.verdicts {
        let (denies, warns) = with_exception(about, verdict, lifting, until)?;
        let after = match (denies, warns) {
            (true, _) => Effect::Block,
            (false, true) => Effect::Warning,
            (false, false) => Effect::Nothing,
        };
        let now = if verdict.action == VerdictAction::Deny { Effect::Block } else { Effect::Warning };
        is_better |= after < now;
        remains = remains.max(after);
    }
    Ok(Some(remains).filter(|remains| is_better && *remains != Effect::Block))
}

/// A record that matches and does not count.
fn existing(about: &About<'_>, record: &Bearing, longest: u32, leaves: Effect, needs: &[Untrusted], found: &mut Ways) {
    let id = record.id.as_raw();
    let today = about.case.facts.today();
    let written = about.case.records.iter().find(|one| *one.id() == record.id);
    // What the organisation's bundle brings is changed there.
    let is_ours = written.is_some_and(|one| one.origin.is_repository());
    match record.state {
        ExceptionState::Rejected => {
            let because: Vec<&str> = record.because.iter().map(Untrusted::as_raw).collect();
            let what = format!("mend exception {id}: {}", because.join("; "));
            let command = approving(about, record).filter(|_| is_ours);
            found.ways.push(Way { leaves, needs: needs.to_vec(), command, ..way(WayKind::Mend, what) });
        }
        ExceptionState::Expired => {
            let last = written.map_or(today, |one| one.exception.created.plus_days(days(longest)));
            if last < today {
                let said =
                    format!("exception {id} cannot be renewed: a record lives at most {longest} days, until {last}");
                found.no_ways.push(said.into());
                return;
            }
            let until = last.min(today.plus_days(days(PROPOSED_DAYS)));
            let what = format!("renew exception {id}, until {last} at the latest");
            let (until, file) = (until.to_string(), record.file.as_raw());
            // Why is for whoever renews to say: without it the command does nothing.
            let words = ["countersign", "exception", "renew", id, "--until", &until, "--exceptions", file, "--reason"];
            let command = is_ours.then(|| shell_line(&words).into());
            found.ways.push(Way { leaves, needs: needs.to_vec(), command, ..way(WayKind::Renew, what) });
        }
        ExceptionState::Pending
        | ExceptionState::Decisive
        | ExceptionState::JointlyDecisive
        | ExceptionState::Used
        | ExceptionState::Unused
        | ExceptionState::Shadowed => {}
    }
}

/// How somebody signs the record, where signatures count and there are too few. Who it is, is for them to say.
fn approving(about: &About<'_>, record: &Bearing) -> Option<Untrusted> {
    let facts = &about.case.facts;
    let demands = &facts.profile.exceptions;
    let matched = facts.exceptions.iter().find(|exception| exception.record.id == record.id)?;
    let wanted = match matched.worst {
        Some(severity) => demands.approvals.get(severity),
        None => most_approvals(demands),
    };
    let has = u32::try_from(matched.verified_approvers.len()).unwrap_or(u32::MAX);
    let (id, file) = (record.id.as_raw(), record.file.as_raw());
    let words = ["countersign", "exception", "approve", id, "--exceptions", file, "--key", "agent", "--by"];
    (demands.signed_approvals && has < wanted).then(|| shell_line(&words).into())
}

fn most_approvals(demands: &ExceptionDemands) -> u32 {
    Severity::WORST_FIRST.into_iter().map(|severity| demands.approvals.get(severity)).max().unwrap_or(0)
}

fn days(days: u32) -> i32 {
    i32::try_from(days).unwrap_or(i32::MAX)
}

fn exposure(about: &About<'_>) -> &'static str {
    match about.case.facts.service.exposure {
        Exposure::Public => "public",
        Exposure::Internal => "internal",
    }
}

/// The longest life that the profile gives an exception about a finding of this severity.
fn longest(about: &About<'_>, severity: Severity) -> u32 {
    let days = &about.case.facts.profile.exceptions.max_days;
    match about.case.facts.service.exposure {
        Exposure::Public => days.public.get(severity),
        Exposure::Internal => days.internal.get(severity),
    }
}

/// What the profile demands of an exception; of one without a severity what the strictest demands.
fn needs(demands: &ExceptionDemands, severity: Option<Severity>) -> Vec<Untrusted> {
    let mut needs = Vec::new();
    let approvals = match severity {
        Some(severity) => demands.approvals.get(severity),
        None => most_approvals(demands),
    };
    if approvals > 0 {
        let signed = if demands.signed_approvals { "signed " } else { "" };
        let plural = if approvals == 1 { "" } else { "s" };
        let role = match either(&demands.approver_roles) {
            Some(roles) => format!(" in the role {roles}"),
            None => String::new(),
        };
        let by = "by people other than its owner and the change's author";
        needs.push(format!("{approvals} {signed}approval{plural}{role}, {by}").into());
    }
    if let Some(severity) = severity {
        if let Some(roles) = either(demands.leaders.of(severity)) {
            needs.push(format!("one of those who approve has the role {roles}").into());
        }
        if demands.evidence.get(severity) {
            needs.push("evidence that its mitigation is there (--shown-by)".into());
        }
    }
    needs
}

fn either(roles: &[Untrusted]) -> Option<String> {
    let roles: Vec<&str> = roles.iter().map(Untrusted::as_raw).collect();
    (!roles.is_empty()).then(|| roles.join(" or "))
}

fn command_new(about: &About<'_>, what: &[&str], owner: Option<&Untrusted>, until: Date) -> Untrusted {
    let file = about.case.records.iter().find(|record| record.origin.is_repository());
    let file = file.map_or("exceptions.yaml", |record| record.file.as_raw());
    let until = until.to_string();
    let mut words = vec!["countersign", "exception", "new"];
    let Origin { findings, flags, .. } = &about.case.origin;
    words.extend(findings.iter().filter(|_| what.first() == Some(&"--finding")).map(String::as_str));
    words.extend(flags.iter().map(String::as_str));
    words.extend(what);
    if let Some(owner) = owner {
        words.extend(["--owner", owner.as_raw()]);
    }
    words.extend(["--expires", &until, "--file", file]);
    shell_line(&words).into()
}

fn shell_line(words: &[&str]) -> String {
    words.iter().map(|word| shell(word)).collect::<Vec<_>>().join(" ")
}

/// A word that a shell takes as it is. What could move a cursor or end a line is left out of it.
fn shell(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,…".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    let harmless: String = word.chars().filter(|c| !c.is_control()).collect();
    format!("'{}'", harmless.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_obeyed_by_a_shell() {
        for (word, quoted) in [
            ("reports/a.json", "reports/a.json"),
            ("two words", "'two words'"),
            ("$(reboot)", "'$(reboot)'"),
            ("it's; `id`", r"'it'\''s; `id`'"),
            ("a\nreboot\r", "'areboot'"),
            ("", "''"),
        ] {
            assert_eq!(shell(word), quoted);
        }
    }
}
