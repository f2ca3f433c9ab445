//! What is open, counted: so that no policy has to go through all findings for it.
//!
//! What must stay true: it is counted anew whenever dispositions change.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::TriagedFinding;
use crate::model::exception::Disposition;
use crate::model::finding::Kind;
use crate::model::text::Untrusted;

/// Counts of the findings whose disposition is `open`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Open {
    /// By rule of the scanner, by its id.
    pub rules: Vec<OpenRule>,
    /// Open vulnerabilities of which something is not known.
    pub unknown: Unknown,
}

/// How often something a rule of a scanner looks for is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OpenRule {
    /// The scanner's id of the rule.
    pub id: Untrusted,
    /// How many findings.
    pub findings: u64,
    /// In how many places: paths, resources, images.
    pub places: u64,
}

/// Of how many open vulnerabilities something is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Unknown {
    /// The probability of exploitation (EPSS).
    pub epss: u64,
    /// Whether it is known to be exploited.
    pub known_exploited: u64,
    /// The days since it was first seen, and those since it was published.
    pub age: u64,
}

impl Open {
    /// Counts.
    pub(super) fn of(findings: &[TriagedFinding]) -> Self {
        let mut rules: HashMap<&Untrusted, (u64, HashSet<_>)> = HashMap::new();
        let mut unknown = Unknown::default();
        for triaged in findings.iter().filter(|triaged| triaged.disposition == Disposition::Open) {
            let finding = &triaged.finding;
            let (count, places) = rules.entry(&finding.rule.id).or_default();
            *count += 1;
            places.insert((&finding.location.path, &finding.location.resource, &finding.location.image));
            if finding.kind == Kind::Vulnerability {
                unknown.epss += u64::from(finding.epss.is_none());
                unknown.known_exploited += u64::from(finding.known_exploited.is_none());
                unknown.age += u64::from(triaged.seen_days.is_none() && triaged.published_days.is_none());
            }
        }
        let rule = |(id, (findings, places)): (&Untrusted, (u64, HashSet<_>))| OpenRule {
            id: id.clone(),
            findings,
            places: u64::try_from(places.len()).unwrap_or(u64::MAX),
        };
        let mut rules: Vec<OpenRule> = rules.into_iter().map(rule).collect();
        rules.sort_by(|one, other| one.id.cmp(&other.id));
        Self { rules, unknown }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// An open weakness that a rule found.
    fn at(rule: &str, path: Option<&str>, line: u32) -> TriagedFinding {
        let text = json!({
            "id": "f-1", "fingerprint": "v1:1", "content_fingerprint": null, "kind": "weakness", "rule": {"id": rule}, "ids": [],
            "covers": [], "severity": "high", "severity_source": "scanner", "cvss": null, "title": "t", "package": null,
            "location": {"path": path, "line": line}, "occurrences": [], "target": {}, "first_seen": null, "published": null,
            "known_exploited": null, "epss": null, "confidence": null, "suppression": null, "seen_by": [], "owner": null,
            "known": null, "seen_days": null, "published_days": null, "disposition": "open", "exception": null,
        });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn open_ones_are_counted_by_rule_with_their_places() {
        let mut findings = [
            at("b", None, 1),
            at("a", Some("x.py"), 1),
            at("a", Some("y.py"), 1),
            at("a", Some("y.py"), 9),
            at("b", None, 1),
        ];
        let rule = |id: &str, findings, places| OpenRule { id: id.into(), findings, places };
        assert_eq!(Open::of(&findings).rules, [rule("a", 3, 2), rule("b", 2, 1)], "nowhere is one place");
        for triaged in findings.iter_mut().filter(|triaged| triaged.finding.location.line == Some(9)) {
            triaged.disposition = Disposition::Excepted;
        }
        assert_eq!(Open::of(&findings).rules, [rule("a", 2, 2), rule("b", 2, 1)]);
        findings.iter_mut().for_each(|triaged| triaged.disposition = Disposition::Suppressed);
        assert_eq!(Open::of(&findings), Open::default());
    }

    #[test]
    fn what_is_not_known_of_an_open_vulnerability_is_counted() {
        let mut findings = [at("a", Some("x.py"), 1), at("b", Some("x.py"), 2)];
        assert_eq!(Open::of(&findings).unknown, Unknown::default(), "other kinds are not asked");
        findings.iter_mut().for_each(|triaged| triaged.finding.kind = Kind::Vulnerability);
        assert_eq!(Open::of(&findings).unknown, Unknown { epss: 2, known_exploited: 2, age: 2 });
        let [one, other] = &mut findings;
        (one.finding.epss, one.finding.known_exploited) = (Some(0.0), Some(false));
        (one.seen_days, other.published_days) = (Some(0), Some(3));
        assert_eq!(Open::of(&findings).unknown, Unknown { epss: 1, known_exploited: 1, age: 0 });
        findings.iter_mut().for_each(|triaged| triaged.disposition = Disposition::Resolved);
        assert_eq!(Open::of(&findings), Open::default());
    }
}
