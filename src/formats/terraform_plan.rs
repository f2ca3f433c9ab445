//! A Terraform or OpenTofu plan (`terraform show -json PLAN`).
//!
//! Planned changes are no findings. The values of a plan stand there in clear, those that are marked as sensitive too: none
//! is kept, only addresses, types, providers, actions and which well-known attributes would open a resource to everybody. A state has the same beginning and says nothing of what will change, so it is
//! refused.

mod opens;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::terms::instant;
use super::wire::{Any, Flag, List, Part, Record, Text, Texts, no_results, not_understood, read};
use super::{Format, FormatError, Head};
use crate::model::document::{Plan, PlanAction, PlannedChange};
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "terraform-plan",
    title: "Terraform plan JSON",
    docs: "https://developer.hashicorp.com/terraform/internals/json-format#plan-representation",
    produce: "terraform plan -out=plan && terraform show -json plan > plan.json",
    seen: "Terraform 0.12 to 1.15, format 0.1 to 1.2",
    checks: &[Check::Plan],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let parts = ["planned_values", "resource_changes", "values"];
    head.has("format_version") && parts.iter().any(|part| head.has(part))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let document: Document<'_> = read(text, FORMAT.id)?;
    let version = document.format_version.get().unwrap_or_default();
    if !matches!(version.split('.').next(), Some("0" | "1")) {
        return Err(FormatError::Version { format: FORMAT.id, version: version.into() });
    }
    let planned = matches!(document.planned_values, Any::Given(_)) || !matches!(document.changes, List::Absent);
    if !planned {
        return Err(no_results(FORMAT.id, "this is a state, which says nothing of what will change"));
    }
    if let List::Odd(found) = document.changes {
        return Err(no_results(FORMAT.id, format!("`resource_changes` should be a list and is {found}")));
    }
    let mut parsed = Parsed::new("Terraform", FORMAT.checks);
    parsed.tool.version = document.terraform_version.untrusted();
    parsed.finished_at = instant(document.timestamp.get());
    if document.errored.is_set() {
        parsed.degrade(ScanState::Failed, "planning ended with an error");
    } else if document.complete.get() == Some(false) {
        parsed.degrade(ScanState::Partial, "the plan is not complete: another one will have to follow");
    }
    let mut plan = Plan {
        terraform_version: document.terraform_version.untrusted(),
        errored: document.errored.is_set(),
        complete: !document.errored.is_set() && document.complete.get() != Some(false),
        changes: Vec::new(),
    };
    for (index, record) in document.changes.into_records().into_iter().enumerate() {
        let change = match record {
            Record::Sound(resource) => resource.planned(),
            Record::Odd(found) => Err(format!("should be an object and is {found}")),
        };
        match change {
            Ok(change) => plan.changes.push(change),
            Err(reason) => not_understood(&mut parsed, format!("/resource_changes/{index}"), reason),
        }
    }
    parsed.plan = Some(plan);
    Ok(parsed)
}

/// What a list of actions means together.
fn action(actions: &[&str]) -> Option<PlanAction> {
    match actions {
        ["no-op"] => Some(PlanAction::NoOp),
        ["read"] => Some(PlanAction::Read),
        ["create"] => Some(PlanAction::Create),
        ["update"] => Some(PlanAction::Update),
        ["delete"] => Some(PlanAction::Delete),
        ["delete", "create"] | ["create", "delete"] => Some(PlanAction::Replace),
        // What is forgotten and made anew leaves the old one behind.
        ["forget"] | ["create", "forget"] => Some(PlanAction::Forget),
        _ => None,
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow)]
    format_version: Text<'a>,
    terraform_version: Text<'a>,
    timestamp: Text<'a>,
    errored: Flag,
    complete: Flag,
    planned_values: Any,
    #[serde(rename = "resource_changes")]
    changes: List<Resource<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resource<'a> {
    #[serde(borrow)]
    address: Text<'a>,
    #[serde(rename = "type")]
    kind: Text<'a>,
    provider_name: Text<'a>,
    action_reason: Text<'a>,
    change: Part<Change<'a>>,
}

impl Resource<'_> {
    fn planned(&self) -> Result<PlannedChange, String> {
        let change = self.change.get().ok_or("has no `change`")?;
        let actions: Vec<&str> = change.actions.iter().collect();
        let action =
            action(&actions).ok_or_else(|| format!("has actions that are not known: {}", actions.join(", ")))?;
        let kind = self.kind.get().unwrap_or_default();
        Ok(PlannedChange {
            address: self.address.demand("address")?.into(),
            kind: kind.into(),
            provider: self.provider_name.untrusted(),
            actions: actions.into_iter().map(Into::into).collect(),
            action,
            reason: self.action_reason.untrusted(),
            opens: if action.makes() { change.opens(kind)? } else { Vec::new() },
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Change<'a> {
    #[serde(borrow)]
    actions: Texts<'a>,
    #[serde(borrow)]
    after: Option<&'a RawValue>,
}

impl Change<'_> {
    /// The planned state is looked at one resource at a time and then let go.
    fn opens(&self, kind: &str) -> Result<Vec<Untrusted>, String> {
        let Some(after) = self.after else { return Ok(Vec::new()) };
        let after = serde_json::from_str(after.get()).map_err(|_| "has an `after` that cannot be read")?;
        Ok(opens::opens(kind, &after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(rest: &str) -> Result<Parsed, FormatError> {
        parse(&format!(r#"{{"format_version":"1.2","terraform_version":"1.9.0",{rest}}}"#))
    }

    #[test]
    fn changes_are_kept_without_their_values() {
        let parsed = plan(
            r#""resource_changes":[
                {"address":"aws_db_instance.shop","type":"aws_db_instance","action_reason":"replace_because_tainted","provider_name":"registry.terraform.io/hashicorp/aws",
                 "change":{"actions":["create","delete"],"before":{"password":"THEVALUE"},"after":{"password":"THEVALUE","publicly_accessible":true}}},
                {"address":"a.b","type":"a","change":{"actions":["update"]}},
                {"address":"c.d","type":"c","change":{"actions":["explode"]}}]"#,
        )
        .unwrap();
        let changes = &parsed.plan.as_ref().unwrap().changes;
        let actions: Vec<PlanAction> = changes.iter().map(|change| change.action).collect();
        assert_eq!(actions, [PlanAction::Replace, PlanAction::Update]);
        assert_eq!(changes[0].opens, ["publicly_accessible true"]);
        assert_eq!(changes[0].actions, ["create", "delete"]);
        assert!(changes[0].provider.is_some());
        assert!(changes[0].action.destroys() && !changes[1].action.destroys());
        assert_eq!((parsed.not_understood.len(), parsed.state), (1, ScanState::Partial));
        assert!(!format!("{parsed:?}").contains("THEVALUE"));
    }

    #[test]
    fn a_state_is_no_plan_and_a_failed_plan_shows() {
        assert!(matches!(plan(r#""values":{}"#), Err(FormatError::NoResults { .. })));
        assert!(matches!(parse(r#"{"format_version":"2.0","resource_changes":[]}"#), Err(FormatError::Version { .. })));
        assert_eq!(plan(r#""planned_values":{},"errored":true"#).unwrap().state, ScanState::Failed);
        assert_eq!(plan(r#""planned_values":{},"complete":false"#).unwrap().state, ScanState::Partial);
    }
}
