//! CycloneDX 1.0 to 1.7, JSON and XML: bills of materials, vulnerabilities, VEX.
//!
//! One result for each vulnerability and target that it affects, whatever its analysis says: that is a statement of whoever
//! wrote the document, kept beside the result. A plain inventory is no scan, so it answers no check but that it is there; the
//! list of vulnerabilities is empty both where nothing was found and where nobody looked.

mod json;
mod xml;

use std::collections::BTreeMap;

use super::terms::{
    asserted, assessment, cwe, digest, distinct, instant, package_of, title, versioned, vulnerability_id,
};
use super::wire::{Element, not_understood, place};
use super::{Format, FormatError, Head};
use crate::model::digest::Digest;
use crate::model::document::{PackageLicense, VexProduct, VexStatement, VexStatus};
use crate::model::finding::{Cvss, Kind, Location, Observation, Rule, SuppressedBy, Suppression};
use crate::model::package::Package;
use crate::model::report::{Check, Parsed};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "cyclonedx",
    title: "CycloneDX",
    docs: "https://cyclonedx.org/docs/",
    produce: "trivy image --format cyclonedx --scanners vuln, grype -o cyclonedx-json, …",
    seen: "1.3 to 1.7 as JSON, 1.0 to 1.4 as XML, with and without vulnerabilities and VEX",
    checks: &[Check::Dependencies, Check::Iac, Check::Image, Check::Sbom],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let namespaced =
        |namespace: &Option<String>| namespace.as_deref().is_some_and(|ns| ns.contains("cyclonedx.org/schema/bom"));
    head.key("bomFormat").text() == Some("CycloneDX")
        || head.xml().is_some_and(|root| root.name == "bom" && namespaced(&root.namespace))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let bom = if text.trim_start().starts_with('<') { xml::read(text)? } else { json::read(text)? };
    Ok(bom.parsed())
}

/// A document, in either notation.
#[derive(Default)]
pub(super) struct Bom {
    pub(super) tool: Option<Untrusted>,
    pub(super) tool_version: Option<Untrusted>,
    /// Who wrote the document, never who made what it is about.
    pub(super) author: Option<Untrusted>,
    pub(super) timestamp: Option<String>,
    /// What the document is about.
    pub(super) subject: Option<Component>,
    /// All components, those within others too.
    pub(super) components: Vec<Component>,
    /// Pointer of a vulnerability, and what was read there.
    pub(super) vulnerabilities: Vec<(String, Result<Vulnerability, String>)>,
    /// Odd elements of other lists.
    pub(super) odd: Vec<(String, String)>,
}

/// A component, in either notation.
#[derive(Clone, Debug, Default)]
pub(super) struct Component {
    pub(super) reference: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) group: Option<String>,
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    pub(super) purl: Option<String>,
    pub(super) digests: Vec<Digest>,
    pub(super) licenses: Vec<License>,
}

/// An entry of a component's list of licences, in either notation.
#[derive(Clone, Debug)]
pub(super) struct License {
    pub(super) text: String,
    /// Whether it is an id or an expression of SPDX, and not a name in words.
    pub(super) is_spdx: bool,
    /// Whether it is what somebody who looked came to, and not what the component says of itself.
    pub(super) is_concluded: bool,
}

/// A vulnerability, in either notation.
#[derive(Debug, Default)]
pub(super) struct Vulnerability {
    pub(super) id: Option<String>,
    pub(super) url: Option<String>,
    pub(super) aliases: Vec<String>,
    pub(super) ratings: Vec<Rating>,
    pub(super) cwes: Vec<String>,
    pub(super) description: Option<String>,
    pub(super) published: Option<String>,
    pub(super) analysis: Option<Analysis>,
    pub(super) affects: Vec<Affected>,
}

/// A rating, in either notation.
#[derive(Debug, Default)]
pub(super) struct Rating {
    pub(super) severity: Option<String>,
    pub(super) score: Option<f64>,
    pub(super) method: Option<String>,
    pub(super) vector: Option<String>,
}

/// What the author of the document says about a vulnerability.
#[derive(Debug, Default)]
pub(super) struct Analysis {
    pub(super) state: Option<String>,
    pub(super) justification: Option<String>,
    pub(super) detail: Option<String>,
    /// When it was first written, or last changed.
    pub(super) at: Option<String>,
}

/// What a vulnerability affects.
#[derive(Debug, Default)]
pub(super) struct Affected {
    pub(super) reference: Option<String>,
    /// The status of each version that is listed, `affected` where nothing is said.
    pub(super) statuses: Vec<String>,
}

impl Bom {
    fn parsed(self) -> Parsed {
        let mut parsed = Parsed::new(self.tool.clone().unwrap_or_else(|| "CycloneDX".into()), &self.checks());
        parsed.tool.version.clone_from(&self.tool_version);
        parsed.finished_at = instant(self.timestamp.as_deref());
        if let Some(subject) = &self.subject {
            parsed.target.name = subject.full_name().map(Untrusted::from);
            parsed.target.digests = subject.known_digests();
        }
        if !self.components.is_empty() || self.vulnerabilities.is_empty() {
            parsed.packages = Some(u64::try_from(self.components.len()).unwrap_or(u64::MAX));
        }
        parsed.licenses = self.components.iter().filter_map(Component::licensed).collect();
        for (pointer, reason) in &self.odd {
            not_understood(&mut parsed, pointer.clone(), reason.as_str());
        }
        let known = self.by_reference();
        let image = self.image();
        for (pointer, vulnerability) in &self.vulnerabilities {
            match vulnerability {
                Err(reason) => not_understood(&mut parsed, pointer.clone(), reason.as_str()),
                Ok(one) => self.report(one, pointer, &known, image.as_ref(), &mut parsed),
            }
        }
        parsed
    }

    /// An empty list of vulnerabilities does not say that anybody looked, and a list of statements about components that
    /// stand elsewhere is no scan.
    fn checks(&self) -> Vec<Check> {
        let sound = || self.vulnerabilities.iter().filter_map(|(_, one)| one.as_ref().ok());
        let mut checks = Vec::new();
        if !self.components.is_empty() {
            if sound().any(|one| one.kind() == Kind::Vulnerability) {
                checks.push(Check::Dependencies);
            }
            if sound().any(|one| one.kind() == Kind::Misconfiguration) {
                checks.push(Check::Iac);
            }
            if checks.contains(&Check::Dependencies) && self.image().is_some() {
                checks.push(Check::Image);
            }
        }
        if !self.components.is_empty() || self.vulnerabilities.is_empty() {
            checks.push(Check::Sbom);
        }
        checks
    }

    fn image(&self) -> Option<Untrusted> {
        let subject = self.subject.as_ref().filter(|subject| subject.kind.as_deref() == Some("container"))?;
        subject.full_name().map(Untrusted::from)
    }

    fn by_reference(&self) -> BTreeMap<&str, &Component> {
        let all = self.components.iter().chain(&self.subject);
        let mut known = BTreeMap::new();
        for component in all {
            for name in [&component.purl, &component.reference].into_iter().flatten() {
                known.entry(name.as_str()).or_insert(component);
            }
        }
        known
    }

    fn report(
        &self,
        one: &Vulnerability,
        pointer: &str,
        known: &BTreeMap<&str, &Component>,
        image: Option<&Untrusted>,
        parsed: &mut Parsed,
    ) {
        let Some(id) = one.id.as_deref().map(str::trim).filter(|id| !id.is_empty()) else {
            let count = one.affects.len().max(1);
            for index in 0..count {
                not_understood(parsed, one.place(pointer, index), "has no `id`");
            }
            return;
        };
        let products: Vec<(Component, &Affected)> =
            one.affects.iter().map(|affected| (affected.component(known), affected)).collect();
        for (index, (component, affected)) in products.iter().enumerate() {
            let observation = one.observe(id, Some(component), Some(affected), image);
            place(parsed, || one.place(pointer, index), Ok(Element::Result(Box::new(observation))));
        }
        if products.is_empty() {
            let observation = one.observe(id, None, None, image);
            place(parsed, || pointer.to_owned(), Ok(Element::Result(Box::new(observation))));
        }
        if let Some(status) = one.status() {
            let analysis = one.analysis.as_ref();
            parsed.vex.push(VexStatement {
                vulnerability: one.names(id),
                products: products.iter().filter_map(|(component, affected)| component.product(affected)).collect(),
                status,
                justification: analysis.and_then(|said| said.justification.as_deref()).map(Untrusted::from),
                note: analysis.and_then(|said| said.detail.as_deref()).map(title),
                author: self.author.clone(),
                at: instant(analysis.and_then(|said| said.at.as_deref()).or(self.timestamp.as_deref())),
                pointer: pointer.into(),
            });
        }
    }
}

impl Component {
    /// Its licence. That nothing is said of it is told of dependencies only: files and lock files are components, too.
    fn licensed(&self) -> Option<PackageLicense> {
        let license = self.license();
        let is_dependency = matches!(self.kind.as_deref(), None | Some("library" | "framework"));
        if license.is_none() && !is_dependency {
            return None;
        }
        Some(PackageLicense { package: versioned(self.grouped_name().as_deref(), self.version.as_deref()), license })
    }

    /// What was concluded, else what is declared, as one expression: entries of the list hold together.
    fn license(&self) -> Option<Untrusted> {
        let any = |is: fn(&License) -> bool| self.licenses.iter().any(is);
        let (concluded, spdx) = (any(|one| one.is_concluded), any(|one| one.is_spdx));
        let mut texts = Vec::new();
        for one in self.licenses.iter().filter(|one| one.is_concluded || !concluded) {
            // What PyPI calls a licence in words stands beside the id of the same one.
            let says_it_again = spdx && one.text.starts_with("License :: ");
            let text = asserted(Some(&one.text)).filter(|text| !says_it_again && !texts.contains(text));
            texts.extend(text);
        }
        match texts.as_slice() {
            [] => None,
            [only] => Some(only.clone()),
            several => {
                let alone = |text: &Untrusted| match text.as_raw() {
                    raw if raw.contains(' ') => format!("({raw})"),
                    raw => raw.to_owned(),
                };
                Some(several.iter().map(alone).collect::<Vec<_>>().join(" AND ").into())
            }
        }
    }

    fn grouped_name(&self) -> Option<String> {
        let name = self.name.as_deref()?;
        Some(self.group.as_deref().map_or_else(|| name.to_owned(), |group| format!("{group}/{name}")))
    }

    /// With its group and version.
    fn full_name(&self) -> Option<String> {
        let name = self.grouped_name()?;
        // The version of an image is its digest, or the tag that the name has already.
        let version = self.version.as_deref().filter(|version| !name.contains(version));
        let separator = if version.is_some_and(|version| version.starts_with("sha256:")) { '@' } else { ':' };
        Some(version.map_or_else(|| name.clone(), |version| format!("{name}{separator}{version}")))
    }

    /// Its own digests, and the one that the package URL of an image has for a version.
    fn known_digests(&self) -> Vec<Digest> {
        let oci = self.purl.as_deref().and_then(|purl| purl.strip_prefix("pkg:oci/"));
        let of_purl = oci.and_then(package_version);
        let named = [of_purl.as_deref(), self.version.as_deref(), self.name.as_deref()].into_iter().flatten();
        let mut digests: Vec<Digest> = self.digests.iter().copied().chain(named.filter_map(digest)).collect();
        digests.sort();
        digests.dedup();
        digests
    }

    fn package(&self) -> Option<Package> {
        let of_purl = self.purl.as_deref().and_then(package_of);
        of_purl.or_else(|| {
            Some(Package {
                name: self.grouped_name()?.into(),
                version: self.version.as_deref().map(Untrusted::from),
                purl: self.purl.as_deref().map(Untrusted::from),
                ..Package::default()
            })
        })
    }

    fn product(&self, affected: &Affected) -> Option<VexProduct> {
        let id = affected.reference.as_deref().or(self.purl.as_deref()).or(self.name.as_deref())?;
        // Versions that are listed beside a component narrow it down, and so does its own where the package URL has none.
        let unversioned = |purl: &str| package_of(purl).is_some_and(|package| package.version.is_none());
        let own = self.version.as_deref().filter(|_| self.purl.as_deref().is_some_and(unversioned));
        let listed = (!affected.statuses.is_empty()).then_some("versions of `affects`");
        let range = listed.or(own).map(Untrusted::from);
        Some(VexProduct {
            id: id.into(),
            purl: self.purl.as_deref().map(Untrusted::from),
            components: Vec::new(),
            range,
        })
    }
}

/// The version in the rest of a package URL, with `%3A` and `%40` as they are meant.
fn package_version(rest: &str) -> Option<String> {
    let path = rest.split(['?', '#']).next()?;
    let (_, version) = path.rsplit_once('@')?;
    Some(version.replace("%3A", ":").replace("%3a", ":"))
}

impl Affected {
    /// The component that is meant: one of this document, or what a reference into another one says by itself.
    fn component(&self, known: &BTreeMap<&str, &Component>) -> Component {
        let Some(reference) = self.reference.as_deref() else { return Component::default() };
        let local = local_reference(reference);
        if let Some(component) = known.get(reference).or_else(|| known.get(local.as_str())) {
            return (*component).clone();
        }
        let purl = local.starts_with("pkg:").then(|| local.clone());
        Component { name: Some(local), purl, ..Component::default() }
    }

    /// Whether it lists versions, and says of each that it is not affected.
    fn is_unaffected(&self) -> bool {
        !self.statuses.is_empty() && self.statuses.iter().all(|status| status == "unaffected")
    }
}

/// The element's own name in a BOM-Link (`urn:cdx:serial/version#name`), percent-decoded; any other reference as it is.
fn local_reference(reference: &str) -> String {
    let Some((_, name)) = reference.strip_prefix("urn:cdx:").and_then(|rest| rest.split_once('#')) else {
        return reference.to_owned();
    };
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let coded = pair.filter(|_| *first == b'%').and_then(|pair| u8::from_str_radix(pair, 16).ok());
        bytes.push(coded.unwrap_or(*first));
        rest = if coded.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| name.to_owned())
}

impl Vulnerability {
    fn place(&self, pointer: &str, index: usize) -> String {
        if self.affects.is_empty() { pointer.to_owned() } else { format!("{pointer}/affects/{index}") }
    }

    /// Checkov writes failed checks of infrastructure code as vulnerabilities.
    fn kind(&self) -> Kind {
        match self.id.as_deref() {
            Some(id) if id.starts_with("CKV") => Kind::Misconfiguration,
            Some(id) if id.starts_with("MAL-") => Kind::Malware,
            _ => Kind::Vulnerability,
        }
    }

    /// Its name and aliases. What is listed under another CVE is another problem.
    fn names(&self, id: &str) -> Vec<Untrusted> {
        let own = vulnerability_id(id).unwrap_or_else(|| id.into());
        let is_cve = |name: &Untrusted| name.as_raw().starts_with("CVE-");
        let aliases = self.aliases.iter().filter_map(|alias| vulnerability_id(alias));
        let others = distinct(aliases.filter(|alias| *alias != own).collect());
        let cves = others.iter().filter(|other| is_cve(other)).count() + usize::from(is_cve(&own));
        let kept = others.into_iter().filter(|other| cves < 2 || !is_cve(other));
        std::iter::once(own).chain(kept).collect()
    }

    fn observe(
        &self,
        id: &str,
        component: Option<&Component>,
        affected: Option<&Affected>,
        image: Option<&Untrusted>,
    ) -> Observation {
        let (severity, source, raw) = self.severity();
        let package = component.and_then(Component::package);
        let name = package.as_ref().map(|package| package.name.as_raw());
        let named = || name.map_or_else(|| id.to_owned(), |name| format!("{id} in {name}"));
        Observation {
            rule: Rule { id: id.into(), name: None, url: self.url.as_deref().map(Untrusted::from) },
            ids: if self.kind() == Kind::Misconfiguration { Vec::new() } else { self.names(id) },
            cwes: distinct(self.cwes.iter().filter_map(|class| cwe(class)).collect()),
            severity_raw: raw.map(Untrusted::from),
            cvss: self.cvss(),
            title: self.description.as_deref().map_or_else(|| named().into(), title),
            package: package.map(Box::new),
            location: Location { image: image.cloned(), ..Location::default() },
            published: self.published.as_deref().map(Untrusted::from),
            suppression: self.suppression(affected),
            ..Observation::new(self.kind(), id, severity, source)
        }
    }

    /// The worst word of all ratings, else the worst score.
    fn severity(&self) -> (Severity, SeveritySource, Option<&str>) {
        let worse = |a: &Severity, b: &Severity| rank(*a).cmp(&rank(*b));
        let words = || self.ratings.iter().filter_map(|rating| rating.severity.as_deref());
        let said = words().map(Severity::from_word).filter(|severity| *severity != Severity::Unknown).max_by(worse);
        if let Some(severity) = said {
            let word = words().find(|word| Severity::from_word(word) == severity);
            return (severity, SeveritySource::Scanner, word);
        }
        let word = words().next();
        let scores = self.ratings.iter().filter_map(Rating::cvss).filter_map(|cvss| cvss.score);
        match scores.map(Severity::from_score).max_by(worse) {
            Some(severity) => (severity, SeveritySource::Cvss, word),
            None if word.is_some() => (Severity::Unknown, SeveritySource::Scanner, word),
            None => (Severity::Unknown, SeveritySource::None, None),
        }
    }

    /// The assessment of the newest version of CVSS, of several the highest.
    fn cvss(&self) -> Option<Box<Cvss>> {
        let newer = |cvss: &Cvss| cvss.version.as_ref().map(|version| version.as_raw().to_owned());
        self.ratings.iter().filter_map(Rating::cvss).max_by(|a, b| {
            let by_score = || a.score.unwrap_or(-1.0).total_cmp(&b.score.unwrap_or(-1.0));
            newer(a).cmp(&newer(b)).then_with(by_score)
        })
    }

    fn status(&self) -> Option<VexStatus> {
        match self.analysis.as_ref()?.state.as_deref()? {
            "resolved" | "resolved_with_pedigree" => Some(VexStatus::Fixed),
            "exploitable" => Some(VexStatus::Affected),
            "in_triage" => Some(VexStatus::UnderInvestigation),
            "false_positive" | "not_affected" => Some(VexStatus::NotAffected),
            _ => None,
        }
    }

    /// The document's own word that nothing is to be done; whether it counts is for policy to say.
    fn suppression(&self, affected: Option<&Affected>) -> Option<Suppression> {
        let unaffected = affected.is_some_and(Affected::is_unaffected);
        let analysis = self.analysis.as_ref();
        let cleared = matches!(self.status(), Some(VexStatus::Fixed | VexStatus::NotAffected));
        if !cleared && !unaffected {
            return None;
        }
        let said = |field: fn(&Analysis) -> Option<&str>| analysis.and_then(field);
        let words: Vec<&str> = [
            said(|one| one.state.as_deref()).or(unaffected.then_some("unaffected versions")),
            said(|one| one.justification.as_deref()),
            said(|one| one.detail.as_deref()),
        ]
        .into_iter()
        .flatten()
        .collect();
        Some(Suppression { by: SuppressedBy::Vex, reason: Some(title(&words.join(": "))) })
    }
}

/// Known severities, worst last.
const fn rank(severity: Severity) -> u8 {
    match severity {
        Severity::Unknown => 0,
        Severity::Info => 1,
        Severity::Low => 2,
        Severity::Medium => 3,
        Severity::High => 4,
        Severity::Critical => 5,
    }
}

impl Rating {
    /// What follows CVSS; a score of OWASP or SSVC is another scale.
    fn cvss(&self) -> Option<Box<Cvss>> {
        let version = match self.method.as_deref() {
            Some("CVSSv2") => Some("2.0"),
            Some("CVSSv3") => Some("3.0"),
            Some("CVSSv31") => Some("3.1"),
            Some("CVSSv4") => Some("4.0"),
            None | Some("") => None,
            Some(_) => return None,
        };
        let mut cvss = assessment(self.vector.as_deref(), self.score)?;
        cvss.version = version.map(Untrusted::from).or(cvss.version);
        Some(cvss)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bom(rest: &str) -> Parsed {
        parse(&format!(r#"{{"bomFormat":"CycloneDX","specVersion":"1.6",{rest}}}"#)).unwrap()
    }

    #[test]
    fn an_inventory_is_no_scan() {
        for rest in [
            r#""components":[{"type":"library","name":"a"}]"#,
            r#""components":[{"type":"library","name":"a"}],"vulnerabilities":[]"#,
        ] {
            let parsed = bom(rest);
            assert_eq!((parsed.checks.as_slice(), parsed.packages), ([Check::Sbom].as_slice(), Some(1)), "{rest}");
        }
    }

    #[test]
    fn statements_about_components_elsewhere_are_no_scan() {
        let parsed = bom(
            r#""vulnerabilities":[{"id":"CVE-2020-25649","analysis":{"state":"not_affected","justification":"code_not_reachable"},
            "affects":[{"ref":"urn:cdx:2c385cf7-e1ee-46e9-a51c-13de1ecb380a/1#pkg%3Amaven%2Fx%2Fy%401.0"}]}]"#,
        );
        assert!(parsed.checks.is_empty());
        let one = &parsed.observations[0];
        assert_eq!(one.package.as_ref().unwrap().purl, Some("pkg:maven/x/y@1.0".into()));
        assert_eq!(one.suppression.as_ref().unwrap().by, SuppressedBy::Vex);
        assert_eq!(parsed.vex[0].status, VexStatus::NotAffected);
    }

    #[test]
    fn each_affected_component_is_a_result_and_the_worst_word_counts() {
        let parsed = bom(
            r#""components":[{"bom-ref":"a","name":"a","version":"1","components":[{"bom-ref":"b","name":"b","purl":"pkg:npm/b@2"}]}],
            "vulnerabilities":[{"id":"GHSA-35jh-r3h4-6jhm","references":[{"id":"CVE-2021-23337"}],
              "ratings":[{"severity":"none","score":0},{"severity":"high","score":7.2,"method":"CVSSv31","vector":"CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H"},{"score":99,"method":"OWASP"}],
              "cwes":[94],"affects":[{"ref":"a"},{"ref":"b"}]},{"id":"CVE-2020-1"}]"#,
        );
        assert_eq!(parsed.packages, Some(2));
        assert_eq!(parsed.checks, [Check::Dependencies, Check::Sbom]);
        let seen: Vec<_> = parsed
            .observations
            .iter()
            .map(|one| (one.pointer.as_raw(), one.severity, one.package.as_ref().map(|package| package.name.as_raw())))
            .collect();
        assert_eq!(
            seen,
            [
                ("/vulnerabilities/0/affects/0", Severity::High, Some("a")),
                ("/vulnerabilities/0/affects/1", Severity::High, Some("b")),
                ("/vulnerabilities/1", Severity::Unknown, None),
            ]
        );
        assert_eq!(parsed.observations[0].ids, ["GHSA-35jh-r3h4-6jhm", "CVE-2021-23337"]);
        assert_eq!(parsed.observations[0].cvss.as_ref().unwrap().score, Some(7.2));
    }

    #[test]
    fn the_image_is_known_by_its_digest() {
        let hex = "aa".repeat(32);
        let parsed = bom(&format!(
            r#""metadata":{{"tools":{{"components":[{{"name":"trivy","version":"0.69"}}]}},"component":{{"type":"container","name":"shop","purl":"pkg:oci/shop@sha256%3A{hex}?arch=amd64"}}}},
            "components":[{{"bom-ref":"x","name":"x"}}],"vulnerabilities":[{{"id":"CVE-2020-1","affects":[{{"ref":"x"}}]}}]"#
        ));
        assert_eq!(parsed.target.digests, [Digest::from_hex(&hex).unwrap()]);
        assert_eq!(parsed.checks, [Check::Dependencies, Check::Image, Check::Sbom]);
        assert_eq!((parsed.tool.name.as_raw(), parsed.tool.version), ("trivy", Some("0.69".into())));
    }

    #[test]
    fn what_is_odd_is_counted_and_other_versions_are_refused() {
        let parsed = bom(r#""vulnerabilities":[7,{"affects":[{"ref":"a"},{"ref":"b"}]},{"id":"CVE-2020-1"}]"#);
        assert_eq!((parsed.observations.len(), parsed.not_understood.len()), (1, 3));
        for text in [
            r#"{"bomFormat":"CycloneDX","specVersion":"2.0"}"#,
            r#"{"bomFormat":"CycloneDX"}"#,
            r#"{"bomFormat":"CycloneDX","specVersion":"1.4","vulnerabilities":{}}"#,
            "{}",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn licences_hold_together_and_what_was_concluded_counts() {
        let json = |licenses: &str| {
            format!(
                r#"{{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{{"component":{{"name":"shop","licenses":[{{"license":{{"id":"MIT"}}}}]}}}},
                "components":[{{"type":"library","group":"@s","name":"a","version":"1","licenses":[{licenses}]}}]}}"#
            )
        };
        let xml = |licenses: &str| {
            format!(
                r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.6"><components><component type="library"><group>@s</group>
                <name>a</name><version>1</version><licenses>{licenses}</licenses></component></components></bom>"#
            )
        };
        for (text, license) in [
            (json(""), None),
            (json(r#"{"license":{"id":"MIT"}}"#), Some("MIT")),
            (json(r#"{"expression":"NOASSERTION"}"#), None),
            (
                json(r#"{"license":{"id":"MIT"}},{"license":{"id":"MIT"}},{"expression":"ISC OR 0BSD"}"#),
                Some("MIT AND (ISC OR 0BSD)"),
            ),
            (
                json(
                    r#"{"license":{"id":"Apache-2.0"}},{"license":{"name":"License :: OSI Approved :: Apache Software License"}}"#,
                ),
                Some("Apache-2.0"),
            ),
            (json(r#"{"license":{"id":"MIT"}},{"license":{"name":"Commercial"}}"#), Some("MIT AND Commercial")),
            (json(r#"{"license":{"name":"License :: Other"}}"#), Some("License :: Other")),
            (
                json(
                    r#"{"license":{"id":"MIT","acknowledgement":"declared"}},{"expression":"ISC","acknowledgement":"concluded"}"#,
                ),
                Some("ISC"),
            ),
            (xml("<license><id>MIT</id></license>"), Some("MIT")),
            (
                xml("<license acknowledgement=\"concluded\"><name>ISC</name></license><license><id>MIT</id></license>"),
                Some("ISC"),
            ),
            (xml("<expression>MIT OR ISC</expression>"), Some("MIT OR ISC")),
        ] {
            let parsed = parse(&text).unwrap();
            let [one] = parsed.licenses.as_slice() else { panic!("{text}: {:?}", parsed.licenses) };
            assert_eq!(
                (one.package.as_raw(), one.license.as_ref().map(Untrusted::as_raw)),
                ("@s/a@1", license),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_dependency_has_a_licence_only_where_it_says_one() {
        let text = r#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"file","name":"x"},
            {"type":"operating-system","name":"debian"},{"type":"application","name":"tool","licenses":[{"license":{"id":"MIT"}}]},
            {"type":"framework","name":"web"}]}"#;
        let parsed = parse(text).unwrap();
        let names: Vec<&str> = parsed.licenses.iter().map(|one| one.package.as_raw()).collect();
        assert_eq!((parsed.packages, names), (Some(4), vec!["tool", "web"]));
    }
}
