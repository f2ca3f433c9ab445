//! Signatures by the kinds of key that people and timestamp authorities have, checked.
//!
//! What must stay true: verification alone, so that there is no secret in here whose use could be timed; and what is no sound key
//! or no sound signature verifies nothing.

pub(crate) mod ecdsa;
pub(crate) mod rsa;

use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// The hashes that a signature may be made over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    pub(crate) fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }
}
