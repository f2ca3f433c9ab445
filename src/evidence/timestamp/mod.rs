//! Timestamps of RFC 3161 over the signature of an envelope: asked for when evidence is made, checked when it is verified.
//!
//! What must stay true: a token counts only when it is over these very signature bytes and leads to a root that the verifier named;
//! whether a certificate was revoked is asked nowhere, since nothing here is online.
//!
//! Sources: RFC 3161, RFC 5652, RFC 5816; what is stamped: Sigstore's `bundle.proto`, `rfc3161_timestamps`.

mod certificate;
mod der;
mod token;

use data_encoding::BASE64;

use self::certificate::{Certificate, SHA256};
use self::der::{BOOLEAN, INTEGER, NULL, OCTET_STRING, OID, SEQUENCE, written};
use self::token::Token;
use super::keys::SIGNATURE_BYTES;
use super::verify::{CLOCK_SKEW_SECONDS, Stamps, TimeByOthers};
use crate::crypto::Hash;
use crate::model::time::Timestamp;

/// The largest answer of an authority.
pub const MAX_ANSWER_BYTES: usize = 64 << 10;

/// Why a timestamp is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimestampFault {
    /// Not what RFC 3161 says, or in a form that is not accepted.
    #[error(
        "{0} is not in the form of RFC 3161 (DER, one signer named by issuer and number, its certificate with it, signingCertificateV2)"
    )]
    Form(&'static str),
    /// The authority did not stamp.
    #[error("the authority refused to stamp it")]
    Refused,
    /// Larger than any.
    #[error("larger than {MAX_ANSWER_BYTES} bytes")]
    TooLarge,
    /// A stamp over a weak hash.
    #[error("the hash of what was stamped is not SHA-256, SHA-384 or SHA-512")]
    Hash,
    /// Of something else.
    #[error("it is over another signature")]
    OtherSignature,
    /// An answer to another request.
    #[error("it answers another request: its nonce is not the one that was sent")]
    Nonce,
    /// The authority signs in another way.
    #[error("it is not signed by ECDSA or RSA (PKCS #1 v1.5) with SHA-256, SHA-384 or SHA-512")]
    Algorithm,
    /// The signature does not hold.
    #[error("the authority's signature does not hold")]
    Signature,
    /// The signer names its certificate by a weak hash.
    #[error(
        "it names its certificate by SHA-1 alone (signingCertificate): take an authority that names it by SHA-256 (signingCertificateV2)"
    )]
    Sha1Alone,
    /// The signer's certificate is not there.
    #[error("it carries no certificate of its signer that can be read: ask for it (certReq)")]
    NoSigner,
    /// The signed hash is that of another certificate.
    #[error("it was signed with another certificate than the one that it carries")]
    OtherCertificate,
    /// One of the two clocks is wrong.
    #[error("it is of {at}, and the clock of this machine says {now}")]
    Clock {
        /// The authority's.
        at: Timestamp,
        /// Ours.
        now: Timestamp,
    },
    /// A certificate that does not do.
    #[error("{0}")]
    Certificate(String),
}

/// Why a file holds no roots.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RootFault {
    /// Neither DER nor PEM of a certificate.
    #[error("holds no certificate: neither DER nor `-----BEGIN CERTIFICATE-----` blocks")]
    Nothing,
    /// Not a certificate that can be read.
    #[error("its certificate {0} is damaged, or not X.509 version 3")]
    Damaged(usize),
}

/// A request for a stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampRequest {
    signature: [u8; SIGNATURE_BYTES],
    nonce: Vec<u8>,
}

impl TimestampRequest {
    /// For a signature; the nonce is to be random.
    #[must_use]
    pub fn new(signature: [u8; SIGNATURE_BYTES], nonce: [u8; 8]) -> Self {
        let [first, rest @ ..] = nonce;
        // Positive, and with no byte that could be left away.
        let first = 0x40 | (first & 0x3f);
        Self { signature, nonce: std::iter::once(first).chain(rest).collect() }
    }

    /// The TimeStampReq: SHA-256 of the signature, the nonce, and the wish for the signer's certificate.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let algorithm = written(SEQUENCE, &[&written(OID, &[SHA256]), &written(NULL, &[])]);
        let imprint = written(SEQUENCE, &[&algorithm, &written(OCTET_STRING, &[&Hash::Sha256.of(&self.signature)])]);
        let (version, nonce) = (written(INTEGER, &[&[1]]), written(INTEGER, &[&self.nonce]));
        written(SEQUENCE, &[&version, &imprint, &nonce, &written(BOOLEAN, &[&[0xff]])])
    }

    /// What is to be stored of an answer, if it is one to this request, made now, and its own certificate signed it. Who that is, a
    /// verifier asks.
    ///
    /// # Errors
    /// [`TimestampFault`].
    pub fn accept(&self, answer: &[u8], now: Timestamp) -> Result<Vec<u8>, TimestampFault> {
        if answer.len() > MAX_ANSWER_BYTES {
            return Err(TimestampFault::TooLarge);
        }
        let bytes = token::granted(answer)?;
        let token = Token::read(bytes)?;
        token.is_over(&self.signature)?;
        if token.info.nonce != Some(self.nonce.as_slice()) {
            return Err(TimestampFault::Nonce);
        }
        let at = token.info.latest;
        if at.seconds_since(now).abs() > CLOCK_SKEW_SECONDS {
            return Err(TimestampFault::Clock { at, now });
        }
        token.signer.held_at(token.info.at, "its certificate").map_err(TimestampFault::Certificate)?;
        Ok(token::stored(bytes))
    }
}

/// The roots of the timestamp authorities that a verifier believes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authorities {
    roots: Vec<Vec<u8>>,
}

impl Authorities {
    /// Adds the certificates of a file: one in DER, or all `CERTIFICATE` blocks of PEM, whatever stands around them.
    ///
    /// # Errors
    /// [`RootFault`].
    pub fn add_file(&mut self, file: &[u8]) -> Result<(), RootFault> {
        if Certificate::read(file).is_ok() {
            self.roots.push(file.to_vec());
            return Ok(());
        }
        let text = String::from_utf8_lossy(file);
        let mut block: Option<String> = None;
        let mut count = 0;
        for line in text.lines().map(str::trim) {
            match (line, &mut block) {
                ("-----BEGIN CERTIFICATE-----", None) => {
                    count += 1;
                    block = Some(String::new());
                }
                ("-----END CERTIFICATE-----", Some(base64)) => {
                    let root = BASE64.decode(base64.as_bytes()).map_err(|_| RootFault::Damaged(count))?;
                    Certificate::read(&root).map_err(|_| RootFault::Damaged(count))?;
                    self.roots.push(root);
                    block = None;
                }
                (line, Some(base64)) => base64.push_str(line),
                (_, None) => {}
            }
        }
        match (block, count) {
            (Some(_), count) => Err(RootFault::Damaged(count)),
            (None, 0) => Err(RootFault::Nothing),
            (None, _) => Ok(()),
        }
    }

    /// The roots, as DER.
    #[must_use]
    pub fn into_roots(self) -> Vec<Vec<u8>> {
        self.roots
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }

    fn judged(&self, answer: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> Result<TimeByOthers, TimestampFault> {
        if answer.len() > MAX_ANSWER_BYTES {
            return Err(TimestampFault::TooLarge);
        }
        let token = Token::read(token::in_stored(answer)?)?;
        token.is_over(signature)?;
        let roots: Result<Vec<_>, _> = self.roots.iter().map(|root| Certificate::read(root)).collect();
        let roots = roots.map_err(|_| TimestampFault::Form("a root"))?;
        certificate::leads_to_a_root(&token.signer, &token.others, &roots, token.info.at)
            .map_err(TimestampFault::Certificate)?;
        let by = token.signer.common_name().unwrap_or("without a name");
        Ok(TimeByOthers { at: token.info.latest, by: format!("the timestamp authority {by}") })
    }
}

impl Stamps for Authorities {
    fn existed(&self, token: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> Result<TimeByOthers, String> {
        self.judged(token, signature).map_err(|fault| fault.to_string())
    }
}
