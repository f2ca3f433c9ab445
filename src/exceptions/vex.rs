//! VEX documents: which findings a statement is about.
//!
//! What must stay true: what cannot be compared matches nothing and is said; of what one issuer says of a finding, the newest counts, and
//! what has no date or one in the future never takes the place of anything; the answer does not depend on the order of documents or findings.

use std::collections::{BTreeMap, BTreeSet};

use super::purl::Purl;
use crate::model::artifact::Artifact;
use crate::model::digest::Digest;
use crate::model::document::{VexProduct, VexStatement, VexStatus};
use crate::model::finding::{Finding, Kind};
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;

/// Lines about products that cannot be compared, for each document.
const MOST_LINES: usize = 5;

/// A VEX document that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VexDocument {
    /// Its path.
    pub path: Untrusted,
    /// Whether it judges a change request and yet lies outside the repository, so that no branch vouches for it.
    pub outside: bool,
    /// The id of its format.
    pub format: Untrusted,
    /// Of its bytes.
    pub digest: Digest,
    /// When it was issued, as it says.
    pub issued: Option<Timestamp>,
    /// What it says.
    pub statements: Vec<VexStatement>,
    /// Statements that were not understood.
    pub not_understood: u64,
}

/// What is released: what a product may be.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReleasedNames<'a> {
    /// The name of the service.
    pub service: Option<&'a Untrusted>,
    /// The artifacts.
    pub artifacts: &'a [Artifact],
}

/// A statement that is about findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchedStatement<'a> {
    /// `vex-` and sixteen hexadecimal digits, from the document's digest and the statement's place in it.
    pub id: Untrusted,
    /// Its document.
    pub document: &'a VexDocument,
    /// What it says.
    pub statement: &'a VexStatement,
    /// Indices of the findings that it is about, ascending; without those about which its issuer has said something newer.
    pub covers: Vec<usize>,
    /// Whether newer statements of its issuer have left it nothing.
    pub superseded: bool,
}

/// What all documents say of the findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VexCoverage<'a> {
    /// By document and place.
    pub statements: Vec<MatchedStatement<'a>>,
    /// By document: products of statements about vulnerabilities of this release that cannot be compared, and why.
    pub unresolved: Vec<Vec<Untrusted>>,
}

/// Matches all statements with all findings. Documents come sorted by path and digest.
#[must_use]
pub fn cover_vex<'a>(
    documents: &'a [VexDocument],
    findings: &[Finding],
    released: &ReleasedNames<'_>,
    now: Timestamp,
) -> VexCoverage<'a> {
    let by_name = by_name(findings);
    let mut coverage = VexCoverage::default();
    for document in documents {
        let mut unresolved = BTreeSet::new();
        for (number, statement) in document.statements.iter().enumerate() {
            let names = statement.vulnerability.iter().map(folded);
            let about: BTreeSet<usize> = names.filter_map(|name| by_name.get(&name)).flatten().copied().collect();
            let mut covers = Vec::new();
            for position in about {
                let Some(finding) = findings.get(position) else { continue };
                let mut is_one = false;
                for product in &statement.products {
                    let product = Product { product, status: statement.status };
                    match product.holds(finding, released) {
                        Ok(holds) => is_one |= holds,
                        Err(why) => {
                            unresolved.insert(Untrusted::new(format!("{}: {why}", product.product.id.as_raw())));
                        }
                    }
                }
                if is_one {
                    covers.push(position);
                }
            }
            if !covers.is_empty() {
                let id = id(document.digest, number);
                coverage.statements.push(MatchedStatement { id, document, statement, covers, superseded: false });
            }
        }
        coverage.unresolved.push(unresolved.into_iter().take(MOST_LINES).collect());
    }
    supersede(&mut coverage.statements, now);
    coverage
}

fn id(document: Digest, number: usize) -> Untrusted {
    let hex: String = Digest::of(format!("{document}\n{number}")).hex().chars().take(16).collect();
    format!("vex-{hex}").into()
}

fn folded(name: &Untrusted) -> String {
    name.as_raw().trim().to_ascii_uppercase()
}

/// Name of a vulnerability → findings that go by it.
fn by_name(findings: &[Finding]) -> BTreeMap<String, Vec<usize>> {
    let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (position, finding) in findings.iter().enumerate() {
        if matches!(finding.kind, Kind::Vulnerability | Kind::Malware) {
            for name in finding.ids.iter().map(folded).filter(|name| !name.starts_with("CWE-")) {
                by_name.entry(name).or_default().push(position);
            }
        }
    }
    by_name
}

/// Of what one issuer says of one finding at several times, the newest counts.
fn supersede(statements: &mut [MatchedStatement<'_>], now: Timestamp) {
    let mut newest: BTreeMap<(Untrusted, usize), Timestamp> = BTreeMap::new();
    for one in statements.iter() {
        let (Some(issuer), Some(at)) = (&one.statement.author, one.statement.at.filter(|at| *at <= now)) else {
            continue;
        };
        for position in &one.covers {
            let known = newest.entry((issuer.clone(), *position)).or_insert(at);
            *known = at.max(*known);
        }
    }
    for one in statements {
        let (Some(issuer), Some(at)) = (&one.statement.author, one.statement.at) else { continue };
        one.covers.retain(|position| newest.get(&(issuer.clone(), *position)).is_none_or(|newest| at >= *newest));
        one.superseded = one.covers.is_empty();
    }
}

/// A product of a statement.
struct Product<'a> {
    product: &'a VexProduct,
    status: VexStatus,
}

impl Product<'_> {
    /// Whether it is what the finding is about; why that cannot be said.
    fn holds(&self, finding: &Finding, released: &ReleasedNames<'_>) -> Result<bool, String> {
        if let Some(range) = &self.product.range {
            return Err(format!("which versions are meant is not compared ({})", range.as_raw()));
        }
        let product = self.product.purl.as_ref().ok_or("it has no package URL")?;
        let product = purl(product)?;
        let package = finding.package.as_deref().and_then(Purl::of);
        if self.product.components.is_empty() {
            let is_package = package.is_some_and(|package| product.covers(&package));
            let holds = is_package || is_released(&product, finding, released);
            return if holds { self.versioned(&product).map(|()| true) } else { Ok(false) };
        }
        if !is_released(&product, finding, released) {
            return Ok(false);
        }
        let mut holds = false;
        for component in &self.product.components {
            let component = purl(component)?;
            if package.as_ref().is_some_and(|package| component.covers(package)) {
                self.versioned(&component)?;
                holds = true;
            }
        }
        Ok(holds)
    }

    /// That a package is fixed says nothing without the version that holds the fix.
    fn versioned(&self, purl: &Purl) -> Result<(), String> {
        match (self.status, &purl.version) {
            (VexStatus::Fixed, None) => Err("a fix without its version".to_owned()),
            _ => Ok(()),
        }
    }
}

fn purl(text: &Untrusted) -> Result<Purl, String> {
    let raw = text.as_raw().trim();
    // Before it is taken apart: the slash in a range would end the name.
    if ["vers:", "vers=", "vers%3A", "vers%3a"].iter().any(|range| raw.contains(range)) {
        return Err(format!("a range of versions is not compared ({raw})"));
    }
    let purl: Purl = raw.parse().map_err(|_| format!("{raw} is no package URL of one package"))?;
    if purl.version.as_ref().is_some_and(|version| version.contains(['<', '>', '|', ','])) {
        return Err(format!("a range of versions is not compared ({raw})"));
    }
    Ok(purl)
}

/// Whether a product is what is released and what the finding is in: an image by its digest, or, where it names no version, by the name
/// of the service or of the artifact.
fn is_released(product: &Purl, finding: &Finding, released: &ReleasedNames<'_>) -> bool {
    let Some(name) = IMAGES.iter().find_map(|image| product.name.strip_prefix(image)) else { return false };
    match &product.version {
        Some(version) => {
            let digest = version.strip_prefix("sha256:").and_then(|hex| Digest::from_hex(hex).ok());
            digest.is_some_and(|digest| match (finding.target.digests.as_slice(), released.artifacts) {
                ([], [only]) => only.digest == digest,
                (digests, _) => digests.contains(&digest),
            })
        }
        None => {
            let repository = product.qualifiers.get("repository_url").map(String::as_str);
            let names = |reference: &str| is_image(reference, name, repository);
            released.service.is_some_and(|service| repository.is_none() && service.as_raw() == name)
                || released.artifacts.iter().any(|one| names(one.name.as_raw()) && is_in(finding, one, released))
        }
    }
}

/// Types of package URLs that name what is released, not what it is made of.
const IMAGES: [&str; 3] = ["oci/", "docker/", "generic/"];

/// Whether an image reference, without tag and digest, is of this name; where a repository is given, of that repository.
fn is_image(reference: &str, name: &str, repository: Option<&str>) -> bool {
    let reference = reference.split('@').next().unwrap_or_default();
    let reference = match reference.rsplit_once(':') {
        Some((untagged, tag)) if !tag.contains('/') => untagged,
        _ => reference,
    };
    let ends_with_name = reference.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('/'));
    ends_with_name && repository.is_none_or(|url| reference == url || reference == format!("{url}/{name}"))
}

/// Whether a finding is in this artifact, as far as its report tells them apart.
fn is_in(finding: &Finding, artifact: &Artifact, released: &ReleasedNames<'_>) -> bool {
    match (finding.target.digests.as_slice(), released.artifacts) {
        ([], [_]) => true,
        (digests, _) => digests.contains(&artifact.digest),
    }
}
