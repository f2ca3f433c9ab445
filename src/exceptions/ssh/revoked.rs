//! Keys that no longer count: OpenSSH's revocation lists, binary (KRL) or one public key a line.
//!
//! What must stay true: a list that is not wholly understood stops the run. What it revokes in another way than by the key itself, and
//! could be about a key that is verified here, is refused and never passed over.
//!
//! Sources: OpenSSH, PROTOCOL.krl; ssh-keygen(1), KEY REVOCATION LISTS.

use std::collections::BTreeSet;

use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

use super::wire::Fields;
use super::{SignatureError, SshKey};

const MAGIC: &[u8] = b"SSHKRL\n\0";

/// Sections of a binary list.
const CERTIFICATES: u8 = 1;
const EXPLICIT_KEY: u8 = 2;
const FINGERPRINT_SHA256: u8 = 5;
const EXTENSION: u8 = 255;

/// Keys that are revoked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevokedKeys {
    blobs: BTreeSet<Vec<u8>>,
    sha256: BTreeSet<Vec<u8>>,
}

/// Why a list is none. Whoever keeps it has to make it anew.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevokedError {
    /// The binary form is cut off or holds what it should not.
    #[error("not a revocation list of OpenSSH")]
    Malformed,
    /// A version or section that is not understood.
    #[error("{0} in a revocation list is not understood")]
    Unsupported(String),
    /// A line of the text form.
    #[error("line {0}: a public key is expected, as in a .pub file")]
    Line(usize),
}

impl From<SignatureError> for RevokedError {
    fn from(_: SignatureError) -> Self {
        Self::Malformed
    }
}

impl RevokedKeys {
    /// Reads either form.
    ///
    /// # Errors
    /// [`RevokedError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, RevokedError> {
        match bytes.strip_prefix(MAGIC) {
            Some(rest) => Self::binary(rest),
            None => Self::lines(std::str::from_utf8(bytes).map_err(|_| RevokedError::Malformed)?),
        }
    }

    /// Whether a key is among them.
    pub(super) fn holds(&self, key: &SshKey) -> bool {
        self.blobs.contains(key.blob()) || self.sha256.contains(Sha256::digest(key.blob()).as_slice())
    }

    fn lines(text: &str) -> Result<Self, RevokedError> {
        let mut revoked = Self::default();
        for (number, line) in text.lines().enumerate().map(|(number, line)| (number + 1, line.trim())) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let mut words = line.split_ascii_whitespace();
            let (kind, blob) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let blob = BASE64.decode(blob.as_bytes()).map_err(|_| RevokedError::Line(number))?;
            if Fields(&blob).string() != Ok(kind.as_bytes()) {
                return Err(RevokedError::Line(number));
            }
            revoked.blobs.insert(blob);
        }
        Ok(revoked)
    }

    fn binary(bytes: &[u8]) -> Result<Self, RevokedError> {
        let mut fields = Fields(bytes);
        let version = fields.u32()?;
        if version != 1 {
            return Err(RevokedError::Unsupported(format!("version {version}")));
        }
        // Its own version, when it was made, flags, reserved, a comment.
        let _ = (fields.u64()?, fields.u64()?, fields.u64()?, fields.string()?, fields.string()?);
        let mut revoked = Self::default();
        while !fields.is_empty() {
            let (section, data) = (fields.byte()?, fields.string()?);
            revoked.section(section, data)?;
        }
        Ok(revoked)
    }

    fn section(&mut self, section: u8, data: &[u8]) -> Result<(), RevokedError> {
        let mut fields = Fields(data);
        match section {
            // No signature by a certificate counts here, whether it is revoked or not.
            CERTIFICATES => {}
            EXPLICIT_KEY => {
                while !fields.is_empty() {
                    self.blobs.insert(fields.string()?.to_vec());
                }
            }
            FINGERPRINT_SHA256 => {
                while !fields.is_empty() {
                    self.sha256.insert(fields.string()?.to_vec());
                }
            }
            EXTENSION => {
                let (_name, critical) = (fields.string()?, fields.byte()?);
                if critical != 0 {
                    return Err(RevokedError::Unsupported("a critical extension".to_owned()));
                }
            }
            other => return Err(RevokedError::Unsupported(format!("section {other}"))),
        }
        Ok(())
    }
}
