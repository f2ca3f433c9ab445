//! `schema`: the published JSON Schemas (draft 2020-12) of what people write and of what programs read.
//!
//! What must stay true: a schema is made from the types that read or write the document, never by hand. A test holds the
//! files to the types.

#[cfg(test)]
mod made;
#[cfg(test)]
mod plain;

use clap::Args;

use super::error::CliError;
use super::output;

/// `schema`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  countersign schema
  countersign schema profile > profile.schema.json
  # yaml-language-server: $schema=profile.schema.json")]
pub struct SchemaArgs {
    /// Which; without it, all are listed.
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

/// One published schema.
#[derive(Clone, Copy, Debug)]
struct Published {
    /// What the command line calls it; its `$id` ends in it.
    name: &'static str,
    /// What it describes.
    title: &'static str,
    /// The schema.
    text: &'static str,
}

macro_rules! published {
    ($($name:literal: $title:literal,)*) => {
        &[$(Published { name: $name, title: $title, text: include_str!(concat!($name, ".json")) }),*]
    };
}

/// Every schema, by name.
static SCHEMAS: &[Published] = published! {
    "change": "what --change takes: what the run knows of the change",
    "closing": "the review that an emergency left owed (YAML, JSON, TOML)",
    "config": "countersign.yaml",
    "decision": "countersign/decision/v1: check --output json",
    "emergency": "the record of an emergency (YAML, JSON, TOML)",
    "exception-lint": "countersign/exception-lint/v1: exception lint --output json",
    "exception-list": "countersign/exception-list/v1: exception list --output json",
    "exception-why-not": "countersign/exception-why-not/v1: exception why-not --output json",
    "exceptions": "exception records (YAML, JSON)",
    "explanation": "countersign/explanation/v1: explain --output json",
    "facts": "countersign/facts/v1: what policies see as `input`",
    "findings": "countersign/findings/v1: findings --output json",
    "forecast": "countersign/forecast/v1: forecast --output json",
    "gate-decision": "the signed statement with the gate-decision predicate",
    "generic-findings": "countersign/generic-findings/v1: a report of any tool",
    "profile": "countersign/profile/v1: what policies demand",
    "queue": "countersign/queue/v1: check --output queue",
    "receipts": "what --receipt takes: which commit or artifact reports are about",
    "service": "the service file",
    "simulation": "countersign/simulation/v1: simulate --output json",
    "trust": "countersign/trust/v1: the payload of a trust file",
    "verification": "countersign/verification/v1: verify --output json",
    "verifications": "countersign/verifications/v1: verify --output json of many",
};

/// Prints a schema, or the list of them.
///
/// # Errors
/// An unknown name: exit 2.
pub fn run(args: &SchemaArgs) -> Result<u8, CliError> {
    let text = match &args.name {
        None => SCHEMAS.iter().map(|schema| format!("{:<17}  {}\n", schema.name, schema.title)).collect(),
        Some(name) => named(name)?.text.to_owned(),
    };
    output::print(text.as_bytes()).map(|()| 0)
}

fn named(name: &str) -> Result<&'static Published, CliError> {
    SCHEMAS.iter().find(|schema| schema.name == name).ok_or_else(|| {
        let known: Vec<&str> = SCHEMAS.iter().map(|schema| schema.name).collect();
        CliError::usage(format!("no schema `{name}`")).hint(format!("known: {}", known.join(", ")))
    })
}
