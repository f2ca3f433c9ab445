//! ECDSA over the curves of NIST.
//!
//! What must stay true: a point has one spelling, the uncompressed one, so that one key never looks like two.
//!
//! Sources: FIPS 186-5, section 6; SEC 1, section 2.3.3.

use p256::ecdsa::signature::hazmat::PrehashVerifier as _;

use super::Hash;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    /// Bytes of a coordinate, and of a number of a signature.
    pub(crate) const fn width(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The hash that is as strong as the curve.
    pub(crate) const fn hash(self) -> Hash {
        match self {
            Self::P256 => Hash::Sha256,
            Self::P384 => Hash::Sha384,
            Self::P521 => Hash::Sha512,
        }
    }

    /// Whether these bytes are as long as a point, and spelled as one is here.
    pub(crate) fn is_point(self, point: &[u8]) -> bool {
        point.first() == Some(&4) && point.len() == 1 + 2 * self.width()
    }

    /// The numbers of a signature, big-endian without leading zeros, one after the other in full width.
    pub(crate) fn joined(self, numbers: [&[u8]; 2]) -> Option<Vec<u8>> {
        let mut joined = Vec::with_capacity(2 * self.width());
        for number in numbers {
            let zeros = self.width().checked_sub(number.len())?;
            joined.extend(std::iter::repeat_n(0, zeros));
            joined.extend(number);
        }
        Some(joined)
    }
}

/// Whether this signature, as [`Curve::joined`] gives it, is of this message.
pub(crate) fn verifies(curve: Curve, point: &[u8], hash: Hash, message: &[u8], signature: &[u8]) -> bool {
    let digest = hash.of(message);
    macro_rules! verifies {
        ($curve:ident) => {
            match ($curve::ecdsa::VerifyingKey::from_sec1_bytes(point), $curve::ecdsa::Signature::from_slice(signature))
            {
                (Ok(key), Ok(signature)) => key.verify_prehash(&digest, &signature).is_ok(),
                _ => false,
            }
        };
    }
    match curve {
        Curve::P256 => verifies!(p256),
        Curve::P384 => verifies!(p384),
        Curve::P521 => verifies!(p521),
    }
}
