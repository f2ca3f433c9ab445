//! The same envelope as a Sigstore bundle v0.3, for verifiers that want one.
//!
//! What must stay true: the bundle adds nothing that is trusted; its envelope is the DSSE file's and its hint the keyid. The one thing
//! that it has beside them is a timestamp over the signature, which is checked before it is believed.
//!
//! Source: <https://github.com/sigstore/protobuf-specs>, `sigstore_bundle.proto`.

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use super::dsse::{Envelope, EnvelopeFault, read_spelled, spell};

/// The media type of a bundle v0.3.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// A bundle with a key instead of a certificate, without log entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bundle {
    media_type: String,
    verification_material: VerificationMaterial,
    dsse_envelope: Envelope,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct VerificationMaterial {
    public_key: PublicKeyHint,
    tlog_entries: [(); 0],
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timestamp_verification_data: Option<Timestamps>,
}

/// One timestamp of RFC 3161 over the signature's bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Timestamps {
    rfc3161_timestamps: [SignedTimestamp; 1],
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SignedTimestamp {
    signed_timestamp: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PublicKeyHint {
    hint: String,
}

/// Why a bundle was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleFault {
    /// Not the JSON of a bundle of ours, or in another spelling.
    #[error(transparent)]
    Read(#[from] EnvelopeFault),
    /// Another version.
    #[error("the media type is not {MEDIA_TYPE}")]
    MediaType,
    /// It carries another envelope.
    #[error("its envelope is not the one of decision.dsse.json")]
    OtherEnvelope,
    /// The hint names another key than the envelope.
    #[error("its key hint is not the envelope's keyid")]
    Hint,
    /// The timestamp cannot be decoded.
    #[error("its timestamp is not strict standard base64")]
    Timestamp,
}

impl Bundle {
    /// The bundle around a signed envelope, with the DER of a timestamp where there is one; `None` for an unsigned envelope.
    #[must_use]
    pub fn around(envelope: &Envelope, timestamp: Option<&[u8]>) -> Option<Self> {
        let hint = envelope.keyid()?.to_owned();
        let timestamp = timestamp
            .map(|der| Timestamps { rfc3161_timestamps: [SignedTimestamp { signed_timestamp: BASE64.encode(der) }] });
        Some(Self {
            media_type: MEDIA_TYPE.to_owned(),
            verification_material: VerificationMaterial {
                public_key: PublicKeyHint { hint },
                tlog_entries: [],
                timestamp_verification_data: timestamp,
            },
            dsse_envelope: envelope.clone(),
        })
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// Never for a bundle; the serialiser's type says otherwise.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        spell(self)
    }

    /// Checks that these bytes are a bundle of this very envelope, and gives the DER of its timestamp, if it has one.
    ///
    /// # Errors
    /// See [`BundleFault`].
    pub fn check(bytes: &[u8], envelope: &Envelope) -> Result<Option<Vec<u8>>, BundleFault> {
        let bundle: Self = read_spelled(bytes)?;
        if bundle.media_type != MEDIA_TYPE {
            return Err(BundleFault::MediaType);
        }
        if bundle.dsse_envelope != *envelope {
            return Err(BundleFault::OtherEnvelope);
        }
        if envelope.keyid() != Some(bundle.verification_material.public_key.hint.as_str()) {
            return Err(BundleFault::Hint);
        }
        let Some(Timestamps { rfc3161_timestamps: [timestamp] }) =
            bundle.verification_material.timestamp_verification_data
        else {
            return Ok(None);
        };
        BASE64.decode(timestamp.signed_timestamp.as_bytes()).map(Some).map_err(|_| BundleFault::Timestamp)
    }
}
