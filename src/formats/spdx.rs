//! SPDX 2.2 and 2.3, as JSON or as tags and values: an inventory.
//!
//! Packages are no findings, and links to advisories are none either. What the document says it describes, with its SHA-256, is
//! its target. SPDX 3 has another structure and is refused.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::terms::{asserted, instant, package_of, versioned};
use super::wire::{Any, List, Part, Record, Text, Texts, no_results, not_understood, read};
use super::{Format, FormatError, Head, Node};
use crate::model::digest::Digest;
use crate::model::document::PackageLicense;
use crate::model::report::{Check, Parsed};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "spdx",
    title: "SPDX",
    docs: "https://spdx.github.io/spdx-spec/v2.3/",
    produce: "trivy image --format spdx-json, syft -o spdx-json, …",
    seen: "2.2 and 2.3 as JSON, tags and values",
    checks: &[Check::Sbom],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let of_spdx = |node: &Node<'_>| node.text().is_some_and(|text| text.contains("spdx.org/rdf/3"));
    let context = head.key("@context");
    let third = of_spdx(context) || context.elements().iter().any(of_spdx);
    third || head.key("spdxVersion").is_text() || is_tagged(head.lines())
}

fn is_tagged<'a>(mut lines: impl Iterator<Item = &'a str>) -> bool {
    lines.any(|line| line.starts_with("SPDXVersion:"))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    if !text.trim_start().starts_with('{') {
        return read_tags(text);
    }
    let document: Document<'_> = read(text, FORMAT.id)?;
    if document.context != Any::Absent && document.version.get().is_none() {
        return Err(FormatError::Version { format: FORMAT.id, version: "3".into() });
    }
    check_version(document.version.get())?;
    let mut parsed = Parsed::new("SPDX", FORMAT.checks);
    if let Some(creation) = document.creation_info.get() {
        parsed.finished_at = instant(creation.created.get());
        if let Some(tool) = creation.creators.iter().find_map(|creator| creator.strip_prefix("Tool:")) {
            parsed.tool.name = tool.trim().into();
        }
    }
    parsed.target.name = document.name.untrusted();
    let described = document.described();
    let mut digests = BTreeSet::new();
    let mut packages = 0;
    for (index, record) in document.packages.records().iter().enumerate() {
        match record {
            Record::Sound(package) => {
                packages += 1;
                digests.extend(package.digests(&described));
            }
            Record::Odd(found) => {
                not_understood(
                    &mut parsed,
                    format!("/packages/{index}"),
                    format!("should be an object and is {found}"),
                );
            }
        }
    }
    parsed.licenses = document.packages.sound().filter_map(|package| package.licensed(&described)).collect();
    digests.extend(document.files.sound().flat_map(|file| file.digests(&described)));
    parsed.target.digests = digests.into_iter().collect();
    parsed.packages = Some(packages);
    Ok(parsed)
}

/// A document of tags and values, a line each; a value in `<text>` may have several.
fn read_tags(text: &str) -> Result<Parsed, FormatError> {
    let mut parsed = Parsed::new("SPDX", FORMAT.checks);
    let mut version = None;
    let mut packages = 0;
    let mut within_text = false;
    let mut tagged = Tagged::default();
    for line in text.lines() {
        if within_text {
            within_text = !line.contains("</text>");
            continue;
        }
        let Some((tag, value)) = line.split_once(':') else { continue };
        match tag.trim() {
            "SPDXVersion" => version = Some(value.trim()),
            "PackageName" => {
                packages += 1;
                tagged.packages.push(TaggedPackage { name: value.trim(), ..TaggedPackage::default() });
            }
            "Relationship" => tagged.described.extend(value.trim().strip_prefix("SPDXRef-DOCUMENT DESCRIBES ")),
            "DocumentName" => parsed.target.name = Some(Untrusted::from(value.trim())),
            "Created" => parsed.finished_at = instant(Some(value.trim())),
            tag => tagged.note(tag, value.trim()),
        }
        within_text = value.contains("<text>") && !value.contains("</text>");
    }
    check_version(version)?;
    if within_text {
        return Err(no_results(FORMAT.id, "a text does not end: the document was cut off"));
    }
    parsed.packages = Some(packages);
    parsed.licenses = tagged.licensed();
    Ok(parsed)
}

/// What tags say of packages, in their order.
#[derive(Default)]
struct Tagged<'a> {
    packages: Vec<TaggedPackage<'a>>,
    described: Vec<&'a str>,
}

#[derive(Default)]
struct TaggedPackage<'a> {
    name: &'a str,
    id: Option<&'a str>,
    version: Option<&'a str>,
    concluded: Option<&'a str>,
    declared: Option<&'a str>,
}

impl<'a> Tagged<'a> {
    fn note(&mut self, tag: &str, value: &'a str) {
        let Some(package) = self.packages.last_mut() else { return };
        match tag {
            // Files come after their package and have ids, too.
            "SPDXID" if package.id.is_none() => package.id = Some(value),
            "PackageVersion" => package.version = Some(value),
            "PackageLicenseConcluded" => package.concluded = Some(value),
            "PackageLicenseDeclared" => package.declared = Some(value),
            _ => {}
        }
    }

    fn licensed(&self) -> Vec<PackageLicense> {
        let others = self.packages.iter().filter(|one| one.id.is_none_or(|id| !self.described.contains(&id)));
        others
            .map(|one| PackageLicense {
                package: versioned(Some(one.name), one.version),
                license: asserted(one.concluded).or_else(|| asserted(one.declared)),
            })
            .collect()
    }
}

fn check_version(version: Option<&str>) -> Result<(), FormatError> {
    match version {
        Some("SPDX-2.0" | "SPDX-2.1" | "SPDX-2.2" | "SPDX-2.3") => Ok(()),
        Some(other) => Err(FormatError::Version { format: FORMAT.id, version: other.into() }),
        None => Err(no_results(FORMAT.id, "there is no `spdxVersion`")),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow, rename = "spdxVersion")]
    version: Text<'a>,
    #[serde(rename = "@context")]
    context: Any,
    name: Text<'a>,
    #[serde(rename = "creationInfo")]
    creation_info: Part<Creation<'a>>,
    #[serde(rename = "documentDescribes")]
    describes: Texts<'a>,
    relationships: List<Relationship<'a>>,
    packages: List<Element<'a>>,
    files: List<Element<'a>>,
}

impl Document<'_> {
    /// The ids of what the document is about.
    fn described(&self) -> BTreeSet<&str> {
        let related = self.relationships.sound().filter_map(|relationship| {
            let (from, to) = (relationship.element.get()?, relationship.related.get()?);
            match relationship.kind.get()? {
                "DESCRIBES" if from == DOCUMENT => Some(to),
                "DESCRIBED_BY" if to == DOCUMENT => Some(from),
                _ => None,
            }
        });
        self.describes.iter().chain(related).collect()
    }
}

/// The id of every document.
const DOCUMENT: &str = "SPDXRef-DOCUMENT";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Relationship<'a> {
    #[serde(borrow, rename = "spdxElementId")]
    element: Text<'a>,
    #[serde(rename = "relationshipType")]
    kind: Text<'a>,
    #[serde(rename = "relatedSpdxElement")]
    related: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Creation<'a> {
    #[serde(borrow)]
    created: Text<'a>,
    creators: Texts<'a>,
}

/// A package or a file.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Element<'a> {
    #[serde(borrow, rename = "SPDXID")]
    id: Text<'a>,
    /// Of an image, some tools write the digest here.
    #[serde(rename = "versionInfo")]
    version: Text<'a>,
    name: Text<'a>,
    #[serde(rename = "licenseConcluded")]
    concluded: Text<'a>,
    #[serde(rename = "licenseDeclared")]
    declared: Text<'a>,
    checksums: List<Checksum<'a>>,
    #[serde(rename = "externalRefs")]
    references: List<Reference<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Checksum<'a> {
    #[serde(borrow)]
    algorithm: Text<'a>,
    #[serde(rename = "checksumValue")]
    value: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reference<'a> {
    #[serde(borrow, rename = "referenceType")]
    kind: Text<'a>,
    #[serde(rename = "referenceLocator")]
    locator: Text<'a>,
}

impl Element<'_> {
    /// Its licence; none for what the document is about.
    fn licensed(&self, described: &BTreeSet<&str>) -> Option<PackageLicense> {
        if self.id.get().is_some_and(|id| described.contains(id)) {
            return None;
        }
        let license = asserted(self.concluded.get()).or_else(|| asserted(self.declared.get()));
        Some(PackageLicense { package: versioned(self.name.get(), self.version.get()), license })
    }

    /// Its digests, where the document is about it.
    fn digests(&self, described: &BTreeSet<&str>) -> Vec<Digest> {
        if !self.id.get().is_some_and(|id| described.contains(id)) {
            return Vec::new();
        }
        let sums = self.checksums.sound().filter(|sum| sum.algorithm.get() == Some("SHA256"));
        let sums = sums.filter_map(|sum| Digest::from_hex(&sum.value.get()?.to_ascii_lowercase()).ok());
        let version = self.version.get().and_then(|version| version.parse().ok());
        let images = self.references.sound().filter(|reference| reference.kind.get() == Some("purl"));
        let images = images.filter_map(|reference| image_digest(reference.locator.get()?));
        sums.chain(version).chain(images).collect()
    }
}

/// `pkg:oci/shop@sha256:…`, the colon written as it is or escaped.
fn image_digest(purl: &str) -> Option<Digest> {
    let version =
        package_of(purl).filter(|package| package.ecosystem.as_ref().is_some_and(|kind| kind == "oci"))?.version?;
    version.as_raw().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_counted_in_both_notations() {
        let json = r#"{"spdxVersion":"SPDX-2.3","name":"shop","creationInfo":{"created":"2024-12-21T15:02:40Z","creators":["Tool: syft-1"]},
            "packages":[{"name":"a"},{"name":"b"}]}"#;
        let tags = "SPDXVersion: SPDX-2.3\nDocumentName: shop\nCreated: 2024-12-21T15:02:40Z\nPackageName: a\nPackageComment: <text>two\nPackageName: no\n</text>\nPackageName: b\n";
        for text in [json, tags] {
            let parsed = parse(text).unwrap();
            assert_eq!((parsed.packages, parsed.target.name.unwrap().as_raw()), (Some(2), "shop"));
            assert!(parsed.finished_at.is_some());
        }
    }

    #[test]
    fn only_the_digest_of_what_is_described_is_the_target() {
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for (described, expected) in [
            (r#""documentDescribes":["SPDXRef-image"]"#, 1),
            (
                r#""relationships":[{"spdxElementId":"SPDXRef-DOCUMENT","relationshipType":"DESCRIBES","relatedSpdxElement":"SPDXRef-oci"}]"#,
                1,
            ),
            (
                r#""relationships":[{"spdxElementId":"SPDXRef-oci","relationshipType":"CONTAINS","relatedSpdxElement":"SPDXRef-image"}]"#,
                0,
            ),
            (r#""documentDescribes":["SPDXRef-file"]"#, 1),
        ] {
            let text = format!(
                r#"{{"spdxVersion":"SPDX-2.3",{described},"packages":[
                {{"SPDXID":"SPDXRef-image","checksums":[{{"algorithm":"SHA256","checksumValue":"{hex}"}}]}},
                {{"SPDXID":"SPDXRef-oci","externalRefs":[{{"referenceType":"purl","referenceLocator":"pkg:oci/shop@sha256%3A{hex}?tag=1"}}]}}],
                "files":[{{"SPDXID":"SPDXRef-file","checksums":[{{"algorithm":"SHA256","checksumValue":"{hex}"}}]}}]}}"#
            );
            let parsed = parse(&text).unwrap();
            let digests: Vec<String> = parsed.target.digests.iter().map(Digest::hex).collect();
            assert_eq!(digests, vec![hex; expected], "{described}");
        }
    }

    #[test]
    fn other_versions_are_refused() {
        for text in [
            r#"{"spdxVersion":"SPDX-3.0","@context":"https://spdx.org/rdf/3.0.0/spdx-context.jsonld"}"#,
            r#"{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[]}"#,
            "SPDXVersion: SPDX-9\n",
        ] {
            assert!(matches!(parse(text), Err(FormatError::Version { .. })), "{text}");
        }
    }
}
