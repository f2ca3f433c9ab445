//! CSAF 2.0 and 2.1: advisories and VEX documents of suppliers.
//!
//! Statements about products are no findings. A status lists ids, which the product tree explains; a product may be a
//! component on a platform. `known_not_affected` without a flag or an impact is invalid in a VEX document, and not understood.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::terms::{instant, package_of, vulnerability_id};
use super::vex::note;
use super::wire::{List, Part, Record, Text, Texts, not_understood, read};
use super::{Format, FormatError, Head};
use crate::model::document::{VexProduct, VexStatement, VexStatus};
use crate::model::report::Parsed;
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;

pub(super) static FORMAT: Format = Format {
    id: "csaf",
    title: "CSAF",
    docs: "https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html",
    produce: "a supplier's advisories, Secvisogram, …",
    seen: "2.0 and 2.1, of every category",
    checks: &[],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    head.key("document").has("csaf_version")
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let advisory: Advisory<'_> = read(text, FORMAT.id)?;
    let none = Document::default();
    let document = advisory.document.get().unwrap_or(&none);
    match document.csaf_version.get() {
        Some("2.0" | "2.1") => {}
        other => {
            let version = other.unwrap_or("none is stated").into();
            return Err(FormatError::Version { format: FORMAT.id, version });
        }
    }
    let mut parsed = Parsed::new("CSAF", FORMAT.checks);
    let released = document.tracking.get().and_then(|tracking| instant(tracking.current_release_date.get()));
    parsed.finished_at = released;
    let mut issue = Issue {
        products: Products::default(),
        author: document.publisher.get().and_then(|publisher| publisher.name.untrusted()),
        released,
        needs_reason: document.category.get() == Some("csaf_vex"),
        is_draft: document.tracking.get().and_then(|tracking| tracking.status.get()) == Some("draft"),
    };
    if let Some(tree) = advisory.product_tree.get() {
        issue.products.learn(tree);
    }
    for (index, record) in advisory.vulnerabilities.records().iter().enumerate() {
        let at = format!("/vulnerabilities/{index}");
        match record {
            Record::Sound(vulnerability) => issue.state(vulnerability, &at, &mut parsed),
            Record::Odd(found) => not_understood(&mut parsed, at, format!("should be an object and is {found}")),
        }
    }
    Ok(parsed)
}

/// What all statements of a document share.
struct Issue {
    products: Products,
    author: Option<Untrusted>,
    released: Option<Timestamp>,
    needs_reason: bool,
    is_draft: bool,
}

impl Issue {
    fn state(&self, vulnerability: &Vulnerability<'_>, at: &str, parsed: &mut Parsed) {
        let names = vulnerability.names();
        let none = ProductStatus::default();
        let status = vulnerability.product_status.get().unwrap_or(&none);
        if names.is_empty() {
            return not_understood(parsed, at.to_owned(), "names no vulnerability");
        }
        let first = parsed.vex.len();
        for (list, status, key) in status.lists() {
            let pointer = format!("{at}/product_status/{key}");
            if self.is_draft && !list.0.is_empty() && matches!(status, VexStatus::NotAffected | VexStatus::Fixed) {
                not_understood(parsed, pointer, "clears something in a draft");
                continue;
            }
            let mut by_reason: BTreeMap<(Option<&str>, Option<&str>), Vec<VexProduct>> = BTreeMap::new();
            for id in list.iter() {
                let reasoned = status == VexStatus::NotAffected;
                let flag = vulnerability.flags.sound().find(|flag| reasoned && flag.concerns(id, &self.products));
                let note = vulnerability.note(status, id, &self.products);
                let reason = (flag.and_then(|flag| flag.label.get()), note);
                by_reason.entry(reason).or_default().push(self.products.named(id));
            }
            for ((justification, note), products) in by_reason {
                if status == VexStatus::NotAffected && self.needs_reason && justification.or(note).is_none() {
                    let reason = "says that products are not affected without a flag or an impact";
                    not_understood(parsed, pointer.clone(), reason);
                    continue;
                }
                parsed.vex.push(VexStatement {
                    vulnerability: names.clone(),
                    products,
                    status,
                    justification: justification.map(Untrusted::from),
                    note: note.map(Untrusted::from),
                    author: self.author.clone(),
                    at: self.released,
                    pointer: pointer.as_str().into(),
                });
            }
        }
        let statements = parsed.vex.get(first..).unwrap_or_default();
        let mut statuses: Vec<VexStatus> = statements.iter().map(|statement| statement.status).collect();
        statuses.dedup();
        let product = statements.iter().find_map(|statement| statement.products.first());
        let purl = product.and_then(|product| product.components.first().or(product.purl.as_ref()));
        let note = note(&names, &statuses, purl, at);
        parsed.suppressed_apart.push(Box::new(note));
    }
}

/// The product tree.
#[derive(Default)]
struct Products {
    by_id: BTreeMap<String, VexProduct>,
    groups: BTreeMap<String, Vec<String>>,
}

impl Products {
    fn learn(&mut self, tree: &Tree<'_>) {
        for product in tree.full_product_names.sound() {
            self.add(product, None);
        }
        self.learn_branches(&tree.branches);
        for group in tree.product_groups.sound() {
            let ids = group.product_ids.iter().map(str::to_owned).collect();
            self.groups.insert(group.group_id.get().unwrap_or_default().to_owned(), ids);
        }
        for relationship in tree.relationships.sound() {
            let Some(combined) = relationship.product.get().and_then(|product| product.product_id.get()) else {
                continue;
            };
            let platform = relationship.relates_to.get().map(|id| self.named(id)).unwrap_or_default();
            let component = relationship.reference.get().map(|id| self.named(id)).unwrap_or_default();
            let product = VexProduct {
                id: combined.into(),
                purl: platform.purl,
                components: vec![component.purl.unwrap_or(component.id)],
                range: platform.range.or(component.range),
            };
            self.by_id.insert(combined.to_owned(), product);
        }
    }

    fn is_in(&self, group: &str, id: &str) -> bool {
        self.groups.get(group).is_some_and(|ids| ids.iter().any(|own| own == id))
    }

    fn learn_branches(&mut self, branches: &List<Branch<'_>>) {
        for branch in branches.sound() {
            if let Some(product) = branch.product.get() {
                self.add(product, branch.versions());
            }
            self.learn_branches(&branch.branches);
        }
    }

    /// Versions that a branch names are part of the product; where the package URL has none, they would be lost.
    fn add(&mut self, product: &Product<'_>, versions: Option<&str>) {
        let Some(id) = product.product_id.get() else { return };
        let helper = product.helper.get();
        let purl = helper.and_then(|helper| helper.purl.get().or_else(|| helper.purls.iter().next()));
        let versioned = purl.and_then(package_of).is_some_and(|package| package.version.is_some());
        let range = versions.filter(|_| !versioned).map(Untrusted::from);
        let known = VexProduct { id: id.into(), purl: purl.map(Untrusted::from), components: Vec::new(), range };
        self.by_id.insert(id.to_owned(), known);
    }

    fn named(&self, id: &str) -> VexProduct {
        self.by_id.get(id).cloned().unwrap_or_else(|| VexProduct { id: id.into(), ..VexProduct::default() })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Advisory<'a> {
    #[serde(borrow)]
    document: Part<Document<'a>>,
    product_tree: Part<Tree<'a>>,
    vulnerabilities: List<Vulnerability<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow)]
    csaf_version: Text<'a>,
    category: Text<'a>,
    publisher: Part<Publisher<'a>>,
    tracking: Part<Tracking<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Publisher<'a> {
    #[serde(borrow)]
    name: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tracking<'a> {
    #[serde(borrow)]
    current_release_date: Text<'a>,
    status: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tree<'a> {
    #[serde(borrow)]
    branches: List<Branch<'a>>,
    full_product_names: List<Product<'a>>,
    relationships: List<Relationship<'a>>,
    product_groups: List<Group<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Group<'a> {
    #[serde(borrow)]
    group_id: Text<'a>,
    product_ids: Texts<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Branch<'a> {
    #[serde(borrow)]
    branches: List<Self>,
    product: Part<Product<'a>>,
    category: Text<'a>,
    name: Text<'a>,
}

impl Branch<'_> {
    /// The version or the range of versions that it stands for.
    fn versions(&self) -> Option<&str> {
        self.name.get().filter(|_| matches!(self.category.get(), Some("product_version" | "product_version_range")))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Product<'a> {
    #[serde(borrow)]
    product_id: Text<'a>,
    #[serde(rename = "product_identification_helper")]
    helper: Part<Helper<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Helper<'a> {
    #[serde(borrow)]
    purl: Text<'a>,
    purls: Texts<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Relationship<'a> {
    #[serde(borrow, rename = "full_product_name")]
    product: Part<Product<'a>>,
    #[serde(rename = "product_reference")]
    reference: Text<'a>,
    #[serde(rename = "relates_to_product_reference")]
    relates_to: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Vulnerability<'a> {
    #[serde(borrow)]
    cve: Text<'a>,
    ids: List<Identifier<'a>>,
    product_status: Part<ProductStatus<'a>>,
    flags: List<About<'a>>,
    threats: List<About<'a>>,
    remediations: List<About<'a>>,
}

impl Vulnerability<'_> {
    fn names(&self) -> Vec<Untrusted> {
        let named = |id: &str| vulnerability_id(id).unwrap_or_else(|| id.into());
        let others = self.ids.sound().filter_map(|id| id.text.get());
        // Beside a CVE, ids may be of bugs and advisories: only well-known forms are names then.
        match self.cve.get() {
            Some(cve) => [named(cve)].into_iter().chain(others.filter_map(vulnerability_id)).collect(),
            None => others.map(named).collect(),
        }
    }

    /// The impact on a product that is not affected, or the remedy for one that is.
    fn note(&self, status: VexStatus, id: &str, products: &Products) -> Option<&str> {
        match status {
            VexStatus::NotAffected => {
                let impacts = self.threats.sound().filter(|threat| threat.category.get() == Some("impact"));
                impacts.filter(|threat| threat.concerns(id, products)).find_map(|threat| threat.details.get())
            }
            VexStatus::Affected => self
                .remediations
                .sound()
                .filter(|remedy| remedy.concerns(id, products))
                .find_map(|remedy| remedy.details.get()),
            VexStatus::Fixed | VexStatus::UnderInvestigation => None,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Identifier<'a> {
    #[serde(borrow)]
    text: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ProductStatus<'a> {
    #[serde(borrow)]
    first_affected: Texts<'a>,
    known_affected: Texts<'a>,
    last_affected: Texts<'a>,
    known_not_affected: Texts<'a>,
    first_fixed: Texts<'a>,
    fixed: Texts<'a>,
    under_investigation: Texts<'a>,
}

impl<'a> ProductStatus<'a> {
    /// The lists that say something of a vulnerability; what is only recommended says nothing of it.
    fn lists(&self) -> [(&Texts<'a>, VexStatus, &'static str); 7] {
        [
            (&self.first_affected, VexStatus::Affected, "first_affected"),
            (&self.known_affected, VexStatus::Affected, "known_affected"),
            (&self.last_affected, VexStatus::Affected, "last_affected"),
            (&self.known_not_affected, VexStatus::NotAffected, "known_not_affected"),
            (&self.first_fixed, VexStatus::Fixed, "first_fixed"),
            (&self.fixed, VexStatus::Fixed, "fixed"),
            (&self.under_investigation, VexStatus::UnderInvestigation, "under_investigation"),
        ]
    }
}

/// A flag, a threat or a remediation.
#[derive(Default, Deserialize)]
#[serde(default)]
struct About<'a> {
    #[serde(borrow)]
    label: Text<'a>,
    category: Text<'a>,
    details: Text<'a>,
    product_ids: Texts<'a>,
    group_ids: Texts<'a>,
}

impl About<'_> {
    /// Whether it is about a product; one that names none is about all.
    fn concerns(&self, id: &str, products: &Products) -> bool {
        let named = self.product_ids.iter().any(|own| own == id);
        let grouped = || self.group_ids.iter().any(|group| products.is_in(group, id));
        let silent = || self.product_ids.0.is_empty() && self.group_ids.0.is_empty();
        named || grouped() || silent()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::report::ScanState;

    const DOCUMENT: &str = r#"{"document":{"csaf_version":"2.0","category":"csaf_vex","publisher":{"name":"shop"},"tracking":{"current_release_date":"2022-03-03T11:00:00.000Z"}},
        "product_tree":{"branches":[{"branches":[{"product":{"product_id":"P1","product_identification_helper":{"purl":"pkg:oci/shop"}}},
            {"product":{"product_id":"C1","product_identification_helper":{"purl":"pkg:npm/lodash@4.17.15"}}}]}],
            "relationships":[{"full_product_name":{"product_id":"P1:C1"},"product_reference":"C1","relates_to_product_reference":"P1"}]},
        "vulnerabilities":[{"cve":"CVE-2021-23337","product_status":{"known_not_affected":["P1:C1"],"fixed":["P1"]},FLAGS"ids":[{"text":"bug 7"}]}]}"#;

    #[test]
    fn a_component_on_a_platform_is_resolved() {
        let flag = r#""flags":[{"label":"vulnerable_code_not_present","product_ids":["P1:C1"]}],"#;
        let parsed = parse(&DOCUMENT.replace("FLAGS", flag)).unwrap();
        let [not_affected, fixed] = parsed.vex.as_slice() else { panic!("{parsed:?}") };
        assert_eq!(not_affected.justification.as_ref().unwrap(), &"vulnerable_code_not_present");
        assert_eq!(not_affected.products[0].purl.as_ref().unwrap(), &"pkg:oci/shop");
        assert_eq!(not_affected.products[0].components, ["pkg:npm/lodash@4.17.15"]);
        assert_eq!((fixed.status, fixed.vulnerability.len()), (VexStatus::Fixed, 1));
    }

    #[test]
    fn not_affected_without_a_reason_takes_nothing_away() {
        let parsed = parse(&DOCUMENT.replace("FLAGS", "")).unwrap();
        assert_eq!((parsed.vex.len(), parsed.not_understood.len(), parsed.state), (1, 1, ScanState::Partial));
    }

    #[test]
    fn other_versions_are_refused() {
        for text in [r#"{"document":{"csaf_version":"1.2"}}"#, "{}"] {
            assert!(matches!(parse(text), Err(FormatError::Version { .. })), "{text}");
        }
    }
}
