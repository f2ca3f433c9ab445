//! SSH keys and signatures: who signed what, and whether they may.
//!
//! What must stay true: the answers are those of `ssh-keygen -Y verify` about the same files, or stricter.

mod allowed_signers;
mod key;
mod revoked;
mod signature;
mod wire;

pub use allowed_signers::{AllowedSigners, NotAllowed, SignersError};
pub use key::SshKey;
pub use revoked::{RevokedError, RevokedKeys};
pub use signature::{SignatureError, verify};
