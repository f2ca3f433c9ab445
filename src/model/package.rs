//! The package a finding is about.

use serde::{Deserialize, Serialize};

use super::text::Untrusted;

/// A package as a report names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Package {
    /// The name, with its namespace where the ecosystem has one (`@scope/name`, `group:artifact`).
    pub name: Untrusted,
    /// The installed version, as written in the report.
    pub version: Option<Untrusted>,
    /// The package URL, where the report gives one.
    pub purl: Option<Untrusted>,
    /// The ecosystem in the report's words (`npm`, `deb`, `PyPI`), where it gives one.
    pub ecosystem: Option<Untrusted>,
    /// Versions that contain a fix, as written in the report.
    pub fixed_in: Vec<Untrusted>,
    /// Whether a fix exists.
    pub fix_state: FixState,
}

/// What the report says about a fix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FixState {
    /// A fixed version exists.
    Fixed,
    /// No fixed version exists yet.
    NotFixed,
    /// The supplier says that there will be none.
    WontFix,
    /// The report does not say.
    #[default]
    Unknown,
}
