//! SSH signatures (`ssh-keygen -Y sign`), Ed25519 only.
//!
//! What must stay true: a key comes out only when it signed these very bytes in this very namespace. Nothing may follow or
//! stand between the fields, and a weak key verifies nothing.
//!
//! Source: OpenSSH, PROTOCOL.sshsig; RFC 8709 (ssh-ed25519).

use data_encoding::{BASE64, BASE64_NOPAD};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha256, Sha512};

const MAGIC: &[u8] = b"SSHSIG";
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

/// The one key type that is understood.
pub(super) const KEY_TYPE: &str = "ssh-ed25519";

/// An Ed25519 public key as OpenSSH writes it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SshKey([u8; 32]);

impl SshKey {
    /// Reads the key out of its wire form.
    pub(super) fn from_blob(blob: &[u8]) -> Result<Self, SignatureError> {
        let mut fields = Fields(blob);
        let kind = fields.string()?;
        if kind != KEY_TYPE.as_bytes() {
            return Err(SignatureError::UnsupportedKey(String::from_utf8_lossy(kind).into_owned()));
        }
        let key = fields.string()?.try_into().map_err(|_| SignatureError::Malformed)?;
        fields.end()?;
        Ok(Self(key))
    }

    /// As `ssh-keygen -l` prints it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut blob = Vec::new();
        put(&mut blob, KEY_TYPE.as_bytes());
        put(&mut blob, &self.0);
        format!("SHA256:{}", BASE64_NOPAD.encode(&Sha256::digest(&blob)))
    }
}

impl std::fmt::Debug for SshKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.fingerprint())
    }
}

/// Why a signature proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The file's: no armour, no base64, a field too many or too few.
    #[error("not an SSH signature")]
    Malformed,
    /// The signer's: signed for another purpose.
    #[error("signed for `{}`, not for `{expected}`", crate::model::text::neutral(.found))]
    OtherNamespace {
        /// The namespace in the signature.
        found: String,
        /// The namespace that is asked for.
        expected: String,
    },
    /// The signer's: a key that is no Ed25519 key, or lives on a security key.
    #[error("unsupported key type `{}`: only {KEY_TYPE} is verified", crate::model::text::neutral(.0))]
    UnsupportedKey(String),
    /// The signer's: neither sha256 nor sha512.
    #[error("unsupported hash `{}`", crate::model::text::neutral(.0))]
    UnsupportedHash(String),
    /// The record's or the signer's: other bytes were signed, or by another key.
    #[error("the signature is not of these bytes")]
    Mismatch,
}

/// Verifies an armoured signature and says which key made it. Whose key that is, is another question.
///
/// # Errors
/// Every reason not to believe it.
pub fn verify(armoured: &[u8], message: &[u8], namespace: &str) -> Result<SshKey, SignatureError> {
    let blob = unarmoured(armoured)?;
    let mut fields = Fields(blob.strip_prefix(MAGIC).ok_or(SignatureError::Malformed)?);
    if fields.u32()? != 1 {
        return Err(SignatureError::Malformed);
    }
    let key = SshKey::from_blob(fields.string()?)?;
    let found = fields.string()?;
    let reserved = fields.string()?;
    let hash = fields.string()?;
    let signature = signature_of(fields.string()?)?;
    fields.end()?;
    if found != namespace.as_bytes() || namespace.is_empty() {
        let found = String::from_utf8_lossy(found).into_owned();
        return Err(SignatureError::OtherNamespace { found, expected: namespace.to_owned() });
    }
    if !reserved.is_empty() {
        return Err(SignatureError::Malformed);
    }
    let digest = match hash {
        b"sha256" => Sha256::digest(message).to_vec(),
        b"sha512" => Sha512::digest(message).to_vec(),
        other => return Err(SignatureError::UnsupportedHash(String::from_utf8_lossy(other).into_owned())),
    };
    let mut signed = MAGIC.to_vec();
    for field in [found, reserved, hash, &digest] {
        put(&mut signed, field);
    }
    let verifying = VerifyingKey::from_bytes(&key.0).map_err(|_| SignatureError::Mismatch)?;
    verifying.verify_strict(&signed, &signature).map_err(|_| SignatureError::Mismatch)?;
    Ok(key)
}

fn unarmoured(armoured: &[u8]) -> Result<Vec<u8>, SignatureError> {
    let text = std::str::from_utf8(armoured).map_err(|_| SignatureError::Malformed)?;
    let body =
        text.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).ok_or(SignatureError::Malformed)?;
    let base64: String = body.split_ascii_whitespace().collect();
    BASE64.decode(base64.as_bytes()).map_err(|_| SignatureError::Malformed)
}

fn signature_of(blob: &[u8]) -> Result<Signature, SignatureError> {
    let mut fields = Fields(blob);
    let kind = fields.string()?;
    if kind != KEY_TYPE.as_bytes() {
        return Err(SignatureError::UnsupportedKey(String::from_utf8_lossy(kind).into_owned()));
    }
    let bytes: [u8; 64] = fields.string()?.try_into().map_err(|_| SignatureError::Malformed)?;
    fields.end()?;
    Ok(Signature::from_bytes(&bytes))
}

/// SSH's wire form: big-endian numbers, and strings with their length before them.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn u32(&mut self) -> Result<u32, SignatureError> {
        let (number, rest) = self.0.split_first_chunk::<4>().ok_or(SignatureError::Malformed)?;
        self.0 = rest;
        Ok(u32::from_be_bytes(*number))
    }

    fn string(&mut self) -> Result<&'a [u8], SignatureError> {
        let length = usize::try_from(self.u32()?).map_err(|_| SignatureError::Malformed)?;
        let (string, rest) = self.0.split_at_checked(length).ok_or(SignatureError::Malformed)?;
        self.0 = rest;
        Ok(string)
    }

    fn end(&self) -> Result<(), SignatureError> {
        if self.0.is_empty() { Ok(()) } else { Err(SignatureError::Malformed) }
    }
}

/// Appends a string in SSH's wire form. Every string here is short: a name, a hash, a key.
fn put(out: &mut Vec<u8>, string: &[u8]) {
    out.extend(u32::try_from(string.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(string);
}
