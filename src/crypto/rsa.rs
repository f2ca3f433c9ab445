//! RSA signatures with the padding of PKCS #1 v1.5.
//!
//! What must stay true: the whole padded message is built and compared; nothing of the signature is parsed.
//!
//! Source: RFC 8017, sections 8.2.2 and 9.2 (RSASSA-PKCS1-v1_5); RFC 8332 (keys of people).

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};

use super::Hash;

/// The shortest modulus in bits.
pub(crate) const LEAST_BITS: usize = 2048;

/// The longest modulus and exponent in bytes, so that a key cannot make verification take long.
const MOST_BYTES: usize = 2048;
const MOST_EXPONENT_BYTES: usize = 8;

/// DER of the digest's algorithm, up to the digest.
const SHA256: [u8; 19] = *b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
const SHA384: [u8; 19] = *b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30";
const SHA512: [u8; 19] = *b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40";

/// How many bits a big-endian number without leading zeros has.
pub(crate) fn bits(number: &[u8]) -> usize {
    let zeros = number.first().map_or(0, |first| first.leading_zeros());
    (number.len() * 8).saturating_sub(usize::try_from(zeros).unwrap_or_default())
}

/// Whether these numbers, big-endian without leading zeros, can be a key at all. How long it has to be is for [`bits`] to say.
pub(crate) fn is_key(exponent: &[u8], modulus: &[u8]) -> bool {
    modulus.len() <= MOST_BYTES && exponent.len() <= MOST_EXPONENT_BYTES && exponent != [1]
}

/// Whether a signature is of this message.
pub(crate) fn verifies(hash: Hash, (exponent, modulus): (&[u8], &[u8]), message: &[u8], signature: &[u8]) -> bool {
    let algorithm = match hash {
        Hash::Sha256 => &SHA256,
        Hash::Sha384 => &SHA384,
        Hash::Sha512 => &SHA512,
    };
    let digest = [&algorithm[..], &hash.of(message)].concat();
    let length = modulus.len();
    let Some(padding) = length.checked_sub(digest.len() + 3).filter(|padding| *padding >= 8) else { return false };
    let mut expected = vec![0, 1];
    expected.resize(2 + padding, 0xff);
    expected.push(0);
    expected.extend(digest);
    signature.len() <= length && power(signature, exponent, modulus).is_some_and(|found| same_number(&found, &expected))
}

/// `base` to the `exponent`, modulo `modulus`; `None` for a base that is no remainder or a modulus that is even.
fn power(base: &[u8], exponent: &[u8], modulus: &[u8]) -> Option<Vec<u8>> {
    let modulus = Odd::new(BoxedUint::from_be_slice_vartime(modulus)).into_option()?;
    let base = BoxedUint::from_be_slice(base, modulus.bits_precision()).ok()?;
    if base >= *modulus.as_ref() {
        return None;
    }
    let parameters = BoxedMontyParams::new_vartime(modulus);
    let power = BoxedMontyForm::new(base, &parameters).pow(&BoxedUint::from_be_slice_vartime(exponent));
    Some(power.retrieve().to_be_bytes().into_vec())
}

/// Whether two big-endian numbers are one, whatever zeros stand before them.
fn same_number(one: &[u8], other: &[u8]) -> bool {
    let plain = |number: &[u8]| number.iter().copied().skip_while(|byte| *byte == 0).collect::<Vec<u8>>();
    plain(one) == plain(other)
}
