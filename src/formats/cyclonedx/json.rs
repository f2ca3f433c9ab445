//! The JSON notation of CycloneDX.

use serde::Deserialize;

use super::super::FormatError;
use super::super::terms::digest;
use super::super::wire::{self, List, Number, Numbers, OneOrMany, Part, Record, Text, malformed, no_results};
use super::{Affected, Analysis, Bom, Component, FORMAT, License, Rating, Vulnerability};
use crate::model::digest::Digest;

/// Reads a document.
pub(super) fn read(text: &str) -> Result<Bom, FormatError> {
    let wire: WireBom<'_> = wire::read(text, FORMAT.id)?;
    if wire.bom_format.get() != Some("CycloneDX") {
        return Err(no_results(FORMAT.id, "there is no `bomFormat`"));
    }
    match wire.spec_version.get() {
        Some(version) if version.starts_with("1.") => {}
        other => {
            let version = other.unwrap_or("none is stated").into();
            return Err(FormatError::Version { format: FORMAT.id, version });
        }
    }
    for (list, odd) in
        [("components", list_fault(&wire.components)), ("vulnerabilities", list_fault(&wire.vulnerabilities))]
    {
        if let Some(found) = odd {
            return Err(malformed(FORMAT.id, format!("`{list}` should be a list and is {found}")));
        }
    }
    let mut bom = Bom::default();
    if let Some(metadata) = wire.metadata.get() {
        metadata.tell(&mut bom);
    }
    collect(&wire.components, "/components", &mut bom);
    for (index, record) in wire.vulnerabilities.into_records().into_iter().enumerate() {
        let read = match record {
            Record::Sound(one) => Ok(one.vulnerability()),
            Record::Odd(found) => Err(format!("should be an object and is {found}")),
        };
        bom.vulnerabilities.push((format!("/vulnerabilities/{index}"), read));
    }
    Ok(bom)
}

fn list_fault<T>(list: &List<T>) -> Option<&'static str> {
    match list {
        List::Odd(found) => Some(found),
        _ => None,
    }
}

/// All components, those within others too. serde's own limit bounds the depth.
fn collect(list: &List<WireComponent<'_>>, at: &str, bom: &mut Bom) {
    for (index, record) in list.records().iter().enumerate() {
        let here = format!("{at}/{index}");
        match record {
            Record::Sound(component) => {
                bom.components.push(component.component());
                collect(&component.components, &format!("{here}/components"), bom);
            }
            Record::Odd(found) => bom.odd.push((here, format!("should be an object and is {found}"))),
        }
    }
}

fn owned(text: &Text<'_>) -> Option<String> {
    text.get().map(str::to_owned)
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct WireBom<'a> {
    #[serde(borrow)]
    bom_format: Text<'a>,
    spec_version: Text<'a>,
    metadata: Part<Metadata<'a>>,
    components: List<WireComponent<'a>>,
    vulnerabilities: List<WireVulnerability<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata<'a> {
    #[serde(borrow)]
    timestamp: Text<'a>,
    /// A list of tools, or since 1.5 an object that lists components and services.
    tools: OneOrMany<Tool<'a>>,
    component: Part<WireComponent<'a>>,
    manufacturer: Part<Who<'a>>,
    authors: List<Who<'a>>,
}

impl Metadata<'_> {
    fn tell(&self, bom: &mut Bom) {
        let listed = self.tools.0.sound().flat_map(|tool| {
            let within = tool.components.sound().chain(tool.services.sound()).map(|one| (&one.name, &one.version));
            std::iter::once((&tool.name, &tool.version)).chain(within)
        });
        if let Some((name, version)) = listed.into_iter().find(|(name, _)| name.get().is_some()) {
            bom.tool = name.untrusted();
            bom.tool_version = version.untrusted();
        }
        bom.timestamp = owned(&self.timestamp);
        bom.subject = self.component.get().map(WireComponent::component);
        // `supplier` and `manufacture` are of what the document is about.
        let mut writers = self.manufacturer.get().into_iter().chain(self.authors.sound());
        bom.author = writers.find_map(|who| who.name.untrusted());
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tool<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    version: Text<'a>,
    components: List<Named<'a>>,
    services: List<Named<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    version: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Who<'a> {
    #[serde(borrow)]
    name: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireComponent<'a> {
    #[serde(borrow, rename = "bom-ref")]
    reference: Text<'a>,
    #[serde(rename = "type")]
    kind: Text<'a>,
    group: Text<'a>,
    name: Text<'a>,
    version: Text<'a>,
    purl: Text<'a>,
    hashes: List<Hash<'a>>,
    properties: List<Property<'a>>,
    licenses: List<WireLicense<'a>>,
    components: List<Self>,
}

impl WireComponent<'_> {
    fn component(&self) -> Component {
        let hashes = self.hashes.sound().filter(|hash| hash.alg.get() == Some("SHA-256"));
        let hashed = hashes.filter_map(|hash| Digest::from_hex(hash.content.get()?).ok());
        // Trivy says here which image it looked at.
        let image = |name: &str| name.ends_with(":ImageID") || name.ends_with(":RepoDigest");
        let told = self.properties.sound().filter(|property| property.name.get().is_some_and(image));
        let told = told.filter_map(|property| digest(property.value.get()?));
        Component {
            reference: owned(&self.reference),
            kind: owned(&self.kind),
            group: owned(&self.group),
            name: owned(&self.name),
            version: owned(&self.version),
            purl: owned(&self.purl),
            digests: hashed.chain(told).collect(),
            licenses: self.licenses.sound().filter_map(WireLicense::license).collect(),
        }
    }
}

/// A licence, or an expression in its place.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WireLicense<'a> {
    #[serde(borrow)]
    license: Part<NamedLicense<'a>>,
    expression: Text<'a>,
    acknowledgement: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NamedLicense<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    name: Text<'a>,
    acknowledgement: Text<'a>,
}

impl WireLicense<'_> {
    fn license(&self) -> Option<License> {
        let none = NamedLicense::default();
        let named = self.license.get().unwrap_or(&none);
        let spdx = self.expression.get().or_else(|| named.id.get());
        let stated = self.acknowledgement.get().or_else(|| named.acknowledgement.get());
        Some(License {
            text: spdx.or_else(|| named.name.get())?.to_owned(),
            is_spdx: spdx.is_some(),
            is_concluded: stated == Some("concluded"),
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Hash<'a> {
    #[serde(borrow)]
    alg: Text<'a>,
    content: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Property<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    value: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireVulnerability<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    source: Part<Source<'a>>,
    references: List<Reference<'a>>,
    ratings: List<WireRating<'a>>,
    cwes: Numbers,
    description: Text<'a>,
    published: Text<'a>,
    analysis: Part<WireAnalysis<'a>>,
    affects: List<WireAffected<'a>>,
}

impl WireVulnerability<'_> {
    fn vulnerability(&self) -> Vulnerability {
        Vulnerability {
            id: owned(&self.id),
            url: self.source.get().and_then(|source| owned(&source.url)),
            aliases: self.references.sound().filter_map(|reference| owned(&reference.id)).collect(),
            ratings: self.ratings.sound().map(WireRating::rating).collect(),
            cwes: self.cwes.iter().filter_map(Number::whole).map(|class| class.to_string()).collect(),
            description: owned(&self.description),
            published: owned(&self.published),
            analysis: self.analysis.get().map(|said| Analysis {
                state: owned(&said.state),
                justification: owned(&said.justification),
                detail: owned(&said.detail),
                at: owned(&said.last_updated).or_else(|| owned(&said.first_issued)),
            }),
            affects: self.affects.in_place().map(|one| one.map(WireAffected::affected).unwrap_or_default()).collect(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Source<'a> {
    #[serde(borrow)]
    url: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reference<'a> {
    #[serde(borrow)]
    id: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireRating<'a> {
    #[serde(borrow)]
    severity: Text<'a>,
    score: Number,
    method: Text<'a>,
    vector: Text<'a>,
}

impl WireRating<'_> {
    fn rating(&self) -> Rating {
        Rating {
            severity: owned(&self.severity),
            score: self.score.real(),
            method: owned(&self.method),
            vector: owned(&self.vector),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireAnalysis<'a> {
    #[serde(borrow)]
    state: Text<'a>,
    justification: Text<'a>,
    detail: Text<'a>,
    #[serde(rename = "firstIssued")]
    first_issued: Text<'a>,
    #[serde(rename = "lastUpdated")]
    last_updated: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireAffected<'a> {
    #[serde(borrow, rename = "ref")]
    reference: Text<'a>,
    versions: List<WireVersion<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireVersion<'a> {
    #[serde(borrow)]
    status: Text<'a>,
}

impl WireAffected<'_> {
    fn affected(&self) -> Affected {
        let statuses = self.versions.sound().map(|one| one.status.get().unwrap_or("affected").to_owned());
        Affected { reference: owned(&self.reference), statuses: statuses.collect() }
    }
}
