//! Vectors that others published.

use countersign::evidence::keys::{PrivateKey, PublicKey, Sign as _};
use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

fn hex<const N: usize>(text: &str) -> [u8; N] {
    HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap()
}

/// RFC 8032, section 7.1: secret key, public key, message, signature.
const RFC_8032: &[(&str, &str, &str, &str)] = &[
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
];

/// 2^252 + 27742317777372353535851937790883648493, little endian: the order of the group.
const L: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

#[test]
fn rfc_8032_signatures_are_made_and_verified() {
    for (secret, public, message, signature) in RFC_8032 {
        let key = PrivateKey::from_seed(&Zeroizing::new(hex(secret)));
        let message = HEXLOWER.decode(message.as_bytes()).unwrap();
        assert_eq!(key.public().as_bytes(), &hex::<32>(public));
        assert_eq!(key.sign(&message).unwrap(), hex::<64>(signature));
        assert!(key.public().verifies(&message, &hex(signature)));
        assert!(!key.public().verifies(b"another message", &hex(signature)));
    }
}

#[test]
fn a_signature_has_one_spelling() {
    let (_, public, message, signature) = RFC_8032[1];
    let key = PublicKey::from_bytes(&hex(public)).unwrap();
    let message = HEXLOWER.decode(message.as_bytes()).unwrap();
    // S + L is the same number modulo L, and verifies where a verifier does not look.
    let (mut malleable, order) = (hex::<64>(signature), hex::<32>(L));
    let mut carry = 0;
    for (byte, addend) in malleable[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(addend) + carry;
        *byte = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    assert_ne!(malleable, hex::<64>(signature));
    assert!(!key.verifies(&message, &malleable));
}

#[test]
fn keys_for_which_anyone_can_sign_are_refused() {
    // Every encoding of a point of order 1, 2, 4 or 8, canonical or not (as libsodium's blocklist has them).
    for point in [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ] {
        assert!(PublicKey::from_bytes(&hex(point)).is_err(), "{point}");
    }
    // y = 3 is a point, and 3 + p is another spelling of it: no small order, still refused.
    let mut three = [0; 32];
    three[0] = 3;
    let mut above = hex::<32>("f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
    assert!(PublicKey::from_bytes(&three).is_ok());
    assert!(PublicKey::from_bytes(&above).is_err());
    above[0] = 0xeb;
    assert_ne!(PublicKey::from_bytes(&above), Err(countersign::evidence::keys::KeyFault::Weak));
}
