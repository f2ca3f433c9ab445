//! SLSA Verification Summary v1: the decision in the form that deployment tools understand.
//!
//! What must stay true: PASSED is said only of an enforced decision at the machine's clock about something that can be released;
//! where that is not so, and nothing failed, there is no summary at all. A consumer deploys on PASSED, never on silence.
//!
//! Source: <https://slsa.dev/spec/v1.2/verification_summary>.

use serde::{Deserialize, Serialize};

use super::Predicate;
use super::gate_decision::GateDecision;
use crate::decision::{Decision, Outcome};
use crate::evidence::statement::{DigestSet, NAME_IN_URI, STATEMENT_TYPE, Statement, bounded};
use crate::facts::{Clock, Mode};
use crate::model::digest::Digest;
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;

/// The row of this predicate.
pub static PREDICATE: Predicate = Predicate {
    uri: "https://slsa.dev/verification_summary/v1",
    file: "vsa.dsse.json",
    title: "SLSA verification summary",
};

/// The level of a pass.
pub const LEVEL_PASSED: &str = "COUNTERSIGN_PASSED";

/// The level of a pass with warnings.
pub const LEVEL_WARNED: &str = "COUNTERSIGN_PASSED_WITH_WARNINGS";

/// The level of anything else.
pub const LEVEL_FAILED: &str = "FAILED";

/// What was verified, with which result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VerificationSummary {
    /// The gate.
    pub verifier: Verifier,
    /// The instant of the decision.
    pub time_verified: Timestamp,
    /// What consumers ask for.
    pub resource_uri: Untrusted,
    /// The policies.
    pub policy: PolicyRef,
    /// The decision's envelope, and nothing else.
    pub input_attestations: Vec<Attestation>,
    /// Passed or failed.
    pub verification_result: VerificationResult,
    /// One of the three levels.
    pub verified_levels: Vec<Untrusted>,
}

/// Who verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verifier {
    /// The gate's id, which contains the environment.
    pub id: Untrusted,
}

/// What it was verified against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRef {
    /// The gate's profile.
    pub uri: Untrusted,
    /// The digest over all policies.
    pub digest: DigestSet,
}

/// An attestation that the summary was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// Of the envelope's file.
    pub digest: DigestSet,
}

/// The result in SLSA's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum VerificationResult {
    /// Pass or warn.
    Passed,
    /// Block or error.
    Failed,
}

/// What a summary says of a decision, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::evidence) enum Due {
    /// There is one, with this result and level.
    Summary(VerificationResult, &'static str),
    /// There is none.
    Nothing(&'static str),
}

/// The rule: which summary is due for a decision.
pub(in crate::evidence) fn due(decision: &GateDecision) -> Due {
    if !decision.signed {
        return Due::Nothing("the decision is unsigned");
    }
    if decision.clock_source == Clock::Pinned {
        return Due::Nothing("the clock was pinned");
    }
    if !decision.subject_source.is_bound() {
        return Due::Nothing("the decision is about no artifact or commit");
    }
    match (decision.outcome, decision.mode) {
        (Outcome::Block | Outcome::Error, _) => Due::Summary(VerificationResult::Failed, LEVEL_FAILED),
        (Outcome::Pass, Mode::Enforce) => Due::Summary(VerificationResult::Passed, LEVEL_PASSED),
        (Outcome::Warn, Mode::Enforce) => Due::Summary(VerificationResult::Passed, LEVEL_WARNED),
        (Outcome::Pass | Outcome::Warn, Mode::Audit) => Due::Nothing("the gate did not enforce"),
    }
}

/// The summary of a decision whose envelope has this digest; `None` where none is due.
pub(in crate::evidence) fn summary(
    decision: &Decision,
    statement: &Statement<GateDecision>,
    envelope: Digest,
) -> Option<Statement<VerificationSummary>> {
    let gate = &statement.predicate;
    let Due::Summary(result, level) = due(gate) else { return None };
    Some(Statement {
        statement_type: STATEMENT_TYPE.into(),
        subject: statement.subject.clone(),
        predicate_type: PREDICATE.uri.into(),
        predicate: VerificationSummary {
            verifier: Verifier { id: gate.gate.id.clone() },
            time_verified: gate.evaluation_time,
            resource_uri: resource_uri(decision),
            policy: PolicyRef { uri: policy_uri(gate), digest: gate.policy_digest.clone() },
            input_attestations: vec![Attestation { digest: envelope.into() }],
            verification_result: result,
            verified_levels: vec![level.into()],
        },
    })
}

/// Where a summary differs from what is due for the decision; `None` where it does not.
pub(in crate::evidence) fn difference(
    summary: &Statement<VerificationSummary>,
    statement: &Statement<GateDecision>,
    envelope: Digest,
    (result, level): (VerificationResult, &str),
) -> Option<&'static str> {
    let (said, gate) = (&summary.predicate, &statement.predicate);
    let fields = [
        (summary.statement_type == STATEMENT_TYPE, "_type"),
        (summary.predicate_type == PREDICATE.uri, "predicateType"),
        (summary.subject == statement.subject, "subject"),
        (said.verifier.id == gate.gate.id, "verifier.id"),
        (said.time_verified == gate.evaluation_time, "timeVerified"),
        (!said.resource_uri.is_blank(), "resourceUri"),
        (said.policy.digest == gate.policy_digest && said.policy.uri == policy_uri(gate), "policy"),
        (said.input_attestations == [Attestation { digest: envelope.into() }], "inputAttestations"),
        (said.verification_result == result, "verificationResult"),
        (said.verified_levels == [Untrusted::from(level)], "verifiedLevels"),
    ];
    fields.into_iter().find_map(|(same, name)| (!same).then_some(name))
}

/// The first artifact's name, else the repository, as a URI.
fn resource_uri(decision: &Decision) -> Untrusted {
    let change = &decision.change;
    let uri = match (decision.artifacts.first(), &change.repository) {
        (Some(artifact), _) => uri_text(artifact.name.as_raw()),
        (None, Some(repository)) => {
            let repository = uri_text(repository.as_raw());
            match change.run.url.as_ref().and_then(|url| host(url.as_raw())) {
                _ if repository.contains("://") => format!("git+{repository}"),
                Some(host) => format!("git+https://{host}/{repository}"),
                None => format!("git:{repository}"),
            }
        }
        (None, None) => "git:".to_owned() + change.commit.as_ref().map_or("unknown", |commit| commit.as_str()),
    };
    bounded(&uri, NAME_IN_URI)
}

/// The gate's profile, as a fragment of its id.
fn policy_uri(gate: &GateDecision) -> Untrusted {
    Untrusted::from(format!("{}#profile={}", uri_text(gate.gate.id.as_raw()), uri_text(gate.profile.as_raw())))
}

/// The host of an `https` address, with its port.
fn host(url: &str) -> Option<&str> {
    let host = url.strip_prefix("https://")?.split(['/', '?', '#']).next()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':');
    (!host.is_empty() && host.bytes().all(plain)).then_some(host)
}

/// The text with everything percent-encoded that no URI may hold (RFC 3986, 2.1).
fn uri_text(text: &str) -> String {
    use std::fmt::Write as _;
    let mut uri = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_uris() {
        assert_eq!(uri_text("registry.example.com:5000/shop@sha256:ab"), "registry.example.com:5000/shop@sha256:ab");
        assert_eq!(uri_text("my shop\n\"é\".tar"), "my%20shop%0A%22%C3%A9%22.tar");
        assert_eq!(host("https://github.example.com:8443/o/r"), Some("github.example.com:8443"));
        assert_eq!(host("https://user:pw@evil/o"), None);
        assert_eq!(host("http://plain/o"), None);
    }
}
