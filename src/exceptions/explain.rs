//! Why a record does not cover a finding, criterion by criterion, and what would.
//!
//! What must stay true: the answers are those of matching, which asks the same criteria; a record covers a finding when none of them
//! is against it.

use super::Record;
use super::matching::{Context, Criteria, Force, PatternCache, Subject, Why, force, holds, scope_here};
use crate::model::finding::Finding;
use crate::model::text::Untrusted;

/// One thing that has to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The key of the record that it stands under.
    pub criterion: &'static str,
    /// What keeps it from holding; `None` where it holds.
    pub against: Option<Untrusted>,
    /// What the record would have to say.
    pub would: Option<Untrusted>,
}

impl Reason {
    fn of(criterion: &'static str, against: Option<String>, would: Option<String>) -> Self {
        Self { criterion, against: against.map(Untrusted::from), would: would.map(Untrusted::from) }
    }
}

/// Everything that has to hold for a record to cover a finding: its days, its scope, its criteria.
#[must_use]
pub fn explain(record: &Record, finding: &Finding, context: &Context<'_>) -> Vec<Reason> {
    let exception = &record.exception;
    let mut reasons = Vec::new();
    let today = context.now.date();
    reasons.push(match force(exception, context.now) {
        Force::InForce => Reason::of("expires", None, None),
        Force::Pending => Reason::of(
            "created",
            Some(format!("it begins on {}", exception.created)),
            Some(format!("created: {today}")),
        ),
        Force::Expired => Reason::of(
            "expires",
            Some(format!("it ended on {}", exception.expires)),
            Some(format!("expires: {today}, or later")),
        ),
    });
    for (key, allowed, here) in scope_here(&exception.scope, context).into_iter().filter(|part| !part.1.is_empty()) {
        let against = format!("this is {}", here.unwrap_or("unknown"));
        let would = here.map(|here| format!("{key}: [{here}]"));
        let holds = holds(allowed, here);
        reasons.push(if holds { Reason::of(key, None, None) } else { Reason::of(key, Some(against), would) });
    }
    match Criteria::new(exception, &mut PatternCache::default()) {
        None => reasons.push(Reason::of(
            "verdict",
            Some("it names a policy rule, and no finding".to_owned()),
            Some("a record of its own for the finding".to_owned()),
        )),
        Some(criteria) => {
            let subject = Subject::new(finding);
            criteria.ask(&subject, |criterion, why| {
                let against = why.as_ref().map(|why| why.line(finding));
                reasons.push(Reason::of(criterion, against, why.map(|why| would(&why, finding, &subject))));
            });
        }
    }
    reasons
}

fn would(why: &Why<'_>, finding: &Finding, subject: &Subject<'_>) -> String {
    match why {
        Why::Fingerprint => format!("fingerprint: {}", finding.fingerprint.as_raw()),
        Why::Ids if subject.ids.is_empty() => {
            format!("no ids, for the finding has no name; fingerprint: {}", finding.fingerprint.as_raw())
        }
        Why::Ids => format!("ids: one of {}", finding.ids.iter().map(Untrusted::as_raw).collect::<Vec<_>>().join(", ")),
        Why::NoPackage => "no package, for the report gives none".to_owned(),
        Why::Package(_) => {
            let purl = finding.package.as_ref().and_then(|package| package.purl.as_ref());
            format!("package: {}", purl.map(Untrusted::as_raw).unwrap_or_default())
        }
        Why::Rule(_) if subject.rules.len() > 1 => {
            "ids or a fingerprint beside the rule: other scanners saw it by other rules".to_owned()
        }
        Why::Rule(other) => format!("rule: {other}"),
        Why::Kind(kind) => format!("kind: {}", kind.word()),
        Why::Outside { what, .. } => format!("a {what} that matches every place, or no {what}"),
    }
}
