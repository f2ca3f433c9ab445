//! Ed25519 keys: read from PEM, written as PEM and in OpenSSH's form, named by their OpenSSH fingerprint.
//!
//! What must stay true: no other kind of key is ever accepted, a public key that verifies more than its owner signed (small
//! order, not canonical) is refused when it is read, and secret bytes are wiped.
//!
//! Sources: RFC 8032, RFC 5958 and RFC 8018 (encrypted keys), RFC 8410 (Ed25519 in PKCS#8 and SPKI), RFC 7468 (PEM), RFC 8709 (the OpenSSH form).

use data_encoding::{BASE64, BASE64_NOPAD};
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use pkcs8::EncryptedPrivateKeyInfoRef;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// Bytes of an Ed25519 signature.
pub const SIGNATURE_BYTES: usize = 64;

/// DER before the 32 secret bytes: PKCS#8 version 1, which every tool reads (version 2 with the public key is not).
const PRIVATE_DER: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// DER before the 32 public bytes: SubjectPublicKeyInfo.
const PUBLIC_DER: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];

const PRIVATE_LABEL: &str = "PRIVATE KEY";
const ENCRYPTED_LABEL: &str = "ENCRYPTED PRIVATE KEY";
const PUBLIC_LABEL: &str = "PUBLIC KEY";

/// Kinds of key that people mix up with Ed25519: the algorithm's DER object identifier and its name.
const OTHER_KINDS: &[(&[u8], &str)] = &[
    (&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1], "RSA"),
    (&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10], "RSA-PSS"),
    (&[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1], "EC"),
    (&[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1], "DSA"),
    (&[6, 3, 0x2b, 0x65, 0x6e], "X25519"),
    (&[6, 3, 0x2b, 0x65, 0x6f], "X448"),
    (&[6, 3, 0x2b, 0x65, 0x71], "Ed448"),
];

/// Why a key was refused. Whoever gave the key has to give another one; each message says which.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Not one PEM block and nothing else.
    #[error("is not a PEM key: expected one `-----BEGIN {expected}-----` block and nothing else")]
    NotPem {
        /// The label that was expected.
        expected: &'static str,
    },
    /// A public key where the private one is needed.
    #[error("is a public key; signing needs the private one, `-----BEGIN PRIVATE KEY-----`")]
    PublicForPrivate,
    /// A private key where the public one is needed.
    #[error("is a private key; verifying needs the public one only, `-----BEGIN PUBLIC KEY-----`")]
    PrivateForPublic,
    /// Protected by a passphrase.
    #[error("is encrypted, and no passphrase was given")]
    Encrypted,
    /// A passphrase for a key that needs none.
    #[error("is not encrypted, and a passphrase was given")]
    NotEncrypted,
    /// It cannot be decrypted.
    #[error("cannot be decrypted: the passphrase is wrong, or it is not PBES2 with scrypt or PBKDF2 and AES")]
    Passphrase,
    /// OpenSSH's own private format, or another label.
    #[error("is a `{label}`; expected `-----BEGIN {expected}-----` (`countersign key new` writes one)")]
    OtherLabel {
        /// The label that was found, one of a known list.
        label: &'static str,
        /// The label that was expected.
        expected: &'static str,
    },
    /// Another algorithm.
    #[error("is a key for {0}; expected Ed25519 (`countersign key new` writes one)")]
    OtherKind(&'static str),
    /// Ed25519 by name, but damaged.
    #[error("is not a sound Ed25519 key: its contents are damaged")]
    Damaged,
    /// A small-order or non-canonical point: one signature would verify every message.
    #[error("is a weak Ed25519 key, for which anyone can make signatures; make a new one with `countersign key new`")]
    Weak,
}

/// A public key that is safe to verify with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads one SPKI PEM block.
    ///
    /// # Errors
    /// See [`KeyFault`].
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyFault> {
        let der = der(pem, PUBLIC_LABEL)?;
        match VerifyingKey::from_public_key_der(&der) {
            Ok(key) => Self::checked(key),
            Err(_) => Err(other_kind(&der)),
        }
    }

    /// A key from its 32 bytes.
    ///
    /// # Errors
    /// [`KeyFault::Damaged`] for bytes that are no point, [`KeyFault::Weak`].
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyFault> {
        Self::checked(VerifyingKey::from_bytes(bytes).map_err(|_| KeyFault::Damaged)?)
    }

    fn checked(key: VerifyingKey) -> Result<Self, KeyFault> {
        if key.is_weak() || !is_canonical(key.as_bytes()) { Err(KeyFault::Weak) } else { Ok(Self(key)) }
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// One SPKI PEM block.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem(PUBLIC_LABEL, &[PUBLIC_DER.as_slice(), self.as_bytes()].concat()).to_string()
    }

    /// OpenSSH's one-line form.
    #[must_use]
    pub fn to_openssh(&self, comment: &str) -> String {
        format!("ssh-ed25519 {} {comment}\n", BASE64.encode(&self.openssh_wire()))
    }

    /// What `ssh-keygen -lf` shows: the only name that every verifier accepts as `keyid`.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", BASE64_NOPAD.encode(&Sha256::digest(self.openssh_wire())))
    }

    /// Whether this signature is this key's over these bytes, by the strict rules: a canonical `S`, no small-order `R`.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }

    fn openssh_wire(&self) -> Vec<u8> {
        let mut wire = Vec::with_capacity(51);
        for (length, part) in [(11_u32, b"ssh-ed25519".as_slice()), (32, self.as_bytes())] {
            wire.extend_from_slice(&length.to_be_bytes());
            wire.extend_from_slice(part);
        }
        wire
    }
}

/// A private key; wiped when it is dropped.
pub struct PrivateKey(SigningKey);

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PrivateKey({})", self.public().fingerprint())
    }
}

impl PrivateKey {
    /// Reads one PKCS#8 PEM block. A public key stored inside must be the one that belongs to it.
    ///
    /// # Errors
    /// See [`KeyFault`].
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyFault> {
        let der = der(pem, PRIVATE_LABEL)?;
        match SigningKey::from_pkcs8_der(&der) {
            Ok(key) => Ok(Self(key)),
            Err(_) => Err(other_kind(&der)),
        }
    }

    /// Reads one encrypted PKCS#8 PEM block (RFC 5958; PBES2 of RFC 8018 with scrypt or PBKDF2, and AES).
    ///
    /// # Errors
    /// See [`KeyFault`]; a key that is not encrypted is refused, too: nobody should believe that it was.
    pub fn from_encrypted_pem(pem: &[u8], passphrase: &[u8]) -> Result<Self, KeyFault> {
        let der = der(pem, ENCRYPTED_LABEL)?;
        let encrypted = EncryptedPrivateKeyInfoRef::try_from(der.as_slice()).map_err(|_| KeyFault::Damaged)?;
        let plain = encrypted.decrypt(passphrase).map_err(|_| KeyFault::Passphrase)?;
        match SigningKey::from_pkcs8_der(plain.as_bytes()) {
            Ok(key) => Ok(Self(key)),
            Err(_) => Err(other_kind(plain.as_bytes())),
        }
    }

    /// A key from 32 random bytes, which the caller got from the system.
    #[must_use]
    pub fn from_seed(seed: &Zeroizing<[u8; 32]>) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// One PKCS#8 PEM block.
    #[must_use]
    pub fn to_pem(&self) -> Zeroizing<String> {
        let der = Zeroizing::new([PRIVATE_DER.as_slice(), self.0.as_bytes()].concat());
        pem(PRIVATE_LABEL, &der)
    }
}

/// Why a signature was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignFault {
    /// The signer did not answer, or answered with something else than a signature.
    #[error("the signer failed: {0}")]
    Signer(String),
    /// The signer's answer does not verify with the public key that was given for it.
    #[error("the signer's signature does not verify with its public key: is it another key's?")]
    OtherKey,
}

/// Whatever can sign: a key in memory, a command, a device.
pub trait Sign {
    /// The key that the signatures verify with.
    fn public(&self) -> PublicKey;

    /// Pure Ed25519 over these very bytes.
    ///
    /// # Errors
    /// [`SignFault::Signer`].
    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], SignFault>;
}

impl Sign for PrivateKey {
    fn public(&self) -> PublicKey {
        Self::public(self)
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], SignFault> {
        Ok(self.0.sign(message).to_bytes())
    }
}

/// The bytes of the one PEM block with this label.
fn der(pem: &[u8], expected: &'static str) -> Result<Zeroizing<Vec<u8>>, KeyFault> {
    let not_pem = || KeyFault::NotPem { expected };
    let text = std::str::from_utf8(pem).map_err(|_| not_pem())?;
    let (first, rest) = text.split_once('\n').ok_or_else(not_pem)?;
    let label = first
        .trim_end_matches('\r')
        .strip_prefix("-----BEGIN ")
        .and_then(|l| l.strip_suffix("-----"))
        .ok_or_else(not_pem)?;
    if label != expected {
        return Err(wrong_label(label, expected));
    }
    let body = rest.trim_end().strip_suffix(&format!("-----END {expected}-----")).ok_or_else(not_pem)?;
    let base64 = Zeroizing::new(body.split('\n').map(|l| l.trim_end_matches('\r')).collect::<String>());
    BASE64.decode(base64.as_bytes()).map(Zeroizing::new).map_err(|_| not_pem())
}

fn wrong_label(label: &str, expected: &'static str) -> KeyFault {
    match label {
        PUBLIC_LABEL => KeyFault::PublicForPrivate,
        PRIVATE_LABEL if expected == ENCRYPTED_LABEL => KeyFault::NotEncrypted,
        PRIVATE_LABEL => KeyFault::PrivateForPublic,
        ENCRYPTED_LABEL => KeyFault::Encrypted,
        "RSA PRIVATE KEY" | "RSA PUBLIC KEY" => KeyFault::OtherKind("RSA"),
        "EC PRIVATE KEY" => KeyFault::OtherKind("EC"),
        "DSA PRIVATE KEY" => KeyFault::OtherKind("DSA"),
        "OPENSSH PRIVATE KEY" => KeyFault::OtherLabel { label: "OPENSSH PRIVATE KEY", expected },
        "CERTIFICATE" => KeyFault::OtherLabel { label: "CERTIFICATE", expected },
        _ => KeyFault::NotPem { expected },
    }
}

/// What a PKCS#8 or SPKI structure is that is no sound Ed25519 key.
fn other_kind(der: &[u8]) -> KeyFault {
    let head = der.get(..der.len().min(32)).unwrap_or_default();
    let named = |(oid, _): &&(&[u8], &str)| head.windows(oid.len()).any(|window| window == *oid);
    OTHER_KINDS.iter().find(named).map_or(KeyFault::Damaged, |(_, name)| KeyFault::OtherKind(name))
}

fn pem(label: &str, der: &[u8]) -> Zeroizing<String> {
    // An Ed25519 key fits one line of base64 in either form.
    let base64 = Zeroizing::new(BASE64.encode(der));
    Zeroizing::new(format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", base64.as_str()))
}

/// Whether the encoded `y` is below the field's prime, 2^255 - 19 (RFC 8032, 5.1.3).
fn is_canonical(bytes: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = bytes;
    !(*low >= 0xed && middle.iter().all(|b| *b == 0xff) && high & 0x7f == 0x7f)
}
