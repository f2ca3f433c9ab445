//! The trust file: who may say which keys count, for what, from when to when.

use std::process::Output;

use countersign::evidence::keys::{PrivateKey, Sign as _};
use countersign::evidence::trust::{KeyRole, Roots, TrustFault, TrustList, TrustedKey, cosigned};
use countersign::evidence::{Demands, Trust, Verification, verify};
use countersign::model::digest::Digest;
use countersign::model::time::Timestamp;
use data_encoding::BASE64;
use serde_json::{Value, json};

use super::made::{ARTIFACT, decision, evidence, first_fault, folder, key, other_key};
use super::runs::Desk;
use crate::support::command;

fn root(n: u8) -> PrivateKey {
    PrivateKey::from_seed(&zeroize::Zeroizing::new([100 + n; 32]))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The gate's key, for everything, from 2024 on.
fn entry() -> TrustedKey {
    TrustedKey {
        keyid: key().public().fingerprint().into(),
        public: key().public(),
        role: KeyRole::Gate,
        repositories: Vec::new(),
        environments: Vec::new(),
        valid_from: at("2024-01-01T00:00:00Z"),
        valid_until: None,
        revoked_at: None,
        reason: None,
    }
}

/// A file with these keys, signed by root 1.
fn file(keys: Vec<TrustedKey>, threshold: u64) -> Result<Vec<u8>, TrustFault> {
    let issued = at("2024-01-01T00:00:00Z");
    let mut list = TrustList::new(issued, at("2025-01-01T00:00:00Z"), threshold);
    list.keys = keys;
    list.sealed(issued, &root(1))
}

/// What a verifier reads who knows these roots, and wants that many of them.
fn read(bytes: &[u8], known: &[u8], threshold: usize, least_version: u64) -> Result<TrustList, TrustFault> {
    let keys: Vec<_> = known.iter().map(|n| root(*n).public()).collect();
    TrustList::read(bytes, Roots { keys: &keys, threshold, least_version })
}

/// The evidence of [`decision`], verified by a list on the day of the decision.
fn verified(list: &TrustList, now: &str) -> Verification {
    let demands = Demands { subject: Some(Digest::of(ARTIFACT)), ..Demands::of(Trust::List(list), at(now)) };
    verify(&folder(&evidence(&decision())), &demands)
}

fn fault(entry: TrustedKey) -> String {
    let list = read(&file(vec![entry], 1).unwrap(), &[1], 1, 0).unwrap();
    first_fault(&verified(&list, "2024-01-02T09:00:00Z"))
}

#[test]
fn a_listed_key_counts_for_what_it_is_listed_for() {
    assert_eq!(fault(entry()), "passed");
    let scoped = TrustedKey {
        repositories: vec!["acme/other".into(), "acme/shop".into()],
        environments: vec!["production".into()],
        ..entry()
    };
    assert_eq!(fault(scoped), "passed");
    let id = key().public().fingerprint();
    for (wrong, why) in [
        (TrustedKey { repositories: vec!["acme/other".into()], ..entry() }, "may sign for repository acme/other alone"),
        (TrustedKey { environments: vec!["staging".into()], ..entry() }, "may sign for environment staging alone"),
        (TrustedKey { valid_from: at("2024-01-02T08:00:01Z"), ..entry() }, "counts from 2024-01-02T08:00:01Z on"),
        (TrustedKey { valid_until: Some(at("2024-01-02T08:00:00Z")), ..entry() }, "to 2024-01-02T08:00:00Z"),
        // Also where the revocation is younger than the decision claims to be: whoever has the key can date back.
        (TrustedKey { revoked_at: Some(at("2024-06-01T00:00:00Z")), ..entry() }, "is revoked since 2024-06-01"),
    ] {
        let fault = fault(wrong);
        assert!(fault.starts_with(&format!("7 scope: {id}")) && fault.contains(why), "{fault}");
    }
    for role in [KeyRole::Approver, KeyRole::Log] {
        assert_eq!(
            fault(TrustedKey { role, ..entry() }),
            format!("4 signature: the trust file lists no gate key {id}")
        );
    }
}

#[test]
fn an_expired_file_deploys_nothing_and_still_serves_an_auditor() {
    let list = read(&file(vec![entry()], 1).unwrap(), &[1], 1, 0).unwrap();
    let fault = first_fault(&verified(&list, "2025-01-01T00:00:00Z"));
    assert_eq!(fault, "0 trust: version 1 of the trust file expired at 2025-01-01T00:00:00Z");
    let demands = Demands::of_any_decision(Trust::List(&list), at("2025-01-01T00:00:00Z"));
    assert_eq!(first_fault(&verify(&folder(&evidence(&decision())), &demands)), "passed");
}

#[test]
fn enough_distinct_roots_have_to_sign_whatever_the_file_says() {
    let one = file(vec![entry()], 1).unwrap();
    let few = |signed, needed| Err(TrustFault::Threshold { signed, needed });
    assert!(read(&one, &[1], 1, 0).is_ok());
    assert_eq!(read(&one, &[2], 1, 0), few(0, 1));
    assert_eq!(read(&one, &[1, 2], 2, 0), few(1, 2), "the file's own threshold lowers nothing");
    let two = file(vec![entry()], 2).unwrap();
    assert_eq!(read(&two, &[1], 1, 0), few(1, 2), "the file's threshold counts where it is higher");
    let both = cosigned(&two, &root(2)).unwrap();
    assert!(read(&both, &[1, 2], 2, 0).is_ok());
    assert_eq!(read(&both, &[1, 3], 2, 0), few(1, 2));

    // One root, twice: as a second signature, and as a second key.
    assert_eq!(cosigned(&two, &root(1)).unwrap(), two);
    let mut twice: Value = serde_json::from_slice(&two).unwrap();
    let signature = twice["signatures"][0].clone();
    twice["signatures"].as_array_mut().unwrap().push(signature);
    let twice = [serde_json::to_vec(&twice).unwrap(), b"\n".to_vec()].concat();
    assert_eq!(read(&twice, &[1, 2], 2, 0), few(1, 2));
    assert_eq!(read(&two, &[1, 1], 2, 0), few(1, 2));
}

#[test]
fn an_older_version_is_refused() {
    let first = file(vec![entry()], 1).unwrap();
    let mut list = TrustList::draft(&first, &root(1).public()).unwrap();
    list.keys[0].revoked_at = Some(at("2024-06-01T00:00:00Z"));
    let second = list.sealed(at("2024-06-01T00:00:00Z"), &root(1)).unwrap();
    assert_eq!(read(&second, &[1], 1, 2).unwrap().version, 2);
    assert_eq!(read(&first, &[1], 1, 2), Err(TrustFault::Rollback { version: 1, least: 2 }));
    assert!(TrustList::draft(&first, &root(2).public()).is_err(), "no root of the file");
}

#[test]
fn a_key_has_one_entry_and_one_role_and_is_sound() {
    let refused = |keys: Vec<TrustedKey>| match file(keys, 1) {
        Err(TrustFault::List(why)) => why,
        other => panic!("{other:?}"),
    };
    assert!(refused(vec![entry(), TrustedKey { role: KeyRole::Log, ..entry() }]).contains("is listed twice"));
    let other = TrustedKey { public: other_key().public(), ..entry() };
    assert!(refused(vec![other]).contains("is not the fingerprint of its key"));
    let keyid = root(1).public().fingerprint().into();
    assert!(refused(vec![TrustedKey { public: root(1).public(), keyid, ..entry() }]).contains("is a root"));
    let until = Some(at("2023-01-01T00:00:00Z"));
    assert!(refused(vec![TrustedKey { valid_until: until, ..entry() }]).contains("ends before it begins"));

    // A key that verifies everything, in a file that a root has signed.
    let sound = file(vec![entry()], 1).unwrap();
    let payload = payload(&sound);
    let public = BASE64.encode(key().public().as_bytes());
    let identity = BASE64.encode(&[&[1_u8][..], &[0; 31]].concat());
    let weak = String::from_utf8(payload).unwrap().replace(&public, &identity);
    let Err(TrustFault::List(why)) = read(&signed(weak.as_bytes()), &[1], 1, 0) else { panic!("a weak key") };
    assert!(why.contains("weak"), "{why}");
}

fn payload(file: &[u8]) -> Vec<u8> {
    let envelope: Value = serde_json::from_slice(file).unwrap();
    BASE64.decode(envelope["payload"].as_str().unwrap().as_bytes()).unwrap()
}

/// Any payload as a trust file of root 1, in the one spelling.
fn signed(payload: &[u8]) -> Vec<u8> {
    let kind = countersign::evidence::trust::PAYLOAD_TYPE;
    let signature = root(1).sign(&countersign::evidence::dsse::pae(kind, payload)).unwrap();
    let signature = json!({"keyid": root(1).public().fingerprint(), "sig": BASE64.encode(&signature)});
    let parts = [json!(BASE64.encode(payload)), json!(kind), json!([signature])];
    format!("{{\"payload\":{},\"payloadType\":{},\"signatures\":{}}}\n", parts[0], parts[1], parts[2]).into_bytes()
}

#[test]
fn no_change_of_a_byte_of_a_trust_file_is_believed() {
    let sound = cosigned(&file(vec![entry()], 2).unwrap(), &root(2)).unwrap();
    assert!(read(&sound, &[1, 2], 2, 0).is_ok());
    // A small generator with a fixed seed (Knuth's MMIX): the same bytes in every run.
    let mut state = 7_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..500 {
        let (place, change) = (next(sound.len()), u8::try_from(1 + next(255)).unwrap());
        let mut changed = sound.clone();
        changed[place] ^= change;
        assert!(read(&changed, &[1, 2], 2, 0).is_err(), "byte {place} ^ {change}");
    }
}

#[test]
fn a_statement_is_no_trust_file_and_a_trust_file_no_statement() {
    let statement = &evidence(&decision()).files["decision.dsse.json"];
    let TrustFault::Envelope(why) = read(statement, &[1], 1, 0).unwrap_err() else { panic!("taken for a trust file") };
    assert!(why.contains("payload type"), "{why}");
}

/// Files of before there were roots of timestamps have no place for them, and keep it so.
#[test]
fn a_file_without_roots_of_timestamps_is_spelled_as_ever() {
    let payload = |bytes: &[u8]| {
        let file: Value = serde_json::from_slice(bytes).unwrap();
        String::from_utf8(BASE64.decode(file["payload"].as_str().unwrap().as_bytes()).unwrap()).unwrap()
    };
    let bytes = file(vec![entry()], 1).unwrap();
    let expected = format!(
        "{{\"schema\":\"countersign/trust/v1\",\"version\":1,\"issued\":\"2024-01-01T00:00:00Z\",\
         \"expires\":\"2025-01-01T00:00:00Z\",\"threshold\":1,\"keys\":[{}]}}",
        serde_json::to_string(&entry()).unwrap()
    );
    assert_eq!(payload(&bytes), expected);
    let list = read(&bytes, &[1], 1, 0).unwrap();
    let again = list.sealed(at("2024-01-01T00:00:00Z"), &root(1)).unwrap();
    assert_eq!(payload(&again), expected.replace("\"version\":1", "\"version\":2"));
}

#[test]
fn keys_are_added_rotated_and_revoked_on_the_command_line() {
    let desk = Desk::new();
    let write = |name: &str, text: &str| std::fs::write(desk.path(name), text).unwrap();
    for (name, key) in [("root", root(1)), ("second", root(2)), ("new", other_key())] {
        write(&format!("{name}.pem"), &key.to_pem());
        write(&format!("{name}.pub.pem"), &key.public().to_pem());
    }
    let run = |words: &str| -> Output { command().args(words.split(' ')).current_dir(desk.path("")).output().unwrap() };
    let told = |output: &Output| {
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    let done = |words: &str| {
        let output = run(words);
        assert_eq!(output.status.code(), Some(0), "{words}: {}", told(&output));
        told(&output)
    };
    let from = "--valid-from 2020-01-01T00:00:00Z";
    let first = "--environment production --repository example/shop --threshold 2";
    done(&format!("key trust add gate.pub.pem --root-key root.pem {from} {first}"));
    let show = "key trust show --trust trust.dsse.json --trust-root root.pub.pem --trust-root second.pub.pem";
    let output = run(show);
    assert_eq!(output.status.code(), Some(3), "one of two roots: {}", told(&output));
    assert!(told(&output).contains("1 of the roots signed it, and 2 are needed"), "{}", told(&output));
    done("key trust sign --root-key second.pem");
    assert!(done(show).contains("version 1 "));

    assert_eq!(desk.check("pass").output().unwrap().status.code(), Some(0));
    let verify = "verify evidence --any-subject --allow-pinned-clock --trust trust.dsse.json --trust-root root.pub.pem \
                  --trust-root second.pub.pem";
    assert!(done(verify).contains("1 verified"));
    assert!(
        done(
            &verify
                .replace("verify ", "replay ")
                .replace("evidence ", &format!("{} ", desk.folders()[0].display()))
                .replace(" --any-subject --allow-pinned-clock", "")
        )
        .contains("SAME")
    );

    let (old, new) = (key().public().fingerprint(), other_key().public().fingerprint());
    done(&format!("key trust rotate {old} new.pub.pem --root-key root.pem --overlap 0"));
    done("key trust sign --root-key second.pem");
    let shown = done(show);
    assert!(shown.contains("version 2 ") && shown.contains(&new), "{shown}");

    done(&format!("key trust revoke {old} --root-key root.pem --reason leaked"));
    done("key trust sign --root-key second.pem");
    assert!(done(show).contains("leaked"));
    let output = run(verify);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(told(&output).contains(&format!("{old} is revoked since")), "{}", told(&output));
    let output = run(&format!("{show} --trust-version 4"));
    assert!(told(&output).contains("is version 3, and at least 4 is demanded"), "{}", told(&output));
}
