//! The policy pack and the profiles inside the binary; the build script writes the tables.

use super::{Layer, PolicyFile};

include!(concat!(env!("OUT_DIR"), "/pack.rs"));

/// The policies of the embedded pack, sorted by path.
#[must_use]
pub fn builtin() -> Vec<PolicyFile> {
    POLICIES.iter().map(|(path, source)| PolicyFile::new(*path, Layer::Builtin, *source)).collect()
}

/// The text of a shipped profile.
#[must_use]
pub fn profile(name: &str) -> Option<&'static str> {
    PROFILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names of the shipped profiles, sorted.
pub fn profiles() -> impl Iterator<Item = &'static str> {
    PROFILES.iter().map(|(name, _)| *name)
}
