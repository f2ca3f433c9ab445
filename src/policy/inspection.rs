//! `policy check`: what the author of policies has to mend, in a release or before one.
//!
//! What must stay true: whatever the loader of a release refuses is a fault here too, by the same code; beyond that the METADATA
//! is complete, every control is known, and where there are tests each rule gives a verdict in one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::bundle::{self, Loaded, Purpose, Role, Unit};
use super::controls::Catalogue;
use super::engine::{self, Watch};
use super::listening::Given;
use super::metadata::{Metadata, RuleScope};
use super::reads::Sources;
use super::testing::{self, TestOptions, TestOutcome};
use super::{PolicyError, PolicyFile, RuleInfo};

/// What policies are held against.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InspectionOptions {
    /// Packages that are not ours and are evaluated.
    pub namespaces: Vec<String>,
    /// The controls that are known.
    pub catalogue: Catalogue,
    /// How long all tests may take together.
    pub limit: Duration,
}

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// What has to be mended, in order of place as far as it is known.
    pub faults: Vec<PolicyError>,
    /// The rules that were looked at, by id. The embedded pack's only where nothing else was given.
    pub rules: Vec<RuleInfo>,
    /// The admission packages that were looked at, by id.
    pub admission: Vec<RuleInfo>,
    /// How many tests ran; `None` where there are none, and it is not known which rules fire.
    pub tests: Option<usize>,
    /// A verdict of each rule that some test made fire, by the rule's id.
    pub verdicts: BTreeMap<String, Given>,
    /// The files that are Rego v0.
    pub v0: BTreeSet<String>,
}

/// Looks at policies, and at their tests where there are any.
pub(super) fn inspect(
    mut files: Vec<PolicyFile>,
    options: &InspectionOptions,
    watch: &Watch,
) -> Result<Inspection, PolicyError> {
    files.sort();
    engine::on_big_stack(|| {
        let purpose = Purpose::Release { namespaces: &options.namespaces, tests: true };
        let loaded = match bundle::load_all(&files, purpose, watch) {
            Ok(loaded) => loaded,
            Err(faults) => return Ok(Inspection { faults, ..Inspection::default() }),
        };
        let v0 = loaded.units.iter().filter(|unit| unit.v0).map(|unit| unit.path.clone()).collect();
        let mut inspection = Inspection { v0, ..Inspection::default() };
        let sources = Sources::of(&loaded.units);
        for unit in testing::looked_at(&loaded.units) {
            inspection.look_at(unit, &sources, &options.catalogue);
        }
        if inspection.faults.is_empty() {
            inspection.faults.extend(bundle::entries(&loaded.units, &sources).err());
        }
        if files.iter().any(bundle::is_test) {
            inspection.test(&loaded, &files, options, watch)?;
        }
        for infos in [&mut inspection.rules, &mut inspection.admission] {
            infos.sort_by(|a, b| a.id.cmp(&b.id));
        }
        Ok(inspection)
    })
}

impl Inspection {
    fn look_at(&mut self, unit: &Unit, sources: &Sources<'_>, catalogue: &Catalogue) {
        if !unit.is_ours() {
            return;
        }
        let faults = metadata_faults(unit, catalogue);
        let is_whole = faults.is_empty();
        self.faults.extend(faults);
        if unit.role == Role::Lib {
            return;
        }
        match bundle::our_entry(unit, sources) {
            Ok(entry) if unit.role == Role::Admission => self.admission.push(entry.info),
            Ok(entry) => {
                if entry.info.per_finding && entry.reads.about_finding.is_none() {
                    self.faults.push(at_metadata(unit, "the rule is about single findings, and reads none").hint(
                        "read input.finding, or leave `scope: finding` out: the verdict would be given for every finding",
                    ));
                }
                self.rules.push(entry.info);
            }
            Err(fault) if is_whole => self.faults.push(fault),
            Err(_) => {}
        }
    }

    /// Runs the tests: each passes, and each rule gives a verdict in one.
    fn test(
        &mut self,
        loaded: &Loaded,
        files: &[PolicyFile],
        options: &InspectionOptions,
        watch: &Watch,
    ) -> Result<(), PolicyError> {
        let namespaces = options.namespaces.clone();
        let tests = TestOptions { namespaces, verdicts: true, limit: options.limit, ..TestOptions::default() };
        let run = testing::run(loaded, files, &tests, watch)?;
        for test in run.tests.iter().filter(|test| test.outcome != TestOutcome::Passed) {
            self.faults.push(
                PolicyError::at(&test.path, test.line, format!("the test {} does not pass", test.name))
                    .hint("`countersign policy test` says how far it came"),
            );
        }
        for rule in self.rules.iter().filter(|rule| !run.verdicts.contains_key(&rule.id)) {
            self.faults.push(
                PolicyError::file(&rule.path, format!("no test makes the rule {} give a verdict", rule.id))
                    .hint("write a test in which it denies or warns: a rule that never did may not be able to"),
            );
        }
        self.tests = Some(run.tests.len());
        self.verdicts = run.verdicts;
        Ok(())
    }
}

fn at_metadata(unit: &Unit, message: impl Into<String>) -> PolicyError {
    PolicyError::at(&unit.path, unit.metadata.as_ref().map_or(1, |metadata| metadata.line), message)
}

/// What a METADATA block must say: its name, whether it is there, whether helpers need it too, and how it is written.
type Needed = (&'static str, fn(&Metadata) -> bool, bool, &'static str);

const NEEDED: [Needed; 7] = [
    ("scope", |m| m.scope.is_some(), true, "# scope: package"),
    (
        "a title",
        |m| m.title.as_ref().is_some_and(|title| !title.is_blank()),
        true,
        "# title: what holds when the rule passes, in one line",
    ),
    ("a description", |m| !m.description.is_blank(), true, "# description: what it looks at, and why that matters"),
    (
        "custom.owner",
        |m| m.custom.owner.as_ref().is_some_and(|owner| !owner.is_blank()),
        false,
        "# custom:, #   owner: who answers for the rule",
    ),
    ("custom.severity", |m| m.custom.severity.is_some(), false, "#   severity: critical, high, medium, low or info"),
    (
        "custom.controls",
        |m| !m.custom.controls.is_empty(),
        false,
        "#   controls: [framework:id, …]; --controls FILE adds a framework of your own",
    ),
    (
        "custom.remediation",
        |m| m.custom.remediation.as_ref().is_some_and(|text| !text.is_blank()),
        false,
        "#   remediation: how to get green",
    ),
];

fn metadata_faults(unit: &Unit, catalogue: &Catalogue) -> Vec<PolicyError> {
    let Some(metadata) = &unit.metadata else {
        return vec![
            at_metadata(unit, "there is no METADATA").hint("write above the package: # METADATA, # title: …, and more"),
        ];
    };
    let is_helper = unit.role == Role::Lib;
    let lacking =
        NEEDED.iter().filter(|(_, is_there, helpers_too, _)| (*helpers_too || !is_helper) && !is_there(metadata));
    let mut faults: Vec<PolicyError> =
        lacking.map(|(what, _, _, hint)| at_metadata(unit, format!("METADATA lacks {what}")).hint(*hint)).collect();
    for control in &metadata.custom.controls {
        faults.extend(control_fault(unit, control.as_raw(), catalogue));
    }
    if let Some(RuleScope::Finding) = metadata.custom.scope.filter(|_| unit.role != Role::Rule) {
        faults.push(
            at_metadata(unit, "custom.scope: only rules are about single findings").hint("leave `scope: finding` out"),
        );
    }
    faults
}

fn control_fault(unit: &Unit, control: &str, catalogue: &Catalogue) -> Option<PolicyError> {
    if catalogue.find(control).is_some() {
        return None;
    }
    let word = control.split(':').next().unwrap_or_default();
    let framework = catalogue.frameworks().find(|(known, _)| *known == word);
    let hint = match framework {
        Some((_, framework)) => format!("{} has no such control, or the table lacks it", framework.title),
        None => {
            let known: Vec<&str> = catalogue.frameworks().map(|(word, _)| word).collect();
            format!("write framework:id; known are {}; --controls FILE adds others", known.join(", "))
        }
    };
    Some(at_metadata(unit, format!("the control `{control}` is not known")).hint(hint))
}
