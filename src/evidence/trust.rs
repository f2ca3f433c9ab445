//! The trust file: which keys may sign what, for whom, from when to when, signed by offline root keys.
//!
//! What must stay true: nothing of a trust file is looked at before enough distinct roots have signed it; the verifier names the
//! roots, how many are enough and the oldest version, so that no file can lower them; a key has one role; and the algorithm is
//! Ed25519, whatever the evidence says.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::{BASE64, BASE64_NOPAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::dsse::{pae, read_spelled, spell};
use super::keys::{PublicKey, SIGNATURE_BYTES, Sign, SignFault};
use super::predicate::gate_decision::{GateDecision, Target};
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;
use crate::strict::json;

/// The payload type of a trust file: what is signed as one is never taken for a statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.countersign.trust+json";

/// The schema tag.
pub const SCHEMA: &str = "countersign/trust/v1";

/// The largest payload that is read.
const MAX_PAYLOAD_BYTES: usize = 256 << 10;

/// The most signatures of a file.
const MAX_SIGNATURES: usize = 16;

/// What a key may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum KeyRole {
    /// Decisions and their summaries.
    Gate,
    /// Exceptions and emergencies.
    Approver,
    /// Checkpoints of a log.
    Log,
    /// Policy bundles.
    Policy,
}

/// Which keys are trusted, as of one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TrustList {
    schema: Untrusted,
    /// Rises by one with every change.
    pub version: u64,
    /// When this version was made.
    pub issued: Timestamp,
    /// From when on it is too old to deploy by.
    pub expires: Timestamp,
    /// How many roots must sign; the verifier may demand more.
    pub threshold: u64,
    /// Every key that was ever trusted, by id; revoked ones stay.
    pub keys: Vec<TrustedKey>,
    /// Roots of timestamp authorities; not written where there are none.
    #[serde(rename = "timestampRoots", default, skip_serializing_if = "Vec::is_empty")]
    pub timestamp_roots: Vec<TimestampRoot>,
}

/// A root of timestamp authorities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TimestampRoot {
    /// Its certificate (X.509, DER).
    #[serde(with = "base64_bytes")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub certificate: Vec<u8>,
    /// Since when nobody believes it, whatever a timestamp says it is of; `null` while it is sound.
    #[serde(rename = "revokedAt")]
    pub revoked_at: Option<Timestamp>,
    /// Why it was revoked.
    pub reason: Option<Untrusted>,
}

impl TimestampRoot {
    /// SHA-256 of the certificate, written like that of a key.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", BASE64_NOPAD.encode(&Sha256::digest(&self.certificate)))
    }
}

/// One key of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TrustedKey {
    /// Its OpenSSH fingerprint.
    pub keyid: Untrusted,
    /// Its 32 bytes.
    #[serde(rename = "publicKey", with = "base64_key")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub public: PublicKey,
    /// What it may sign.
    pub role: KeyRole,
    /// Repositories that it may sign for; empty for all.
    pub repositories: Vec<Untrusted>,
    /// Environments that it may sign for; empty for all.
    pub environments: Vec<Untrusted>,
    /// From when on.
    #[serde(rename = "validFrom")]
    pub valid_from: Timestamp,
    /// Until when; `null` for no end.
    #[serde(rename = "validUntil")]
    pub valid_until: Option<Timestamp>,
    /// Since when nobody should believe it; `null` while it is sound.
    #[serde(rename = "revokedAt")]
    pub revoked_at: Option<Timestamp>,
    /// Why it was revoked.
    pub reason: Option<Untrusted>,
}

mod base64_bytes {
    use data_encoding::BASE64;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64.decode(text.as_bytes()).map_err(|_| D::Error::custom("a certificate is strict standard base64"))
    }
}

mod base64_key {
    use data_encoding::BASE64;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::evidence::keys::PublicKey;

    pub(super) fn serialize<S: Serializer>(key: &PublicKey, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(key.as_bytes()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PublicKey, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64.decode(text.as_bytes()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let bytes = bytes.ok_or_else(|| D::Error::custom("a public key is 32 bytes in strict standard base64"))?;
        PublicKey::from_bytes(&bytes).map_err(D::Error::custom)
    }
}

/// What the verifier knows without the file.
#[derive(Clone, Copy, Debug)]
pub struct Roots<'a> {
    /// The root keys.
    pub keys: &'a [PublicKey],
    /// How many of them are enough, whatever the file says.
    pub threshold: usize,
    /// The oldest version that is accepted.
    pub least_version: u64,
}

/// Why a trust file was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustFault {
    /// No envelope of ours.
    #[error("is no trust file: {0}")]
    Envelope(String),
    /// Too few roots signed it.
    #[error("{signed} of the roots signed it, and {needed} are needed")]
    Threshold {
        /// Distinct roots whose signature holds.
        signed: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Signed, and still not sound.
    #[error("the list is not sound: {0}")]
    List(String),
    /// An older version than one that was seen.
    #[error(
        "is version {version}, and at least {least} is demanded: an old file would bring back keys that were revoked"
    )]
    Rollback {
        /// Of the file.
        version: u64,
        /// The demanded one.
        least: u64,
    },
    /// A root that does not sign.
    #[error(transparent)]
    Sign(#[from] SignFault),
    /// Never for a list; the serialiser's type says otherwise.
    #[error("could not be written: {0}")]
    Json(String),
}

/// The file: a DSSE envelope with one signature for each root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignedList {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<RootSignature>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RootSignature {
    keyid: String,
    sig: String,
}

impl SignedList {
    fn read(bytes: &[u8]) -> Result<(Self, Vec<u8>), TrustFault> {
        let refused = |why: &str| TrustFault::Envelope(why.to_owned());
        let signed: Self = read_spelled(bytes).map_err(|fault| TrustFault::Envelope(fault.to_string()))?;
        if signed.payload_type != PAYLOAD_TYPE {
            return Err(refused("the payload type is another one"));
        }
        if signed.signatures.len() > MAX_SIGNATURES {
            return Err(refused("too many signatures"));
        }
        let payload = BASE64.decode(signed.payload.as_bytes()).ok().filter(|bytes| bytes.len() <= MAX_PAYLOAD_BYTES);
        let payload = payload.ok_or_else(|| refused("the payload is not strict standard base64 of an allowed size"))?;
        Ok((signed, payload))
    }

    /// Distinct keys of these whose signature holds. A key that signed twice is one.
    fn signers<'a>(&self, payload: &[u8], keys: &'a [PublicKey]) -> BTreeSet<&'a [u8; 32]> {
        let message = pae(&self.payload_type, payload);
        let holds = |key: &PublicKey, signature: &RootSignature| {
            let bytes = BASE64.decode(signature.sig.as_bytes()).ok();
            let bytes = bytes.and_then(|bytes| <[u8; SIGNATURE_BYTES]>::try_from(bytes).ok());
            signature.keyid == key.fingerprint() && bytes.is_some_and(|bytes| key.verifies(&message, &bytes))
        };
        let signed = keys.iter().filter(|key| self.signatures.iter().any(|signature| holds(key, signature)));
        signed.map(PublicKey::as_bytes).collect()
    }

    fn sign(&mut self, payload: &[u8], signer: &dyn Sign) -> Result<(), TrustFault> {
        let (message, key) = (pae(PAYLOAD_TYPE, payload), signer.public());
        let signature = signer.sign(&message)?;
        if !key.verifies(&message, &signature) {
            return Err(SignFault::OtherKey.into());
        }
        let keyid = key.fingerprint();
        self.signatures.retain(|signature| signature.keyid != keyid);
        self.signatures.push(RootSignature { keyid, sig: BASE64.encode(&signature) });
        self.signatures.sort_by(|a, b| a.keyid.cmp(&b.keyid));
        Ok(())
    }

    fn to_bytes(&self) -> Result<Vec<u8>, TrustFault> {
        spell(self).map_err(|error| TrustFault::Json(error.to_string()))
    }
}

impl TrustList {
    /// A list without keys.
    #[must_use]
    pub fn new(issued: Timestamp, expires: Timestamp, threshold: u64) -> Self {
        Self {
            schema: SCHEMA.into(),
            version: 0,
            issued,
            expires,
            threshold,
            keys: Vec::new(),
            timestamp_roots: Vec::new(),
        }
    }

    /// Reads a file that enough roots have signed.
    ///
    /// # Errors
    /// [`TrustFault`].
    pub fn read(bytes: &[u8], roots: Roots<'_>) -> Result<Self, TrustFault> {
        let (signed, payload) = SignedList::read(bytes)?;
        let signers = signed.signers(&payload, roots.keys);
        let enough = |needed: usize| {
            let signed = signers.len();
            if signed >= needed { Ok(()) } else { Err(TrustFault::Threshold { signed, needed }) }
        };
        enough(roots.threshold.max(1))?;
        let list: Self = json::read(&payload).map_err(|fault| TrustFault::List(fault.to_string()))?;
        enough(usize::try_from(list.threshold).unwrap_or(usize::MAX))?;
        list.checked(roots.keys).map_err(TrustFault::List)?;
        if list.version < roots.least_version {
            return Err(TrustFault::Rollback { version: list.version, least: roots.least_version });
        }
        Ok(list)
    }

    /// The list of a file that one of these roots has signed, to be changed and signed anew. Not to verify by.
    ///
    /// # Errors
    /// [`TrustFault`].
    pub fn draft(bytes: &[u8], root: &PublicKey) -> Result<Self, TrustFault> {
        let (signed, payload) = SignedList::read(bytes)?;
        if signed.signers(&payload, std::slice::from_ref(root)).is_empty() {
            return Err(TrustFault::Threshold { signed: 0, needed: 1 });
        }
        let list: Self = json::read(&payload).map_err(|fault| TrustFault::List(fault.to_string()))?;
        list.checked(std::slice::from_ref(root)).map_err(TrustFault::List)?;
        Ok(list)
    }

    /// The next version as a file, signed by one root. Further roots sign it with [`cosigned`].
    ///
    /// # Errors
    /// [`TrustFault`].
    pub fn sealed(mut self, issued: Timestamp, root: &dyn Sign) -> Result<Vec<u8>, TrustFault> {
        self.version = self.version.saturating_add(1);
        self.issued = issued;
        self.keys.sort_by(|a, b| a.keyid.cmp(&b.keyid));
        self.timestamp_roots.sort_by_key(TimestampRoot::fingerprint);
        self.checked(&[root.public()]).map_err(TrustFault::List)?;
        let payload = serde_json::to_vec(&self).map_err(|error| TrustFault::Json(error.to_string()))?;
        let mut signed = SignedList {
            payload: BASE64.encode(&payload),
            payload_type: PAYLOAD_TYPE.to_owned(),
            signatures: Vec::new(),
        };
        signed.sign(&payload, root)?;
        signed.to_bytes()
    }

    /// What a signature cannot say: one key, one role, one entry; ids that are the keys'; sensible times.
    fn checked(&self, roots: &[PublicKey]) -> Result<(), String> {
        if self.schema != SCHEMA {
            return Err(format!("its schema is not {SCHEMA}"));
        }
        if self.threshold == 0 || self.expires <= self.issued {
            return Err("its threshold is 0, or it expires before it was issued".to_owned());
        }
        let mut seen: BTreeMap<&[u8; 32], &Untrusted> = BTreeMap::new();
        for key in &self.keys {
            let id = key.keyid.line();
            if key.keyid != key.public.fingerprint().as_str() {
                return Err(format!("{id} is not the fingerprint of its key"));
            }
            if seen.insert(key.public.as_bytes(), &key.keyid).is_some() {
                return Err(format!("{id} is listed twice: a key has one role, and one entry"));
            }
            if roots.contains(&key.public) {
                return Err(format!("{id} is a root: a root signs trust files alone"));
            }
            if key.valid_until.is_some_and(|until| until <= key.valid_from) {
                return Err(format!("{id} ends before it begins"));
            }
            // Policies are one layer of every release: a scope that nobody holds them to would only look like one.
            if key.role == KeyRole::Policy && !(key.repositories.is_empty() && key.environments.is_empty()) {
                return Err(format!("{id} is a policy key, and those have neither repositories nor environments"));
            }
        }
        let mut certificates = BTreeSet::new();
        match self.timestamp_roots.iter().find(|root| !certificates.insert(root.certificate.as_slice())) {
            Some(twice) => Err(format!("the root of timestamps {} is listed twice", twice.fingerprint())),
            None => Ok(()),
        }
    }

    /// Whether this key may sign checkpoints; else why not.
    ///
    /// # Errors
    /// The reason, in words.
    pub fn may_log(&self, key: &PublicKey) -> Result<(), String> {
        let id = key.fingerprint();
        match self.key(KeyRole::Log, &id) {
            None => Err(format!("the trust file lists no log key {id}")),
            Some(TrustedKey { revoked_at: Some(revoked), .. }) => {
                Err(format!("the log key {id} is revoked since {revoked}"))
            }
            Some(_) => Ok(()),
        }
    }

    /// The key of a role with this id.
    #[must_use]
    pub fn key(&self, role: KeyRole, keyid: &str) -> Option<&TrustedKey> {
        self.keys.iter().find(|key| key.role == role && key.keyid == keyid)
    }
}

/// The file with the signature of a further root. The list is not changed.
///
/// # Errors
/// No sound trust file, or the root cannot sign.
pub fn cosigned(bytes: &[u8], root: &dyn Sign) -> Result<Vec<u8>, TrustFault> {
    let (mut signed, payload) = SignedList::read(bytes)?;
    let list: TrustList = json::read(&payload).map_err(|fault| TrustFault::List(fault.to_string()))?;
    list.checked(&[root.public()]).map_err(TrustFault::List)?;
    signed.sign(&payload, root)?;
    signed.to_bytes()
}

impl TrustedKey {
    /// Whether the key counts at an instant; `what` says in the reason what that is. That instant is the signer's word: whoever has a
    /// revoked key can date back, so what it signed counts only where others saw it before the key was revoked.
    ///
    /// # Errors
    /// The reason, in words.
    pub fn counts_at(&self, at: Timestamp, seen: Option<Timestamp>, what: &str) -> Result<(), String> {
        let id = self.keyid.line();
        if let Some(revoked) = self.revoked_at.filter(|revoked| seen.is_none_or(|seen| seen >= *revoked)) {
            let reason = self.reason.as_ref().map_or_else(String::new, |reason| format!(" ({})", reason.line()));
            return Err(format!("{id} is revoked since {revoked}{reason}, and nothing proves that this is older"));
        }
        if at < self.valid_from || self.valid_until.is_some_and(|until| at >= until) {
            let until = self.valid_until.map_or_else(|| "on".to_owned(), |until| format!("to {until}"));
            return Err(format!("{id} counts from {} {until}, and {what} {at}", self.valid_from));
        }
        Ok(())
    }

    /// Whether the key may sign this decision, which others saw at `seen`, if any did; else why not.
    ///
    /// # Errors
    /// The reason, in words.
    pub fn may_sign(&self, decision: &GateDecision, seen: Option<Timestamp>) -> Result<(), String> {
        self.counts_at(decision.evaluation_time, seen, "the decision is of")?;
        let id = self.keyid.line();
        let target = &decision.target;
        type Is = fn(&Target, &str) -> bool;
        let scopes: [(&str, &[Untrusted], Is); 2] = [
            ("repository", &self.repositories, Target::is_repository),
            ("environment", &self.environments, Target::is_environment),
        ];
        let out = scopes
            .iter()
            .find(|(_, allowed, is)| !allowed.is_empty() && !allowed.iter().any(|a| is(target, a.as_raw())));
        match out {
            Some((what, allowed, _)) => {
                let allowed: Vec<_> = allowed.iter().map(Untrusted::line).collect();
                Err(format!("{id} may sign for {what} {} alone", allowed.join(", ")))
            }
            None => Ok(()),
        }
    }
}
