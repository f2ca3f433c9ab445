//! in-toto Statement v1: what was decided, about which bytes.
//!
//! What must stay true: every subject has a lower-case SHA-256, there are one to four of them, nothing extends the statement
//! outside its predicate, and no text is longer than its limit.
//!
//! Source: <https://github.com/in-toto/attestation>, `spec/v1/statement.md`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::digest::{CommitId, Digest};
use crate::model::text::Untrusted;

/// `_type` of every statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// The most subjects of a statement: more would not fit what is signed.
pub const MAX_SUBJECTS: usize = 4;

/// The longest URI of a thing that is released.
pub(super) const NAME_IN_URI: usize = 200;

/// A statement with its predicate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Statement<P> {
    /// Always [`STATEMENT_TYPE`].
    #[serde(rename = "_type")]
    pub statement_type: Untrusted,
    /// What it is about.
    pub subject: Vec<Subject>,
    /// A URI.
    pub predicate_type: Untrusted,
    /// What is said.
    pub predicate: P,
}

/// One thing that a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Its name, for people.
    pub name: Untrusted,
    /// What identifies it.
    pub digest: DigestSet,
}

/// Digests of the same thing: always its SHA-256, and the commit's name for a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DigestSet {
    /// SHA-256.
    #[serde(with = "hex")]
    #[cfg_attr(test, schemars(regex(pattern = "^[0-9a-f]{64}$")), schemars(with = "String"))]
    pub sha256: Digest,
    /// The name of a commit.
    #[serde(rename = "gitCommit", default, skip_serializing_if = "Option::is_none")]
    pub git_commit: Option<CommitId>,
}

impl From<Digest> for DigestSet {
    fn from(sha256: Digest) -> Self {
        Self { sha256, git_commit: None }
    }
}

/// A digest as in-toto writes it: hexadecimal digits alone, the algorithm is the key.
mod hex {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::model::digest::Digest;

    pub(super) fn serialize<S: Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&digest.hex())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        Digest::from_hex(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Texts that were too long for a statement, by the `sha256:…` that stands in their place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LongTexts(BTreeMap<String, Untrusted>);

impl LongTexts {
    /// The text, or its digest where its JSON spelling is longer than `limit` bytes; then the text is kept here.
    pub fn bounded(&mut self, text: &Untrusted, limit: usize) -> Untrusted {
        let bounded = bounded(text.as_raw(), limit);
        if bounded != *text {
            self.0.insert(bounded.as_raw().to_owned(), text.clone());
        }
        bounded
    }

    /// Digest → text.
    #[must_use]
    pub fn into_map(self) -> BTreeMap<String, Untrusted> {
        self.0
    }
}

/// What a statement holds for this text: the text, or its digest where it is too long.
#[must_use]
pub fn bounded(text: &str, limit: usize) -> Untrusted {
    if json_length(text) <= limit { Untrusted::from(text) } else { Untrusted::from(Digest::of(text).to_string()) }
}

/// Bytes between the quotes of the text's JSON spelling, as the serialiser escapes it.
fn json_length(text: &str) -> usize {
    text.bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
            0..0x20 => 6,
            _ => 1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_counts_bytes_as_they_are_spelled() {
        for text in ["", "plain", "é\u{202e}", "\"\\\n\r\t\u{8}\u{c}", "\u{0}\u{1b}\u{1f}\u{7f}"] {
            assert_eq!(json_length(text), serde_json::to_string(text).unwrap().len() - 2, "{text:?}");
        }
        assert_eq!(bounded("\u{1}", 6), "\u{1}");
        assert_eq!(bounded("\u{1}", 5), Digest::of("\u{1}").to_string().as_str());
    }
}
