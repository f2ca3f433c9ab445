//! From what rules said to verdicts for people.

use std::collections::{BTreeMap, BTreeSet};

use super::{Response, Verdict, VerdictAction};
use crate::facts::{Facts, TriagedFinding};
use crate::model::service::Tier;
use crate::model::severity::Severity;
use crate::model::text::Untrusted;
use crate::model::time::Date;
use crate::policy::{RawVerdict, RuleInfo};

/// The verdicts, those that differ in nothing but the finding folded into one, in the order in which they are shown.
#[must_use]
pub fn verdicts(raw: &[RawVerdict], rules: &[RuleInfo], facts: &Facts) -> Vec<Verdict> {
    let rules: BTreeMap<&str, &RuleInfo> = rules.iter().map(|rule| (rule.id.as_str(), rule)).collect();
    let findings: BTreeMap<&Untrusted, &TriagedFinding> =
        facts.findings.iter().map(|triaged| (&triaged.finding.id, triaged)).collect();
    let covering = covering(facts);
    let mut folded: BTreeMap<Alike<'_>, (BTreeSet<&Untrusted>, BTreeSet<&Untrusted>)> = BTreeMap::new();
    let unowned: Untrusted = "unowned".into();
    for verdict in raw {
        let rule = rules.get(verdict.rule.as_str());
        let finding = verdict.finding.as_ref().and_then(|id| findings.get(id));
        let owner = verdict.owner.as_ref().or_else(|| finding.and_then(|triaged| triaged.owner.as_ref()));
        let alike = Alike {
            rule: &verdict.rule,
            deny: verdict.deny,
            msg: &verdict.msg,
            owner: owner.or(facts.service.owner.as_ref()).unwrap_or(&unowned),
            severity: verdict.severity.or_else(|| rule.map(|rule| rule.severity)).unwrap_or(Severity::Unknown),
            path: verdict.path.as_ref(),
            fix_by: verdict.fix_by,
            next: verdict.next.as_ref().or_else(|| rule.and_then(|rule| rule.remediation.as_ref())),
            effective_on: verdict.effective_on,
        };
        let (about, under) = folded.entry(alike).or_default();
        if let Some(id) = &verdict.finding {
            under.extend(covering.get(id).into_iter().flatten().copied());
            about.insert(id);
        }
    }
    let verdict = |alike: Alike<'_>, findings: BTreeSet<&Untrusted>, exceptions: BTreeSet<&Untrusted>| {
        let controls = rules.get(alike.rule).map(|rule| rule.controls.clone()).unwrap_or_default();
        Verdict {
            rule: alike.rule.into(),
            action: if alike.deny { VerdictAction::Deny } else { VerdictAction::Warn },
            msg: alike.msg.clone(),
            severity: alike.severity,
            response: response(alike.severity, facts),
            findings: findings.into_iter().cloned().collect(),
            path: alike.path.cloned(),
            owner: alike.owner.clone(),
            fix_by: alike.fix_by,
            next: alike.next.cloned(),
            controls,
            effective_on: alike.effective_on,
            exceptions: exceptions.into_iter().cloned().collect(),
        }
    };
    let mut all: Vec<Verdict> =
        folded.into_iter().map(|(alike, (findings, exceptions))| verdict(alike, findings, exceptions)).collect();
    all.sort_by(|a, b| {
        (a.action, std::cmp::Reverse(a.severity), &a.rule, &a.owner, &a.msg, &a.findings, a).cmp(&(
            b.action,
            std::cmp::Reverse(b.severity),
            &b.rule,
            &b.owner,
            &b.msg,
            &b.findings,
            b,
        ))
    });
    all
}

/// What verdicts that are folded into one have in common.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Alike<'a> {
    rule: &'a str,
    deny: bool,
    msg: &'a Untrusted,
    owner: &'a Untrusted,
    severity: Severity,
    path: Option<&'a Untrusted>,
    fix_by: Option<Date>,
    next: Option<&'a Untrusted>,
    effective_on: Option<Date>,
}

/// The first class of the profile that a verdict of this severity is in.
fn response(severity: Severity, facts: &Facts) -> Option<Response> {
    let tier = facts.service.tier.unwrap_or(Tier::Critical);
    let class = facts.profile.severity_classes.iter().find(|class| {
        (class.severities.is_empty() || class.severities.contains(&severity))
            && (class.tiers.is_empty() || class.tiers.contains(&tier))
            && (class.environments.is_empty() || class.environments.contains(&facts.environment))
    })?;
    Some(Response {
        class: class.class.clone(),
        within: class.respond_within.clone(),
        notify: class.notify.clone(),
        owner: class.owner.clone(),
    })
}

/// Finding → ids of the matched records that cover it.
fn covering(facts: &Facts) -> BTreeMap<&Untrusted, Vec<&Untrusted>> {
    let mut covering: BTreeMap<&Untrusted, Vec<&Untrusted>> = BTreeMap::new();
    for exception in &facts.exceptions {
        for finding in &exception.covers {
            covering.entry(finding).or_default().push(&exception.record.id);
        }
    }
    covering
}
