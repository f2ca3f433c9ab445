//! AWS Security Finding Format: what Security Hub exports and what scanners write for it, as `{"Findings": […]}`, a list, or one
//! finding a line.
//!
//! A compliance check that passed stands there like one that failed, and so does what somebody archived or resolved: all of
//! them count, and say so. What a finding quotes (`Process`, `Details`) may hold anything; of it only images and packages are read.

use serde::Deserialize;

use super::terms::{assessment, digest, distinct, title, vulnerability_id};
use super::wire::{
    Dict, Element, List, Number, Part, Text, Texts, demand_understood, malformed, no_results, read, read_stream,
    results,
};
use super::{Format, FormatError, Head, Node};
use crate::model::finding::{Kind, Location, Observation, Rule, SuppressedBy, Suppression, Target};
use crate::model::package::{FixState, Package};
use crate::model::report::{Check, Parsed};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "asff",
    title: "AWS Security Finding Format",
    docs: "https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format.html",
    produce: "aws securityhub get-findings > asff.json; trivy --format template --template @contrib/asff.tpl; prowler -M json-asff",
    seen: "2018-10-08, of Security Hub, Inspector, Prowler, Trivy and SAF",
    checks: &[Check::Dependencies, Check::Iac],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let is_finding = |node: &Node<'_>| node.has("ProductArn") && (node.has("AwsAccountId") || node.has("GeneratorId"));
    is_finding(head.first("Findings"))
        || is_finding(head.first("findings"))
        || is_finding(head.root())
        || is_finding(head.root().first())
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let head = Head::of(text);
    let (findings, at): (List<Finding<'_>>, &str) = if head.has("Findings") || head.has("findings") {
        let wrapped: Wrapped<'_> = read(text, FORMAT.id)?;
        match (wrapped.findings, wrapped.lower) {
            (List::Absent, findings) => (findings, "/findings"),
            (findings, List::Absent) => (findings, "/Findings"),
            _ => return Err(malformed(FORMAT.id, "there are both `Findings` and `findings`")),
        }
    } else {
        (read_stream(text, FORMAT.id)?, "")
    };
    findings.demand(FORMAT.id, "Findings")?;
    if text.trim().is_empty() {
        return Err(no_results(FORMAT.id, "there is not even an empty list"));
    }
    let tool = findings.sound().find_map(|finding| {
        let fields = &finding.product_fields;
        let named = fields.get("Product Name").or_else(|| fields.get("ProviderName"));
        finding.product_name.get().or_else(|| named?.get()).map(str::to_owned)
    });
    let mut parsed = Parsed::new(tool.unwrap_or_else(|| "AWS Security Hub".to_owned()), &[]);
    results(findings, FORMAT.id, at, &mut parsed, observe)?;
    demand_understood(&parsed, FORMAT.id)?;
    parsed.checks = checks(&parsed);
    Ok(parsed)
}

/// A list of vulnerabilities answers another check than one of controls; one of nothing answers none.
fn checks(parsed: &Parsed) -> Vec<Check> {
    let has = |kind| parsed.observations.iter().any(|one| one.kind == kind);
    let kinds = [(Kind::Vulnerability, Check::Dependencies), (Kind::Misconfiguration, Check::Iac)];
    kinds.into_iter().filter(|(kind, _)| has(*kind)).map(|(_, check)| check).collect()
}

fn observe(finding: &Finding<'_>) -> Result<Element, String> {
    let generator = finding.generator.get().or(finding.id.get()).ok_or("has neither `GeneratorId` nor `Id`")?;
    finding.product_arn.demand("ProductArn")?;
    let control = finding.compliance.get().and_then(|compliance| compliance.control.get());
    let rule = control.or_else(|| finding.product_fields.get("ControlId")?.get()).unwrap_or(generator);
    let (severity, word) = finding.severity.get().map_or((Severity::Unknown, None), severity);
    let vulnerability = finding.vulnerabilities.sound().next();
    let resource = finding.resources.sound().next();
    let details = resource.and_then(|resource| resource.details.get());
    let generated = generator.rsplit('/').next().and_then(vulnerability_id);
    let of_type = finding.types.iter().any(|kind| kind.contains("/Vulnerabilities"));
    let kind = if vulnerability.is_some() || of_type { Kind::Vulnerability } else { Kind::Misconfiguration };
    let image = details.and_then(image);
    let named = finding.vulnerabilities.sound().filter_map(|one| one.id.get().and_then(vulnerability_id));
    Ok(Element::Result(Box::new(Observation {
        rule: Rule {
            id: rule.into(),
            name: None,
            url: finding.remediation.get().and_then(|remedy| remedy.recommendation.get()?.url.untrusted()),
        },
        ids: distinct(named.chain(generated).collect()),
        severity_raw: word,
        cvss: vulnerability
            .and_then(|one| one.cvss.sound().next())
            .and_then(|cvss| assessment(cvss.vector.get(), cvss.score.real())),
        title: title(finding.title.get().unwrap_or(rule)),
        package: vulnerability
            .and_then(|one| one.packages.sound().next())
            .and_then(package)
            .or_else(|| other_package(details?))
            .map(Box::new),
        location: Location {
            resource: if image.is_some() { None } else { resource.and_then(|resource| resource.id.untrusted()) },
            image: image.as_ref().and_then(|image| image.name.clone()),
            ..Location::default()
        },
        target: image.map(Box::new),
        epss: vulnerability.and_then(|one| one.epss.real()).filter(|epss| (0.0..=1.0).contains(epss)),
        suppression: suppression(finding),
        tool_fingerprint: finding.id.untrusted(),
        ..Observation::new(
            kind,
            rule,
            severity,
            if severity == Severity::Unknown { SeveritySource::None } else { SeveritySource::Scanner },
        )
    })))
}

/// The label, else the band of the normalised number, with what was read.
fn severity(said: &Said<'_>) -> (Severity, Option<Untrusted>) {
    if let Some(label) = said.label.get() {
        return (Severity::from_word(label), Some(label.into()));
    }
    let Some(number) = said.normalized.whole() else { return (Severity::Unknown, None) };
    let severity = match number {
        0 => Severity::Info,
        1..=39 => Severity::Low,
        40..=69 => Severity::Medium,
        70..=89 => Severity::High,
        90..=100 => Severity::Critical,
        _ => Severity::Unknown,
    };
    (severity, Some(number.to_string().into()))
}

fn suppression(finding: &Finding<'_>) -> Option<Suppression> {
    if finding.compliance.get().and_then(|compliance| compliance.status.get()) == Some("PASSED") {
        return Some(Suppression { by: SuppressedBy::Passed, reason: None });
    }
    let workflow = finding.workflow.get().and_then(|workflow| workflow.status.get());
    let settled = workflow.filter(|status| matches!(*status, "SUPPRESSED" | "RESOLVED"));
    let archived = finding.record_state.get().filter(|state| *state == "ARCHIVED");
    let word = settled.or(archived)?;
    Some(Suppression { by: SuppressedBy::Platform, reason: Some(word.to_lowercase().into()) })
}

/// The image that a resource is.
fn image(details: &Details<'_>) -> Option<Target> {
    if let Some(image) = details.ecr_image.get() {
        let digests: Vec<_> = image.digest.get().and_then(digest).into_iter().collect();
        return Some(Target { name: image.repository.untrusted(), commit: None, digests });
    }
    let name = details.container.get()?.image.get()?;
    // Trivy's template appends the distribution.
    let name = name.strip_suffix(')').and_then(|name| name.rsplit_once(" (")).map_or(name, |(name, _)| name);
    Some(Target { name: Some(name.into()), commit: None, digests: digest(name).into_iter().collect() })
}

fn package(package: &VulnerablePackage<'_>) -> Option<Package> {
    let epoch = package.epoch.get().filter(|epoch| *epoch != "0").map(|epoch| format!("{epoch}:")).unwrap_or_default();
    let release = package.release.get().map(|release| format!("-{release}")).unwrap_or_default();
    let fixed = package.fixed.get().filter(|fixed| *fixed != "NotAvailable");
    Some(Package {
        name: package.name.untrusted()?,
        version: package.version.get().map(|version| format!("{epoch}{version}{release}").into()),
        purl: None,
        ecosystem: package.manager.get().filter(|manager| *manager != "OS").map(Untrusted::from),
        fix_state: if fixed.is_some() { FixState::Fixed } else { FixState::Unknown },
        fixed_in: fixed.map(Untrusted::from).into_iter().collect(),
    })
}

/// The package as Trivy's template writes it.
fn other_package(details: &Details<'_>) -> Option<Package> {
    let field = |name: &str| details.other.get(name).and_then(Text::untrusted);
    let fixed = field("Patched Package");
    Some(Package {
        name: field("PkgName")?,
        version: field("Installed Package"),
        purl: None,
        ecosystem: None,
        fix_state: if fixed.is_some() { FixState::Fixed } else { FixState::Unknown },
        fixed_in: fixed.into_iter().collect(),
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wrapped<'a> {
    #[serde(borrow, rename = "Findings")]
    findings: List<Finding<'a>>,
    #[serde(rename = "findings")]
    lower: List<Finding<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Finding<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    product_arn: Text<'a>,
    product_name: Text<'a>,
    product_fields: Dict<'a, Text<'a>>,
    #[serde(rename = "GeneratorId")]
    generator: Text<'a>,
    types: Texts<'a>,
    severity: Part<Said<'a>>,
    title: Text<'a>,
    remediation: Part<Remediation<'a>>,
    resources: List<Resource<'a>>,
    compliance: Part<Compliance<'a>>,
    workflow: Part<Status<'a>>,
    record_state: Text<'a>,
    vulnerabilities: List<Vulnerability<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Said<'a> {
    #[serde(borrow)]
    label: Text<'a>,
    normalized: Number,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Remediation<'a> {
    #[serde(borrow)]
    recommendation: Part<Recommendation<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Recommendation<'a> {
    #[serde(borrow)]
    url: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Compliance<'a> {
    #[serde(borrow, rename = "Status")]
    status: Text<'a>,
    #[serde(rename = "SecurityControlId")]
    control: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Status<'a> {
    #[serde(borrow)]
    status: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Resource<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    details: Part<Details<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Details<'a> {
    #[serde(borrow, rename = "AwsEcrContainerImage")]
    ecr_image: Part<EcrImage<'a>>,
    #[serde(rename = "Container")]
    container: Part<Container<'a>>,
    #[serde(rename = "Other")]
    other: Dict<'a, Text<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct EcrImage<'a> {
    #[serde(borrow, rename = "RepositoryName")]
    repository: Text<'a>,
    #[serde(rename = "ImageDigest")]
    digest: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Container<'a> {
    #[serde(borrow, rename = "ImageName")]
    image: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Vulnerability<'a> {
    #[serde(borrow, rename = "Id")]
    id: Text<'a>,
    #[serde(rename = "VulnerablePackages")]
    packages: List<VulnerablePackage<'a>>,
    #[serde(rename = "Cvss")]
    cvss: List<Scored<'a>>,
    #[serde(rename = "EpssScore")]
    epss: Number,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct VulnerablePackage<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    version: Text<'a>,
    epoch: Text<'a>,
    release: Text<'a>,
    #[serde(rename = "PackageManager")]
    manager: Text<'a>,
    #[serde(rename = "FixedInVersion")]
    fixed: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Scored<'a> {
    #[serde(borrow, rename = "BaseVector")]
    vector: Text<'a>,
    #[serde(rename = "BaseScore")]
    score: Number,
}
