//! Load policies, refuse what could answer silently wrong, evaluate with regorus, return verdicts.
//!
//! What must stay true: whatever is not a well-formed verdict is an error. An undefined rule, a `deny` that is not a set, an
//! empty message, a built-in's error or a time-out is never "no verdict".

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::facts::Facts;
use crate::model::digest::Digest;
use crate::model::severity::Severity;
use crate::model::text::Untrusted;
use crate::model::time::Date;

/// Which layer a policy file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The pack inside the binary.
    Builtin,
    /// Given with `--policy` or by the configuration.
    Given,
}

/// One policy file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyFile {
    /// The path, for messages and the digest; `builtin/…` for the pack.
    pub path: String,
    /// Where it came from.
    pub layer: Layer,
    /// The Rego source.
    pub source: Cow<'static, str>,
}

/// What a rule's METADATA says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleInfo {
    /// `area/name` for our own rules, with `-` for each `_` of the package; the package name for foreign ones.
    pub id: String,
    /// The package, as `countersign.rules.area.name`.
    pub package: String,
    /// The file.
    pub path: String,
    /// METADATA `title`.
    pub title: Untrusted,
    /// METADATA `description`.
    pub description: Untrusted,
    /// METADATA `custom.owner`; `unowned` for foreign packages.
    pub owner: Untrusted,
    /// METADATA `custom.severity`.
    pub severity: Severity,
    /// METADATA `custom.controls`, sorted.
    pub controls: Vec<Untrusted>,
    /// METADATA `custom.remediation`.
    pub remediation: Option<Untrusted>,
    /// METADATA `custom.effective_on`: before that day a deny is a warning.
    pub effective_on: Option<Date>,
    /// METADATA `custom.scope: finding`.
    pub per_finding: bool,
}

/// A verdict as a rule gave it, with placeholders filled in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RawVerdict {
    /// The rule's id.
    pub rule: String,
    /// True for `deny`, false for `warn`.
    pub deny: bool,
    /// The message.
    pub msg: Untrusted,
    /// The finding that it is about.
    pub finding: Option<Untrusted>,
    /// The path that it is about.
    pub path: Option<Untrusted>,
    /// Who has to act, where the rule says.
    pub owner: Option<Untrusted>,
    /// Until when.
    pub fix_by: Option<Date>,
    /// What to do.
    pub next: Option<Untrusted>,
    /// Overrides the rule's severity.
    pub severity: Option<Severity>,
    /// Set when the rule denies from a later day on, and this deny is a warning until then.
    pub effective_on: Option<Date>,
}

/// What the admission packages said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// Ids that some package admits and none denies.
    pub admitted: BTreeSet<Untrusted>,
    /// Id → why it was denied.
    pub denied: BTreeMap<Untrusted, Vec<Untrusted>>,
}

/// Why policies could not be loaded or evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PolicyError {
    /// The file, and the line where known.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// The way to write it instead.
    pub hint: Option<String>,
}

/// Checked policies, ready to evaluate.
#[derive(Clone, Debug, Default)]
pub struct Bundle {
    /// The rules, by id.
    pub rules: Vec<RuleInfo>,
    /// The digest over all files, in order of path.
    pub digest: Option<Digest>,
}

impl Bundle {
    /// Parses and checks all files.
    ///
    /// # Errors
    /// The first fault found, naming file, line and the way out.
    pub fn load(_files: Vec<PolicyFile>, _namespaces: &[String]) -> Result<Self, PolicyError> {
        Ok(Self::default())
    }

    /// Phase one: which of the matched exceptions are admitted.
    ///
    /// # Errors
    /// Any fault while evaluating.
    pub fn admission(&self, _facts: &Facts) -> Result<Admission, PolicyError> {
        Ok(Admission::default())
    }

    /// Phase two: the verdicts of all rules.
    ///
    /// # Errors
    /// Any fault while evaluating.
    pub fn verdicts(&self, _facts: &Facts) -> Result<Vec<RawVerdict>, PolicyError> {
        Ok(Vec::new())
    }
}
