//! SSH signatures (`ssh-keygen -Y sign`).
//!
//! What must stay true: a key comes out only when it signed these very bytes in this very namespace. Nothing may follow or
//! stand between the fields, and a weak key verifies nothing.
//!
//! Source: OpenSSH, PROTOCOL.sshsig.

use data_encoding::BASE64;
use sha2::{Digest as _, Sha256, Sha512};

use super::SshKey;
use super::wire::{Fields, put};

const MAGIC: &[u8] = b"SSHSIG";
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

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
    /// The signer's: a key of a kind that is not verified, a certificate, or one that is too short.
    #[error("unsupported key `{}`", crate::model::text::neutral(.0))]
    UnsupportedKey(String),
    /// The signer's: an algorithm that is not one of its key's.
    #[error("unsupported signature algorithm `{}`", crate::model::text::neutral(.0))]
    UnsupportedSignature(String),
    /// The signer's: a security key signed, and nobody touched it.
    #[error("signed by a security key that nobody touched")]
    NotTouched,
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
    let signature = fields.string()?;
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
    key.verify(&signed, signature)?;
    Ok(key)
}

fn unarmoured(armoured: &[u8]) -> Result<Vec<u8>, SignatureError> {
    let text = std::str::from_utf8(armoured).map_err(|_| SignatureError::Malformed)?;
    let body =
        text.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).ok_or(SignatureError::Malformed)?;
    let base64: String = body.split_ascii_whitespace().collect();
    BASE64.decode(base64.as_bytes()).map_err(|_| SignatureError::Malformed)
}
