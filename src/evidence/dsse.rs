//! The envelope: DSSE v1 with exactly one Ed25519 signature.
//!
//! What must stay true: the signature is over the exact payload bytes; an envelope has one spelling, so that no byte of the file
//! can change unnoticed; and the payload of an envelope that does not verify is never looked at.
//!
//! Source: <https://github.com/secure-systems-lab/dsse>, protocol.md and envelope.md v1.0.2.

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use super::keys::{PublicKey, SIGNATURE_BYTES, Sign, SignFault};
use crate::strict::json::{self, JsonFault};

/// The payload type of every in-toto statement: the only spelling that all verifiers accept.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The most bytes that are signed: what a cloud key service takes without hashing them first.
pub const MAX_PAE_BYTES: usize = 4096;

/// The largest envelope that is read.
pub const MAX_ENVELOPE_BYTES: usize = 1 << 20;

/// The largest payload that is read.
pub const MAX_PAYLOAD_BYTES: usize = 256 << 10;

/// DSSE's pre-authentication encoding: what is signed.
#[must_use]
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// An envelope as it stands in a file. Nothing in it is trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<EnvelopeSignature>,
}

/// One signature of an envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvelopeSignature {
    keyid: String,
    sig: String,
}

/// Why there is no envelope. A fault of the signer, or a bug.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealFault {
    /// A bug: statements are bounded field by field.
    #[error("the statement is {0} bytes to sign, more than {MAX_PAE_BYTES}: this is a bug, please report it")]
    TooLarge(usize),
    /// See [`SignFault`].
    #[error(transparent)]
    Sign(#[from] SignFault),
    /// Never for a statement; the serialiser's type says otherwise.
    #[error("could not be written: {0}")]
    Json(String),
}

/// Why an envelope was refused, by step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeFault {
    /// Larger than any of ours.
    #[error("larger than {MAX_ENVELOPE_BYTES} bytes")]
    TooLarge,
    /// Not the JSON of an envelope.
    #[error(transparent)]
    Json(#[from] JsonFault),
    /// The right content in another spelling.
    #[error("not spelled as the gate spells it: the file was changed or reformatted after signing")]
    Respelled,
    /// More than one signature.
    #[error("{0} signatures where exactly one is expected")]
    Signatures(usize),
    /// Made without a key.
    #[error("unsigned: the evidence was written without a key")]
    Unsigned,
    /// Another payload type.
    #[error("the payload type is not {PAYLOAD_TYPE}")]
    PayloadType,
    /// Payload or signature is not strict, standard base64, or of a wrong size.
    #[error("the {0} is not strict standard base64 of an allowed size")]
    Encoding(&'static str),
    /// The key that the envelope names is not the trusted one.
    #[error("signed by another key than {expected}, or its keyid was changed")]
    KeyId {
        /// The trusted key's fingerprint.
        expected: String,
    },
    /// The signature is not the trusted key's over this payload.
    #[error("the signature is not this key's over this payload")]
    Signature,
}

impl Envelope {
    /// Signs a payload, and checks the signature before anybody else does.
    ///
    /// # Errors
    /// See [`SealFault`].
    pub fn sealed(payload: &[u8], signer: &dyn Sign) -> Result<Self, SealFault> {
        let message = within_limit(payload)?;
        let key = signer.public();
        let signature = signer.sign(&message)?;
        if !key.verifies(&message, &signature) {
            return Err(SignFault::OtherKey.into());
        }
        let signature = EnvelopeSignature { keyid: key.fingerprint(), sig: BASE64.encode(&signature) };
        Ok(Self { signatures: vec![signature], ..Self::around(payload) })
    }

    /// The same envelope without a signature. No verifier accepts it; it only keeps the record.
    ///
    /// # Errors
    /// [`SealFault::TooLarge`].
    pub fn unsigned(payload: &[u8]) -> Result<Self, SealFault> {
        within_limit(payload)?;
        Ok(Self::around(payload))
    }

    fn around(payload: &[u8]) -> Self {
        Self { payload: BASE64.encode(payload), payload_type: PAYLOAD_TYPE.to_owned(), signatures: Vec::new() }
    }

    /// Reads a file that holds one envelope, in its only spelling.
    ///
    /// # Errors
    /// [`EnvelopeFault::TooLarge`], [`EnvelopeFault::Json`], [`EnvelopeFault::Respelled`], [`EnvelopeFault::Signatures`].
    pub fn read(bytes: &[u8]) -> Result<Self, EnvelopeFault> {
        let envelope: Self = read_spelled(bytes)?;
        match envelope.signatures.len() {
            0 | 1 => Ok(envelope),
            more => Err(EnvelopeFault::Signatures(more)),
        }
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// Never for an envelope; the serialiser's type says otherwise.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        spell(self)
    }

    /// True when there is no signature.
    #[must_use]
    pub fn is_unsigned(&self) -> bool {
        self.signatures.is_empty()
    }

    /// The id of the signing key, as the envelope claims.
    #[must_use]
    pub fn keyid(&self) -> Option<&str> {
        self.signatures.first().map(|signature| signature.keyid.as_str())
    }

    /// Whether the payload type is the expected one.
    ///
    /// # Errors
    /// [`EnvelopeFault::PayloadType`].
    pub fn check_type(&self) -> Result<(), EnvelopeFault> {
        if self.payload_type == PAYLOAD_TYPE { Ok(()) } else { Err(EnvelopeFault::PayloadType) }
    }

    /// Payload and signature, decoded and not yet verified.
    ///
    /// # Errors
    /// [`EnvelopeFault::Encoding`], [`EnvelopeFault::Unsigned`].
    pub(super) fn decode(&self) -> Result<Decoded<'_>, EnvelopeFault> {
        let payload = BASE64
            .decode(self.payload.as_bytes())
            .ok()
            .filter(|payload| payload.len() <= MAX_PAYLOAD_BYTES)
            .ok_or(EnvelopeFault::Encoding("payload"))?;
        let signature = match self.signatures.first() {
            None => None,
            Some(signature) => Some(
                BASE64
                    .decode(signature.sig.as_bytes())
                    .ok()
                    .and_then(|sig| <[u8; SIGNATURE_BYTES]>::try_from(sig).ok())
                    .ok_or(EnvelopeFault::Encoding("signature"))?,
            ),
        };
        Ok(Decoded { envelope: self, payload, signature })
    }
}

/// Decoded, not verified: the payload cannot be reached without the key.
pub(super) struct Decoded<'a> {
    envelope: &'a Envelope,
    payload: Vec<u8>,
    signature: Option<[u8; SIGNATURE_BYTES]>,
}

impl Decoded<'_> {
    /// The signature's bytes, not verified.
    pub(super) const fn signature(&self) -> Option<[u8; SIGNATURE_BYTES]> {
        self.signature
    }

    /// The payload, if the key signed it and is the one that the envelope names.
    pub(super) fn verify(self, key: &PublicKey) -> Result<Vec<u8>, EnvelopeFault> {
        let signature = self.signature.ok_or(EnvelopeFault::Unsigned)?;
        let expected = key.fingerprint();
        if self.envelope.keyid() != Some(expected.as_str()) {
            return Err(EnvelopeFault::KeyId { expected });
        }
        if !key.verifies(&pae(&self.envelope.payload_type, &self.payload), &signature) {
            return Err(EnvelopeFault::Signature);
        }
        Ok(self.payload)
    }
}

fn within_limit(payload: &[u8]) -> Result<Vec<u8>, SealFault> {
    let message = pae(PAYLOAD_TYPE, payload);
    if message.len() > MAX_PAE_BYTES { Err(SealFault::TooLarge(message.len())) } else { Ok(message) }
}

/// The one spelling of a file: compact JSON and a line feed.
pub(super) fn spell<T: Serialize>(document: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec(document)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads a document and refuses every spelling but the one of [`spell`].
pub(super) fn read_spelled<T: Serialize + serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, EnvelopeFault> {
    if bytes.len() > MAX_ENVELOPE_BYTES {
        return Err(EnvelopeFault::TooLarge);
    }
    let document: T = json::read(bytes)?;
    match spell(&document) {
        Ok(spelled) if spelled == bytes => Ok(document),
        _ => Err(EnvelopeFault::Respelled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pae_is_the_one_of_the_specification() {
        // protocol.md, "Test Vectors".
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
        // The lengths are those of bytes, not of characters.
        assert_eq!(pae("t", "é".as_bytes()), "DSSEv1 1 t 2 é".as_bytes());
        assert_eq!(pae("", b""), b"DSSEv1 0  0 ");
    }
}
