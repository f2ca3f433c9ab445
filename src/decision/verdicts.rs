//! From what rules said to verdicts for people.

use std::collections::{BTreeMap, BTreeSet};

use super::{Response, Verdict, VerdictAction};
use crate::facts::{Facts, TriagedFinding};
use crate::model::service::Tier;
use crate::model::severity::Severity;
use crate::model::text::Untrusted;
use crate::policy::{RawVerdict, RuleInfo};

/// The verdicts, those that differ in nothing but the finding folded into one, in the order in which they are shown.
#[must_use]
pub fn verdicts(raw: &[RawVerdict], rules: &[RuleInfo], facts: &Facts) -> Vec<Verdict> {
    let rules: BTreeMap<&str, &RuleInfo> = rules.iter().map(|rule| (rule.id.as_str(), rule)).collect();
    let findings: BTreeMap<&Untrusted, &TriagedFinding> =
        facts.findings.iter().map(|triaged| (&triaged.finding.id, triaged)).collect();
    let covering = covering(facts);
    let mut folded: BTreeMap<Verdict, (BTreeSet<Untrusted>, BTreeSet<Untrusted>)> = BTreeMap::new();
    for verdict in raw {
        let rule = rules.get(verdict.rule.as_str());
        let finding = verdict.finding.as_ref().and_then(|id| findings.get(id));
        let owner = verdict
            .owner
            .clone()
            .or_else(|| finding.and_then(|triaged| triaged.owner.clone()))
            .or_else(|| facts.service.owner.clone())
            .unwrap_or_else(|| "unowned".into());
        let severity = verdict.severity.or_else(|| rule.map(|rule| rule.severity)).unwrap_or(Severity::Unknown);
        let alike = Verdict {
            rule: verdict.rule.as_str().into(),
            action: if verdict.deny { VerdictAction::Deny } else { VerdictAction::Warn },
            msg: verdict.msg.clone(),
            severity,
            response: response(severity, facts),
            findings: Vec::new(),
            path: verdict.path.clone(),
            owner,
            fix_by: verdict.fix_by,
            next: verdict.next.clone().or_else(|| rule.and_then(|rule| rule.remediation.clone())),
            controls: rule.map(|rule| rule.controls.clone()).unwrap_or_default(),
            effective_on: verdict.effective_on,
            exceptions: Vec::new(),
        };
        let (about, under) = folded.entry(alike).or_default();
        if let Some(id) = &verdict.finding {
            under.extend(covering.get(id).into_iter().flatten().cloned());
            about.insert(id.clone());
        }
    }
    let mut all: Vec<Verdict> = folded
        .into_iter()
        .map(|(alike, (findings, exceptions))| Verdict {
            findings: findings.into_iter().collect(),
            exceptions: exceptions.into_iter().collect(),
            ..alike
        })
        .collect();
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
fn covering(facts: &Facts) -> BTreeMap<Untrusted, Vec<Untrusted>> {
    let mut covering: BTreeMap<Untrusted, Vec<Untrusted>> = BTreeMap::new();
    for exception in &facts.exceptions {
        for finding in &exception.covers {
            covering.entry(finding.clone()).or_default().push(exception.record.id.clone());
        }
    }
    covering
}
