//! Signed notes: a text, an empty line, and signature lines.
//!
//! What must stay true: a note has one spelling; a key's signature that does not verify refuses the note, whoever else signed;
//! and the text of a note is given out only together with the key that vouches for it.
//!
//! Sources: C2SP signed-note v1.0.0 (Ed25519, type 0x01) and tlog-cosignature v1.0.0 (witnesses, type 0x04).

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest as _, Sha256};

use crate::evidence::keys::{PublicKey, SIGNATURE_BYTES, Sign, SignFault};
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;

/// The largest note that is read.
const MOST_BYTES: usize = 1 << 20;

/// The most signature lines that are read.
const MOST_SIGNATURES: usize = 100;

/// What a signature line begins with: an em dash and a space.
const DASH: &str = "\u{2014} ";

/// What a key signs as. The byte is part of the key's id, so that one role's signature is never another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The log itself: Ed25519 over the text.
    Log,
    /// A witness: Ed25519 over the text and the time at which it was seen.
    Witness,
}

impl Role {
    const fn byte(self) -> u8 {
        match self {
            Self::Log => 1,
            Self::Witness => 4,
        }
    }
}

/// A verifier key, `<name>+<id>+<base64>`: who is trusted to sign, under which name, as what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    role: Role,
    key: PublicKey,
}

/// Why a verifier key or a note was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteFault {
    /// A name with a space, a plus sign or nothing in it.
    #[error("a signer's name is not empty and has no white space, `+` or control character")]
    Name,
    /// Not `<name>+<id>+<base64>`.
    #[error("not a verifier key: expected <name>+<8 hexadecimal digits>+<base64>, as in a log's log.vkey")]
    VerifierKey,
    /// Not a note.
    #[error("not a signed note: {0}")]
    Shape(&'static str),
    /// The key that is trusted did not sign it.
    #[error("not signed by {0}")]
    NotSigned(String),
    /// A line that names a trusted key does not hold.
    #[error("the signature of {0} does not hold: the text or the signature was changed")]
    Signature(String),
    /// See [`SignFault`].
    #[error(transparent)]
    Sign(#[from] SignFault),
}

/// Too few witnesses signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{signed} of {quorum} witnesses signed the checkpoint: {missing}")]
pub struct QuorumFault {
    /// How many did.
    pub signed: usize,
    /// How many must.
    pub quorum: usize,
    /// Who did not, and why.
    pub missing: String,
}

impl VerifierKey {
    /// A verifier key.
    ///
    /// # Errors
    /// [`NoteFault::Name`].
    pub fn new(name: &str, role: Role, key: PublicKey) -> Result<Self, NoteFault> {
        let sound = !name.is_empty()
            && name.len() <= 200
            && !name.contains(|c: char| c == '+' || c.is_whitespace() || c.is_control());
        if sound { Ok(Self { name: name.to_owned(), role, key }) } else { Err(NoteFault::Name) }
    }

    /// The name that it signs under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs as.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Which of several keys of one name signed.
    fn id(&self) -> [u8; 4] {
        let hash = Sha256::new()
            .chain_update(self.name.as_bytes())
            .chain_update([b'\n', self.role.byte()])
            .chain_update(self.key.as_bytes())
            .finalize();
        let [a, b, c, d, ..]: [u8; 32] = hash.into();
        [a, b, c, d]
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[self.role.byte()], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, HEXLOWER.encode(&self.id()), BASE64.encode(&bytes))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteFault;

    fn from_str(text: &str) -> Result<Self, NoteFault> {
        let fault = || NoteFault::VerifierKey;
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_), Some(base64)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(fault());
        };
        let bytes = BASE64.decode(base64.as_bytes()).map_err(|_| fault())?;
        let (role, key) = match bytes.split_first() {
            Some((1, key)) => (Role::Log, key),
            Some((4, key)) => (Role::Witness, key),
            _ => return Err(fault()),
        };
        let key = PublicKey::from_bytes(key.try_into().map_err(|_| fault())?).map_err(|_| fault())?;
        let key = Self::new(name, role, key)?;
        // The id is derived: any other spelling is refused.
        if key.to_string() == text { Ok(key) } else { Err(fault()) }
    }
}

/// A note as it stands in a file. Nothing in it is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Signature {
    name: String,
    id: [u8; 4],
    bytes: Vec<u8>,
}

/// When a witness saw a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// The witness.
    pub name: Untrusted,
    /// By its clock.
    pub at: Timestamp,
}

impl Note {
    /// Reads a note.
    ///
    /// # Errors
    /// [`NoteFault::Shape`].
    pub fn read(bytes: &[u8]) -> Result<Self, NoteFault> {
        let shape = NoteFault::Shape;
        if bytes.len() > MOST_BYTES {
            return Err(shape("it is larger than 1 MiB"));
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| shape("it is not UTF-8"))?;
        if whole.contains(|c: char| c.is_control() && c != '\n') {
            return Err(shape("it holds control characters"));
        }
        let (text, lines) = whole.rsplit_once("\n\n").ok_or(shape("it has no empty line before its signatures"))?;
        let lines = lines.strip_suffix('\n').ok_or(shape("its last line does not end"))?;
        let signatures = lines.split('\n').map(Signature::read).collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > MOST_SIGNATURES {
            return Err(shape("it has more than 100 signatures"));
        }
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// The text, where this key signed it.
    ///
    /// # Errors
    /// [`NoteFault::NotSigned`], [`NoteFault::Signature`].
    pub fn open(&self, key: &VerifierKey) -> Result<&str, NoteFault> {
        self.signed(key, |signature| key.key.verifies(self.text.as_bytes(), signature.try_into().ok()?).then_some(()))?;
        Ok(&self.text)
    }

    /// When this witness saw the note.
    ///
    /// # Errors
    /// [`NoteFault::NotSigned`], [`NoteFault::Signature`].
    pub fn cosigned(&self, witness: &VerifierKey) -> Result<Cosigned, NoteFault> {
        let at = self.signed(witness, |bytes| {
            let (seconds, signature) = bytes.split_first_chunk::<8>()?;
            let at = Timestamp::from_unix_seconds(i64::try_from(u64::from_be_bytes(*seconds)).ok()?)?;
            let message = cosigned_bytes(&self.text, at);
            witness.key.verifies(&message, signature.try_into().ok()?).then_some(at)
        })?;
        Ok(Cosigned { name: Untrusted::from(witness.name()), at })
    }

    /// The witnesses that signed the note, each key once, however often it was given. The log is no witness of itself.
    ///
    /// # Errors
    /// [`QuorumFault`].
    pub fn witnessed(
        &self,
        log: &VerifierKey,
        witnesses: &[VerifierKey],
        quorum: usize,
    ) -> Result<Vec<Cosigned>, QuorumFault> {
        let (mut cosigned, mut missing, mut counted) = (Vec::new(), Vec::new(), Vec::new());
        for witness in witnesses {
            if counted.contains(&witness.key) {
                continue;
            }
            counted.push(witness.key.clone());
            match self.cosigned(witness) {
                Ok(_) if witness.key == log.key => missing.push(format!("{} has the log's own key", witness.name)),
                Ok(seen) => cosigned.push(seen),
                Err(fault) => missing.push(fault.to_string()),
            }
        }
        let signed = cosigned.len();
        if signed < quorum { Err(QuorumFault { signed, quorum, missing: missing.join("; ") }) } else { Ok(cosigned) }
    }

    /// What a key's lines say; each of them must hold.
    fn signed<T>(&self, key: &VerifierKey, check: impl Fn(&[u8]) -> Option<T>) -> Result<T, NoteFault> {
        let id = key.id();
        let mut found = None;
        for line in self.signatures.iter().filter(|line| line.name == key.name && line.id == id) {
            found = Some(check(&line.bytes).ok_or_else(|| NoteFault::Signature(key.name.clone()))?);
        }
        found.ok_or_else(|| NoteFault::NotSigned(key.to_string()))
    }

    /// The text before anybody vouches for it: good for finding out what to ask for, and for nothing else.
    #[must_use]
    pub fn unverified_text(&self) -> &str {
        &self.text
    }

    fn add(&mut self, key: &VerifierKey, bytes: Vec<u8>) {
        let id = key.id();
        // A witness that saw it twice says so once.
        self.signatures.retain(|line| line.name != key.name || line.id != id);
        self.signatures.push(Signature { name: key.name.clone(), id, bytes });
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for Signature { name, id, bytes } in &self.signatures {
            writeln!(f, "{DASH}{name} {}", BASE64.encode(&[id.as_slice(), bytes].concat()))?;
        }
        Ok(())
    }
}

impl Signature {
    fn read(line: &str) -> Result<Self, NoteFault> {
        let shape = || NoteFault::Shape("a signature line is not `\u{2014} <name> <base64>`");
        let (name, base64) = line.strip_prefix(DASH).and_then(|rest| rest.split_once(' ')).ok_or_else(shape)?;
        let bytes = BASE64.decode(base64.as_bytes()).map_err(|_| shape())?;
        let (id, bytes) = bytes.split_first_chunk::<4>().ok_or_else(shape)?;
        if name.is_empty() || bytes.is_empty() {
            return Err(shape());
        }
        Ok(Self { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
    }
}

/// A note of this text, signed by the log, and checked before anybody else does.
///
/// # Errors
/// [`NoteFault::Name`], [`NoteFault::Sign`].
pub fn sign(text: &str, name: &str, signer: &dyn Sign) -> Result<Note, NoteFault> {
    let key = VerifierKey::new(name, Role::Log, signer.public())?;
    let mut note = Note { text: text.to_owned(), signatures: Vec::new() };
    note.add(&key, checked(text.as_bytes(), signer)?.to_vec());
    Ok(note)
}

/// Adds a witness's signature: it saw this text at this instant.
///
/// # Errors
/// [`NoteFault::Name`], [`NoteFault::Sign`].
pub fn cosign(note: &mut Note, name: &str, signer: &dyn Sign, at: Timestamp) -> Result<(), NoteFault> {
    let key = VerifierKey::new(name, Role::Witness, signer.public())?;
    let seconds = u64::try_from(at.unix_seconds()).map_err(|_| NoteFault::Shape("a time before 1970"))?;
    let signature = checked(&cosigned_bytes(&note.text, at), signer)?;
    note.add(&key, [seconds.to_be_bytes().as_slice(), &signature].concat());
    Ok(())
}

fn cosigned_bytes(text: &str, at: Timestamp) -> Vec<u8> {
    format!("cosignature/v1\ntime {}\n{text}", at.unix_seconds()).into_bytes()
}

fn checked(message: &[u8], signer: &dyn Sign) -> Result<[u8; SIGNATURE_BYTES], NoteFault> {
    let signature = signer.sign(message)?;
    if signer.public().verifies(message, &signature) { Ok(signature) } else { Err(SignFault::OtherKey.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of C2SP's signed-note specification, which is that of Go's `golang.org/x/mod/sumdb/note`.
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
                        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn the_note_of_the_specification_holds_and_every_changed_byte_does_not() {
        let key: VerifierKey = PETER.parse().unwrap();
        let note = Note::read(NOTE.as_bytes()).unwrap();
        assert_eq!(note.to_string(), NOTE);
        assert!(note.open(&key).unwrap().ends_with("your problem is.\n"));
        for at in 0..NOTE.len() {
            let mut changed = NOTE.as_bytes().to_vec();
            changed[at] ^= 1;
            assert!(Note::read(&changed).and_then(|note| note.open(&key).map(drop)).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_verifier_key_has_one_spelling() {
        for wrong in [
            "",
            "PeterNeumann",
            "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a3+AhpcC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        ] {
            assert!(wrong.parse::<VerifierKey>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_witness_vouches_for_its_time_and_never_for_the_log() {
        use crate::evidence::keys::PrivateKey;
        let seed = |n| PrivateKey::from_seed(&zeroize::Zeroizing::new([n; 32]));
        let (log, witness) = (seed(1), seed(2));
        let mut note = sign("origin\n0\nAAAA\n", "origin", &log).unwrap();
        let at: Timestamp = "2026-11-27T08:00:00Z".parse().unwrap();
        cosign(&mut note, "witness", &witness, at).unwrap();
        let note = Note::read(note.to_string().as_bytes()).unwrap();
        let as_witness = VerifierKey::new("witness", Role::Witness, witness.public()).unwrap();
        let as_log = VerifierKey::new("witness", Role::Log, witness.public()).unwrap();
        assert_eq!(note.cosigned(&as_witness).unwrap().at, at);
        assert!(matches!(note.open(&as_log), Err(NoteFault::NotSigned(_))));
        assert!(note.open(&VerifierKey::new("origin", Role::Log, log.public()).unwrap()).is_ok());
    }
}
