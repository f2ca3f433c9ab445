//! A Backstage `catalog-info.yaml` as a service file.
//!
//! What must stay true: what the catalogue says about a component is taken as it stands; what it cannot say in its own fields comes
//! from annotations `countersign.dev/…`, and a word there that means nothing is a fault.

use super::{Document, Fault, Faults, Node};
use crate::model::service::{Exposure, Service, Tier};
use crate::model::text::Untrusted;

const PREFIX: &str = "countersign.dev/";

/// True for a file of the catalogue.
pub(super) fn is_catalogue(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim().trim_end_matches(',');
        ["apiVersion:", "\"apiVersion\":"].iter().any(|key| {
            line.strip_prefix(key)
                .is_some_and(|value| value.trim().trim_matches(['"', '\'']).starts_with("backstage.io/"))
        })
    })
}

/// Reads the one component of a catalogue file; other kinds of entity beside it are left alone.
pub(super) fn read(file: &str, text: &str) -> Result<(Service, bool), Faults> {
    let mut components = Vec::new();
    for part in documents(text) {
        let document = Document::parse(file, part.as_bytes())?;
        if document.root().get("kind").and_then(Node::text) == Some("Component") {
            components.push(document);
        }
    }
    let [document] = components.as_slice() else {
        let message = format!("{} components, where one is the service", components.len());
        let fix = "give a file that holds one entity of kind Component";
        return Err(Faults::new(vec![Fault::new(file, (1, 1), message, Some(fix.to_owned()))]));
    };
    component(document)
}

/// The documents of a YAML stream; each keeps its lines by leading empty ones, so that places stay true.
fn documents(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for (number, line) in text.lines().enumerate() {
        if line.trim_end() == "---" {
            parts.push("\n".repeat(number + 1));
        } else if let Some(part) = parts.last_mut() {
            part.push_str(line);
            part.push('\n');
        }
    }
    parts.retain(|part| part.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')));
    parts
}

fn component(document: &Document) -> Result<(Service, bool), Faults> {
    let mut faults = Vec::new();
    let root = document.root();
    let at = |keys: &[&str]| keys.iter().try_fold(root, |node, key| node.get(key));
    let text = |keys: &[&str]| at(keys).and_then(Node::text).map(str::trim).filter(|text| !text.is_empty());
    let annotation = |name: &str| at(&["metadata", "annotations", name]);
    let ours = |name: &str| {
        annotation(&format!("{PREFIX}{name}")).and_then(Node::text).map(str::trim).filter(|text| !text.is_empty())
    };
    let owner = text(&["spec", "owner"]).map(|owner| Untrusted::from(short(owner)));
    let paging = ["pagerduty.com/service-id", "pagerduty.com/integration-key", "opsgenie.com/component-selector"];
    let paged = paging.into_iter().find(|name| annotation(name).is_some());
    let links = at(&["metadata", "links"]).and_then(Node::items).unwrap_or_default();
    let runbook = links.iter().find(|link| {
        let says = |key: &str| link.get(key).and_then(Node::text).is_some_and(|t| t.to_lowercase().contains("runbook"));
        says("type") || says("title")
    });
    let mut word = |name: &str| {
        let node = annotation(&format!("{PREFIX}{name}"))?;
        let mut own = Vec::new();
        let given = match name {
            "tier" => document.read_at::<Tier>(node, &mut own).map(Given::Tier),
            "exposure" => document.read_at::<Exposure>(node, &mut own).map(Given::Exposure),
            _ => document.read_at(node, &mut own).map(Given::Reviewed),
        };
        faults.append(&mut own);
        given
    };
    let (tier, exposure, reviewed) = (word("tier"), word("exposure"), word("reviewed"));
    let mut service = Service {
        name: text(&["metadata", "name"]).map(Untrusted::from),
        team: owner.clone(),
        owner,
        on_call: ours("on-call").or(paged).map(Untrusted::from),
        runbook: ours("runbook")
            .or_else(|| runbook.and_then(|link| link.get("url")).and_then(Node::text))
            .map(Untrusted::from),
        slo: ours("slo").map(Untrusted::from),
        data: list(ours("data")),
        compliance: list(ours("compliance")),
        ..Service::default()
    };
    if let Some(Given::Tier(tier)) = tier {
        service.tier = Some(tier);
    }
    if let Some(Given::Reviewed(day)) = reviewed {
        service.reviewed = Some(day);
    }
    let stated = if let Some(Given::Exposure(exposure)) = exposure {
        service.exposure = exposure;
        true
    } else {
        false
    };
    if faults.is_empty() { Ok((service, stated)) } else { Err(Faults::new(faults)) }
}

enum Given {
    Tier(Tier),
    Exposure(Exposure),
    Reviewed(crate::model::time::Date),
}

/// `group:default/team-web` is `team-web`; a group of another namespace keeps it.
fn short(reference: &str) -> &str {
    let name = reference.split_once(':').map_or(reference, |(_, name)| name);
    name.strip_prefix("default/").unwrap_or(name)
}

fn list(text: Option<&str>) -> Vec<Untrusted> {
    let words = text.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty());
    let mut list: Vec<Untrusted> = words.map(Untrusted::from).collect();
    list.sort();
    list.dedup();
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPONENT: &str = "\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: shop
  annotations:
    countersign.dev/tier: high
    countersign.dev/exposure: internal
    countersign.dev/data: personal, health
    countersign.dev/reviewed: 2026-10-01
    pagerduty.com/service-id: PABC123
  links:
    - url: https://runbooks.example.com/shop
      title: Runbook
spec:
  type: service
  owner: group:default/team-shop
  lifecycle: production
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: { name: shop-api }
spec: { owner: other }
";

    #[test]
    fn a_component_is_a_service() {
        assert!(is_catalogue(COMPONENT));
        let (service, stated) = read("catalog-info.yaml", COMPONENT).unwrap();
        assert_eq!(service.name, Some("shop".into()));
        assert_eq!(service.owner, Some("team-shop".into()));
        assert_eq!((service.tier, service.exposure, stated), (Some(Tier::High), Exposure::Internal, true));
        assert_eq!(service.data, ["health", "personal"].map(Untrusted::from));
        assert_eq!(service.on_call, Some("pagerduty.com/service-id".into()));
        assert_eq!(service.runbook, Some("https://runbooks.example.com/shop".into()));
        assert_eq!(service.reviewed, Some("2026-10-01".parse().unwrap()));
    }

    #[test]
    fn what_nobody_states_is_on_the_strict_side_and_a_wrong_word_is_a_fault() {
        let bare = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: { name: shop }\nspec: {}\n";
        let (service, stated) = read("catalog-info.yaml", bare).unwrap();
        assert_eq!((service.owner, service.exposure, stated), (None, Exposure::Public, false));
        let wrong = COMPONENT.replace("exposure: internal", "exposure: hidden").replace("tier: high", "tier: 1");
        let faults = read("catalog-info.yaml", &wrong).unwrap_err();
        let lines: Vec<usize> = faults.as_slice().iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [6, 7], "{faults}");
    }

    #[test]
    fn two_components_are_no_service() {
        let two = format!("{COMPONENT}---\n{COMPONENT}");
        assert!(read("c.yaml", &two).unwrap_err().to_string().contains("2 components"));
        assert!(read("c.yaml", "apiVersion: backstage.io/v1\nkind: API\n").is_err());
    }
}
