//! The schemas, made from the types. `UPDATE_GOLDEN=1 cargo test --lib schema` writes the files.

#![expect(clippy::disallowed_methods, reason = "a test that writes the files it holds to the types")]

use std::path::Path;

use schemars::generate::{Contract, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::json;

use super::{Published, SCHEMAS};
use crate::ci::ChangeFile;
use crate::cli::config::Config;
use crate::cli::exception::{lint::Lint, list::List, why_not::WhyNot};
use crate::cli::{findings, verified};
use crate::decision::Decision;
use crate::evidence::predicate::gate_decision::GateDecision;
use crate::evidence::statement::Statement;
use crate::evidence::trust::TrustList;
use crate::explain::Explanation;
use crate::facts::Facts;
use crate::forecast::Forecast;
use crate::formats::countersign;
use crate::model::emergency::{Closing, Emergency};
use crate::model::exception::Exception;
use crate::model::profile::Profile;
use crate::model::report::Receipt;
use crate::model::service::Service;
use crate::render::Queue;
use crate::simulate::Simulation;

/// One receipt, or a list.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum Receipts {
    /// One.
    One(Receipt),
    /// Several.
    Several(Vec<Receipt>),
}

/// What is read.
fn read<T: JsonSchema>() -> Schema {
    made::<T>(Contract::Deserialize)
}

/// What is written.
fn written<T: JsonSchema>() -> Schema {
    made::<T>(Contract::Serialize)
}

fn made<T: JsonSchema>(contract: Contract) -> Schema {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.contract = contract);
    settings.into_generator().into_root_schema_for::<T>()
}

fn schema_of(name: &str) -> Schema {
    match name {
        "change" => read::<ChangeFile>(),
        "closing" => read::<Closing>(),
        "config" => read::<Config>(),
        "decision" => written::<Decision>(),
        "emergency" => read::<Emergency>(),
        "exception-lint" => written::<Lint>(),
        "exception-list" => written::<List>(),
        "exception-why-not" => written::<WhyNot>(),
        "exceptions" => read::<Vec<Exception>>(),
        "explanation" => written::<Explanation>(),
        "facts" => written::<Facts>(),
        "findings" => written::<findings::Document<'static>>(),
        "forecast" => written::<Forecast>(),
        "gate-decision" => written::<Statement<GateDecision>>(),
        "generic-findings" => read::<countersign::Report>(),
        "profile" => read::<Profile>(),
        "queue" => written::<Queue<'static>>(),
        "receipts" => read::<Receipts>(),
        "service" => read::<Service>(),
        "simulation" => written::<Simulation>(),
        "trust" => read::<TrustList>(),
        "verification" => written::<verified::Document<'static>>(),
        "verifications" => written::<verified::Documents<'static>>(),
        other => panic!("no type for {other}"),
    }
}

/// The file as it should be.
fn file_of(published: &Published) -> String {
    let mut schema = schema_of(published.name);
    schema.insert("$id".to_owned(), json!(format!("https://countersign.dev/schemas/{}.json", published.name)));
    schema.insert("title".to_owned(), json!(published.title));
    let mut text = serde_json::to_string_pretty(&schema).unwrap();
    text.push('\n');
    text
}

#[test]
fn the_schemas_are_those_of_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/schema");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    for published in SCHEMAS {
        let made = file_of(published);
        if update {
            std::fs::write(folder.join(format!("{}.json", published.name)), made).unwrap();
        } else {
            assert!(made == published.text, "{} is old: UPDATE_GOLDEN=1 cargo test --lib schema", published.name);
        }
    }
}

#[test]
fn the_schemas_are_in_order() {
    assert!(SCHEMAS.is_sorted_by_key(|schema| schema.name));
}
