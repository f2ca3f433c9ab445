//! Public keys as OpenSSH writes them, and what they verify. A kind is one row of [`KINDS`].
//!
//! What must stay true: a key has one wire form, so that one key is one person; a weak key verifies nothing; a security key counts
//! only when somebody touched it.
//!
//! Sources: RFC 8709 (ssh-ed25519), RFC 5656 (ecdsa-sha2-*), RFC 8332 (rsa-sha2-*), OpenSSH's PROTOCOL.u2f (sk-*).

use data_encoding::{BASE64, BASE64_NOPAD};
use sha2::{Digest as _, Sha256};

use super::SignatureError;
use super::wire::{Fields, put};
use crate::crypto::ecdsa::{self, Curve};
use crate::crypto::{Hash, rsa};

/// A kind of key.
struct Kind {
    name: &'static str,
    /// The names that its signatures may have.
    signatures: &'static [&'static str],
    /// Reads what follows the name.
    read: fn(&mut Fields<'_>) -> Result<Material, SignatureError>,
}

static KINDS: [Kind; 7] = [
    Kind { name: "ssh-ed25519", signatures: &["ssh-ed25519"], read: ed25519 },
    Kind { name: "ecdsa-sha2-nistp256", signatures: &["ecdsa-sha2-nistp256"], read: |key| ecdsa_key(key, Curve::P256) },
    Kind { name: "ecdsa-sha2-nistp384", signatures: &["ecdsa-sha2-nistp384"], read: |key| ecdsa_key(key, Curve::P384) },
    Kind { name: "ecdsa-sha2-nistp521", signatures: &["ecdsa-sha2-nistp521"], read: |key| ecdsa_key(key, Curve::P521) },
    Kind { name: "ssh-rsa", signatures: &["rsa-sha2-256", "rsa-sha2-512"], read: rsa_key },
    Kind {
        name: "sk-ssh-ed25519@openssh.com",
        signatures: &["sk-ssh-ed25519@openssh.com"],
        read: |key| security_key(key, ed25519),
    },
    Kind {
        name: "sk-ecdsa-sha2-nistp256@openssh.com",
        signatures: &["sk-ecdsa-sha2-nistp256@openssh.com"],
        read: |key| security_key(key, |key| ecdsa_key(key, Curve::P256)),
    },
];

fn kind(name: &[u8]) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name.as_bytes() == name)
}

/// Whether a word names a kind of key that is verified here.
pub(super) fn is_kind(word: &str) -> bool {
    kind(word.as_bytes()).is_some()
}

/// A public key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SshKey {
    blob: Vec<u8>,
    material: Material,
}

/// What verifies.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Material {
    Ed25519([u8; 32]),
    Ecdsa {
        curve: Curve,
        /// SEC 1, uncompressed.
        point: Vec<u8>,
    },
    Rsa {
        exponent: Vec<u8>,
        modulus: Vec<u8>,
    },
    Security {
        of: Box<Self>,
        application: Vec<u8>,
    },
}

/// The curve's name in SSH.
const fn curve_name(curve: Curve) -> &'static [u8] {
    match curve {
        Curve::P256 => b"nistp256",
        Curve::P384 => b"nistp384",
        Curve::P521 => b"nistp521",
    }
}

/// Somebody touched the security key (PROTOCOL.u2f, SSH_SK_USER_PRESENCE_REQD).
const USER_PRESENT: u8 = 0x01;

impl SshKey {
    /// Reads the key out of its wire form.
    pub(super) fn from_blob(blob: &[u8]) -> Result<Self, SignatureError> {
        let mut fields = Fields(blob);
        let name = fields.string()?;
        let Some(kind) = kind(name) else {
            return Err(SignatureError::UnsupportedKey(String::from_utf8_lossy(name).into_owned()));
        };
        let material = (kind.read)(&mut fields)?;
        fields.end()?;
        Ok(Self { blob: blob.to_vec(), material })
    }

    /// The Ed25519 key of these bytes, to be looked for among others.
    #[must_use]
    pub fn ed25519(key: &[u8; 32]) -> Self {
        let mut blob = Vec::new();
        put(&mut blob, b"ssh-ed25519");
        put(&mut blob, key);
        Self { blob, material: Material::Ed25519(*key) }
    }

    /// Its wire form.
    pub(super) fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// The name of its kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        Fields(&self.blob).string().ok().and_then(kind).map_or("", |kind| kind.name)
    }

    /// As `ssh-keygen -l` prints it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", BASE64_NOPAD.encode(&Sha256::digest(&self.blob)))
    }

    /// As a `.pub` file holds it, without a comment.
    #[must_use]
    pub fn public_line(&self) -> String {
        format!("{} {}", self.kind(), BASE64.encode(&self.blob))
    }

    /// Checks a signature in its wire form.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let mut fields = Fields(signature);
        let name = fields.string()?;
        let known =
            kind(self.kind().as_bytes()).is_some_and(|kind| kind.signatures.iter().any(|s| s.as_bytes() == name));
        if !known {
            return Err(SignatureError::UnsupportedSignature(String::from_utf8_lossy(name).into_owned()));
        }
        let bytes = fields.string()?;
        let holds = match &self.material {
            Material::Security { of, application } => {
                let (flags, counter) = (fields.byte()?, fields.u32()?);
                if flags & USER_PRESENT == 0 {
                    return Err(SignatureError::NotTouched);
                }
                let mut signed = Sha256::digest(application).to_vec();
                signed.push(flags);
                signed.extend(counter.to_be_bytes());
                signed.extend(Sha256::digest(message));
                of.holds(name, &signed, bytes)
            }
            plain => plain.holds(name, message, bytes),
        };
        fields.end()?;
        if holds? { Ok(()) } else { Err(SignatureError::Mismatch) }
    }
}

impl std::fmt::Debug for SshKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.fingerprint())
    }
}

impl Material {
    fn holds(&self, algorithm: &[u8], message: &[u8], signature: &[u8]) -> Result<bool, SignatureError> {
        match self {
            Self::Ed25519(key) => {
                let signature: [u8; 64] = signature.try_into().map_err(|_| SignatureError::Malformed)?;
                let signature = ed25519_dalek::Signature::from_bytes(&signature);
                let key = ed25519_dalek::VerifyingKey::from_bytes(key);
                Ok(key.is_ok_and(|key| key.verify_strict(message, &signature).is_ok()))
            }
            Self::Ecdsa { curve, point } => {
                let mut fields = Fields(signature);
                let numbers = [fields.positive()?, fields.positive()?];
                fields.end()?;
                let signature = curve.joined(numbers).ok_or(SignatureError::Malformed)?;
                Ok(ecdsa::verifies(*curve, point, curve.hash(), message, &signature))
            }
            Self::Rsa { exponent, modulus } => {
                let hash = match algorithm {
                    b"rsa-sha2-256" => Hash::Sha256,
                    b"rsa-sha2-512" => Hash::Sha512,
                    _ => return Ok(false),
                };
                Ok(rsa::verifies(hash, (exponent, modulus), message, signature))
            }
            // A security key holds no other one.
            Self::Security { .. } => Ok(false),
        }
    }
}

fn ed25519(fields: &mut Fields<'_>) -> Result<Material, SignatureError> {
    fields.string()?.try_into().map(Material::Ed25519).map_err(|_| SignatureError::Malformed)
}

fn ecdsa_key(fields: &mut Fields<'_>, curve: Curve) -> Result<Material, SignatureError> {
    if fields.string()? != curve_name(curve) {
        return Err(SignatureError::Malformed);
    }
    let point = fields.string()?;
    // Uncompressed, as OpenSSH writes it: another form would make one key look like two.
    if !curve.is_point(point) {
        return Err(SignatureError::Malformed);
    }
    Ok(Material::Ecdsa { curve, point: point.to_vec() })
}

fn rsa_key(fields: &mut Fields<'_>) -> Result<Material, SignatureError> {
    let (exponent, modulus) = (fields.positive()?, fields.positive()?);
    if !rsa::is_key(exponent, modulus) {
        return Err(SignatureError::Malformed);
    }
    match rsa::bits(modulus) {
        bits if bits < rsa::LEAST_BITS => Err(SignatureError::UnsupportedKey(format!("ssh-rsa of {bits} bits"))),
        _ => Ok(Material::Rsa { exponent: exponent.to_vec(), modulus: modulus.to_vec() }),
    }
}

fn security_key(
    fields: &mut Fields<'_>,
    read: fn(&mut Fields<'_>) -> Result<Material, SignatureError>,
) -> Result<Material, SignatureError> {
    let of = Box::new(read(fields)?);
    Ok(Material::Security { of, application: fields.string()?.to_vec() })
}
