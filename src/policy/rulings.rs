//! From what the rules answered to admission and verdicts about facts.
//!
//! What must stay true: everything that was answered becomes a verdict. How a verdict counts (mode of the profile, effective
//! day) and what its placeholders stand for is settled here, and not by whoever evaluated.

use std::collections::{BTreeMap, BTreeSet};

use super::asked::{Asked, Subjects};
use super::evaluate::{Answer, Phase, Question, Ruling};
use super::grounds::{Grounds, Wanted};
use super::reads::Reads;
use super::verdict::Said;
use super::{Admission, Bundle, Objection, PolicyError, RawVerdict, RuleInfo, placeholders};
use crate::facts::{Facts, TriagedFinding};
use crate::model::profile::RuleMode;
use crate::model::text::Untrusted;
use crate::model::time::Date;

/// Phase one.
pub(super) fn admission(bundle: &Bundle, facts: &Facts) -> Result<Admission, PolicyError> {
    let asked = Asked::new(facts, &bundle.sight.admission, Subjects::None)?;
    let answer = ask(bundle, facts, &asked, Phase::Admission, BTreeSet::new(), None)?;
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
    let mut verdicts = BTreeSet::new();
    each(bundle, facts, phase, None, |verdict, _| {
        verdicts.insert(verdict);
    })?;
    Ok(verdicts.into_iter().collect())
}

/// Phase two of one rule alone.
pub(super) fn verdicts_of(bundle: &Bundle, facts: &Facts, rule: &str) -> Result<Vec<RawVerdict>, PolicyError> {
    let mut verdicts = BTreeSet::new();
    each(bundle, facts, Phase::Verdicts, Some(rule), |verdict, _| {
        verdicts.insert(verdict);
    })?;
    Ok(verdicts.into_iter().collect())
}

/// What the first verdict of a rule that is meant rests on; `None` where the rule says no such thing.
pub(super) fn grounds(
    bundle: &Bundle,
    facts: &Facts,
    rule: &str,
    is_meant: impl Fn(&RawVerdict) -> bool,
) -> Result<Option<Grounds>, PolicyError> {
    let mut found = None;
    each(bundle, facts, Phase::Verdicts, Some(rule), |verdict, said| {
        if found.is_none() && is_meant(&verdict) {
            found = Some(said.clone());
        }
    })?;
    let Some(wanted) = found else { return Ok(None) };
    let subject = wanted.member.and_then(|member| Some((member, facts.findings.get(member)?)));
    let exception = subject.and_then(|(_, triaged)| {
        let id = triaged.exception.as_ref()?;
        facts.exceptions.iter().position(|exception| exception.record.id == *id)
    });
    let subjects = subject.map_or(Subjects::None, |(member, _)| Subjects::One(member));
    let asked = Asked::new(facts, &Reads::everything(), subjects)?;
    let mut answer = ask(bundle, facts, &asked, Phase::Grounds, BTreeSet::new(), Some(wanted))?;
    // What a rule on findings sees as its finding is one of all.
    for pointer in answer.grounds.iter_mut().flat_map(|grounds| &mut grounds.facts) {
        let Some((member, _)) = subject else { break };
        let seen = [("/finding", Some(format!("/findings/{member}"))), ("/exception", exception.map(at_exception))];
        let stands = seen.into_iter().find_map(|(seen, stands)| {
            let rest = pointer.strip_prefix(seen).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
            Some(format!("{}{rest}", stands.unwrap_or_else(|| format!("/findings/{member}/exception"))))
        });
        if let Some(stands) = stands {
            *pointer = stands;
        }
    }
    Ok(answer.grounds)
}

fn at_exception(position: usize) -> String {
    format!("/exceptions/{position}")
}

/// Every verdict of all rules that are on, or of one of them, with what was said.
fn each(
    bundle: &Bundle,
    facts: &Facts,
    phase: Phase,
    only: Option<&str>,
    mut take: impl FnMut(RawVerdict, &Wanted),
) -> Result<(), PolicyError> {
    let modes = modes(bundle, facts)?;
    let is_off = |rule: &str, mode: RuleMode| mode == RuleMode::Off || only.is_some_and(|only| only != rule);
    let off: BTreeSet<String> =
        modes.iter().filter(|(rule, mode)| is_off(rule, **mode)).map(|(rule, _)| (*rule).to_owned()).collect();
    let asked = asked(bundle, facts, phase, &off)?;
    let mut known = Known { facts, ids: None };
    for Ruling { rule, deny, said, members } in ask(bundle, facts, &asked, phase, off, None)?.rulings {
        let info = bundle.rules.get(rule).ok_or_else(|| beyond("rule"))?;
        known.check(info, deny, &said)?;
        let mode = modes.get(info.id.as_str()).copied().unwrap_or(RuleMode::Enforce);
        let raised = Raised::new(info, mode, deny, facts);
        let mut wanted = Wanted { rule, deny, member: None, said };
        let Some(members) = members else {
            take(raised.verdict(wanted.said.clone()), &wanted);
            continue;
        };
        for member in findings(&asked, &members)? {
            let triaged = facts.findings.get(member).ok_or_else(|| beyond("finding"))?;
            wanted.member = Some(member);
            take(raised.verdict(about(&wanted.said, triaged)), &wanted);
        }
    }
    Ok(())
}

/// What the rules that are on can see of the facts.
pub(super) fn asked(
    bundle: &Bundle,
    facts: &Facts,
    phase: Phase,
    off: &BTreeSet<String>,
) -> Result<Asked, PolicyError> {
    let on = bundle.rules.iter().zip(&bundle.sight.rules).filter(|(info, _)| !off.contains(&info.id));
    let subjects = match phase {
        #[cfg(test)]
        Phase::VerdictsApart => Subjects::Apart,
        Phase::Admission | Phase::Verdicts | Phase::Grounds => Subjects::Alike,
    };
    Asked::new(facts, &Reads::together(on.map(|(info, reads)| (info.per_finding, reads))), subjects)
}

/// The findings that look like these subjects, in their order.
fn findings(asked: &Asked, subjects: &[usize]) -> Result<Vec<usize>, PolicyError> {
    let mut findings = Vec::new();
    for subject in subjects {
        findings.extend(asked.members.get(*subject).ok_or_else(|| beyond("finding"))?);
    }
    findings.sort_unstable();
    Ok(findings)
}

/// The ids of all findings, once a rule names one.
struct Known<'f> {
    facts: &'f Facts,
    ids: Option<BTreeSet<&'f Untrusted>>,
}

impl Known<'_> {
    fn check(&mut self, info: &RuleInfo, deny: bool, said: &Said) -> Result<(), PolicyError> {
        let Some(id) = &said.finding else { return Ok(()) };
        let all = || self.facts.findings.iter().map(|triaged| &triaged.finding.id).collect();
        if self.ids.get_or_insert_with(all).contains(id) {
            return Ok(());
        }
        let (package, what) = (&info.package, if deny { "deny" } else { "warn" });
        Err(PolicyError::file(&info.path, format!("data.{package}.{what}: there is no finding {}", id.line()))
            .hint("`finding` is the id of one of input.findings"))
    }
}

fn beyond(what: &str) -> PolicyError {
    PolicyError::bug(format!("an answer names a {what} that was not asked about"))
}

fn ask(
    bundle: &Bundle,
    facts: &Facts,
    asked: &Asked,
    phase: Phase,
    off: BTreeSet<String>,
    wanted: Option<Wanted>,
) -> Result<Answer, PolicyError> {
    let Some(now_ns) = facts.now.unix_nanos() else {
        return Err(PolicyError::file("policies", format!("the instant {} is out of range", facts.now))
            .hint("choose one before the year 2262"));
    };
    bundle.evaluator.evaluate(&Question { phase, now_ns, off, wanted }, &asked.body)
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
