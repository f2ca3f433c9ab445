//! Public keys as OpenSSH writes them, and what they verify. A kind is one row of [`KINDS`].
//!
//! What must stay true: a key has one wire form, so that one key is one person; a weak key verifies nothing; a security key counts
//! only when somebody touched it.
//!
//! Sources: RFC 8709 (ssh-ed25519), RFC 5656 (ecdsa-sha2-*), RFC 8332 (rsa-sha2-*), OpenSSH's PROTOCOL.u2f (sk-*).

use data_encoding::{BASE64, BASE64_NOPAD};
use p256::ecdsa::signature::Verifier as _;
use sha2::{Digest as _, Sha256};

use super::SignatureError;
use super::rsa;
use super::wire::{Fields, put};

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
    Kind { name: "ecdsa-sha2-nistp256", signatures: &["ecdsa-sha2-nistp256"], read: |key| ecdsa(key, Curve::P256) },
    Kind { name: "ecdsa-sha2-nistp384", signatures: &["ecdsa-sha2-nistp384"], read: |key| ecdsa(key, Curve::P384) },
    Kind { name: "ecdsa-sha2-nistp521", signatures: &["ecdsa-sha2-nistp521"], read: |key| ecdsa(key, Curve::P521) },
    Kind { name: "ssh-rsa", signatures: &["rsa-sha2-256", "rsa-sha2-512"], read: rsa },
    Kind {
        name: "sk-ssh-ed25519@openssh.com",
        signatures: &["sk-ssh-ed25519@openssh.com"],
        read: |key| security_key(key, ed25519),
    },
    Kind {
        name: "sk-ecdsa-sha2-nistp256@openssh.com",
        signatures: &["sk-ecdsa-sha2-nistp256@openssh.com"],
        read: |key| security_key(key, |key| ecdsa(key, Curve::P256)),
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

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    const fn name(self) -> &'static [u8] {
        match self {
            Self::P256 => b"nistp256",
            Self::P384 => b"nistp384",
            Self::P521 => b"nistp521",
        }
    }

    /// Bytes of a coordinate, and of a number of a signature.
    const fn width(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
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
                let numbers = two_numbers(signature, curve.width())?;
                Ok(ecdsa_holds(*curve, point, message, &numbers))
            }
            Self::Rsa { exponent, modulus } => Ok(rsa::verifies(algorithm, (exponent, modulus), message, signature)),
            // A security key holds no other one.
            Self::Security { .. } => Ok(false),
        }
    }
}

fn ed25519(fields: &mut Fields<'_>) -> Result<Material, SignatureError> {
    fields.string()?.try_into().map(Material::Ed25519).map_err(|_| SignatureError::Malformed)
}

fn ecdsa(fields: &mut Fields<'_>, curve: Curve) -> Result<Material, SignatureError> {
    if fields.string()? != curve.name() {
        return Err(SignatureError::Malformed);
    }
    let point = fields.string()?;
    // Uncompressed, as OpenSSH writes it: another form would make one key look like two.
    if point.first() != Some(&4) || point.len() != 1 + 2 * curve.width() {
        return Err(SignatureError::Malformed);
    }
    Ok(Material::Ecdsa { curve, point: point.to_vec() })
}

fn rsa(fields: &mut Fields<'_>) -> Result<Material, SignatureError> {
    let (exponent, modulus) = (fields.positive()?, fields.positive()?);
    if modulus.len() > rsa::MOST_BYTES || exponent.len() > rsa::MOST_EXPONENT_BYTES || exponent == [1] {
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

/// The two numbers of an ECDSA signature, one after the other in full width.
fn two_numbers(signature: &[u8], width: usize) -> Result<Vec<u8>, SignatureError> {
    let mut fields = Fields(signature);
    let mut numbers = Vec::with_capacity(2 * width);
    for number in [fields.positive()?, fields.positive()?] {
        let zeros = width.checked_sub(number.len()).ok_or(SignatureError::Malformed)?;
        numbers.extend(std::iter::repeat_n(0, zeros));
        numbers.extend(number);
    }
    fields.end()?;
    Ok(numbers)
}

fn ecdsa_holds(curve: Curve, point: &[u8], message: &[u8], numbers: &[u8]) -> bool {
    macro_rules! holds {
        ($curve:ident) => {
            match ($curve::ecdsa::VerifyingKey::from_sec1_bytes(point), $curve::ecdsa::Signature::from_slice(numbers)) {
                (Ok(key), Ok(signature)) => key.verify(message, &signature).is_ok(),
                _ => false,
            }
        };
    }
    match curve {
        Curve::P256 => holds!(p256),
        Curve::P384 => holds!(p384),
        Curve::P521 => holds!(p521),
    }
}
