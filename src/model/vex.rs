//! What became of a VEX statement in one decision.

use serde::{Deserialize, Serialize};

/// What a statement did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum VexState {
    /// The outcome would be worse without it.
    Decisive,
    /// The outcome would be worse without it and others together.
    JointlyDecisive,
    /// It clears a finding, but the outcome is the same without it.
    Used,
    /// Another admitted statement says the contrary, so neither takes effect.
    Conflicting,
    /// It counts and clears nothing: affected, or under investigation.
    Noted,
    /// No admission rule admitted it, or one denied it.
    Rejected,
    /// Its issuer has said something newer.
    Superseded,
}

impl VexState {
    /// Whether the outcome hangs on it.
    #[must_use]
    pub const fn is_decisive(self) -> bool {
        matches!(self, Self::Decisive | Self::JointlyDecisive)
    }

    /// The word used in every output.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Decisive => "decisive",
            Self::JointlyDecisive => "jointly-decisive",
            Self::Used => "used",
            Self::Conflicting => "conflicting",
            Self::Noted => "noted",
            Self::Rejected => "rejected",
            Self::Superseded => "superseded",
        }
    }
}
