//! OpenVEX documents.
//!
//! Statements are no findings. `not_affected` without a reason is invalid after the specification, and not understood here:
//! it takes nothing away.

use serde::Deserialize;

use super::terms::{instant, package_of, vulnerability_id};
use super::vex::note;
use super::wire::{List, Mixed, Named, Part, Record, Text, Texts, no_results, not_understood, read};
use super::{Format, FormatError, Head, Node};
use crate::model::document::{VexProduct, VexStatement, VexStatus};
use crate::model::report::Parsed;
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;

pub(super) static FORMAT: Format = Format {
    id: "openvex",
    title: "OpenVEX",
    docs: "https://github.com/openvex/spec",
    produce: "vexctl create --product=PURL --vuln=CVE --status=not_affected --justification=…",
    seen: "0.0.1 and 0.2.0",
    checks: &[],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let of_openvex = |node: &Node<'_>| node.text().is_some_and(|text| text.contains("openvex"));
    let context = head.key("@context");
    of_openvex(context) || context.elements().iter().any(of_openvex)
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let document: Document<'_> = read(text, FORMAT.id)?;
    if !document.context.iter().any(|context| context.contains("openvex")) {
        return Err(no_results(FORMAT.id, "its `@context` is not OpenVEX's"));
    }
    document.statements.demand(FORMAT.id, "statements")?;
    let mut parsed = Parsed::new("OpenVEX", FORMAT.checks);
    let at = instant(document.last_updated.get()).or_else(|| instant(document.timestamp.get()));
    parsed.finished_at = at;
    let author = document.author.untrusted();
    for (index, record) in document.statements.into_records().into_iter().enumerate() {
        let pointer = format!("/statements/{index}");
        let read = match record {
            Record::Sound(statement) => statement.stated(author.as_ref(), at, &pointer),
            Record::Odd(found) => Err(format!("should be an object and is {found}")),
        };
        match read {
            Ok(statement) => {
                let product = statement.products.first();
                let purl = product.and_then(|product| product.components.first().or(product.purl.as_ref()));
                let note = note(&statement.vulnerability, &[statement.status], purl, &pointer);
                parsed.suppressed_apart.push(Box::new(note));
                parsed.vex.push(statement);
            }
            Err(reason) => not_understood(&mut parsed, pointer, reason),
        }
    }
    Ok(parsed)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow, rename = "@context")]
    context: Texts<'a>,
    author: Text<'a>,
    timestamp: Text<'a>,
    last_updated: Text<'a>,
    statements: List<Statement<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Statement<'a> {
    #[serde(borrow)]
    vulnerability: Named<'a, Vulnerability<'a>>,
    products: Mixed<'a, Product<'a>>,
    subcomponents: Mixed<'a, Product<'a>>,
    status: Text<'a>,
    justification: Text<'a>,
    impact_statement: Text<'a>,
    action_statement: Text<'a>,
    timestamp: Text<'a>,
    last_updated: Text<'a>,
}

impl Statement<'_> {
    fn stated(&self, author: Option<&Untrusted>, at: Option<Timestamp>, pointer: &str) -> Result<VexStatement, String> {
        let status = match self.status.demand("status")? {
            "not_affected" => VexStatus::NotAffected,
            "affected" => VexStatus::Affected,
            "fixed" => VexStatus::Fixed,
            "under_investigation" => VexStatus::UnderInvestigation,
            other => return Err(format!("has a status that is not known: {other}")),
        };
        let reasoned = self.justification.get().or(self.impact_statement.get()).is_some();
        if status == VexStatus::NotAffected && !reasoned {
            return Err("says `not_affected` without a justification or an impact statement".to_owned());
        }
        // In the first version the components of all products stood beside them.
        let shared = components(&self.subcomponents);
        let products = self.products.0.iter().map(|product| stated(product, &shared));
        let products = products.collect::<Option<Vec<_>>>().ok_or("has a product without a name")?;
        let own = instant(self.last_updated.get()).or_else(|| instant(self.timestamp.get()));
        Ok(VexStatement {
            vulnerability: self.names()?,
            products,
            status,
            justification: self.justification.untrusted(),
            note: self.impact_statement.untrusted().or_else(|| self.action_statement.untrusted()),
            author: author.cloned(),
            at: own.or(at),
            pointer: pointer.into(),
        })
    }

    fn names(&self) -> Result<Vec<Untrusted>, String> {
        let named = |id: &str| vulnerability_id(id).unwrap_or_else(|| id.into());
        match &self.vulnerability {
            Named::Name(name) => Ok(vec![named(name)]),
            Named::Sound(one) => {
                let name = one.name.get().or(one.id.get()).ok_or("names no vulnerability")?;
                Ok([name].into_iter().chain(one.aliases.iter()).map(named).collect())
            }
            Named::Absent => Err("has no `vulnerability`".to_owned()),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Vulnerability<'a> {
    #[serde(borrow, rename = "@id")]
    id: Text<'a>,
    name: Text<'a>,
    aliases: Texts<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Product<'a> {
    #[serde(borrow, rename = "@id")]
    id: Text<'a>,
    identifiers: Part<Identifiers<'a>>,
    hashes: Part<Hashes>,
    subcomponents: Mixed<'a, Self>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Identifiers<'a> {
    #[serde(borrow)]
    purl: Text<'a>,
}

/// That there are any narrows a product down; they are not compared.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Hashes {}

impl Product<'_> {
    fn purl(&self) -> Option<&str> {
        let own = self.identifiers.get().and_then(|identifiers| identifiers.purl.get());
        own.or_else(|| self.id.get().filter(|id| id.starts_with("pkg:")))
    }

    /// Whether hashes alone say which version is meant.
    fn hashed(&self) -> bool {
        let versioned = self.purl().and_then(package_of).is_some_and(|package| package.version.is_some());
        self.hashes.get().is_some() && !versioned
    }

    fn name(&self) -> Option<&str> {
        self.id.get().or_else(|| self.purl())
    }
}

/// A product with its own components and those that the statement names for all; nothing where it has no name.
fn stated(product: &Named<'_, Product<'_>>, shared: &[Untrusted]) -> Option<VexProduct> {
    match product {
        Named::Absent => None,
        Named::Name(id) => Some(VexProduct {
            id: id.as_ref().into(),
            purl: id.starts_with("pkg:").then(|| id.as_ref().into()),
            components: shared.to_vec(),
            range: None,
        }),
        Named::Sound(product) => Some(VexProduct {
            id: product.name()?.into(),
            purl: product.purl().map(Untrusted::from),
            components: components(&product.subcomponents).into_iter().chain(shared.iter().cloned()).collect(),
            range: product.hashed().then(|| "hashes".into()),
        }),
    }
}

/// Components by package URL, else by identifier.
fn components(list: &Mixed<'_, Product<'_>>) -> Vec<Untrusted> {
    let name = |component: &Named<'_, Product<'_>>| match component {
        Named::Absent => None,
        Named::Name(id) => Some(Untrusted::from(id.as_ref())),
        Named::Sound(component) => component.purl().or_else(|| component.name()).map(Untrusted::from),
    };
    list.0.iter().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::report::ScanState;

    #[test]
    fn both_versions_name_products_and_components() {
        let first = r#"{"@context":"https://openvex.dev/ns","author":"shop","timestamp":"2024-01-08T18:02:03Z","statements":[
            {"vulnerability":"CVE-2023-12345","products":["pkg:oci/shop"],"subcomponents":["pkg:npm/lodash@4.17.15"],"status":"not_affected",
             "justification":"vulnerable_code_not_in_execute_path"}]}"#;
        let second = r#"{"@context":"https://openvex.dev/ns/v0.2.0","author":"shop","timestamp":"2024-01-08T18:02:03Z","statements":[
            {"vulnerability":{"name":"CVE-2023-12345","aliases":["GHSA-35jh-r3h4-6jhm"]},"products":[{"@id":"pkg:oci/shop",
             "subcomponents":[{"@id":"pkg:npm/lodash@4.17.15"}]}],"status":"not_affected","impact_statement":"not called"}]}"#;
        for text in [first, second] {
            let parsed = parse(text).unwrap();
            let statement = &parsed.vex[0];
            assert_eq!(
                (statement.status, statement.vulnerability[0].as_raw()),
                (VexStatus::NotAffected, "CVE-2023-12345")
            );
            assert_eq!(statement.products[0].components, ["pkg:npm/lodash@4.17.15"]);
            assert!(statement.at.is_some() && parsed.observations.is_empty());
        }
    }

    #[test]
    fn not_affected_without_a_reason_takes_nothing_away() {
        let text = r#"{"@context":"https://openvex.dev/ns/v0.2.0","statements":[
            {"vulnerability":{"name":"CVE-2023-1"},"products":[{"@id":"pkg:oci/shop"}],"status":"not_affected"},
            {"vulnerability":{"name":"CVE-2023-2"},"products":[{"@id":"pkg:oci/shop"}],"status":"perhaps"}]}"#;
        let parsed = parse(text).unwrap();
        assert_eq!((parsed.vex.len(), parsed.not_understood.len(), parsed.state), (0, 2, ScanState::Partial));
    }

    #[test]
    fn other_documents_are_refused() {
        for text in [r#"["not","a","document"]"#, "{}", r#"{"@context":"https://openvex.dev/ns"}"#] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
