//! DefectDojo's generic findings (`findings` with title, severity and description).
//!
//! The flags of DefectDojo's triage count as a platform's suppression: inactive, a false positive, a duplicate, out of scope,
//! an accepted risk, or mitigated. There is no kind: a package makes a finding a vulnerability, else it is a weakness.

use serde::Deserialize;

use super::terms::{assessment, cwe, distinct, is_about_credentials, title, vulnerability_id, without_quoted};
use super::wire::{Element, Flag, List, Number, Text, Texts, demand_understood, read, results};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation, Rule, SuppressedBy, Suppression};
use crate::model::package::{FixState, Package};
use crate::model::report::{Check, Parsed};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "defectdojo-generic",
    title: "DefectDojo generic findings",
    docs: "https://docs.defectdojo.com/supported_tools/parsers/generic_findings_import/",
    produce: "any tool that writes the documented JSON",
    seen: "the JSON of DefectDojo 2",
    checks: &[Check::Sast, Check::Dependencies],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let first = head.first("findings");
    first.has("title") && first.has("severity") && first.has("description")
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let report: Report<'_> = read(text, FORMAT.id)?;
    report.findings.demand(FORMAT.id, "findings")?;
    let name = report.kind.get().or(report.name.get()).unwrap_or("DefectDojo generic findings");
    let mut parsed = Parsed::new(name, &[]);
    parsed.tool.version = report.version.untrusted();
    results(report.findings, FORMAT.id, "/findings", &mut parsed, |one| Ok(Element::Result(Box::new(observe(one)?))))?;
    demand_understood(&parsed, FORMAT.id)?;
    // The report does not say what its tool looks for; what it found tells.
    let vulnerable = parsed.observations.iter().any(|one| one.kind == Kind::Vulnerability);
    let weak = parsed.observations.iter().any(|one| one.kind == Kind::Weakness);
    parsed.checks.extend(weak.then_some(Check::Sast));
    parsed.checks.extend(vulnerable.then_some(Check::Dependencies));
    Ok(parsed)
}

fn observe(one: &Finding<'_>) -> Result<Observation, String> {
    let described = one.title.demand("title")?;
    let word = one.severity.get();
    let source = if word.is_some() { SeveritySource::Scanner } else { SeveritySource::None };
    let named = |id: &str| vulnerability_id(id).unwrap_or_else(|| id.into());
    let ids = distinct(one.cve.get().into_iter().chain(one.vulnerability_ids.iter()).map(named).collect());
    let cwes = distinct(one.cwe.get().into_iter().chain(one.cwes.iter()).filter_map(cwe).collect());
    let kind = if one.component_name.get().is_some() { Kind::Vulnerability } else { Kind::Weakness };
    let rule = [&one.vuln_id_from_tool, &one.cve].into_iter().find_map(Text::get).unwrap_or(described);
    let sensitive = is_about_credentials(&cwes);
    let shown = title(&if sensitive { without_quoted(described) } else { described.into() });
    let rule = if rule == described { shown.clone() } else { rule.into() };
    let newer = assessment(one.cvssv4.get(), one.cvssv4_score.real());
    Ok(Observation {
        rule: Rule { id: rule.clone(), name: None, url: None },
        ids,
        cwes,
        severity_raw: one.severity.untrusted(),
        cvss: newer.or_else(|| assessment(one.cvssv3.get(), one.cvssv3_score.real())),
        title: shown,
        package: one.component_name.untrusted().map(|name| {
            Box::new(Package {
                name,
                version: one.component_version.untrusted(),
                fix_state: match one.fix_available.get() {
                    Some(true) => FixState::Fixed,
                    Some(false) => FixState::NotFixed,
                    None => FixState::Unknown,
                },
                ..Package::default()
            })
        }),
        location: Location {
            path: one.file_path.untrusted(),
            line: one.line.position(),
            resource: one.service.untrusted(),
            ..Location::default()
        },
        known_exploited: one.known_exploited.get(),
        epss: one.epss_score.real().filter(|epss| (0.0..=1.0).contains(epss)),
        suppression: one.suppression(),
        tool_fingerprint: one.unique_id_from_tool.untrusted(),
        ..Observation::new(kind, rule, Severity::from_word(word.unwrap_or_default()), source)
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Report<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(rename = "type")]
    kind: Text<'a>,
    version: Text<'a>,
    findings: List<Finding<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Finding<'a> {
    #[serde(borrow)]
    title: Text<'a>,
    severity: Text<'a>,
    cve: Text<'a>,
    vulnerability_ids: Texts<'a>,
    cwe: Text<'a>,
    cwes: Texts<'a>,
    cvssv3: Text<'a>,
    cvssv3_score: Number,
    cvssv4: Text<'a>,
    cvssv4_score: Number,
    epss_score: Number,
    known_exploited: Flag,
    fix_available: Flag,
    component_name: Text<'a>,
    component_version: Text<'a>,
    file_path: Text<'a>,
    line: Number,
    service: Text<'a>,
    vuln_id_from_tool: Text<'a>,
    unique_id_from_tool: Text<'a>,
    active: Flag,
    false_p: Flag,
    duplicate: Flag,
    out_of_scope: Flag,
    risk_accepted: Flag,
    is_mitigated: Flag,
}

impl Finding<'_> {
    fn suppression(&self) -> Option<Suppression> {
        let reason = [
            (self.false_p.is_set(), "false positive"),
            (self.out_of_scope.is_set(), "out of scope"),
            (self.risk_accepted.is_set(), "risk accepted"),
            (self.duplicate.is_set(), "duplicate"),
            (self.is_mitigated.is_set(), "mitigated"),
            (self.active.get() == Some(false), "inactive"),
        ]
        .into_iter()
        .find_map(|(said, reason)| said.then_some(reason))?;
        Some(Suppression { by: SuppressedBy::Platform, reason: Some(Untrusted::from(reason)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_absent_and_flags_suppress() {
        let parsed = parse(
            r#"{"type":"Tool 1","findings":[{"title":"SQL injection","severity":"High","description":"x","cwe":"N/A","line":"N/A","cwes":[89,"CWE-20"]},
                {"title":"lodash","severity":"Low","description":"x","component_name":"lodash","component_version":"4.17.15","false_p":true,
                 "vulnerability_ids":["GHSA-5mrr-rgp6-x4gr","CVE-2020-36234"]},{"severity":"Low"}]}"#,
        )
        .unwrap();
        let [code, package] = parsed.observations.as_slice() else { panic!("{parsed:?}") };
        assert_eq!((code.kind, code.location.line, code.cwes.len()), (Kind::Weakness, None, 2));
        assert_eq!((package.kind, package.ids.len(), package.suppression.is_some()), (Kind::Vulnerability, 2, true));
        assert_eq!(
            (parsed.not_understood.len(), parsed.checks.as_slice()),
            (1, [Check::Sast, Check::Dependencies].as_slice())
        );
    }

    #[test]
    fn a_document_without_findings_is_no_report() {
        assert!(parse("{}").is_err() && parse(r#"{"findings":[{"Id":"x"}]}"#).is_err());
    }
}
