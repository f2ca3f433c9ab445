//! Evidence made by hand: a decision, its materials and a key that is public knowledge.

use std::borrow::Cow;

use countersign::decision::{Assurance, Decision, FailOn, GateInfo, Outcome, SCHEMA, Totals};
use countersign::evidence::keys::{PrivateKey, PublicKey};
use countersign::evidence::materials::{Content, Material, Role};
use countersign::evidence::{
    CommitSubject, DECISION_FILE, Demands, Evidence, EvidenceInput, Folder, Stored, Trust, Verification,
};
use countersign::evidence::{assemble, verify};
use countersign::facts::{Clock, Judging, JudgingSource, Mode};
use countersign::model::artifact::Artifact;
use countersign::model::change::{Change, Run};
use countersign::model::digest::Digest;
use countersign::model::service::Service;
use data_encoding::BASE64;

/// The private key of RFC 8410, section 10.3.
pub(super) const PRIVATE_PEM: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";

pub(super) const FACTS: &[u8] = br#"{"schema":"countersign/facts/v1","environment":"production"}"#;

/// What is released.
pub(super) const ARTIFACT: &[u8] = b"the artifact\n";

pub(super) fn key() -> PrivateKey {
    PrivateKey::from_pem(PRIVATE_PEM.as_bytes()).unwrap()
}

/// Another sound key.
pub(super) fn other_key() -> PrivateKey {
    PrivateKey::from_seed(&zeroize::Zeroizing::new([7; 32]))
}

pub(super) fn decision() -> Decision {
    Decision {
        schema: SCHEMA.into(),
        id: "d-0123456789abcdef0123456789abcdef".to_owned(),
        outcome: Outcome::Pass,
        exit_code: 0,
        only_because_of: Vec::new(),
        decided_at: "2024-01-02T08:00:00Z".parse().unwrap(),
        clock: Clock::System,
        environment: "production".into(),
        mode: Mode::Enforce,
        fail_on: FailOn::Block,
        profile: "default".into(),
        gate: GateInfo {
            id: "https://countersign.dev/gate/acme/shop/production".into(),
            version: "0.1.0".to_owned(),
            engine: "regorus 0.14.1".to_owned(),
            policy_digest: Digest::of("policies"),
            facts_digest: Digest::of(FACTS),
        },
        change: Change {
            repository: Some("acme/shop".into()),
            commit: Some("8f3c1d2e4b5a69788f3c1d2e4b5a69788f3c1d2e".parse().unwrap()),
            git_ref: Some("refs/heads/main".into()),
            actor: Some("jo".into()),
            run: Run {
                provider: Some("github".into()),
                id: Some("42".into()),
                attempt: Some("1".into()),
                event: Some("push".into()),
                url: Some("https://github.com/acme/shop/actions/runs/42".into()),
                ..Run::default()
            },
            ..Change::default()
        },
        service: Service::default(),
        artifacts: vec![artifact("shop.tar.gz", ARTIFACT)],
        judging: Judging {
            source: JudgingSource::WorkingTree,
            commit: Some("8f3c1d2e4b5a69788f3c1d2e4b5a69788f3c1d2e".parse().unwrap()),
            ..Judging::default()
        },
        verdicts: Vec::new(),
        findings: Vec::new(),
        exceptions: Vec::new(),
        vex: Vec::new(),
        rules: Vec::new(),
        coverage: Vec::new(),
        totals: Totals::default(),
        reports: Vec::new(),
        obligations: Vec::new(),
        assurance: Assurance { level: 2, because: vec!["reports are asserted".to_owned()] },
        errors: Vec::new(),
    }
}

pub(super) fn artifact(name: &str, bytes: &[u8]) -> Artifact {
    Artifact::new(name, Digest::of(bytes))
}

pub(super) fn materials() -> Vec<Material<'static>> {
    vec![
        Material {
            role: Role::Policy,
            path: "builtin/rules/vulnerability/severity.rego".into(),
            format: None,
            content: Content::Kept(Cow::Borrowed(b"package countersign.rules.vulnerability.severity\n")),
        },
        Material {
            role: Role::Report,
            path: "reports/trivy.json".into(),
            format: Some("trivy".into()),
            content: Content::NotKept { digest: Digest::of("a report"), size: 8 },
        },
        Material {
            role: Role::Exceptions,
            path: "exceptions.yaml".into(),
            format: None,
            content: Content::Kept(Cow::Borrowed(b"[]\n")),
        },
    ]
}

/// The commit of the decision, as `git cat-file commit` would print it.
pub(super) fn commit_subject(decision: &Decision) -> CommitSubject {
    CommitSubject {
        sha256: Digest::of("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nempty\n"),
        git_commit: decision.change.commit.clone().unwrap(),
    }
}

/// Signed evidence of a decision.
pub(super) fn evidence(decision: &Decision) -> Evidence {
    let (materials, commit) = (materials(), decision.change.commit.as_ref().map(|_| commit_subject(decision)));
    let input = EvidenceInput { decision, facts: Some(FACTS.to_vec()), materials: &materials, commit: commit.as_ref() };
    assemble(input, Some(&key()), None).unwrap()
}

/// The folder that a reader would find.
pub(super) fn folder(evidence: &Evidence) -> Folder {
    let mut folder = Folder::default();
    for (name, bytes) in &evidence.files {
        put(&mut folder, name, bytes.clone());
    }
    folder
}

/// The bytes of the signature of the decision.
pub(super) fn signature(folder: &Folder) -> [u8; 64] {
    let bytes = folder.files[DECISION_FILE].bytes.as_ref().unwrap();
    let envelope: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    BASE64.decode(envelope["signatures"][0]["sig"].as_str().unwrap().as_bytes()).unwrap().try_into().unwrap()
}

/// Puts a file into a folder, in the place of what was there.
pub(super) fn put(folder: &mut Folder, name: &str, bytes: Vec<u8>) {
    folder.files.insert(name.to_owned(), Stored { digest: Digest::of(&bytes), bytes: Some(bytes) });
}

/// What a deployment demands: the artifact, and nothing relaxed.
pub(super) fn demands(key: &PublicKey) -> Demands<'_> {
    let now = "2024-01-02T09:00:00Z".parse().unwrap();
    Demands { subject: Some(Digest::of(ARTIFACT)), ..Demands::of(Trust::Key(key), now) }
}

/// Verifies as a deployment does.
pub(super) fn verified(folder: &Folder) -> Verification {
    let key = key().public();
    verify(folder, &demands(&key))
}

/// `4 FAIL the signature …`: the first step that did not pass, or `passed`.
pub(super) fn first_fault(verification: &Verification) -> String {
    let fault = verification.steps.iter().find(|step| step.state == countersign::evidence::StepState::Fail);
    fault.map_or_else(|| "passed".to_owned(), |step| format!("{} {}: {}", step.number, step.name, step.detail))
}
