//! From what the rules answered to admission and verdicts about facts.
//!
//! What must stay true: everything that was answered becomes a verdict. How a verdict counts (mode of the profile, effective
//! day) and what its placeholders stand for is settled here, and not by whoever evaluated.

use std::collections::{BTreeMap, BTreeSet};

use super::evaluate::{Answer, Phase, Question, Ruling};
use super::verdict::Said;
use super::{Admission, Bundle, Objection, PolicyError, RawVerdict, RuleInfo, placeholders};
use crate::facts::{Facts, TriagedFinding};
use crate::model::profile::RuleMode;
use crate::model::text::Untrusted;
use crate::model::time::Date;

/// Phase one.
pub(super) fn admission(bundle: &Bundle, facts: &Facts) -> Result<Admission, PolicyError> {
    let answer = ask(bundle, facts, Phase::Admission, BTreeSet::new())?;
    let denied = by_record(answer.deny);
    let admitted = answer.admit.into_iter().filter(|id| !denied.contains_key(id)).collect();
    Ok(Admission { admitted, denied, warned: by_record(answer.warn) })
}

fn by_record(said: Vec<(Untrusted, Objection)>) -> BTreeMap<Untrusted, Vec<Objection>> {
    let mut by_record: BTreeMap<Untrusted, Vec<Objection>> = BTreeMap::new();
    for (id, objection) in said {
        by_record.entry(id).or_default().push(objection);
    }
    for objections in by_record.values_mut() {
        objections.sort();
        objections.dedup();
    }
    by_record
}

/// Phase two.
pub(super) fn verdicts(bundle: &Bundle, facts: &Facts, phase: Phase) -> Result<Vec<RawVerdict>, PolicyError> {
    let modes = modes(bundle, facts)?;
    let off = modes.iter().filter(|(_, mode)| **mode == RuleMode::Off).map(|(rule, _)| (*rule).to_owned()).collect();
    let mut verdicts = BTreeSet::new();
    for Ruling { rule, deny, said, members } in ask(bundle, facts, phase, off)?.rulings {
        let info = bundle.rules.get(rule).ok_or_else(|| beyond("rule"))?;
        let mode = modes.get(info.id.as_str()).copied().unwrap_or(RuleMode::Enforce);
        let raised = Raised::new(info, mode, deny, facts);
        let Some(members) = members else {
            verdicts.insert(raised.verdict(said));
            continue;
        };
        for member in members {
            let triaged = facts.findings.get(member).ok_or_else(|| beyond("finding"))?;
            verdicts.insert(raised.verdict(about(&said, triaged)));
        }
    }
    Ok(verdicts.into_iter().collect())
}

fn beyond(what: &str) -> PolicyError {
    PolicyError::file("policies", format!("an answer names a {what} that was not asked about"))
        .hint("this is a bug; report it with the command line")
}

fn ask(bundle: &Bundle, facts: &Facts, phase: Phase, off: BTreeSet<String>) -> Result<Answer, PolicyError> {
    let Some(now_ns) = facts.now.unix_nanos() else {
        return Err(PolicyError::file("policies", format!("the instant {} is out of range", facts.now))
            .hint("choose one before the year 2262"));
    };
    let bytes = facts.to_bytes().map_err(|error| {
        PolicyError::file("facts", error.to_string()).hint("this is a bug; report it with the command line")
    })?;
    bundle.evaluator.evaluate(&Question { phase, now_ns, off }, &bytes)
}

/// How each rule counts today; a name in the profile that no rule has would switch nothing off, in silence.
fn modes<'a>(bundle: &'a Bundle, facts: &Facts) -> Result<BTreeMap<&'a str, RuleMode>, PolicyError> {
    let mode = |rule: &'a RuleInfo| (rule.id.as_str(), rule.mode(&facts.profile, facts.today()));
    let modes: BTreeMap<&str, RuleMode> = bundle.rules.iter().map(mode).collect();
    let place = format!("profile {}", facts.profile.name.line());
    if let Some(unknown) = facts.profile.rules.keys().find(|name| !modes.contains_key(name.as_str())) {
        let list: Vec<&str> = modes.into_keys().collect();
        return Err(PolicyError::file(&place, format!("rules: there is no rule `{unknown}`"))
            .hint(format!("rules that are loaded: {}", list.join(", "))));
    }
    if modes.values().all(|mode| *mode == RuleMode::Off) {
        return Err(PolicyError::file(&place, "rules: every rule is switched off")
            .hint("a gate without rules decides nothing; leave at least one on"));
    }
    Ok(modes)
}

/// How what a rule says counts.
struct Raised<'a> {
    rule: &'a str,
    deny: bool,
    effective_on: Option<Date>,
}

impl<'a> Raised<'a> {
    fn new(info: &'a RuleInfo, mode: RuleMode, deny: bool, facts: &Facts) -> Self {
        let warned = mode == RuleMode::Warn;
        let later = info.effective_on.filter(|day| deny && !warned && facts.today() < *day);
        Self { rule: &info.id, deny: deny && !warned && later.is_none(), effective_on: later }
    }

    fn verdict(&self, said: Said) -> RawVerdict {
        RawVerdict {
            rule: self.rule.to_owned(),
            deny: self.deny,
            msg: said.msg.into(),
            finding: said.finding,
            path: said.path.map(Untrusted::new),
            owner: said.owner,
            fix_by: said.fix_by,
            next: said.next.map(Untrusted::new),
            severity: said.severity,
            effective_on: self.effective_on,
        }
    }
}

/// What was said about a class, said about one of its findings.
fn about(said: &Said, triaged: &TriagedFinding) -> Said {
    let fill = |text: &String| placeholders::fill(text, triaged);
    Said {
        msg: fill(&said.msg),
        finding: said.finding.clone().or_else(|| Some(triaged.finding.id.clone())),
        path: said.path.as_ref().map(fill),
        next: said.next.as_ref().map(fill),
        ..said.clone()
    }
}
