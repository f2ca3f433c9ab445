//! The signature of a policy bundle: a statement about the archive's bytes, in an envelope that lies beside it.
//!
//! What must stay true: a bundle is believed only when a key that is trusted for policies signed exactly its digest as that of a
//! policy bundle. A statement of another type, about another digest, or by a key with another role is worth nothing.

use serde::{Deserialize, Serialize};

use super::dsse::{Envelope, EnvelopeFault, SealFault};
use super::keys::{PublicKey, Sign};
use super::statement::{NAME_IN_URI, STATEMENT_TYPE, Statement, Subject, bounded};
use super::trust::{KeyRole, TrustList};
use crate::model::digest::Digest;
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;
use crate::strict::json;

/// `predicateType`.
pub const PREDICATE_TYPE: &str = "https://countersign.dev/attestation/policy-bundle/v1";

/// What the name of the envelope adds to the bundle's.
pub const SUFFIX: &str = ".dsse.json";

/// The longest revision that a statement spells out.
const MAX_REVISION: usize = 200;

/// What is said of a bundle, beside its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyBundle {
    /// The manifest's revision.
    pub revision: Untrusted,
}

/// Why a bundle's signature was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleFault {
    /// No envelope of ours, or not this key's.
    #[error("{0}")]
    Envelope(#[from] EnvelopeFault),
    /// By nobody who is trusted.
    #[error("signed by {0}, which is no key that is trusted for policies")]
    Stranger(String),
    /// By a key that does not count now.
    #[error("{0}")]
    Key(String),
    /// Signed, and no statement about one policy bundle.
    #[error("signed, and no statement about a policy bundle: {0}")]
    Statement(String),
    /// About another bundle.
    #[error("the signature is about {signed}, and the bundle is {is}")]
    Other {
        /// The digest that was signed.
        signed: Digest,
        /// That of the bundle.
        is: Digest,
    },
}

/// The envelope for a bundle.
///
/// # Errors
/// See [`SealFault`].
pub fn sealed(name: &str, digest: Digest, revision: &str, signer: &dyn Sign) -> Result<Vec<u8>, SealFault> {
    let statement = Statement {
        statement_type: STATEMENT_TYPE.into(),
        subject: vec![Subject { name: bounded(name, NAME_IN_URI), digest: digest.into() }],
        predicate_type: PREDICATE_TYPE.into(),
        predicate: PolicyBundle { revision: bounded(revision, MAX_REVISION) },
    };
    let json = |error: serde_json::Error| SealFault::Json(error.to_string());
    let payload = serde_json::to_vec(&statement).map_err(json)?;
    Envelope::sealed(&payload, signer)?.to_bytes().map_err(json)
}

/// Who is trusted to sign bundles.
#[derive(Clone, Debug, Default)]
pub struct BundleSigners {
    /// These keys.
    pub keys: Vec<PublicKey>,
    /// The policy keys of a trust file.
    pub list: Option<TrustList>,
}

impl BundleSigners {
    /// True where nobody is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.list.is_none()
    }

    /// What the envelope says of the bundle with this digest.
    ///
    /// # Errors
    /// [`BundleFault`].
    pub fn verified(&self, envelope: &[u8], digest: Digest, now: Timestamp) -> Result<PolicyBundle, BundleFault> {
        let envelope = Envelope::read(envelope)?;
        envelope.check_type()?;
        let keyid = envelope.keyid().ok_or(EnvelopeFault::Unsigned)?;
        let key = self.key(keyid, now)?;
        let payload = envelope.decode()?.verify(key)?;
        let refused = |why: &str| BundleFault::Statement(why.to_owned());
        let statement: Statement<PolicyBundle> =
            json::read(&payload).map_err(|fault| BundleFault::Statement(fault.to_string()))?;
        if statement.statement_type != STATEMENT_TYPE || statement.predicate_type != PREDICATE_TYPE {
            return Err(refused(&format!("its type is not {PREDICATE_TYPE}")));
        }
        let [Subject { digest: signed, .. }] = statement.subject.as_slice() else {
            return Err(refused("it has not exactly one subject"));
        };
        if signed.sha256 != digest {
            return Err(BundleFault::Other { signed: signed.sha256, is: digest });
        }
        Ok(statement.predicate)
    }

    fn key(&self, keyid: &str, now: Timestamp) -> Result<&PublicKey, BundleFault> {
        if let Some(key) = self.keys.iter().find(|key| key.fingerprint() == keyid) {
            return Ok(key);
        }
        let stranger = || BundleFault::Stranger(Untrusted::from(keyid).line().into_owned());
        let list = self.list.as_ref().ok_or_else(stranger)?;
        let key = list.key(KeyRole::Policy, keyid).ok_or_else(stranger)?;
        if now >= list.expires {
            return Err(BundleFault::Key(format!(
                "version {} of the trust file expired at {}",
                list.version, list.expires
            )));
        }
        key.counts_at(now, None, "now it is").map_err(BundleFault::Key)?;
        Ok(&key.public)
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::evidence::keys::PrivateKey;

    fn key(seed: u8) -> PrivateKey {
        PrivateKey::from_seed(&Zeroizing::new([seed; 32]))
    }

    fn now() -> Timestamp {
        "2026-03-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_statement_counts_for_its_digest_its_type_and_its_key_alone() {
        let digest = Digest::of("bundle");
        let signers = BundleSigners { keys: vec![key(1).public()], list: None };
        let envelope = sealed("acme.tar.gz", digest, "7", &key(1)).unwrap();
        assert_eq!(signers.verified(&envelope, digest, now()).unwrap().revision, "7");
        assert_eq!(
            signers.verified(&envelope, Digest::of("other"), now()),
            Err(BundleFault::Other { signed: digest, is: Digest::of("other") })
        );
        let theirs = sealed("acme.tar.gz", digest, "7", &key(2)).unwrap();
        assert_eq!(signers.verified(&theirs, digest, now()), Err(BundleFault::Stranger(key(2).public().fingerprint())));
        // The stranger's signature under the trusted key's id.
        let text = String::from_utf8(theirs).unwrap();
        let renamed = text.replace(&key(2).public().fingerprint(), &key(1).public().fingerprint());
        assert_eq!(
            signers.verified(renamed.as_bytes(), digest, now()),
            Err(BundleFault::Envelope(EnvelopeFault::Signature))
        );
        let statement = |kind: &str| {
            format!(
                r#"{{"_type":"{STATEMENT_TYPE}","subject":[{{"name":"a","digest":{{"sha256":"{}"}}}}],"predicateType":"{kind}","predicate":{{"revision":"7"}}}}"#,
                digest.hex()
            )
        };
        let sealed = |payload: &str| Envelope::sealed(payload.as_bytes(), &key(1)).unwrap().to_bytes().unwrap();
        assert!(signers.verified(&sealed(&statement(PREDICATE_TYPE)), digest, now()).is_ok());
        let decision = crate::evidence::predicate::gate_decision::PREDICATE.uri;
        let fault = signers.verified(&sealed(&statement(decision)), digest, now()).unwrap_err();
        assert!(matches!(fault, BundleFault::Statement(_)), "{fault}");
    }

    #[test]
    fn a_long_revision_still_fits_what_is_signed() {
        let envelope = sealed(&"n".repeat(5_000), Digest::of("x"), &"\u{1}".repeat(5_000), &key(1)).unwrap();
        let signers = BundleSigners { keys: vec![key(1).public()], list: None };
        assert!(signers.verified(&envelope, Digest::of("x"), now()).is_ok());
    }
}
