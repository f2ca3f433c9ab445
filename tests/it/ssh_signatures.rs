//! SSH signatures: the answers of `ssh-keygen -Y verify` on the same files, for every kind of key.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use countersign::exceptions::{self, AllowedSigners, RevokedError, RevokedKeys, SignatureError};
use countersign::model::time::Timestamp;
use data_encoding::BASE64;
use ed25519_dalek::Signer as _;
use sha2::{Digest as _, Sha256, Sha512};

const WHO: &str = "jo@example.com";
const PURPOSE: &str = exceptions::NAMESPACE;
const MESSAGE: &[u8] = b"the record";

/// The kinds that ssh-keygen makes without hardware.
const KINDS: [(&str, &str); 6] =
    [("ed25519", "256"), ("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521"), ("rsa", "2048"), ("rsa", "3072")];

/// A directory in which keys are made and used.
struct Lab {
    dir: tempfile::TempDir,
}

impl Lab {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    /// Runs ssh-keygen with this on its standard input; what it printed, where it succeeded.
    fn keygen(&self, arguments: &[&str], stdin: &[u8]) -> Option<Vec<u8>> {
        let mut child = Command::new("ssh-keygen")
            .args(arguments)
            .current_dir(self.dir.path())
            .env("TZ", "UTC")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(stdin).unwrap();
        let output = child.wait_with_output().unwrap();
        output.status.success().then_some(output.stdout)
    }

    fn key(&self, kind: &str, bits: &str) -> String {
        let name = format!("{kind}{bits}");
        self.keygen(&["-q", "-t", kind, "-b", bits, "-N", "", "-C", "", "-f", &name], b"").unwrap();
        name
    }

    fn sign(&self, key: &str, namespace: &str, hash: &str) -> Vec<u8> {
        let hash = format!("hashalg={hash}");
        self.keygen(&["-Y", "sign", "-q", "-f", key, "-n", namespace, "-O", &hash], MESSAGE).unwrap()
    }

    /// What ssh-keygen says at noon of 2026-11-21.
    fn theirs(&self, case: &Case<'_>) -> bool {
        self.write("allowed", case.allowed);
        self.write("signature", case.signature);
        let mut arguments = vec!["-Y", "verify", "-f", "allowed", "-I", case.who, "-n", PURPOSE, "-s", "signature"];
        arguments.extend(["-O", "verify-time=20261121120000"]);
        if let Some(revoked) = case.revoked {
            self.write("revoked", revoked);
            arguments.extend(["-r", "revoked"]);
        }
        self.keygen(&arguments, case.message).is_some()
    }
}

#[derive(Clone, Copy)]
struct Case<'a> {
    allowed: &'a str,
    who: &'a str,
    signature: &'a [u8],
    message: &'a [u8],
    revoked: Option<&'a [u8]>,
}

/// What the program says at the same instant: the reason where it refuses.
fn ours(case: &Case<'_>) -> Result<(), String> {
    let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
    let key = exceptions::verify_signature(case.signature, case.message, PURPOSE).map_err(|error| error.to_string())?;
    let revoked = case.revoked.map_or_else(|| Ok(RevokedKeys::default()), RevokedKeys::parse).unwrap();
    let signers = AllowedSigners::parse(case.allowed).unwrap().without(revoked);
    signers.allows(&key, case.who, PURPOSE, now).map_err(|why| why.to_string())
}

#[test]
fn every_kind_of_key_gets_the_answer_of_ssh_keygen() {
    let lab = Lab::new();
    let other = lab.text(&format!("{}.pub", lab.key("ed25519", "255")));
    for (kind, bits) in KINDS {
        let key = lab.key(kind, bits);
        let public = lab.text(&format!("{key}.pub"));
        let fingerprint = String::from_utf8(lab.keygen(&["-lf", &format!("{key}.pub")], b"").unwrap()).unwrap();
        let good = lab.sign(&key, PURPOSE, "sha512");
        let found = exceptions::verify_signature(&good, MESSAGE, PURPOSE).unwrap();
        assert!(fingerprint.contains(&found.fingerprint()), "{key}");
        assert_eq!(found.public_line(), public.trim_end(), "{key}");

        let sha256 = lab.sign(&key, PURPOSE, "sha256");
        let elsewhere = lab.sign(&key, "file", "sha512");
        let mut flipped = good.clone();
        let at = flipped.len() * 2 / 3;
        flipped[at] = if flipped[at] == b'A' { b'B' } else { b'A' };
        lab.keygen(&["-k", "-f", "krl", &format!("{key}.pub")], b"").unwrap();
        lab.write("spec", format!("hash: {}\n", found.fingerprint()));
        lab.keygen(&["-k", "-f", "hashes", "spec"], b"").unwrap();
        lab.keygen(&["-k", "-f", "others", "ed25519255.pub"], b"").unwrap();
        let (krl, hashes, others) = (lab.read("krl"), lab.read("hashes"), lab.read("others"));
        let list = format!("# revoked\n\n{other}{public}");

        let plain = format!("{WHO} {public}");
        let case = Case { allowed: &plain, who: WHO, signature: &good, message: MESSAGE, revoked: None };
        let line = |options: &str| format!("{WHO} {options} {public}");
        let expired = line("valid-before=\"20261121\"");
        let coming = line("valid-after=\"20261121120001\"");
        let in_time = line("valid-after=\"20261121\",valid-before=\"20261121120001\"");
        let for_git = line("namespaces=\"git\"");
        let for_us = line(&format!("namespaces=\"git,{PURPOSE}\""));
        let authority = line("cert-authority");
        let pattern = format!("*@example.com,!mallory@example.com {public}");
        for (what, case, accepted) in [
            ("valid", case, true),
            ("sha256", Case { signature: &sha256, ..case }, true),
            ("another message", Case { message: b"another record", ..case }, false),
            ("another namespace", Case { signature: &elsewhere, ..case }, false),
            ("a flipped byte", Case { signature: &flipped, ..case }, false),
            ("expired", Case { allowed: &expired, ..case }, false),
            ("not yet", Case { allowed: &coming, ..case }, false),
            ("in time", Case { allowed: &in_time, ..case }, true),
            ("another purpose", Case { allowed: &for_git, ..case }, false),
            ("this purpose", Case { allowed: &for_us, ..case }, true),
            ("an authority", Case { allowed: &authority, ..case }, false),
            ("another key", Case { allowed: &format!("{WHO} {other}"), ..case }, false),
            ("nobody", Case { who: "eve@example.com", ..case }, false),
            ("a pattern", Case { allowed: &pattern, ..case }, true),
            ("excluded", Case { allowed: &pattern, who: "mallory@example.com", ..case }, false),
            ("revoked", Case { revoked: Some(&krl), ..case }, false),
            ("revoked by digest", Case { revoked: Some(&hashes), ..case }, false),
            ("revoked in a list", Case { revoked: Some(list.as_bytes()), ..case }, false),
            ("another is revoked", Case { revoked: Some(&others), ..case }, true),
        ] {
            let (ours, theirs) = (ours(&case), lab.theirs(&case));
            assert_eq!((ours.is_ok(), theirs), (accepted, accepted), "{key}, {what}: {ours:?}");
        }
    }
}

fn put(out: &mut Vec<u8>, string: &[u8]) {
    out.extend(u32::try_from(string.len()).unwrap().to_be_bytes());
    out.extend(string);
}

fn strings(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    parts.iter().for_each(|part| put(&mut out, part));
    out
}

fn positive(number: &[u8]) -> Vec<u8> {
    let plain: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
    if plain[0] >= 0x80 { [&[0], plain.as_slice()].concat() } else { plain }
}

/// A security key in software: its public key, and how it signs.
struct SecurityKey {
    kind: &'static str,
    blob: Vec<u8>,
    sign: fn(&[u8]) -> Vec<u8>,
}

const APPLICATION: &[u8] = b"ssh:";

fn security_keys() -> [SecurityKey; 2] {
    let ed25519 = || ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let p256 = || p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let point = p256().verifying_key().to_sec1_point(false);
    let (one, other) = ("sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com");
    [
        SecurityKey {
            kind: one,
            blob: strings(&[one.as_bytes(), ed25519().verifying_key().as_bytes(), APPLICATION]),
            sign: |message| ed25519_dalek::SigningKey::from_bytes(&[7; 32]).sign(message).to_vec(),
        },
        SecurityKey {
            kind: other,
            blob: strings(&[other.as_bytes(), b"nistp256", point.as_bytes(), APPLICATION]),
            sign: |message| {
                let key = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
                let signature: p256::ecdsa::Signature = key.sign(message);
                let bytes = signature.to_bytes();
                strings(&[&positive(&bytes[..32]), &positive(&bytes[32..])])
            },
        },
    ]
}

impl SecurityKey {
    /// As `ssh-keygen -Y sign` would write it (PROTOCOL.sshsig, PROTOCOL.u2f).
    fn signature(&self, flags: u8, namespace: &str) -> Vec<u8> {
        let digest = Sha512::digest(MESSAGE);
        let mut message = b"SSHSIG".to_vec();
        message.extend(strings(&[namespace.as_bytes(), b"", b"sha512", &digest]));
        let mut signed = Sha256::digest(APPLICATION).to_vec();
        signed.push(flags);
        signed.extend(5_u32.to_be_bytes());
        signed.extend(Sha256::digest(&message));
        let mut signature = strings(&[self.kind.as_bytes(), &(self.sign)(&signed)]);
        signature.push(flags);
        signature.extend(5_u32.to_be_bytes());
        let mut blob = b"SSHSIG\0\0\0\x01".to_vec();
        blob.extend(strings(&[&self.blob, namespace.as_bytes(), b"", b"sha512", &signature]));
        let base64 = BASE64.encode(&blob);
        let lines: Vec<&str> = base64.as_bytes().chunks(70).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines.join("\n")).into_bytes()
    }
}

#[test]
fn a_security_key_counts_when_somebody_touched_it() {
    let lab = Lab::new();
    for key in security_keys() {
        let allowed = format!("{WHO} {} {}\n", key.kind, BASE64.encode(&key.blob));
        let (touched, verified) = (key.signature(0x01, PURPOSE), key.signature(0x05, PURPOSE));
        let case = Case { allowed: &allowed, who: WHO, signature: &touched, message: MESSAGE, revoked: None };
        let elsewhere = key.signature(0x01, "file");
        for (what, case, accepted) in [
            ("touched", case, true),
            ("touched, with a PIN", Case { signature: &verified, ..case }, true),
            ("another message", Case { message: b"another record", ..case }, false),
            ("another namespace", Case { signature: &elsewhere, ..case }, false),
        ] {
            let (ours, theirs) = (ours(&case), lab.theirs(&case));
            assert_eq!((ours.is_ok(), theirs), (accepted, accepted), "{}, {what}: {ours:?}", key.kind);
        }
        let untouched = key.signature(0x00, PURPOSE);
        let refused = exceptions::verify_signature(&untouched, MESSAGE, PURPOSE).unwrap_err();
        assert_eq!(refused, SignatureError::NotTouched);
        let mut claimed = untouched;
        let flag = claimed.len() / 2;
        claimed[flag] = if claimed[flag] == b'A' { b'B' } else { b'A' };
        assert!(exceptions::verify_signature(&claimed, MESSAGE, PURPOSE).is_err());
    }
}

#[test]
fn what_is_weak_or_not_understood_allows_nobody() {
    let lab = Lab::new();
    let short = lab.key("rsa", "1024");
    let good = lab.sign(&short, PURPOSE, "sha512");
    assert_eq!(
        exceptions::verify_signature(&good, MESSAGE, PURPOSE).unwrap_err().to_string(),
        "unsupported key `ssh-rsa of 1024 bits`"
    );
    let signers = AllowedSigners::parse(&format!("{WHO} {}", lab.text(&format!("{short}.pub")))).unwrap();
    assert_eq!(signers.unsupported().next().unwrap().1, "ssh-rsa of 1024 bits");

    let key = lab.key("ed25519", "256");
    let public = lab.text(&format!("{key}.pub"));
    lab.keygen(&["-k", "-f", "krl", &format!("{key}.pub")], b"").unwrap();
    let krl = lab.read("krl");
    assert_eq!(RevokedKeys::parse(&krl[..krl.len() - 1]).unwrap_err(), RevokedError::Malformed);
    lab.write("spec", format!("sha1: {public}"));
    lab.keygen(&["-k", "-f", "sha1", "spec"], b"").unwrap();
    assert!(matches!(RevokedKeys::parse(&lab.read("sha1")).unwrap_err(), RevokedError::Unsupported(_)));
    let mut version = krl;
    version[11] = 2;
    assert!(matches!(RevokedKeys::parse(&version).unwrap_err(), RevokedError::Unsupported(_)));
    for bad in
        ["ssh-ed25519", "ssh-ed25519 !!!", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIA==", &format!("from=\"a\" {public}")]
    {
        assert_eq!(
            RevokedKeys::parse(format!("# list\n{bad}\n").as_bytes()).unwrap_err(),
            RevokedError::Line(2),
            "{bad}"
        );
    }
    assert_eq!(RevokedKeys::parse(b"# nobody\n").unwrap(), RevokedKeys::default());
}
