//! Keys of every kind that people have, made by the programs that make them.

use std::path::Path;
use std::process::Command;

use countersign::evidence::keys::{KeyFault, PrivateKey, PublicKey};

use super::made::{PRIVATE_PEM, key};

/// The public key of RFC 8410, section 10.1.
const PUBLIC_PEM: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

/// The same private key with attributes and the public key inside (RFC 8410, section 10.3).
const PRIVATE_V2_PEM: &str = "-----BEGIN PRIVATE KEY-----
MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB
Z9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PRIVATE KEY-----
";

/// Runs a program that must succeed, and gives what it printed.
fn run(dir: &Path, program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn the_keys_of_rfc_8410_are_read_and_written() {
    let key = key();
    assert_eq!(key.to_pem().as_str(), PRIVATE_PEM);
    assert_eq!(key.public().to_pem(), PUBLIC_PEM);
    assert_eq!(PublicKey::from_pem(PUBLIC_PEM.as_bytes()), Ok(key.public()));
    assert_eq!(PrivateKey::from_pem(PRIVATE_V2_PEM.as_bytes()).unwrap().public(), key.public());
    let crlf = PRIVATE_PEM.replace('\n', "\r\n");
    assert_eq!(PrivateKey::from_pem(crlf.as_bytes()).unwrap().public(), key.public());
    assert!(!format!("{key:?}").contains("d4ee72"));
}

#[test]
fn openssl_and_openssh_agree_about_our_keys() {
    let dir = tempfile::tempdir().unwrap();
    let key = PrivateKey::from_seed(&zeroize::Zeroizing::new([42; 32]));
    std::fs::write(dir.path().join("gate.pem"), key.to_pem().as_bytes()).unwrap();
    std::fs::write(dir.path().join("gate.pub"), key.public().to_openssh("gate")).unwrap();
    let public = run(dir.path(), "openssl", &["pkey", "-in", "gate.pem", "-pubout"]);
    assert_eq!(String::from_utf8(public).unwrap(), key.public().to_pem());
    let printed = String::from_utf8(run(dir.path(), "ssh-keygen", &["-lf", "gate.pub"])).unwrap();
    assert_eq!(printed, format!("256 {} gate (ED25519)\n", key.public().fingerprint()));
}

#[test]
fn a_key_of_openssl_is_ours_too() {
    let dir = tempfile::tempdir().unwrap();
    let pem = run(dir.path(), "openssl", &["genpkey", "-algorithm", "ed25519"]);
    let key = PrivateKey::from_pem(&pem).unwrap();
    std::fs::write(dir.path().join("key.pem"), &pem).unwrap();
    let public = run(dir.path(), "openssl", &["pkey", "-in", "key.pem", "-pubout"]);
    assert_eq!(PublicKey::from_pem(&public), Ok(key.public()));
}

#[test]
fn every_other_kind_of_key_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let openssl = |arguments: &[&str]| run(dir.path(), "openssl", arguments);
    for (kind, arguments) in [
        ("RSA", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"][..]),
        ("RSA-PSS", &["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"]),
        ("EC", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
        ("X25519", &["-algorithm", "X25519"]),
        ("Ed448", &["-algorithm", "ED448"]),
    ] {
        openssl(&[&["genpkey", "-out", "other.pem"][..], arguments].concat());
        let private = std::fs::read(dir.path().join("other.pem")).unwrap();
        let public = openssl(&["pkey", "-in", "other.pem", "-pubout"]);
        assert_eq!(PrivateKey::from_pem(&private).unwrap_err(), KeyFault::OtherKind(kind));
        assert_eq!(PublicKey::from_pem(&public).unwrap_err(), KeyFault::OtherKind(kind));
    }
    let traditional = openssl(&["ecparam", "-name", "prime256v1", "-genkey", "-noout"]);
    assert_eq!(PrivateKey::from_pem(&traditional).unwrap_err(), KeyFault::OtherKind("EC"));

    std::fs::write(dir.path().join("plain.pem"), PRIVATE_PEM).unwrap();

    run(dir.path(), "ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", "ssh"]);
    let ssh = std::fs::read(dir.path().join("ssh")).unwrap();
    assert!(matches!(PrivateKey::from_pem(&ssh).unwrap_err(), KeyFault::OtherLabel { .. }));
    let line = std::fs::read(dir.path().join("ssh.pub")).unwrap();
    assert!(matches!(PublicKey::from_pem(&line).unwrap_err(), KeyFault::NotPem { .. }));
}

#[test]
fn a_key_is_one_block_and_nothing_else() {
    assert_eq!(PrivateKey::from_pem(PUBLIC_PEM.as_bytes()).unwrap_err(), KeyFault::PublicForPrivate);
    assert_eq!(PublicKey::from_pem(PRIVATE_PEM.as_bytes()).unwrap_err(), KeyFault::PrivateForPublic);
    let not_pem = KeyFault::NotPem { expected: "PUBLIC KEY" };
    for bad in [
        String::new(),
        "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=".to_owned(),
        format!("# a comment\n{PUBLIC_PEM}"),
        format!("{PUBLIC_PEM}junk\n"),
        format!("{PUBLIC_PEM}{PUBLIC_PEM}"),
        format!("{PUBLIC_PEM}{PRIVATE_PEM}"),
        format!(" {PUBLIC_PEM}"),
        format!("\u{feff}{PUBLIC_PEM}"),
        PUBLIC_PEM.replace("MCow", "MC ow"),
        PUBLIC_PEM.replace("ZuE=", "ZuE"),
        PUBLIC_PEM.replace("ZuE=", "ZuF="),
        PUBLIC_PEM.replace("END PUBLIC", "END PRIVATE"),
    ] {
        assert_eq!(PublicKey::from_pem(bad.as_bytes()).unwrap_err(), not_pem, "{bad:?}");
    }
    // Bytes after the structure, and a public key inside that belongs to another private one.
    let longer = PUBLIC_PEM.replace("ZuE=", "ZuEA");
    assert_eq!(PublicKey::from_pem(longer.as_bytes()).unwrap_err(), KeyFault::Damaged);
    let mismatch = PRIVATE_V2_PEM.replace("7lshQ", "7lshR");
    assert_eq!(PrivateKey::from_pem(mismatch.as_bytes()).unwrap_err(), KeyFault::Damaged);
    // A key that verifies everything, well-formed as PEM.
    let weak = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n-----END PUBLIC KEY-----\n";
    assert_eq!(PublicKey::from_pem(weak.as_bytes()).unwrap_err(), KeyFault::Weak);
}

#[test]
fn what_openssl_encrypted_is_read_with_its_passphrase_alone() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("plain.pem"), PRIVATE_PEM).unwrap();
    let common = ["pkcs8", "-topk8", "-in", "plain.pem", "-passout", "pass:correct horse"];
    for how in [&["-v2", "aes-256-cbc"][..], &["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512"], &["-scrypt"]] {
        let encrypted = run(dir.path(), "openssl", &[&common[..], how].concat());
        let key = PrivateKey::from_encrypted_pem(&encrypted, b"correct horse").unwrap();
        assert_eq!(key.public(), PrivateKey::from_pem(PRIVATE_PEM.as_bytes()).unwrap().public(), "{how:?}");
        let wrong = PrivateKey::from_encrypted_pem(&encrypted, b"correct horse ").unwrap_err();
        assert_eq!(wrong, KeyFault::Passphrase, "{how:?}");
        assert_eq!(PrivateKey::from_pem(&encrypted).unwrap_err(), KeyFault::Encrypted);
    }
    let plain = PrivateKey::from_encrypted_pem(PRIVATE_PEM.as_bytes(), b"x").unwrap_err();
    assert_eq!(plain, KeyFault::NotEncrypted);
}
