//! What must not verify, and what an honest folder looks like.

#![expect(clippy::indexing_slicing, reason = "helpers of tests: an index out of range is how they fail")]

use countersign::decision::{Decision, Outcome};
use countersign::evidence::dsse::{Envelope, MAX_PAE_BYTES, PAYLOAD_TYPE, pae};
use countersign::evidence::keys::Sign;
use countersign::evidence::{
    BLOBS, BUNDLE_FILE, Evidence, EvidenceFault, EvidenceInput, Folder, StepState, Verdict, assemble, bundle::Bundle,
    verify,
};
use countersign::facts::{Clock, Mode};
use countersign::model::change::Change;
use countersign::model::digest::Digest;
use data_encoding::BASE64;
use serde_json::{Value, json};

use super::made::{
    ARTIFACT, FACTS, artifact, commit_subject, decision, demands, evidence, first_fault, folder, key, materials,
    other_key, put, verified,
};

const DECISION: &str = "decision.dsse.json";
const VSA: &str = "vsa.dsse.json";

/// The envelope of a file, as JSON.
fn envelope(folder: &Folder, name: &str) -> Value {
    serde_json::from_slice(folder.files[name].bytes.as_ref().unwrap()).unwrap()
}

/// The statement in an envelope.
fn statement(folder: &Folder, name: &str) -> Value {
    let payload = BASE64.decode(envelope(folder, name)["payload"].as_str().unwrap().as_bytes()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

/// Puts an envelope file, and a bundle of the same envelope where that is one.
fn put_envelope(folder: &mut Folder, bytes: Vec<u8>) {
    if let Ok(envelope) = Envelope::read(&bytes)
        && let Some(bundle) = Bundle::around(&envelope, None)
    {
        put(folder, BUNDLE_FILE, bundle.to_bytes().unwrap());
    }
    put(folder, DECISION, bytes);
}

/// Signs a payload as the gate would, with the real key, and leaves the rest of the folder.
fn put_signed(folder: &mut Folder, name: &str, payload: &[u8]) {
    let bytes = Envelope::sealed(payload, &key()).unwrap().to_bytes().unwrap();
    if name == DECISION { put_envelope(folder, bytes) } else { put(folder, name, bytes) }
}

fn spelled(value: &Value) -> Vec<u8> {
    let fields = ["payload", "payloadType", "signatures"].map(|name| format!("\"{name}\":{}", value[name]));
    format!("{{{}}}\n", fields.join(",")).into_bytes()
}

#[test]
fn an_honest_folder_verifies_in_every_required_step() {
    let folder = folder(&evidence(&decision()));
    let verification = verified(&folder);
    assert_eq!(verification.verdict, Verdict::Verified, "{:#?}", verification.steps);
    let unchecked: Vec<_> =
        verification.steps.iter().filter(|step| step.state == StepState::NotChecked).map(|step| step.name).collect();
    assert_eq!(unchecked, ["scope", "history", "replay"]);
    let statement = verification.statement.unwrap();
    assert_eq!(statement.predicate.outcome, Outcome::Pass);
    assert_eq!(statement.subject[0].digest.sha256, Digest::of(ARTIFACT));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    assert_eq!(evidence(&decision()), evidence(&decision()));
}

#[test]
fn the_statement_is_what_independent_verifiers_accept() {
    let folder = folder(&evidence(&decision()));
    assert_eq!(envelope(&folder, DECISION)["payloadType"], "application/vnd.in-toto+json");
    let said = statement(&folder, DECISION);
    let keys: Vec<_> = said.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["_type", "predicate", "predicateType", "subject"]);
    assert_eq!(said["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(said["predicateType"], "https://countersign.dev/attestation/gate-decision/v1");
    assert_eq!(said["subject"], json!([{"name": "shop.tar.gz", "digest": {"sha256": Digest::of(ARTIFACT).hex()}}]));
    let predicate = &said["predicate"];
    assert_eq!(predicate["target"]["ciRun"]["provider"], "github");
    assert_eq!(predicate["materials"]["counts"]["policies"], 1);
    assert_eq!(predicate["materials"]["counts"]["reports"], 1);
    assert_eq!(predicate["clockSource"], "system");
    // Integers only: a float is read differently by different readers.
    fn no_float(value: &Value) -> bool {
        match value {
            Value::Number(number) => !number.is_f64(),
            Value::Array(list) => list.iter().all(no_float),
            Value::Object(map) => map.values().all(no_float),
            Value::Null | Value::Bool(_) | Value::String(_) => true,
        }
    }
    assert!(no_float(&said));
}

#[test]
fn no_change_of_a_byte_of_the_envelope_verifies() {
    let honest = folder(&evidence(&decision()));
    let bytes = honest.files[DECISION].bytes.clone().unwrap();
    for at in 0..bytes.len() {
        for flip in [1 << (at % 8), 0x20] {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            let mut folder = honest.clone();
            put_envelope(&mut folder, changed);
            let verification = verified(&folder);
            assert_eq!(verification.verdict, Verdict::Failed, "byte {at} ^ {flip:#x}");
            assert!(verification.statement.is_none(), "byte {at} ^ {flip:#x}: {}", first_fault(&verification));
        }
    }
}

#[test]
fn no_change_of_any_other_file_verifies() {
    let honest = folder(&evidence(&decision()));
    let names: Vec<String> = honest.files.keys().filter(|name| *name != DECISION).cloned().collect();
    assert!(names.len() >= 7, "{names:?}");
    for name in &names {
        let bytes = honest.files[name].bytes.clone().unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            let mut folder = honest.clone();
            put(&mut folder, name, changed);
            assert_eq!(verified(&folder).verdict, Verdict::Failed, "{name} byte {at}");
        }
        let mut without = honest.clone();
        without.files.remove(name);
        assert_eq!(verified(&without).verdict, Verdict::Failed, "without {name}");
        let mut longer = honest.clone();
        put(&mut longer, name, [&bytes[..], b"\n"].concat());
        assert_eq!(verified(&longer).verdict, Verdict::Failed, "longer {name}");
    }
}

#[test]
fn no_other_artifact_verifies() {
    let folder = folder(&evidence(&decision()));
    let key = key().public();
    for at in 0..ARTIFACT.len() {
        let mut changed = ARTIFACT.to_vec();
        changed[at] ^= 1 << (at % 8);
        let verification =
            verify(&folder, &countersign::evidence::Demands { subject: Some(Digest::of(&changed)), ..demands(&key) });
        assert_eq!(verification.verdict, Verdict::Failed);
        assert!(first_fault(&verification).starts_with("6 subject"));
    }
}

#[test]
fn a_file_that_nobody_listed_fails() {
    let honest = folder(&evidence(&decision()));
    for name in [
        "README".to_owned(),
        "blobs/sha256/x".to_owned(),
        format!("{BLOBS}{}", Digest::of("stray").hex()),
        "Decision.dsse.json".to_owned(),
        "decision.dsse.json.sig".to_owned(),
    ] {
        let mut folder = honest.clone();
        put(&mut folder, &name, b"stray".to_vec());
        assert!(first_fault(&verified(&folder)).contains("listed nowhere"), "{name}");
    }
    let mut linked = honest;
    linked.irregular.push("link".into());
    assert_eq!(first_fault(&verified(&linked)), "9 blobs: link is neither a regular file nor a directory with files");
}

#[test]
fn another_spelling_of_the_same_envelope_fails() {
    let honest = folder(&evidence(&decision()));
    let bytes = honest.files[DECISION].bytes.clone().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let compact = text.trim_end();
    let signature = envelope(&honest, DECISION)["signatures"][0].to_string();
    let cases = [
        (format!("\u{feff}{text}"), "1 envelope"),
        (format!("{text}\n"), "1 envelope"),
        (compact.to_owned(), "1 envelope"),
        (format!("{compact} {{}}\n"), "1 envelope"),
        (text.replacen("\"payload\"", "\"\\u0070ayload\"", 1), "1 envelope"),
        (text.replacen("{\"payload\"", "{\"payload\":\"\",\"payload\"", 1), "1 envelope"),
        (text.replacen("{\"payload\"", "{\"Payload\":\"\",\"payload\"", 1), "1 envelope"),
        (text.replacen("{\"payload\"", "{\"x\":1,\"payload\"", 1), "1 envelope"),
        (text.replacen("\"keyid\"", "\"KeyID\"", 1), "1 envelope"),
        (text.replacen("\"sig\":", "\"sig\":\"\",\"sig\":", 1), "1 envelope"),
        (text.replacen("\"keyid\":", "\"cert\":null,\"keyid\":", 1), "1 envelope"),
        (text.replace(&signature, &format!("{signature},{signature}")), "1 envelope"),
        (serde_json::to_string_pretty(&envelope(&honest, DECISION)).unwrap(), "1 envelope"),
        ("[".repeat(200_000), "1 envelope"),
        (format!("\"{}\"", "a".repeat(2 << 20)), "1 envelope"),
        (String::new(), "1 envelope"),
    ];
    for (changed, step) in cases {
        let mut folder = honest.clone();
        put_envelope(&mut folder, changed.clone().into_bytes());
        let fault = first_fault(&verified(&folder));
        assert!(fault.starts_with(step), "{fault}\n{}", &changed[..changed.len().min(200)]);
    }
}

#[test]
fn lax_base64_a_foreign_key_id_and_another_type_fail() {
    let honest = folder(&evidence(&decision()));
    let good = envelope(&honest, DECISION);
    let (payload, sig) = (good["payload"].as_str().unwrap(), good["signatures"][0]["sig"].as_str().unwrap());
    assert!(sig.ends_with("=="), "64 bytes leave four bits over");
    let respelled = |text: &str| {
        let last = text.trim_end_matches('=').chars().last().unwrap();
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let next = alphabet.chars().nth((alphabet.find(last).unwrap() + 1) % 64).unwrap();
        text.replacen(&format!("{last}=="), &format!("{next}=="), 1)
    };
    let with = |path: &str, value: Value| {
        let mut changed = good.clone();
        *changed.pointer_mut(path).unwrap() = value;
        let mut folder = honest.clone();
        put_envelope(&mut folder, spelled(&changed));
        first_fault(&verified(&folder))
    };
    for bad in [
        sig.trim_end_matches('=').to_owned(),
        respelled(sig),
        format!("{} {}", &sig[..10], &sig[10..]),
        format!("{}\n{}", &sig[..10], &sig[10..]),
        sig.replace('+', "-").replace('/', "_") + "-",
        BASE64.encode(&[0; 63]),
        BASE64.encode(&[0; 65]),
        String::new(),
    ] {
        assert!(with("/signatures/0/sig", json!(bad)).starts_with("3 encoding"), "{bad}");
    }
    assert!(with("/payload", json!(format!("{payload}="))).starts_with("3 encoding"));
    assert!(with("/payload", json!(BASE64.encode(&vec![b' '; 300_000]))).starts_with("3 encoding"));
    assert!(with("/signatures/0/sig", json!(BASE64.encode(&[0; 64]))).starts_with("4 signature"));
    for foreign in [other_key().public().fingerprint(), String::new(), key().public().fingerprint().to_lowercase()] {
        assert!(with("/signatures/0/keyid", json!(foreign)).starts_with("4 signature"), "{foreign}");
    }
    for other in ["application/json", "application/vnd.in-toto+JSON", ""] {
        assert!(with("/payloadType", json!(other)).starts_with("2 payload type"), "{other}");
    }
}

#[test]
fn what_is_signed_are_bytes_and_not_what_they_mean() {
    let honest = folder(&evidence(&decision()));
    let good = envelope(&honest, DECISION);
    let said = statement(&honest, DECISION);
    let pretty = serde_json::to_vec_pretty(&said).unwrap();
    // The same members in the order of their names, in which canonical JSON would put them.
    let sorted = said.to_string().into_bytes();
    for respelled in [pretty, sorted] {
        let mut changed = good.clone();
        changed["payload"] = json!(BASE64.encode(&respelled));
        let mut folder = honest.clone();
        put_envelope(&mut folder, spelled(&changed));
        assert_eq!(first_fault(&verified(&folder)), "4 signature: the signature is not this key's over this payload");
    }
}

#[test]
fn a_signature_by_another_key_fails() {
    let honest = folder(&evidence(&decision()));
    let payload = serde_json::to_vec(&statement(&honest, DECISION)).unwrap();
    let mut folder = honest;
    put_envelope(&mut folder, Envelope::sealed(&payload, &other_key()).unwrap().to_bytes().unwrap());
    assert!(first_fault(&verified(&folder)).starts_with("4 signature: signed by another key"));
    // The other key's signature under this key's id.
    let mut posing: Value = serde_json::from_slice(folder.files[DECISION].bytes.as_ref().unwrap()).unwrap();
    posing["signatures"][0]["keyid"] = json!(key().public().fingerprint());
    put_envelope(&mut folder, spelled(&posing));
    assert!(first_fault(&verified(&folder)).starts_with("4 signature: the signature is not"));
}

#[test]
fn a_signer_that_answers_with_another_keys_signature_signs_nothing() {
    struct Mixed;
    impl Sign for Mixed {
        fn public(&self) -> countersign::evidence::keys::PublicKey {
            key().public()
        }
        fn sign(&self, message: &[u8]) -> Result<[u8; 64], countersign::evidence::keys::SignFault> {
            other_key().sign(message)
        }
    }
    assert!(Envelope::sealed(b"{}", &Mixed).is_err());
}

#[test]
fn a_statement_with_the_right_signature_is_still_read_strictly() {
    let honest = folder(&evidence(&decision()));
    let text = serde_json::to_string(&statement(&honest, DECISION)).unwrap();
    let signed = |text: &str| {
        let mut folder = honest.clone();
        put_signed(&mut folder, DECISION, text.as_bytes());
        first_fault(&verified(&folder))
    };
    for changed in [
        text.replacen("Statement/v1", "Statement/v0.1", 1),
        text.replacen("gate-decision/v1", "gate-decision/v2", 1),
        text.replacen("gate-decision/v1", "Gate-Decision/v1", 1),
        text.replacen("{\"_type\"", "{\"extra\":1,\"_type\"", 1),
        text.replacen("{\"_type\"", "{\"_type\":\"x\",\"_type\"", 1),
        text.replacen("\"outcome\":\"pass\"", "\"outcome\":\"pass\",\"note\":1", 1),
        text.replacen("\"outcome\":\"pass\"", "\"outcome\":\"block\",\"outcome\":\"pass\"", 1),
        text.replacen("\"outcome\":\"pass\"", "\"outcome\":\"PASS\"", 1),
        text.replacen("\"signed\":true", "\"signed\":false", 1),
        text.replacen("\"findings\":0", "\"findings\":0.0", 1),
        text.replacen("\"findings\":0", "\"findings\":-1", 1),
        text.replacen(&Digest::of(ARTIFACT).hex(), &Digest::of(ARTIFACT).hex().to_uppercase(), 1),
        format!("{text} 1"),
        "null".to_owned(),
    ] {
        assert_ne!(changed, text);
        let fault = signed(&changed);
        assert!(fault.starts_with("5 statement"), "{fault}: {changed}");
    }
    for subjects in
        [json!([]), json!([{"name": "x", "digest": {}}]), json!([{"name": "x", "digest": {"gitCommit": "a"}}])]
    {
        let mut changed = statement(&honest, DECISION);
        changed["subject"] = subjects;
        assert!(signed(&changed.to_string()).starts_with("5 statement"));
    }
}

/// The envelope of a payload that the real key signed as another type.
fn signed_as(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let sig = BASE64.encode(&key().sign(&pae(payload_type, payload)).unwrap());
    let signatures = json!([{"keyid": key().public().fingerprint(), "sig": sig}]);
    let (payload, kind) = (BASE64.encode(payload), payload_type);
    spelled(&json!({"payload": payload, "payloadType": kind, "signatures": signatures}))
}

#[test]
fn what_was_signed_as_another_type_is_no_statement() {
    let honest = folder(&evidence(&decision()));
    let payload = |name| serde_json::to_vec(&statement(&honest, name)).unwrap();
    let mut folder = honest.clone();
    put_envelope(&mut folder, signed_as("application/vnd.countersign.trust+json", &payload(DECISION)));
    assert!(first_fault(&verified(&folder)).starts_with("2 payload type"));
    let mut folder = honest.clone();
    put(&mut folder, VSA, signed_as("application/vnd.countersign.trust+json", &payload(VSA)));
    assert!(first_fault(&verified(&folder)).starts_with("12 summary"));
    // The helper's envelope is sound but for the type.
    let mut folder = honest.clone();
    put(&mut folder, VSA, signed_as(PAYLOAD_TYPE, &payload(VSA)));
    assert_eq!(verified(&folder).verdict, Verdict::Verified);
}

#[test]
fn a_signed_statement_must_agree_with_its_blobs() {
    let honest = folder(&evidence(&decision()));
    let said = serde_json::to_string(&statement(&honest, DECISION)).unwrap();
    for (from, to, fault) in [
        ("\"policies\":1", "\"policies\":2", "the materials hold more or less"),
        ("d-0123456789abcdef", "d-1123456789abcdef", "of another decision"),
        ("\"outcome\":\"pass\"", "\"outcome\":\"warn\"", "of another decision"),
        ("\"mode\":\"enforce\"", "\"mode\":\"audit\"", "of another decision"),
    ] {
        let changed = said.replacen(from, to, 1);
        assert_ne!(changed, said);
        let mut folder = honest.clone();
        put_signed(&mut folder, DECISION, changed.as_bytes());
        assert!(first_fault(&verified(&folder)).contains(fault), "{from}: {}", first_fault(&verified(&folder)));
    }
    let materials = statement(&honest, DECISION)["predicate"]["materials"]["digest"]["sha256"].clone();
    let mut folder = honest;
    put(&mut folder, &format!("{BLOBS}{}", materials.as_str().unwrap()), b"{".to_vec());
    assert!(first_fault(&verified(&folder)).ends_with("was changed"), "{}", first_fault(&verified(&folder)));
}

#[test]
fn what_contradicts_itself_becomes_no_evidence() {
    let facts = EvidenceInput { decision: &decision(), facts: Some(b"{}".to_vec()), materials: &[], commit: None };
    assert!(matches!(assemble(facts, None, None), Err(EvidenceFault::OtherFacts)));
    for id in ["", "../d", "d/e", "d.e", &"d".repeat(65)] {
        let decision = Decision { id: id.to_owned(), ..decision() };
        let input = EvidenceInput { decision: &decision, facts: Some(FACTS.to_vec()), materials: &[], commit: None };
        assert!(matches!(assemble(input, None, None), Err(EvidenceFault::Id)), "{id}");
    }
}

#[test]
fn unsigned_evidence_says_so_and_never_verifies() {
    let decision = decision();
    let materials = materials();
    let input = EvidenceInput { decision: &decision, facts: Some(FACTS.to_vec()), materials: &materials, commit: None };
    let evidence = assemble(input, None, None).unwrap();
    let folder = folder(&evidence);
    assert!(evidence.keyid.is_none());
    assert!(!folder.files.contains_key(VSA) && !folder.files.contains_key(BUNDLE_FILE));
    assert_eq!(envelope(&folder, DECISION)["signatures"], json!([]));
    assert_eq!(statement(&folder, DECISION)["predicate"]["signed"], json!(false));
    let verification = verified(&folder);
    assert_eq!(verification.verdict, Verdict::Failed);
    assert_eq!(first_fault(&verification), "4 signature: unsigned: the evidence was written without a key");
    assert!(verification.statement.is_none());
    let mut beside = folder;
    beside.files.insert(
        BUNDLE_FILE.to_owned(),
        super::made::folder(&super::made::evidence(&decision)).files[BUNDLE_FILE].clone(),
    );
    assert!(first_fault(&verified(&beside)).contains("beside an unsigned envelope"));
}

/// The result and level of the folder's summary; none where there is none.
fn summary(evidence: &Evidence) -> Option<(String, String)> {
    let folder = folder(evidence);
    folder.files.contains_key(VSA).then(|| {
        let said = statement(&folder, VSA);
        assert_eq!(said["predicateType"], "https://slsa.dev/verification_summary/v1");
        assert_eq!(said["subject"], statement(&folder, DECISION)["subject"]);
        assert_eq!(said["predicate"]["verifier"]["id"], "https://countersign.dev/gate/acme/shop/production");
        assert_eq!(
            said["predicate"]["inputAttestations"],
            json!([{"digest": {"sha256": folder.files[DECISION].digest.hex()}}])
        );
        let levels = said["predicate"]["verifiedLevels"].as_array().unwrap();
        assert_eq!(levels.len(), 1);
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        (word(&said["predicate"]["verificationResult"]), word(&levels[0]))
    })
}

/// What `slsa-verifier verify-vsa` asks of a summary (2.7.1, `verifiers/internal/vsa/verifier.go`), but for the signature.
fn slsa_verifier(envelope: &Value, said: &Value, level: &str) -> Result<(), &'static str> {
    let predicate = &said["predicate"];
    let levels: Vec<_> = predicate["verifiedLevels"].as_array().unwrap().iter().map(|l| l.as_str().unwrap()).collect();
    let of_slsa = |level: &&&str| level.starts_with("SLSA_");
    let rules = [
        (envelope["payloadType"] == "application/vnd.in-toto+json", "payloadType"),
        // Without --public-key-id the id is the one that OpenSSH gives.
        (envelope["signatures"][0]["keyid"] == key().public().fingerprint(), "keyid"),
        (said["predicateType"] == "https://slsa.dev/verification_summary/v1", "predicateType"),
        (said["subject"][0]["digest"]["sha256"] == Digest::of(ARTIFACT).hex(), "subject"),
        (predicate["verifier"]["id"] == "https://countersign.dev/gate/acme/shop/production", "verifier.id"),
        (predicate["resourceUri"] == "shop.tar.gz", "resourceUri"),
        (predicate["verificationResult"] == "PASSED", "verificationResult"),
        (levels.contains(&level), "verifiedLevels"),
        (levels.iter().filter(of_slsa).all(|level| level.split('_').nth(2) == Some("LEVEL")), "SLSA levels"),
    ];
    rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, rule)| Err(rule))
}

#[test]
fn slsa_verifier_takes_a_pass_and_a_warning_and_nothing_else() {
    for (outcome, level, expected) in [
        (Outcome::Pass, "COUNTERSIGN_PASSED", Ok(())),
        (Outcome::Warn, "COUNTERSIGN_PASSED_WITH_WARNINGS", Ok(())),
        (Outcome::Block, "FAILED", Err("verificationResult")),
        (Outcome::Error, "FAILED", Err("verificationResult")),
    ] {
        let folder = folder(&evidence(&Decision { outcome, ..decision() }));
        assert_eq!(slsa_verifier(&envelope(&folder, VSA), &statement(&folder, VSA), level), expected, "{outcome:?}");
    }
}

#[test]
fn passed_is_said_only_of_an_enforced_decision_at_the_machines_clock_about_a_release() {
    let with = |outcome, mode, clock, bound: bool| {
        let mut decision = Decision { outcome, mode, clock, ..decision() };
        if !bound {
            decision.artifacts.clear();
            decision.change = Change::default();
        }
        summary(&evidence(&decision)).map(|(result, level)| format!("{result} {level}"))
    };
    for outcome in [Outcome::Pass, Outcome::Warn, Outcome::Block, Outcome::Error] {
        for mode in [Mode::Enforce, Mode::Audit] {
            assert_eq!(with(outcome, mode, Clock::Pinned, true), None);
            assert_eq!(with(outcome, mode, Clock::System, false), None);
            let expected = match (outcome, mode) {
                (Outcome::Pass, Mode::Enforce) => Some("PASSED COUNTERSIGN_PASSED"),
                (Outcome::Warn, Mode::Enforce) => Some("PASSED COUNTERSIGN_PASSED_WITH_WARNINGS"),
                (Outcome::Pass | Outcome::Warn, Mode::Audit) => None,
                (Outcome::Block | Outcome::Error, _) => Some("FAILED FAILED"),
            };
            assert_eq!(with(outcome, mode, Clock::System, true).as_deref(), expected, "{outcome:?} {mode:?}");
        }
    }
}

#[test]
fn a_summary_that_is_not_due_or_says_something_else_fails() {
    let honest = folder(&evidence(&decision()));
    let text = serde_json::to_string(&statement(&honest, VSA)).unwrap();
    let (policies, envelope) = (Digest::of("policies").hex(), honest.files[DECISION].digest.hex());
    for (from, to) in [
        ("in-toto.io/Statement/v1", "in-toto.io/Statement/v0.1"),
        (policies.as_str(), envelope.as_str()),
        (envelope.as_str(), policies.as_str()),
        ("#profile=default", "#profile=lax"),
        ("\"resourceUri\":\"shop.tar.gz\"", "\"resourceUri\":\"\""),
        ("COUNTERSIGN_PASSED", "COUNTERSIGN_PASSED_WITH_WARNINGS"),
        ("COUNTERSIGN_PASSED", "SLSA_BUILD_LEVEL_3"),
        ("\"PASSED\"", "\"FAILED\""),
        ("production\"", "staging\""),
        ("shop.tar.gz\"}]", "other.tar.gz\"}]"),
        ("2024-01-02T08:00:00Z", "2024-01-03T08:00:00Z"),
        ("verification_summary/v1", "verification_summary/v2"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let mut folder = honest.clone();
        put_signed(&mut folder, VSA, changed.as_bytes());
        assert!(first_fault(&verified(&folder)).starts_with("12 summary"), "{from} → {to}");
    }
    // The summary of one decision beside another.
    let blocked = folder(&evidence(&Decision { outcome: Outcome::Block, ..decision() }));
    let mut mixed = blocked;
    mixed.files.insert(VSA.to_owned(), honest.files[VSA].clone());
    assert!(verified(&mixed).steps.iter().any(|step| step.number == 12 && step.state == StepState::Fail));
    // One beside a decision that is due none.
    let mut pinned = folder(&evidence(&Decision { clock: Clock::Pinned, ..decision() }));
    pinned.files.insert(VSA.to_owned(), honest.files[VSA].clone());
    assert!(verified(&pinned).steps.iter().any(|step| step.number == 12 && step.state == StepState::Fail));
}

#[test]
fn a_deployment_demands_a_pass_that_was_enforced_at_the_machines_clock() {
    let key = key().public();
    let deploy = demands(&key);
    let audit = countersign::evidence::Demands { any_outcome: true, ..deploy };
    for (changed, fault) in [
        (Decision { outcome: Outcome::Warn, ..decision() }, "passed"),
        (Decision { outcome: Outcome::Block, ..decision() }, "14 outcome"),
        (Decision { outcome: Outcome::Error, ..decision() }, "14 outcome"),
        (Decision { mode: Mode::Audit, ..decision() }, "14 outcome"),
        (Decision { clock: Clock::Pinned, ..decision() }, "8 time"),
        (Decision { decided_at: "2024-01-02T09:06:00Z".parse().unwrap(), ..decision() }, "8 time"),
    ] {
        let folder = folder(&evidence(&changed));
        let verification = verify(&folder, &deploy);
        assert!(first_fault(&verification).starts_with(fault), "{}", first_fault(&verification));
        if fault == "14 outcome" {
            assert_eq!(verify(&folder, &audit).verdict, Verdict::Verified);
        }
    }
    let pinned = folder(&evidence(&Decision { clock: Clock::Pinned, ..decision() }));
    let allowed = countersign::evidence::Demands { allow_pinned_clock: true, ..deploy };
    assert_eq!(verify(&pinned, &allowed).verdict, Verdict::Verified);
}

#[test]
fn without_a_subject_the_result_is_incomplete() {
    let key = key().public();
    let without = countersign::evidence::Demands { subject: None, ..demands(&key) };
    let bound = verify(&folder(&evidence(&decision())), &without);
    assert_eq!((bound.verdict, bound.verdict.exit_code()), (Verdict::Incomplete, 5));

    // Neither an artifact nor a commit: whatever digest is given, the decision is bound to no release.
    let unbound = Decision { artifacts: Vec::new(), change: Change::default(), ..decision() };
    let folder = folder(&evidence(&unbound));
    assert_eq!(statement(&folder, DECISION)["subject"][0]["digest"]["sha256"], Digest::of(FACTS).hex());
    for subject in [None, Some(Digest::of(FACTS))] {
        let verification = verify(&folder, &countersign::evidence::Demands { subject, ..demands(&key) });
        assert_eq!(verification.verdict, Verdict::Incomplete);
        assert!(verification.steps[6].detail.starts_with("NOT BOUND"), "{}", verification.steps[6].detail);
    }
    assert!(first_fault(&verified(&folder)).starts_with("6 subject"));
}

#[test]
fn a_commit_is_the_subject_where_nothing_was_built() {
    let decision = Decision { artifacts: Vec::new(), ..decision() };
    let folder = folder(&evidence(&decision));
    let commit = commit_subject(&decision);
    assert_eq!(
        statement(&folder, DECISION)["subject"],
        json!([{"name": "acme/shop", "digest": {"sha256": commit.sha256.hex(), "gitCommit": commit.git_commit.as_str()}}])
    );
    assert_eq!(statement(&folder, VSA)["predicate"]["resourceUri"], "git+https://github.com/acme/shop");
    let key = key().public();
    let of_commit = countersign::evidence::Demands { subject: Some(commit.sha256), ..demands(&key) };
    assert_eq!(verify(&folder, &of_commit).verdict, Verdict::Verified);

    let mut other = commit;
    other.git_commit = "a".repeat(40).parse().unwrap();
    let input =
        EvidenceInput { decision: &decision, facts: Some(FACTS.to_vec()), materials: &[], commit: Some(&other) };
    assert!(matches!(assemble(input, Some(&super::made::key()), None), Err(EvidenceFault::OtherCommit)));
}

#[test]
fn demands_about_the_scope_are_held() {
    let folder = folder(&evidence(&decision()));
    let key = key().public();
    let (deploy, digest) = (demands(&key), Digest::of("policies"));
    type Demands<'a> = countersign::evidence::Demands<'a>;
    for (demanded, holds) in [
        (Demands { environment: Some("production"), ..deploy }, true),
        (Demands { environment: Some("staging"), ..deploy }, false),
        (Demands { environment: Some("Production"), ..deploy }, false),
        (Demands { gate: Some("https://countersign.dev/gate/acme/shop/production"), ..deploy }, true),
        (Demands { gate: Some("https://countersign.dev/gate/acme/shop/staging"), ..deploy }, false),
        (Demands { repository: Some("acme/shop"), ..deploy }, true),
        (Demands { repository: Some("evil/shop"), ..deploy }, false),
        (Demands { git_ref: Some("refs/heads/main"), ..deploy }, true),
        (Demands { git_ref: Some("refs/heads/mine"), ..deploy }, false),
        (Demands { event: Some("push"), ..deploy }, true),
        (Demands { event: Some("pull_request"), ..deploy }, false),
        (Demands { policy_digest: Some(digest), ..deploy }, true),
        (Demands { policy_digest: Some(Digest::of("other")), ..deploy }, false),
        (Demands { least_assurance: Some(2), ..deploy }, true),
        (Demands { least_assurance: Some(3), ..deploy }, false),
        (Demands { max_age_seconds: Some(3600), ..deploy }, true),
        (Demands { max_age_seconds: Some(3599), ..deploy }, false),
        (Demands { environment: Some("production"), policy_digest: Some(Digest::of("other")), ..deploy }, false),
    ] {
        let verification = verify(&folder, &demanded);
        assert_eq!(verification.verdict == Verdict::Verified, holds, "{demanded:?}");
    }
}

#[test]
fn an_error_without_facts_leaves_evidence_of_its_materials() {
    let decision = Decision { outcome: Outcome::Error, artifacts: Vec::new(), change: Change::default(), ..decision() };
    let input = EvidenceInput { decision: &decision, facts: None, materials: &materials(), commit: None };
    let folder = folder(&assemble(input, Some(&key()), None).unwrap());
    let said = statement(&folder, DECISION);
    assert_eq!(said["predicate"]["facts"], Value::Null);
    assert_eq!(said["subject"][0]["digest"], said["predicate"]["materials"]["digest"]);
    let key = key().public();
    let audit = countersign::evidence::Demands { any_outcome: true, subject: None, ..demands(&key) };
    assert_eq!(verify(&folder, &audit).verdict, Verdict::Incomplete);
    // A decision needs its facts.
    let decision = Decision { outcome: Outcome::Pass, ..decision };
    let input = EvidenceInput { decision: &decision, facts: None, materials: &[], commit: None };
    assert!(matches!(assemble(input, None, None), Err(EvidenceFault::OtherFacts)));
}

#[test]
fn the_largest_decision_fits_what_is_signed() {
    // Every text at its limit, as plain letters and as control characters, and every text beyond it.
    for (text, name, id) in [
        ("x".repeat(100), "n".repeat(160), "g".repeat(200)),
        ("\u{1}".repeat(16), "\u{1}".repeat(26), "\u{1}".repeat(33)),
        ("\"".repeat(50), "\\".repeat(80), "\n".repeat(100)),
        ("long".repeat(500), "name".repeat(500), "gate".repeat(500)),
    ] {
        let mut decision = decision();
        decision.environment = text.as_str().into();
        decision.profile = text.as_str().into();
        decision.gate.id = id.as_str().into();
        decision.gate.version = text.clone();
        decision.gate.engine = text.clone();
        decision.change.repository = Some(name.as_str().into());
        decision.change.git_ref = Some(name.as_str().into());
        decision.change.commit = Some("f".repeat(64).parse().unwrap());
        decision.judging.commit = Some("f".repeat(64).parse().unwrap());
        decision.judging.source = countersign::facts::JudgingSource::TargetBranch;
        decision.change.actor = Some(text.as_str().into());
        for field in [
            &mut decision.change.run.provider,
            &mut decision.change.run.id,
            &mut decision.change.run.attempt,
            &mut decision.change.run.event,
        ] {
            *field = Some(text.as_str().into());
        }
        let most = (1 << 53) - 1;
        decision.totals.findings = most;
        decision.totals.open = most;
        decision.totals.excepted = most;
        decision.totals.suppressed = most;
        decision.totals.not_affected = most;
        decision.totals.resolved = most;
        decision.totals.deny = most;
        decision.totals.warn = most;
        decision.artifacts = (0..4).map(|n| artifact(&name, format!("artifact {n}").as_bytes())).collect();

        let evidence = evidence(&decision);
        let folder = folder(&evidence);
        let key = key().public();
        let of_first = countersign::evidence::Demands {
            subject: Some(Digest::of("artifact 0")),
            environment: Some(&text),
            gate: Some(&id),
            repository: Some(&name),
            git_ref: Some(&name),
            ..demands(&key)
        };
        let verification = verify(&folder, &of_first);
        assert_eq!(verification.verdict, Verdict::Verified, "{:#?}", verification.steps);
        for name in [DECISION, VSA] {
            let payload = BASE64.decode(envelope(&folder, name)["payload"].as_str().unwrap().as_bytes()).unwrap();
            let signed = pae(PAYLOAD_TYPE, &payload).len();
            assert!(signed <= MAX_PAE_BYTES, "{name}: {signed}");
        }
        // What was too long is in the materials, under the digest that stands in its place.
        if text.len() > 200 {
            let said = statement(&folder, DECISION);
            let shown = said["predicate"]["target"]["environment"].as_str().unwrap();
            assert_eq!(shown, Digest::of(&text).to_string());
            let blob = format!("{BLOBS}{}", said["predicate"]["materials"]["digest"]["sha256"].as_str().unwrap());
            let listed: Value = serde_json::from_slice(&evidence.files[&blob]).unwrap();
            assert_eq!(listed["texts"][shown], text.as_str());
        }
    }
    let mut five = decision();
    five.artifacts = (0..5).map(|n| artifact("a", &[n])).collect();
    let input = EvidenceInput { decision: &five, facts: Some(FACTS.to_vec()), materials: &[], commit: None };
    assert!(matches!(assemble(input, Some(&key()), None), Err(EvidenceFault::TooManySubjects(5))));
}

#[test]
fn nothing_of_an_unverified_envelope_is_shown() {
    let honest = folder(&evidence(&decision()));
    let mut evil = envelope(&honest, DECISION);
    evil["signatures"][0]["keyid"] = json!("##[error]\u{1b}[31m SHA256:evil");
    evil["note\u{202e}"] = json!("::set-output::");
    let mut folder = honest;
    put_envelope(&mut folder, format!("{evil}\n").into_bytes());
    for step in verified(&folder).steps {
        assert!(!step.detail.contains("##[") && !step.detail.contains('\u{1b}') && !step.detail.contains('\u{202e}'));
    }
}
