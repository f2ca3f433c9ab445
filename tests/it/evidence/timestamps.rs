//! Timestamps over signatures: stored, believed where they should be, and refused in every other case.

use std::process::{Command, Output};

use countersign::evidence::bundle::Bundle;
use countersign::evidence::dsse::Envelope;
use countersign::evidence::timestamp::{Authorities, TimestampFault, TimestampRequest};
use countersign::evidence::trust::{KeyRole, Roots, TrustList, TrustedKey};
use countersign::evidence::{BUNDLE_FILE, DECISION_FILE, Demands, Folder, Stamps as _, Trust, verify};
use countersign::facts::Clock;
use countersign::model::digest::Digest;
use countersign::model::time::Timestamp;

use super::made::{ARTIFACT, decision, demands, evidence, first_fault, folder, key, other_key, put, signature};
use super::runs::Desk;
use super::tsa::{HOW, Told, Tsa, der, granted, imprint};
use crate::support::command;

/// A second after [`decision`].
const SOON: &str = "20240102080001Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The folder with an answer in its bundle.
fn with(mut folder: Folder, answer: &[u8]) -> Folder {
    let envelope = Envelope::read(folder.files[DECISION_FILE].bytes.as_ref().unwrap()).unwrap();
    put(&mut folder, BUNDLE_FILE, Bundle::around(&envelope, Some(answer)).unwrap().to_bytes().unwrap());
    folder
}

fn plain() -> Folder {
    folder(&evidence(&decision()))
}

fn roots(tsa: &Tsa, names: &[&str]) -> Authorities {
    let mut authorities = Authorities::default();
    names.iter().for_each(|name| authorities.add_file(&tsa.read(&format!("{name}.pem"))).unwrap());
    authorities
}

/// What step 8 says, with these roots, as of an hour after the decision.
fn step(folder: &Folder, authorities: &Authorities) -> String {
    let key = key().public();
    let demands = Demands { stamps: Some(authorities), needs_stamp: true, ..demands(&key) };
    let verification = verify(folder, &demands);
    format!("{} {}", verification.steps[8].state.words(), verification.steps[8].detail)
}

#[test]
fn a_timestamp_of_a_trusted_authority_says_when() {
    let tsa = Tsa::new();
    let signature = signature(&plain());
    let authorities = roots(&tsa, &["root"]);
    let answer = tsa.stamp(&signature, SOON);
    let expected = "PASS 2024-01-02T08:00:00Z by the signer's clock; seen by the timestamp authority tsa at \
                    2024-01-02T08:00:01Z; nobody demanded --max-age";
    assert_eq!(step(&with(plain(), &answer), &authorities), expected);
    assert_eq!(step(&with(plain(), &answer), &roots(&tsa, &["tsa", "root"])), expected, "one of several roots");

    // Other keys, other hashes, and a certificate between.
    tsa.issue("between", "root", "between", "secp384r1");
    for (name, issuer, algorithm, how) in [
        ("rsa", "root", "rsa", "-md sha256 -cades"),
        ("rsa512", "root", "rsa", "-md sha512 -cades"),
        ("p384", "root", "secp384r1", "-md sha384 -cades"),
        ("p521", "root", "secp521r1", "-md sha512 -cades"),
        ("below", "between", "prime256v1", "-md sha256 -cades -certfile between.pem"),
        ("whole", "root", "prime256v1", "-md sha256 -cades -certfile root.pem"),
    ] {
        tsa.issue(name, issuer, "tsa", algorithm);
        let answer = tsa.told(&Told { signer: name, message: &signature, at: SOON, how });
        let step = step(&with(plain(), &answer), &authorities);
        assert!(step.starts_with("PASS") && step.contains(&format!("authority {name} at")), "{name}: {step}");
    }
    // Whoever names nobody believes nobody, and is told.
    let verification = super::made::verified(&with(plain(), &answer));
    assert!(verification.steps[8].detail.contains("signer-asserted time only: it has a timestamp, which --tsa-root"));
    assert_eq!(first_fault(&verification), "passed");
}

#[test]
fn any_way_to_a_root_is_found() {
    let tsa = Tsa::new();
    let signature = signature(&plain());
    let century = ["20200101000000Z", "21000101000000Z"];
    let past = ["20200101000000Z", "20240102080000Z"];
    let by = |signer: &str, certificates: &str| {
        tsa.sh(&format!("cat /dev/null {certificates} > carried.pem"));
        let how = if certificates.is_empty() { HOW } else { "-md sha256 -cades -certfile carried.pem" };
        with(plain(), &tsa.told(&Told { signer, message: &signature, at: SOON, how }))
    };
    let mut wrong = Vec::new();
    let mut expect = |what: &str, folder: &Folder, names: &[&str], expected: &str| {
        let step = step(folder, &roots(&tsa, names));
        if !(step.starts_with(if expected.is_empty() { "PASS" } else { "FAIL" }) && step.contains(expected)) {
            wrong.push(format!("{what}, {names:?}: {step}"));
        }
    };

    // A new root that an old one signed, too, as carried by the tokens of public authorities.
    tsa.issue("old", "old", "root", "prime256v1");
    tsa.issue("new", "new", "root", "rsa");
    tsa.cross("new_by_old", "new", "new", "old", "root", century);
    tsa.issue("below", "new", "between", "prime256v1");
    tsa.issue("signer", "below", "tsa", "rsa");
    for carried in ["below.pem new_by_old.pem", "new_by_old.pem below.pem", "below.pem new_by_old.pem old.pem new.pem"]
    {
        let folder = by("signer", carried);
        for names in [&["new"][..], &["old"], &["old", "new"], &["new", "old"]] {
            expect(carried, &folder, names, "");
        }
        expect(carried, &folder, &["root"], "lead to none of the given roots");
        // One of two roots does not do: the way goes on to the other.
        tsa.cross("new_past", "new", "new", "new", "root", past);
        expect(carried, &folder, &["new_past", "old"], "");
    }

    // Roots that were renewed: one name and key, and only one of them holds or may issue.
    tsa.cross("root_past", "root", "root", "root", "root", past);
    tsa.cross("root_leaf", "root", "root", "root", "leaf_root", century);
    let folder = by("tsa", "");
    for names in [&["root_past", "root"], &["root", "root_past"], &["root_leaf", "root"], &["root", "root_leaf"]] {
        expect("renewed", &folder, names, "");
    }
    expect("past", &folder, &["root_past"], "the root holds from 2020");
    expect("no authority", &folder, &["root_leaf"], "the root on the way must not issue others");
    // The same of a certificate between, whichever comes first.
    tsa.cross("below_past", "below", "below", "new", "between", past);
    expect("one between renewed", &by("signer", "below_past.pem below.pem"), &["new"], "");
    expect("one between renewed", &by("signer", "below.pem below_past.pem"), &["new"], "");
    expect("past between", &by("signer", "below_past.pem"), &["new"], "a certificate holds from 2020");

    // Certificates that are on no way, and one that cannot be read here: version 1, or with an unknown date.
    tsa.sh("openssl req -new -key root.key -subj /CN=first -config ca.cnf -out first.csr
            openssl x509 -req -in first.csr -signkey root.key -days 9 -out first.pem");
    expect("beside", &by("tsa", "old.pem first.pem new.pem"), &["root"], "");

    // A new key of one name is no further step (RFC 5280, 6.1.4).
    tsa.issue("short", "short", "short_root", "prime256v1");
    tsa.sh("key short_new prime256v1");
    tsa.cross("short_new", "short", "short_new", "short", "root", century);
    tsa.issue("rolled", "short_new", "tsa", "prime256v1");
    expect("a new key", &by("rolled", "short_new.pem"), &["short"], "");
    tsa.issue("step", "short", "root", "prime256v1");
    tsa.issue("deeper", "step", "tsa", "prime256v1");
    expect("a step too many", &by("deeper", "step.pem"), &["short"], "the root on the way must not issue others");

    // Without an end.
    tsa.sh("key endless prime256v1; issue endless endless root 20200101000000Z 99991231235959Z
            key for_ever prime256v1; issue for_ever endless tsa 20200101000000Z 99991231235959Z");
    expect("no end", &by("for_ever", ""), &["endless"], "");

    // Names that are alike cost no more than so many signatures, and nothing is believed then.
    tsa.sh("key maze prime256v1; openssl req -new -key maze.key -subj /CN=maze -config ca.cnf -out maze.csr");
    tsa.cross("maze", "maze", "maze", "root", "root", century);
    for n in 0..6 {
        tsa.cross(&format!("maze_{n}"), "maze", "maze", "maze", "root", century);
    }
    tsa.issue("lost", "maze", "tsa", "prime256v1");
    let maze = "maze_0.pem maze_1.pem maze_2.pem maze_3.pem maze_4.pem maze_5.pem";
    expect("maze", &by("lost", maze), &["old"], "too many signatures");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn certificates_are_held_against_the_authoritys_clock_and_decisions_against_the_latest_instant() {
    let tsa = Tsa::new();
    let signature = signature(&plain());
    tsa.sh("key short prime256v1; issue short root tsa 20200101000000Z 20240102080002Z");
    let stamped = |accuracy: &[u8]| {
        let told = Told { signer: "short", message: &signature, at: SOON, how: HOW };
        let accuracy = der(0x30, &[accuracy]);
        step(&with(plain(), &tsa.answer_with(&told, &imprint(&signature), &accuracy)), &roots(&tsa, &["root"]))
    };
    for (accuracy, at) in [
        (der(0x02, &[&[60]]), "08:01:01Z"),
        (der(0x80, &[&[1]]), "08:00:02Z"),
        (der(0x81, &[&[3, 0xe7]]), "08:00:02Z"),
        ([der(0x02, &[&[60]]), der(0x80, &[&[5]]), der(0x81, &[&[5]])].concat(), "08:01:02Z"),
    ] {
        let step = stamped(&accuracy);
        assert!(step.contains(&format!("seen by the timestamp authority short at 2024-01-02T{at}")), "{step}");
    }
}

#[test]
fn no_changed_byte_of_a_token_says_anything_else() {
    let tsa = Tsa::new();
    let signature = signature(&plain());
    tsa.issue("between", "root", "between", "prime256v1");
    for (name, algorithm) in [("by_p256", "prime256v1"), ("by_rsa", "rsa")] {
        tsa.issue(name, "between", "tsa", algorithm);
        let how = "-md sha256 -cades -certfile between.pem";
        let answer = tsa.told(&Told { signer: name, message: &signature, at: SOON, how });
        let authorities = roots(&tsa, &["root"]);
        let honest = authorities.existed(&answer, &signature).unwrap();
        assert_eq!(honest.at, at("2024-01-02T08:00:01Z"));
        let mut spellings = 0;
        for offset in 0..answer.len() {
            let mut changed = answer.clone();
            changed[offset] ^= 0x0a;
            if let Ok(seen) = authorities.existed(&changed, &signature) {
                assert_eq!(seen, honest, "{name}: byte {offset}");
                assert!(authorities.existed(&changed, &[7; 64]).is_err(), "{name}: byte {offset}");
                spellings += 1;
            }
        }
        // rsaEncryption, or sha256WithRSAEncryption: one signature.
        assert_eq!(spellings, u32::from(algorithm == "rsa"), "{name}");
    }
}

#[test]
fn no_other_timestamp_is_believed() {
    let tsa = Tsa::new();
    let signature = signature(&plain());
    let message: &[u8] = &signature;
    let authorities = roots(&tsa, &["root"]);
    let told = |signer: &str, at: &str, how: &str| tsa.told(&Told { signer, message, at, how });
    let by = |signer: &str| told(signer, SOON, HOW);
    let imprint_of = |oid: &[u8], digest: &[u8]| {
        let imprint = [der(0x30, &[&der(0x06, &[oid])]), der(0x04, &[digest])].concat();
        tsa.answer(&Told { signer: "tsa", message, at: SOON, how: HOW }, &imprint)
    };
    let good = tsa.stamp(message, SOON);
    let token = tsa.read("token");
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut answer = good.clone();
        change(&mut answer);
        answer
    };

    for (name, extensions) in [
        ("unsuited", "no_usage"),
        ("lax", "not_critical"),
        ("both", "two_usages"),
        ("strange", "strange"),
        ("cipher", "encrypts"),
    ] {
        tsa.issue(name, "root", extensions, "prime256v1");
    }
    tsa.sh("key old prime256v1; issue old root tsa 20200101000000Z 20240102080000Z");
    tsa.sh("key new prime256v1; issue new root tsa 20240102080002Z 21000101000000Z");
    tsa.issue("stranger", "stranger", "root", "prime256v1");
    tsa.issue("foreign", "stranger", "tsa", "prime256v1");
    tsa.issue("between", "root", "between", "prime256v1");
    tsa.issue("below", "between", "tsa", "prime256v1");
    tsa.issue("second", "between", "between", "prime256v1");
    tsa.issue("deep", "second", "tsa", "prime256v1");
    tsa.sh("cat second.pem between.pem > way.pem");
    tsa.issue("child", "tsa", "tsa", "prime256v1");
    // Two certificates with one number for one key.
    tsa.sh("key twin prime256v1; openssl req -new -key twin.key -subj /CN=twin -config ca.cnf -out twin.csr
            for name in twin other; do openssl x509 -req -in twin.csr -CA root.pem -CAkey root.key -set_serial 7 -days 9999 \
            -extfile ca.cnf -extensions tsa -out $name.pem; done");

    // As OpenSSL 1.1.1 does by itself.
    tsa.sh("sed 's/ess_cert_id_alg = sha256/ess_cert_id_alg = sha1/' ca.cnf > sha1.cnf");
    std::fs::write(tsa.path("q"), TimestampRequest::new(signature, [0; 8]).to_der()).unwrap();
    tsa.sh("openssl ts -reply -config sha1.cnf -section tool -queryfile q -out r");
    let sha1_alone = granted(&tsa.read("r")[9..]);
    tsa.issue("numbered", "root", "tsa", "rsa");
    by("numbered");
    let honest = tsa.resigned("numbered", &|_| {});
    assert!(step(&with(plain(), &honest), &authorities).starts_with("PASS"), "signed again");
    let number = tsa.text("openssl x509 -in numbered.pem -noout -serial | cut -d= -f2");
    let number = data_encoding::HEXUPPER.decode(number.trim().as_bytes()).unwrap();
    let other_number = tsa.resigned("numbered", &|attributes| {
        let at = attributes.windows(number.len()).rposition(|bytes| bytes == number).expect("issuerSerial");
        attributes[at + number.len() - 1] ^= 1;
    });
    let exact = |accuracy: &[u8]| {
        let told = Told { signer: "tsa", message, at: SOON, how: HOW };
        tsa.answer_with(&told, &imprint(message), &der(0x30, &[accuracy]))
    };

    let pass_through = |how: &str| told("tsa", SOON, how);
    let mut wrong = Vec::new();
    let far = "the timestamp is of 2024-01-02T08:00:01Z";
    for (what, answer, why) in [
        ("another signature", tsa.stamp(b"another", SOON), "over another signature"),
        ("no usage", by("unsuited"), "not one for timestamps alone"),
        ("usage not critical", by("lax"), "not one for timestamps alone"),
        ("more usages", by("both"), "not one for timestamps alone"),
        ("unknown critical extension", by("strange"), "must not sign"),
        ("a key that must not sign", by("cipher"), "must not sign"),
        ("expired", by("old"), far),
        ("not valid yet", by("new"), far),
        ("another root", by("foreign"), "lead to none of the given roots"),
        ("no certificate between", by("below"), "lead to none of the given roots"),
        (
            "issued by what is no authority",
            told("child", SOON, "-md sha256 -cades -certfile tsa.pem"),
            "must not issue",
        ),
        ("a way too long", told("deep", SOON, "-md sha256 -cades -certfile way.pem"), "must not issue"),
        ("no certificate", pass_through("-md sha256 -cades -nocerts"), "the token is not in the form"),
        (
            "another's certificate",
            pass_through("-md sha256 -cades -nocerts -certfile old.pem"),
            "no certificate of its signer",
        ),
        (
            "another certificate of the same number",
            told("twin", SOON, "-md sha256 -cades -nocerts -certfile other.pem"),
            "another certificate than the one",
        ),
        ("no signingCertificateV2", pass_through("-md sha256"), "the list of signed attributes is not in the form"),
        ("named by SHA-1 alone", sha1_alone, "names its certificate by SHA-1 alone"),
        ("named by another's number", other_number, "another certificate than the one"),
        ("wrong by no thousandth", exact(&der(0x80, &[&[0]])), "what the authority says is not in the form"),
        ("wrong by a thousand of them", exact(&der(0x81, &[&[3, 0xe8]])), "what the authority says is not in the form"),
        ("a leap second", told("tsa", "20240102080060Z", HOW), "what the authority says is not in the form"),
        ("nothing signed but the content", pass_through("-md sha256 -noattr"), "the token is not in the form"),
        ("signed over SHA-1", pass_through("-md sha1 -cades"), "not signed by ECDSA or RSA"),
        ("named by its key", pass_through("-md sha256 -cades -keyid"), "the token is not in the form"),
        ("SHA-1 of the signature", imprint_of(b"\x2b\x0e\x03\x02\x1a", &[1; 20]), "the hash of what was stamped"),
        ("half a hash", imprint_of(b"\x60\x86\x48\x01\x65\x03\x04\x02\x01", &[1; 16]), "over another signature"),
        (
            "a time in another zone",
            told("tsa", "20240102090001+0100", HOW),
            "what the authority says is not in the form",
        ),
        ("refused", der(0x30, &[&der(0x30, &[&der(0x02, &[&[2]])])]), "refused"),
        (
            "granted with something to say",
            der(0x30, &[&der(0x30, &[&der(0x02, &[&[1]])]), &token]),
            "the status in front of the token",
        ),
        ("nothing", Vec::new(), "the answer is not in the form"),
        ("cut off", changed(&|answer| answer.truncate(answer.len() - 1)), "the answer is not in the form"),
        ("something behind", changed(&|answer| answer.push(0)), "the answer is not in the form"),
        ("something behind the token", granted(&[&token[..], &[5, 0]].concat()), "the answer is not in the form"),
        ("a broken signature", changed(&|answer| *answer.last_mut().unwrap() ^= 1), "signature does not hold"),
        ("the token alone", token.clone(), "the answer"),
        ("too large", vec![0x30; 70_000], "larger than"),
    ] {
        let step = step(&with(plain(), &answer), &authorities);
        if !(step.starts_with("FAIL the timestamp: ") && step.contains(why)) {
            wrong.push(format!("{what}: {step}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(
        step(&plain(), &authorities),
        "FAIL it has no timestamp, and one is demanded (--tsa-root, --require-timestamp)"
    );
    assert!(step(&with(plain(), &good), &authorities).starts_with("PASS"));

    // A root has to be one: an authority's own certificate proves nobody's word but its own.
    assert!(step(&with(plain(), &good), &roots(&tsa, &["tsa"])).contains("lead to none of the given roots"));
    tsa.issue("weak", "weak", "leaf_root", "prime256v1");
    tsa.issue("below_weak", "weak", "tsa", "prime256v1");
    assert!(
        step(&with(plain(), &by("below_weak")), &roots(&tsa, &["weak"]))
            .contains("the root on the way must not issue others")
    );
    tsa.sh("key past prime256v1; issue past past root 20200101000000Z 20240102080000Z");
    tsa.issue("below_past", "past", "tsa", "prime256v1");
    assert!(step(&with(plain(), &by("below_past")), &roots(&tsa, &["past"])).contains("the root holds from 2020"));
}

#[test]
fn the_instant_of_a_timestamp_binds_the_signer() {
    let tsa = Tsa::new();
    let authorities = roots(&tsa, &["root"]);
    let signature = signature(&plain());
    let stamped = |time: &str| with(plain(), &tsa.stamp(&signature, time));
    // Decided on January 2 at 8, by the signer's word, and looked at an hour later.
    for (time, expected) in [
        ("20240102075501Z", "PASS"),
        (
            "20240102075459Z",
            "FAIL decided at 2024-01-02T08:00:00Z, and the timestamp authority tsa saw it at 2024-01-02T07:54:59Z already",
        ),
        ("20240102090501Z", "FAIL the timestamp authority tsa saw it at 2024-01-02T09:05:01Z, which is still to come"),
    ] {
        let step = step(&stamped(time), &authorities);
        assert!(step.starts_with(expected), "{time}: {step}");
    }

    // A key that counts until noon, or is revoked from then on.
    let root = other_key();
    let list = |valid_until: Option<&str>, revoked_at: Option<&str>| {
        let issued = at("2024-01-01T00:00:00Z");
        let mut list = TrustList::new(issued, at("2025-01-01T00:00:00Z"), 1);
        list.keys = vec![TrustedKey {
            keyid: key().public().fingerprint().into(),
            public: key().public(),
            role: KeyRole::Gate,
            repositories: Vec::new(),
            environments: Vec::new(),
            valid_from: issued,
            valid_until: valid_until.map(at),
            revoked_at: revoked_at.map(at),
            reason: None,
        }];
        let roots = [root.public()];
        let sealed = list.sealed(issued, &root).unwrap();
        TrustList::read(&sealed, Roots { keys: &roots, threshold: 1, least_version: 0 }).unwrap()
    };
    let judged = |folder: &Folder, list: &TrustList, max_age_seconds: Option<i64>| {
        let now = at("2024-01-03T09:00:00Z");
        let demands = Demands {
            subject: Some(Digest::of(ARTIFACT)),
            stamps: Some(&authorities),
            max_age_seconds,
            ..Demands::of(Trust::List(list), now)
        };
        first_fault(&verify(folder, &demands))
    };
    let noon = Some("2024-01-02T12:00:00Z");
    assert_eq!(judged(&stamped("20240102110000Z"), &list(noon, None), None), "passed");
    assert_eq!(judged(&stamped("20240102110000Z"), &list(None, noon), None), "passed", "signed before it was revoked");
    assert!(judged(&plain(), &list(None, noon), None).contains("nothing proves that this is older"));
    let late = stamped("20240102120000Z");
    assert!(judged(&late, &list(noon, None), None).contains("and the timestamp is of 2024-01-02T12:00:00Z"));
    assert!(judged(&late, &list(None, noon), None).contains("nothing proves that this is older"));
    // Stamped a day later: whoever stole the key after it ended, or dates back, cannot have it stamped in time.
    let fault = judged(&stamped("20240103080001Z"), &list(None, None), None);
    assert!(fault.contains("more than a day after"), "{fault}");
    assert_eq!(judged(&stamped("20240103080000Z"), &list(None, None), None), "passed");
    // The age counts from what others saw, where that is earlier.
    assert_eq!(judged(&stamped("20240102075600Z"), &list(None, None), Some(90_240)), "passed");
    let fault = judged(&stamped("20240102075600Z"), &list(None, None), Some(90_239));
    assert!(fault.contains("90240 seconds ago: older than --max-age"), "{fault}");
    // A clock that somebody chose is no claim about when it was signed.
    let pinned = folder(&evidence(&countersign::decision::Decision { clock: Clock::Pinned, ..decision() }));
    let pinned = with(pinned.clone(), &tsa.stamp(&super::made::signature(&pinned), "20260101000000Z"));
    let key = key().public();
    let demands = Demands {
        stamps: Some(&authorities),
        allow_pinned_clock: true,
        now: at("2026-01-02T00:00:00Z"),
        ..demands(&key)
    };
    assert_eq!(first_fault(&verify(&pinned, &demands)), "passed");
}

#[test]
fn a_request_accepts_no_answer_to_another() {
    let tsa = Tsa::new();
    let signature = signature(&plain());
    let request = TimestampRequest::new(signature, [0; 8]);
    let answer = |request: &TimestampRequest| {
        std::fs::write(tsa.path("q"), request.to_der()).unwrap();
        tsa.sh("openssl ts -reply -config ca.cnf -section tool -queryfile q -out r");
        tsa.read("r")
    };
    let good = answer(&request);
    let now = Timestamp::from_unix_seconds(jiff::Timestamp::now().as_second()).unwrap();
    let stored = request.accept(&good, now).unwrap();
    // What is stored is what OpenSSL verifies, too.
    std::fs::write(tsa.path("stored"), &stored).unwrap();
    std::fs::write(tsa.path("signature"), signature).unwrap();
    tsa.sh("openssl ts -verify -data signature -in stored -CAfile root.pem");
    tsa.sh("openssl ts -verify -queryfile q -in stored -CAfile root.pem");
    assert_eq!(request.accept(&stored, now), Ok(stored.clone()));

    let other = TimestampRequest::new(signature, [1; 8]);
    assert_eq!(other.accept(&good, now), Err(TimestampFault::Nonce));
    assert_eq!(request.accept(&tsa.stamp(&signature, SOON), now), Err(TimestampFault::Nonce), "without any");
    assert_eq!(TimestampRequest::new([7; 64], [0; 8]).accept(&good, now), Err(TimestampFault::OtherSignature));
    let refusal = der(0x30, &[&der(0x30, &[&der(0x02, &[&[2]])])]);
    assert_eq!(request.accept(&refusal, now), Err(TimestampFault::Refused));
    assert_eq!(request.accept(&vec![0; 70_000], now), Err(TimestampFault::TooLarge));

    // Made now, by the clock of this machine, and by a certificate that holds now.
    let later = |seconds: i64| Timestamp::from_unix_seconds(now.unix_seconds() + seconds).unwrap();
    for (seconds, holds) in [(-200, true), (200, true), (-400, false), (400, false), (86_400, false)] {
        let accepted = request.accept(&good, later(seconds));
        match holds {
            true => assert!(accepted.is_ok(), "{seconds}"),
            false => assert!(matches!(accepted, Err(TimestampFault::Clock { .. })), "{seconds}: {accepted:?}"),
        }
    }
    tsa.sh("key tsa prime256v1; issue tsa root tsa 20200101000000Z 20240102080000Z");
    let fault = request.accept(&answer(&request), now).unwrap_err().to_string();
    assert!(fault.starts_with("its certificate holds from 2020-01-01T00:00:00Z to 2024-01-02T08:00:00Z"), "{fault}");
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_run_has_its_signature_stamped_and_verify_demands_it() {
    let tsa = Tsa::new();
    let script = format!(
        "cd {}; cat > q; openssl ts -reply -config ca.cnf -section tool -queryfile q -out r; cat r\n",
        tsa.path("").display()
    );
    std::fs::write(tsa.path("ask.sh"), script).unwrap();
    let desk = Desk::new();
    let ask = format!("sh {}", tsa.path("ask.sh").display());
    tsa.issue("stranger", "stranger", "root", "prime256v1");
    let check = |root: &str| {
        let root = tsa.path(root);
        desk.check("pass").args(["--timestamp-command", &ask, "--tsa-root"]).arg(root).output().unwrap()
    };
    // By somebody whom no verifier would believe, and by a root that is none.
    let output = check("stranger.pem");
    assert!(
        output.status.code() == Some(4) && told(&output).contains("lead to none of the given"),
        "{}",
        told(&output)
    );
    let output = check("root.key");
    assert!(output.status.code() == Some(3) && told(&output).contains("holds no certificate"), "{}", told(&output));
    assert!(desk.folders().is_empty());
    let output = check("root.pem");
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let folders = desk.folders();
    let verify = |more: &[&str]| {
        let mut verify = command();
        verify.arg("verify").arg(&folders[0]).arg("--key").arg(desk.path("gate.pub.pem"));
        let output = verify.args(["--any-subject", "--allow-pinned-clock"]).args(more).output().unwrap();
        (output.status.code(), told(&output))
    };
    let root = tsa.path("root.pem");
    let root = root.to_str().unwrap();
    let (code, text) = verify(&["--tsa-root", root]);
    assert!(code == Some(0) && text.contains("seen by the timestamp authority tsa at 20"), "{text}");
    let (code, text) = verify(&[]);
    assert!(code == Some(0) && text.contains("signer-asserted time only: it has a timestamp"), "{text}");
    let (code, text) = verify(&["--tsa-root", tsa.path("stranger.pem").to_str().unwrap()]);
    assert!(code == Some(1) && text.contains("lead to none of the given roots"), "{text}");
    // Others that read evidence demand it no less.
    let other = |command_line: &[&str], root: &str| {
        let mut run = command();
        run.args(command_line).arg("--tsa-root").arg(tsa.path(root)).current_dir(desk.path(""));
        let output = run.output().unwrap();
        (output.status.code(), told(&output))
    };
    let folder = folders[0].to_str().unwrap();
    let replay = ["replay", folder, "--key", "gate.pub.pem"];
    let (code, text) = other(&replay, "root.pem");
    assert!(code == Some(0), "{text}");
    let (code, text) = other(&replay, "stranger.pem");
    assert!(code == Some(1) && text.contains("lead to none of the given roots"), "{text}");
    let made = command().args(["key", "new", "--out", "log"]).current_dir(desk.path("")).output().unwrap();
    assert!(made.status.success(), "{}", told(&made));
    let begun = ["log", "new", "history", "--origin", "example.com/releases", "--key", "log.pem"];
    let made = command().args(begun).current_dir(desk.path("")).output().unwrap();
    assert!(made.status.success(), "{}", told(&made));
    let append = ["log", "append", "history", folder, "--key", "log.pem", "--gate-key", "gate.pub.pem"];
    let (code, text) = other(&append, "stranger.pem");
    assert!(code == Some(3) && text.contains("lead to none of the given roots"), "{text}");
    let (code, text) = other(&append, "root.pem");
    assert!(code == Some(0) && text.contains("1 added"), "{text}");

    // As authorities publish them: DER, and with a description.
    tsa.sh("openssl x509 -in root.pem -outform DER -out root.der; openssl x509 -in root.pem -text > root.txt");
    for name in ["root.der", "root.txt"] {
        let (code, text) = verify(&["--tsa-root", tsa.path(name).to_str().unwrap()]);
        assert!(code == Some(0) && text.contains("seen by the timestamp authority tsa"), "{name}: {text}");
    }
    let broken = desk.path("broken.pem");
    let root_text = String::from_utf8(tsa.read("root.pem")).unwrap();
    for second in [root_text.replacen("MII", "MIJ", 1), root_text.replace("-----END CERTIFICATE-----", "")] {
        std::fs::write(&broken, format!("{root_text}{second}")).unwrap();
        let (code, text) = verify(&["--tsa-root", broken.to_str().unwrap()]);
        assert!(code == Some(3) && text.contains("its certificate 2 is damaged"), "{text}");
    }
    for (file, why) in [("gate.pub.pem", "BEGIN CERTIFICATE"), ("none.pem", "none.pem")] {
        let (code, text) = verify(&["--tsa-root", desk.path(file).to_str().unwrap()]);
        assert!(code == Some(3) && text.contains(why), "{text}");
    }

    // Another programme's verifier, on what lies in the bundle.
    let extract =
        "sed -n 's/.*\"signedTimestamp\":\"\\([^\"]*\\)\".*/\\1/p' decision.sigstore.json | openssl base64 -d -A > tsr
                   sed -n 's/.*\"sig\":\"\\([^\"]*\\)\".*/\\1/p' decision.dsse.json | openssl base64 -d -A > sig
                   openssl ts -verify -data sig -in tsr -CAfile";
    let output = Command::new("sh").args(["-euc", &format!("{extract} {root}")]).current_dir(&folders[0]).output();
    assert!(output.as_ref().unwrap().status.success(), "{}", told(&output.unwrap()));
    ["tsr", "sig"].iter().for_each(|extracted| std::fs::remove_file(folders[0].join(extracted)).unwrap());

    // The same root, in a trust file: it is believed, and a timestamp is demanded only by whoever says so.
    let run = |words: &str| {
        let output = command().args(words.split(' ')).current_dir(desk.path("")).output().unwrap();
        (output.status.code(), told(&output))
    };
    let done = |words: &str| {
        let (code, text) = run(words);
        assert_eq!(code, Some(0), "{words}: {text}");
        text
    };
    done("key new --out root");
    done("key trust add gate.pub.pem --root-key root.pem --valid-from 2020-01-01T00:00:00Z");
    let verify = "verify evidence --any-subject --allow-pinned-clock --trust trust.dsse.json --trust-root root.pub.pem";
    let (code, text) = run(&format!("{verify} --require-timestamp"));
    assert!(code == Some(2) && text.contains("nobody's timestamps are believed"), "{text}");
    let add = format!("key trust add {root} --role timestamp --root-key root.pem");
    let (code, text) = run(&format!("{add} --repository acme/shop"));
    assert!(code == Some(2) && text.contains("neither a scope nor days"), "{text}");
    let (code, text) = run(&add.replace(root, "gate.pub.pem"));
    assert!(code == Some(3) && text.contains("holds no certificate"), "{text}");
    done(&add);
    let (code, text) = run(&add);
    assert!(code == Some(3) && text.contains("is listed twice"), "{text}");
    let one = verify.replace("verify evidence", &format!("verify {folder}"));
    assert!(done(&one).contains("seen by the timestamp authority tsa at 20"));
    done(&format!("{one} --require-timestamp"));
    let stranger = tsa.path("stranger.pem");
    let (code, text) = run(&format!("{one} --tsa-root {}", stranger.display()));
    assert!(code == Some(1) && text.contains("lead to none of the given roots"), "{text}");
    std::fs::rename(desk.path("evidence"), desk.path("stamped")).unwrap();
    assert_eq!(desk.check("pass").output().unwrap().status.code(), Some(0));
    done(verify);
    let (code, text) = run(&format!("{verify} --require-timestamp"));
    assert!(code == Some(1) && text.contains("it has no timestamp, and one is demanded"), "{text}");
    let show = "key trust show --trust trust.dsse.json --trust-root root.pub.pem";
    let shown = done(show);
    let id = shown.lines().find(|line| line.ends_with("  timestamp")).unwrap().split("  ").next().unwrap();
    done(&format!("key trust revoke {id} --root-key root.pem --reason stolen"));
    assert!(done(show).contains(&format!("{id}  timestamp  REVOKED ")), "{}", done(show));
    let stamped = one.replace("/evidence/", "/stamped/");
    assert!(done(&stamped).contains("signer-asserted time only: it has a timestamp"));
    assert_eq!(run(&format!("{stamped} --require-timestamp")).0, Some(2));

    // Unstamped evidence is not enough for whoever demands a stamp.
    let unstamped = Desk::new();
    unstamped.check("pass").output().unwrap();
    let output = command()
        .arg("verify")
        .arg(&unstamped.folders()[0])
        .arg("--key")
        .arg(unstamped.path("gate.pub.pem"))
        .args(["--any-subject", "--allow-pinned-clock", "--tsa-root", root])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains("it has no timestamp, and one is demanded"), "{}", told(&output));
}

#[test]
fn an_authority_that_does_not_answer_leaves_no_evidence() {
    for (ask, why) in [
        ("false", "it said nothing"),
        ("cat", "the answer"),
        ("echo no", "the answer is not in the form of RFC 3161"),
        ("true", "the answer is not in the form of RFC 3161"),
        ("no-such-program", "no-such-program"),
        ("head -c 100000 /dev/zero", "printed more than the limit of 65536 bytes"),
    ] {
        let desk = Desk::new();
        let output = desk.check("pass").args(["--timestamp-command", ask]).output().unwrap();
        assert_eq!(output.status.code(), Some(4), "{ask}: {}", told(&output));
        assert!(told(&output).contains("no timestamp: ") && told(&output).contains(why), "{ask}: {}", told(&output));
        assert!(desk.folders().is_empty(), "{ask}");
    }
    // It is asked once, although evidence of the error would be stamped, too.
    let desk = Desk::new();
    std::fs::write(desk.path("ask.sh"), format!("echo asked >> {}", desk.path("asked").display())).unwrap();
    let ask = format!("sh {}", desk.path("ask.sh").display());
    let output = desk.check("pass").args(["--timestamp-command", &ask]).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", told(&output));
    assert_eq!(std::fs::read_to_string(desk.path("asked")).unwrap(), "asked\n");

    let desk = Desk::new();
    let output = desk.check_without_key("pass").args(["--timestamp-command", "cat"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("there is no signature to stamp"), "{}", told(&output));
}

#[cfg(unix)]
#[test]
fn a_program_that_does_not_end_is_ended_with_all_that_it_started() {
    use std::collections::BTreeMap;
    use std::ffi::OsStr;
    use std::path::Path;
    use std::time::{Duration, Instant};

    let environment = BTreeMap::from([("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned())]);
    let run = |script: &str| {
        let arguments = [OsStr::new("-c"), OsStr::new(script)];
        let time = Some(Duration::from_secs(1));
        countersign::cli::io::run_within(time, "sh", &arguments, Path::new("."), &environment, b"x", 10)
    };
    let start = Instant::now();
    for script in ["sleep 60", "sleep 60 & sleep 60", "exec >&- 2>&-; sleep 60", "cat; sleep 60"] {
        let error = run(script).unwrap_err().to_string();
        assert_eq!(error, "did not end within 1 seconds, and was ended", "{script}");
    }
    assert!(start.elapsed() < Duration::from_secs(40), "{:?}", start.elapsed());
    assert_eq!(run("cat; echo y").unwrap().stdout, b"xy\n");
}
