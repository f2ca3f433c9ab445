//! How bad a finding is, in six words.
//!
//! What must stay true: `unknown` is a value of its own. It is never read as low, and where witnesses disagree it
//! outranks low and medium, because nobody has said that the finding is harmless.
//!
//! Source of the bands: CVSS v3.1 and v4.0, "Qualitative Severity Rating Scale".

use std::fmt;

use serde::{Deserialize, Serialize};

/// The severity of a finding or of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// No harm known; a note.
    Info,
    /// Worth a ticket.
    Low,
    /// Worth a plan.
    Medium,
    /// Not said, or said in words that nobody can map.
    Unknown,
    /// Worth stopping a release that is open to the public.
    High,
    /// To be fixed at once.
    Critical,
}

impl Severity {
    /// Every severity, worst first: the order of tables and totals.
    pub const WORST_FIRST: [Self; 6] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info, Self::Unknown];

    /// The word used in every output.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
            Self::Unknown => "unknown",
        }
    }

    /// Reads one of the common words in any case; anything else is [`Severity::Unknown`].
    ///
    /// Words that mean something else in one format (ESLint's 2, Hadolint's style) are that format's business.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().as_str() {
            "critical" => Self::Critical,
            "high" => Self::High,
            "medium" | "moderate" => Self::Medium,
            "low" => Self::Low,
            "info" | "informational" | "negligible" | "none" => Self::Info,
            _ => Self::Unknown,
        }
    }

    /// The band of a CVSS v3 or v4 score, 0.0 to 10.0; a score outside that range is [`Severity::Unknown`].
    #[must_use]
    pub fn from_score(score: f64) -> Self {
        match score {
            s if !(0.0..=10.0).contains(&s) => Self::Unknown,
            s if s >= 9.0 => Self::Critical,
            s if s >= 7.0 => Self::High,
            s if s >= 4.0 => Self::Medium,
            s if s > 0.0 => Self::Low,
            _ => Self::Info,
        }
    }

    /// The severity that counts when two witnesses see the same finding: the higher one in the declared order.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        self.max(other)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Where a severity came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SeveritySource {
    /// The scanner's own word.
    Scanner,
    /// Scored from a CVSS vector, or a CVSS score that the report states.
    Cvss,
    /// SARIF's `security-severity` property.
    SecuritySeverity,
    /// SARIF's level, or another format's level that was mapped.
    Level,
    /// What the format's documentation fixes for a result that carries no severity.
    Format,
    /// Nobody said.
    None,
}

#[cfg(test)]
mod tests {
    use super::Severity::{self, *};

    #[test]
    fn unknown_outranks_low_and_medium_but_not_high() {
        assert_eq!(Unknown.worse(Medium), Unknown);
        assert_eq!(Low.worse(Unknown), Unknown);
        assert_eq!(Unknown.worse(High), High);
    }

    #[test]
    fn the_bands_are_those_of_cvss() {
        let bands = [(0.0, Info), (0.1, Low), (3.9, Low), (4.0, Medium), (6.9, Medium), (7.0, High), (9.0, Critical)];
        for (score, band) in bands {
            assert_eq!(Severity::from_score(score), band, "{score}");
        }
        assert_eq!(Severity::from_score(f64::NAN), Unknown);
        assert_eq!(Severity::from_score(10.1), Unknown);
    }
}
