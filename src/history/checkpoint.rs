//! A checkpoint: how many entries a log has, and the root over them.
//!
//! What must stay true: a checkpoint is read from a note that the log's key signed, and has one spelling.
//!
//! Source: C2SP tlog-checkpoint v1.0.0. Extension lines are not used, and refused.

use data_encoding::BASE64;

use super::note::{self, Note, NoteFault, VerifierKey};
use super::tree::Hash;
use crate::evidence::keys::Sign;

/// The state of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// Why a checkpoint was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointFault {
    /// See [`NoteFault`].
    #[error(transparent)]
    Note(#[from] NoteFault),
    /// Not the three lines of a checkpoint.
    #[error("not a checkpoint: expected the log's name, the number of entries and a base64 root, a line each")]
    Shape,
    /// Another log's.
    #[error("a checkpoint of the log `{0}`, not of the key's")]
    Origin(String),
}

impl Checkpoint {
    /// The checkpoint in a note, where the log's key signed it.
    ///
    /// # Errors
    /// See [`CheckpointFault`].
    pub fn open(note: &Note, key: &VerifierKey) -> Result<Self, CheckpointFault> {
        let checkpoint = Self::read(note.open(key)?)?;
        if checkpoint.origin == key.name() { Ok(checkpoint) } else { Err(CheckpointFault::Origin(checkpoint.origin)) }
    }

    /// Reads the text of a checkpoint; who vouches for it is for the caller to know.
    ///
    /// # Errors
    /// [`CheckpointFault::Shape`].
    pub fn read(text: &str) -> Result<Self, CheckpointFault> {
        let parts = || {
            let mut lines = text.strip_suffix('\n')?.split('\n');
            let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
            let root = BASE64.decode(root.as_bytes()).ok()?.try_into().ok()?;
            lines.next().is_none().then_some(Self { origin: origin.to_owned(), size: size.parse().ok()?, root })
        };
        let checkpoint = parts().ok_or(CheckpointFault::Shape)?;
        if checkpoint.text() == text { Ok(checkpoint) } else { Err(CheckpointFault::Shape) }
    }

    /// As a note, signed by the log.
    ///
    /// # Errors
    /// See [`note::sign`].
    pub fn sign(&self, signer: &dyn Sign) -> Result<Note, NoteFault> {
        note::sign(&self.text(), &self.origin, signer)
    }

    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(&self.root))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_has_one_spelling() {
        let sound = "example.org/log\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        assert_eq!(Checkpoint::read(sound).unwrap().size, 20_852_163);
        for wrong in [
            "",
            "example.org/log\n20852163\n",
            "example.org/log\n020852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
            "example.org/log\n+20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
            "example.org/log\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n",
            "example.org/log\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nmore\n",
            "example.org/log\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
        ] {
            assert_eq!(Checkpoint::read(wrong), Err(CheckpointFault::Shape), "{wrong:?}");
        }
    }
}
