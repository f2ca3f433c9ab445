//! The parts of a SARIF log that are read.

use serde::Deserialize;

use crate::formats::wire::{Any, Dict, Flag, List, Number, OneOrMany, Part, Rows, Text, Texts};

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Log<'a> {
    #[serde(borrow)]
    pub(super) version: Text<'a>,
    pub(super) runs: List<Run<'a>>,
    pub(super) inline_external_properties: List<External>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Run<'a> {
    #[serde(borrow)]
    pub(super) tool: Part<Tool<'a>>,
    pub(super) results: Rows<'a, Outcome<'a>>,
    pub(super) artifacts: List<Artifact<'a>>,
    pub(super) invocations: OneOrMany<Invocation<'a>>,
    pub(super) logical_locations: List<LogicalLocation<'a>>,
    pub(super) original_uri_base_ids: Dict<'a, Part<ArtifactLocation<'a>>>,
    pub(super) version_control_provenance: OneOrMany<Provenance<'a>>,
    pub(super) external_property_file_references: Part<External>,
    pub(super) properties: Part<RunProperties<'a>>,
}

/// Parts of a run that stand elsewhere.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct External {
    pub(super) results: Any,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Tool<'a> {
    #[serde(borrow)]
    pub(super) driver: Part<Component<'a>>,
    pub(super) extensions: List<Component<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Component<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    pub(super) guid: Text<'a>,
    pub(super) semantic_version: Text<'a>,
    pub(super) version: Text<'a>,
    pub(super) rules: List<Descriptor<'a>>,
    pub(super) global_message_strings: Dict<'a, Part<Message<'a>>>,
}

/// A rule.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Descriptor<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    pub(super) name: Text<'a>,
    pub(super) short_description: Part<Message<'a>>,
    pub(super) full_description: Part<Message<'a>>,
    pub(super) help_uri: Text<'a>,
    pub(super) default_configuration: Part<Configuration<'a>>,
    pub(super) message_strings: Dict<'a, Part<Message<'a>>>,
    pub(super) deprecated_ids: Texts<'a>,
    pub(super) relationships: List<Relationship<'a>>,
    pub(super) properties: Part<Properties<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) text: Text<'a>,
    pub(super) id: Text<'a>,
    pub(super) arguments: Texts<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Configuration<'a> {
    #[serde(borrow)]
    pub(super) level: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Relationship<'a> {
    #[serde(borrow)]
    pub(super) target: Part<Reference<'a>>,
}

/// Points to a rule or a class, of a component.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Reference<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    pub(super) index: Number,
    pub(super) tool_component: Part<ComponentReference<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ComponentReference<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    pub(super) guid: Text<'a>,
    pub(super) index: Number,
}

/// Of a rule or a result.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Properties<'a> {
    #[serde(borrow)]
    pub(super) tags: Texts<'a>,
    pub(super) cwe: Texts<'a>,
    pub(super) precision: Text<'a>,
    pub(super) purls: Texts<'a>,
    #[serde(rename = "security-severity")]
    pub(super) security_severity: Number,
    #[serde(rename = "cvssv3_vector")]
    pub(super) vector: Text<'a>,
    #[serde(rename = "cvssv3_baseScore")]
    pub(super) score: Number,
}

/// A result.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Outcome<'a> {
    #[serde(borrow)]
    pub(super) rule_id: Text<'a>,
    pub(super) rule_index: Number,
    pub(super) rule: Part<Reference<'a>>,
    pub(super) kind: Text<'a>,
    pub(super) level: Text<'a>,
    pub(super) message: Part<Message<'a>>,
    pub(super) locations: List<Location<'a>>,
    pub(super) fingerprints: Dict<'a, Text<'a>>,
    pub(super) partial_fingerprints: Dict<'a, Text<'a>>,
    pub(super) suppressions: List<Suppression<'a>>,
    pub(super) taxa: List<Reference<'a>>,
    pub(super) properties: Part<Properties<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Suppression<'a> {
    #[serde(borrow)]
    pub(super) kind: Text<'a>,
    pub(super) status: Text<'a>,
    pub(super) justification: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Location<'a> {
    #[serde(borrow)]
    pub(super) physical_location: Part<PhysicalLocation<'a>>,
    pub(super) logical_locations: List<LogicalLocation<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PhysicalLocation<'a> {
    #[serde(borrow)]
    pub(super) artifact_location: Part<ArtifactLocation<'a>>,
    pub(super) region: Part<Region<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ArtifactLocation<'a> {
    #[serde(borrow)]
    pub(super) uri: Text<'a>,
    pub(super) uri_base_id: Text<'a>,
    pub(super) index: Number,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Region<'a> {
    pub(super) start_line: Number,
    pub(super) start_column: Number,
    pub(super) end_line: Number,
    #[serde(borrow)]
    pub(super) snippet: Part<Message<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct LogicalLocation<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    pub(super) fully_qualified_name: Text<'a>,
    pub(super) index: Number,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Artifact<'a> {
    #[serde(borrow)]
    pub(super) location: Part<ArtifactLocation<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Invocation<'a> {
    #[serde(borrow)]
    pub(super) end_time_utc: Text<'a>,
    pub(super) execution_successful: Flag,
    pub(super) exit_code: Number,
    pub(super) exit_code_description: Text<'a>,
    pub(super) working_directory: Part<ArtifactLocation<'a>>,
    pub(super) rule_configuration_overrides: List<Override<'a>>,
    pub(super) tool_execution_notifications: OneOrMany<Notification<'a>>,
    pub(super) tool_configuration_notifications: OneOrMany<Notification<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Override<'a> {
    #[serde(borrow)]
    pub(super) descriptor: Part<Reference<'a>>,
    pub(super) configuration: Part<Configuration<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Notification<'a> {
    #[serde(borrow)]
    pub(super) level: Text<'a>,
    pub(super) message: Part<Message<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Provenance<'a> {
    #[serde(borrow)]
    pub(super) repository_uri: Text<'a>,
    pub(super) revision_id: Text<'a>,
}

/// What Trivy says about the image that it scanned.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RunProperties<'a> {
    #[serde(borrow)]
    pub(super) image_name: Text<'a>,
    #[serde(rename = "imageID")]
    pub(super) image_id: Text<'a>,
    pub(super) repo_digests: Texts<'a>,
}
