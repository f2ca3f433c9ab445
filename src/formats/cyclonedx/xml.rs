//! The XML notation of CycloneDX, with the older extension that lists vulnerabilities within a component.

use super::super::FormatError;
use super::super::terms::digest;
use super::super::wire::no_results;
use super::super::xml::{Piece, Tag, Xml};
use super::{Affected, Analysis, Bom, Component, FORMAT, License, Rating, Vulnerability};
use crate::model::digest::Digest;
use crate::model::text::Untrusted;

/// Bytes of a text that are kept.
const TEXT: usize = 4096;

/// Reads a document.
pub(super) fn read(text: &str) -> Result<Bom, FormatError> {
    let mut xml = Xml::new(text, FORMAT.id);
    match xml.next()? {
        Some(Piece::Start(root)) if root.name() == "bom" => {}
        _ => return Err(no_results(FORMAT.id, "the root element is no `bom`")),
    }
    let mut bom = Bom::default();
    xml.children(|xml, tag| match tag.name() {
        "metadata" => read_metadata(xml, &mut bom),
        "components" => read_components(xml, &mut bom),
        "vulnerabilities" => read_vulnerabilities(xml, None, &mut bom),
        _ => xml.skip(),
    })?;
    while xml.next()?.is_some() {}
    Ok(bom)
}

fn text(xml: &mut Xml<'_>) -> Result<Option<String>, FormatError> {
    Ok(Some(xml.text(TEXT)?.trim().to_owned()).filter(|text| !text.is_empty()))
}

fn read_metadata(xml: &mut Xml<'_>, bom: &mut Bom) -> Result<(), FormatError> {
    xml.children(|xml, tag| {
        match tag.name() {
            "timestamp" => bom.timestamp = text(xml)?,
            "tools" => read_tools(xml, bom)?,
            "component" => bom.subject = Some(read_component(xml, tag, None)?),
            "authors" => xml.children(|xml, _| read_name(xml, &mut bom.author))?,
            "manufacturer" => {
                let mut maker = None;
                read_name(xml, &mut maker)?;
                bom.author = maker.or_else(|| bom.author.take());
            }
            _ => xml.skip()?,
        }
        Ok(())
    })
}

fn read_name(xml: &mut Xml<'_>, into: &mut Option<Untrusted>) -> Result<(), FormatError> {
    xml.children(|xml, tag| {
        if tag.name() != "name" {
            return xml.skip();
        }
        let name = text(xml)?.map(Untrusted::from);
        if into.is_none() {
            *into = name;
        }
        Ok(())
    })
}

/// `tools/tool`, or since 1.5 `tools/components/component` and `tools/services/service`.
fn read_tools(xml: &mut Xml<'_>, bom: &mut Bom) -> Result<(), FormatError> {
    xml.children(|xml, tag| match tag.name() {
        "tool" => read_tool(xml, bom),
        "components" | "services" => xml.children(|xml, _| read_tool(xml, bom)),
        _ => xml.skip(),
    })
}

fn read_tool(xml: &mut Xml<'_>, bom: &mut Bom) -> Result<(), FormatError> {
    let (mut name, mut version) = (None, None);
    xml.children(|xml, tag| {
        match tag.name() {
            "name" => name = text(xml)?,
            "version" => version = text(xml)?,
            _ => xml.skip()?,
        }
        Ok(())
    })?;
    if bom.tool.is_none() {
        bom.tool = name.map(Untrusted::from);
        bom.tool_version = version.map(Untrusted::from);
    }
    Ok(())
}

fn read_components(xml: &mut Xml<'_>, bom: &mut Bom) -> Result<(), FormatError> {
    xml.children(|xml, tag| {
        if tag.name() != "component" {
            return xml.skip();
        }
        // Components within this one come after it.
        let place = bom.components.len();
        bom.components.push(Component::default());
        let component = read_component(xml, tag, Some(bom))?;
        if let Some(kept) = bom.components.get_mut(place) {
            *kept = component;
        }
        Ok(())
    })
}

fn read_component(xml: &mut Xml<'_>, tag: &Tag<'_>, mut bom: Option<&mut Bom>) -> Result<Component, FormatError> {
    let mut component =
        Component { reference: tag.attribute("bom-ref"), kind: tag.attribute("type"), ..Component::default() };
    xml.children(|xml, tag| {
        match (tag.name(), bom.as_deref_mut()) {
            ("group", _) => component.group = text(xml)?,
            ("name", _) => component.name = text(xml)?,
            ("version", _) => component.version = text(xml)?,
            ("purl", _) => component.purl = text(xml)?,
            ("hashes", _) => xml.children(|xml, tag| {
                let is_sha256 = tag.name() == "hash" && tag.attribute("alg").as_deref() == Some("SHA-256");
                let content = text(xml)?.unwrap_or_default();
                component.digests.extend(Digest::from_hex(&content).ok().filter(|_| is_sha256));
                Ok(())
            })?,
            ("properties", _) => xml.children(|xml, tag| {
                let name = tag.attribute("name").unwrap_or_default();
                let value = text(xml)?.unwrap_or_default();
                let is_image = name.ends_with(":ImageID") || name.ends_with(":RepoDigest");
                component.digests.extend(digest(&value).filter(|_| is_image));
                Ok(())
            })?,
            ("licenses", _) => xml.children(|xml, tag| {
                component.licenses.extend(read_license(xml, tag)?);
                Ok(())
            })?,
            ("components", Some(bom)) => read_components(xml, bom)?,
            ("vulnerabilities", Some(bom)) => {
                let own = component.reference.clone().or_else(|| component.purl.clone());
                read_vulnerabilities(xml, own.or_else(|| component.name.clone()).as_deref(), bom)?;
            }
            _ => xml.skip()?,
        }
        Ok(())
    })?;
    Ok(component)
}

/// `license` with an id or a name, or `expression`.
fn read_license(xml: &mut Xml<'_>, tag: &Tag<'_>) -> Result<Option<License>, FormatError> {
    let is_concluded = tag.attribute("acknowledgement").as_deref() == Some("concluded");
    let (mut spdx, mut name) = (None, None);
    match tag.name() {
        "expression" => spdx = text(xml)?,
        "license" => xml.children(|xml, tag| {
            match tag.name() {
                "id" => spdx = text(xml)?,
                "name" => name = text(xml)?,
                _ => xml.skip()?,
            }
            Ok(())
        })?,
        _ => xml.skip()?,
    }
    let is_spdx = spdx.is_some();
    Ok(spdx.or(name).map(|text| License { text, is_spdx, is_concluded }))
}

/// `within`: the component that the list stands in, which is then what is affected.
fn read_vulnerabilities(xml: &mut Xml<'_>, within: Option<&str>, bom: &mut Bom) -> Result<(), FormatError> {
    xml.children(|xml, tag| {
        if tag.name() != "vulnerability" {
            return xml.skip();
        }
        let mut one = Vulnerability::default();
        let referred = tag.attribute("ref").or_else(|| within.map(str::to_owned));
        read_vulnerability(xml, &mut one)?;
        if let (true, Some(reference)) = (one.affects.is_empty(), referred) {
            one.affects.push(Affected { reference: Some(reference), statuses: Vec::new() });
        }
        let number = bom.vulnerabilities.len() + 1;
        bom.vulnerabilities.push((format!("/bom/vulnerabilities/vulnerability[{number}]"), Ok(one)));
        Ok(())
    })
}

fn read_vulnerability(xml: &mut Xml<'_>, one: &mut Vulnerability) -> Result<(), FormatError> {
    xml.children(|xml, tag| {
        match tag.name() {
            "id" => one.id = text(xml)?,
            "description" => one.description = text(xml)?,
            "published" => one.published = text(xml)?,
            "source" => xml.children(|xml, tag| {
                let found = text(xml)?;
                if tag.name() == "url" {
                    one.url = found;
                }
                Ok(())
            })?,
            "references" => xml.children(|xml, _| {
                xml.children(|xml, tag| {
                    if tag.name() != "id" {
                        return xml.skip();
                    }
                    one.aliases.extend(text(xml)?);
                    Ok(())
                })
            })?,
            "ratings" => xml.children(|xml, _| {
                let mut rating = Rating::default();
                read_rating(xml, &mut rating)?;
                one.ratings.push(rating);
                Ok(())
            })?,
            "cwes" => xml.children(|xml, _| {
                one.cwes.extend(text(xml)?);
                Ok(())
            })?,
            "analysis" => one.analysis = Some(read_analysis(xml)?),
            "affects" => xml.children(|xml, _| {
                let affected = read_affected(xml)?;
                one.affects.push(affected);
                Ok(())
            })?,
            _ => xml.skip()?,
        }
        Ok(())
    })
}

fn read_rating(xml: &mut Xml<'_>, rating: &mut Rating) -> Result<(), FormatError> {
    let mut base = None;
    xml.children(|xml, tag| {
        match tag.name() {
            // The extension has the score in an element of its own.
            "score" => {
                let own = read_score(xml, &mut base)?;
                rating.score = base.or_else(|| own.trim().parse().ok());
            }
            "severity" => rating.severity = text(xml)?,
            "method" => rating.method = text(xml)?,
            "vector" => rating.vector = text(xml)?,
            _ => xml.skip()?,
        }
        Ok(())
    })
}

fn read_score(xml: &mut Xml<'_>, base: &mut Option<f64>) -> Result<String, FormatError> {
    let mut own = String::new();
    while let Some(piece) = xml.next()? {
        match piece {
            Piece::Start(tag) if tag.name() == "base" => *base = xml.text(TEXT)?.trim().parse().ok(),
            Piece::Start(_) => xml.skip()?,
            Piece::Text(text) => own.push_str(text.get(..text.floor_char_boundary(TEXT)).unwrap_or_default()),
            Piece::End => break,
        }
    }
    Ok(own)
}

fn read_analysis(xml: &mut Xml<'_>) -> Result<Analysis, FormatError> {
    let mut analysis = Analysis::default();
    xml.children(|xml, tag| {
        match tag.name() {
            "state" => analysis.state = text(xml)?,
            "justification" => analysis.justification = text(xml)?,
            "detail" => analysis.detail = text(xml)?,
            "firstIssued" if analysis.at.is_none() => analysis.at = text(xml)?,
            "lastUpdated" => analysis.at = text(xml)?,
            _ => xml.skip()?,
        }
        Ok(())
    })?;
    Ok(analysis)
}

fn read_affected(xml: &mut Xml<'_>) -> Result<Affected, FormatError> {
    let mut affected = Affected::default();
    xml.children(|xml, tag| match tag.name() {
        "ref" => {
            affected.reference = text(xml)?;
            Ok(())
        }
        "versions" => xml.children(|xml, _| {
            let mut status = "affected".to_owned();
            xml.children(|xml, tag| {
                let found = text(xml)?;
                if let ("status", Some(found)) = (tag.name(), found) {
                    status = found;
                }
                Ok(())
            })?;
            affected.statuses.push(status);
            Ok(())
        }),
        _ => xml.skip(),
    })?;
    Ok(affected)
}

#[cfg(test)]
mod tests {
    use super::super::FORMAT;
    use crate::model::severity::Severity;

    #[test]
    fn both_ways_to_list_vulnerabilities_are_read() {
        let inside = r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.1" xmlns:v="http://cyclonedx.org/schema/ext/vulnerability/1.0">
            <components><component type="library" bom-ref="a"><name>a</name><version>1</version>
            <v:vulnerabilities><v:vulnerability ref="a"><v:id>CVE-2018-7489</v:id>
            <v:ratings><v:rating><v:score><v:base>9.8</v:base></v:score><v:severity>Critical</v:severity></v:rating></v:ratings>
            </v:vulnerability></v:vulnerabilities></component></components></bom>"#;
        let apart = r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.4"><components><component type="library" bom-ref="a">
            <name>a</name><version>1</version></component></components><vulnerabilities><vulnerability><id>CVE-2018-7489</id>
            <ratings><rating><score>9.8</score></rating></ratings><affects><target><ref>a</ref><versions><version>
            <version>1</version><status>affected</status></version></versions></target></affects></vulnerability></vulnerabilities></bom>"#;
        for text in [inside, apart] {
            let parsed = (FORMAT.parse)(text).unwrap();
            let one = &parsed.observations[0];
            assert_eq!(parsed.observations.len(), 1, "{text}");
            assert_eq!((one.rule.id.as_raw(), one.severity), ("CVE-2018-7489", Severity::Critical));
            assert_eq!(one.cvss.as_ref().unwrap().score, Some(9.8));
            assert_eq!(one.package.as_ref().unwrap().name, "a");
            assert!(one.suppression.is_none());
        }
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        let text = r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.4"><components><component><name>a</name>"#;
        assert!((FORMAT.parse)(text).is_err());
    }
}
