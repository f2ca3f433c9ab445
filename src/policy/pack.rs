//! The policy pack and the profiles inside the binary; the build script writes the tables.

use super::{Layer, PolicyFile};

include!(concat!(env!("OUT_DIR"), "/pack.rs"));

/// The policies of the embedded pack, sorted by path.
#[must_use]
pub fn builtin() -> Vec<PolicyFile> {
    POLICIES.iter().map(|(path, source)| PolicyFile::new(*path, Layer::Builtin, *source)).collect()
}

/// Whether these are the files of the embedded pack, all of them and nothing else, in its order.
pub(super) fn is_embedded(files: &[PolicyFile]) -> bool {
    let is_one = |(file, (path, source)): (&PolicyFile, &(&str, &str))| {
        file.layer == Layer::Builtin && file.path == *path && file.source == *source
    };
    files.len() == POLICIES.len() && files.iter().zip(POLICIES).all(is_one)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Bundle;

    #[test]
    fn what_is_not_checked_at_every_start_has_no_fault() {
        let pack = builtin();
        assert!(is_embedded(&pack));
        // Under another layer the same files are checked.
        let mut checked = pack.clone();
        checked.iter_mut().for_each(|file| file.layer = Layer::Organisation);
        assert!(!is_embedded(&checked));
        Bundle::load(checked, &[]).unwrap();
        let mut changed = pack.clone();
        changed[0].source.to_mut().push('\n');
        assert!(!is_embedded(&changed) && !is_embedded(&pack[1..]));
    }
}
