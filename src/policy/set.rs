//! How policies were laid out when they were loaded: with the files' bytes, enough to load the same ones again.
//!
//! What must stay true: every file that was loaded is listed with layer, mount and digest, in the order of loading, and what is
//! loaded again has those digests.

use serde::{Deserialize, Serialize};

use super::{Layer, PolicyFile};
use crate::model::digest::Digest;
use crate::strict::json;

/// The schema tag of the list.
pub(super) const SCHEMA: &str = "countersign/policy-set/v1";

/// A list of loaded policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySet {
    schema: String,
    /// Packages that are not ours and were evaluated.
    pub namespaces: Vec<String>,
    files: Vec<Placed>,
}

/// A file, and where it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Placed {
    path: String,
    layer: Layer,
    mount: String,
    digest: Digest,
}

/// Why policies cannot be loaded again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetFault {
    /// No list of ours.
    #[error("the list of policies: {0}")]
    List(String),
    /// A policy is not among what was kept.
    #[error("the policy {0} is not there")]
    Missing(String),
    /// A policy is no text.
    #[error("the policy {0} is not UTF-8")]
    NotText(String),
}

impl PolicySet {
    /// The list of these files.
    #[must_use]
    pub fn of(files: &[PolicyFile], namespaces: &[String]) -> Self {
        let placed = |file: &PolicyFile| Placed {
            path: file.path.clone(),
            layer: file.layer,
            mount: file.mount.clone(),
            digest: Digest::of(file.source.as_bytes()),
        };
        Self { schema: SCHEMA.to_owned(), namespaces: namespaces.to_vec(), files: files.iter().map(placed).collect() }
    }

    /// Compact JSON.
    ///
    /// # Errors
    /// Never for texts and digests; the serialiser's type says otherwise.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Reads a list.
    ///
    /// # Errors
    /// [`SetFault::List`].
    pub fn read(bytes: &[u8]) -> Result<Self, SetFault> {
        let set: Self = json::read(bytes).map_err(|fault| SetFault::List(fault.to_string()))?;
        if set.schema == SCHEMA { Ok(set) } else { Err(SetFault::List(format!("its schema is not {SCHEMA}"))) }
    }

    /// The files, with the bytes that `blob` gives for a digest.
    ///
    /// # Errors
    /// The first that is missing or no text.
    pub fn files<'a>(&self, blob: impl Fn(Digest) -> Option<&'a [u8]>) -> Result<Vec<PolicyFile>, SetFault> {
        let file = |placed: &Placed| {
            let bytes = blob(placed.digest).filter(|bytes| Digest::of(bytes) == placed.digest);
            let bytes = bytes.ok_or_else(|| SetFault::Missing(placed.path.clone()))?;
            let source = String::from_utf8(bytes.to_vec()).map_err(|_| SetFault::NotText(placed.path.clone()))?;
            let Placed { path, layer, mount, .. } = placed.clone();
            Ok(PolicyFile { path, layer, mount, source: source.into() })
        };
        self.files.iter().map(file).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_files_come_back_or_none() {
        let mut data = PolicyFile::new("a/data.json", Layer::Team, "{}");
        data.mount = "a".to_owned();
        let files = [PolicyFile::new("b.rego", Layer::Repository, "package b\n"), data];
        let set = PolicySet::of(&files, &["main".to_owned()]);
        let read = PolicySet::read(&set.to_bytes().unwrap()).unwrap();
        assert_eq!(read, set);
        let kept = |digest| files.iter().map(|file| file.source.as_bytes()).find(|b| Digest::of(b) == digest);
        assert_eq!(read.files(kept), Ok(files.to_vec()));
        assert_eq!(read.files(|_| Some(b"package c\n".as_slice())), Err(SetFault::Missing("b.rego".to_owned())));
        assert!(PolicySet::read(br#"{"schema":"other","namespaces":[],"files":[]}"#).is_err());
    }
}
