//! SSH's wire form: big-endian numbers, and strings with their length before them.
//!
//! Source: RFC 4251, section 5.

use super::SignatureError;

/// What is still to be read.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn byte(&mut self) -> Result<u8, SignatureError> {
        let (byte, rest) = self.0.split_first().ok_or(SignatureError::Malformed)?;
        self.0 = rest;
        Ok(*byte)
    }

    pub(super) fn u32(&mut self) -> Result<u32, SignatureError> {
        self.chunk().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, SignatureError> {
        self.chunk().map(u64::from_be_bytes)
    }

    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], SignatureError> {
        let (chunk, rest) = self.0.split_first_chunk::<N>().ok_or(SignatureError::Malformed)?;
        self.0 = rest;
        Ok(*chunk)
    }

    pub(super) fn string(&mut self) -> Result<&'a [u8], SignatureError> {
        let length = usize::try_from(self.u32()?).map_err(|_| SignatureError::Malformed)?;
        let (string, rest) = self.0.split_at_checked(length).ok_or(SignatureError::Malformed)?;
        self.0 = rest;
        Ok(string)
    }

    /// A positive number, big-endian without leading zeros; written in one way alone.
    pub(super) fn positive(&mut self) -> Result<&'a [u8], SignatureError> {
        match self.string()? {
            [0, rest @ ..] if rest.first().is_some_and(|first| *first >= 0x80) => Ok(rest),
            number @ [1..=0x7f, ..] => Ok(number),
            _ => Err(SignatureError::Malformed),
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn end(&self) -> Result<(), SignatureError> {
        if self.is_empty() { Ok(()) } else { Err(SignatureError::Malformed) }
    }
}

/// Appends a string in SSH's wire form. Every string here is short: a name, a hash, a key.
pub(super) fn put(out: &mut Vec<u8>, string: &[u8]) {
    out.extend(u32::try_from(string.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(string);
}
