//! From the bytes of a file to its text.
//!
//! What must stay true: a text is either the whole content of the file or an error, and inflating never takes more memory
//! than the limit on reports, whatever the compressed bytes say.

use std::borrow::Cow;
use std::io::Read as _;

use flate2::read::MultiGzDecoder;

use super::limits::{GZIP_RATIO, RATIO_FROM};
use super::{FormatError, Limits};

/// Kinds of files that hold reports but are none, by their first bytes.
const WRAPPINGS: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "a zip archive: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd: unpack it first"),
    (b"BZh", "compressed with bzip2: unpack it first"),
    (b"\xfd7zXZ\0", "compressed with xz: unpack it first"),
    (b"%PDF-", "a PDF"),
    (b"SQLite format 3\0", "a database"),
];

/// The bytes, unpacked where they are gzip.
pub(crate) fn unpack<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Cow<'a, [u8]>, FormatError> {
    let too_large = || FormatError::TooLarge { limit: "report_bytes", max: limits.report_bytes };
    let over = |length: usize| u64::try_from(length).unwrap_or(u64::MAX) > limits.report_bytes;
    if over(bytes.len()) {
        return Err(too_large());
    }
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(bytes));
    }
    let packed = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let by_ratio = packed.saturating_mul(GZIP_RATIO).max(RATIO_FROM);
    let mut inflated = Vec::new();
    // One byte more than allowed tells a report at the limit from one beyond it.
    MultiGzDecoder::new(bytes)
        .take(limits.report_bytes.min(by_ratio).saturating_add(1))
        .read_to_end(&mut inflated)
        .map_err(|error| FormatError::NotText(format!("damaged gzip: {error}")))?;
    if over(inflated.len()) {
        Err(too_large())
    } else if u64::try_from(inflated.len()).is_ok_and(|length| length > by_ratio) {
        Err(FormatError::TooLarge { limit: "gzip_ratio", max: GZIP_RATIO })
    } else {
        Ok(Cow::Owned(inflated))
    }
}

/// The text of these bytes: UTF-8 or UTF-16, with or without a byte order mark; XML also in the other encodings of one byte
/// that old tools declare.
pub(crate) fn text(bytes: &[u8]) -> Result<Cow<'_, str>, FormatError> {
    if let Some((_, what)) = WRAPPINGS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(FormatError::NotText((*what).to_owned()));
    }
    Ok(match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return Err(FormatError::NotText("UTF-32".to_owned())),
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest)?,
        [0xff, 0xfe, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)?),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)?),
        // No report starts with NUL, and none has one after its first character: this is UTF-16 without its mark.
        [1..=255, 0, 1..=255, 0, ..] => Cow::Owned(utf16(bytes, u16::from_le_bytes)?),
        [0, 1..=255, 0, 1..=255, ..] => Cow::Owned(utf16(bytes, u16::from_be_bytes)?),
        _ => utf8(bytes).or_else(|error| declared(bytes).ok_or(error))?,
    })
}

/// The text of an XML document in the encoding of one byte that it declares, where it is one of these.
fn declared(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let end = bytes.windows(2).take(MAX_DECLARATION).position(|pair| pair == b"?>")?;
    let declaration = std::str::from_utf8(bytes.get(..end)?).ok()?.strip_prefix("<?xml")?;
    let (_, value) = declaration.split_once("encoding")?;
    let encoding = value.split(['"', '\'']).nth(1)?.to_ascii_lowercase();
    let character: fn(u8) -> char = match encoding.as_str() {
        "iso-8859-1" | "latin1" => char::from,
        "windows-1252" | "cp1252" => windows,
        _ => return None,
    };
    Some(bytes.iter().map(|byte| character(*byte)).collect())
}

/// Bytes within which an XML declaration ends.
const MAX_DECLARATION: usize = 256;

/// A byte of Windows-1252, which has letters and marks where ISO 8859-1 has control characters.
fn windows(byte: u8) -> char {
    const NONE: char = char::REPLACEMENT_CHARACTER;
    const FROM_0X80: [char; 32] = [
        '€', NONE, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', NONE, 'Ž', NONE, NONE, '‘', '’', '“', '”',
        '•', '–', '—', '˜', '™', 'š', '›', 'œ', NONE, 'ž', 'Ÿ',
    ];
    usize::from(byte).checked_sub(0x80).and_then(|at| FROM_0X80.get(at)).copied().unwrap_or(char::from(byte))
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, FormatError> {
    std::str::from_utf8(bytes)
        .map(Cow::Borrowed)
        .map_err(|error| FormatError::NotText(format!("neither UTF-8 nor UTF-16 at byte {}", error.valid_up_to())))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, FormatError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(FormatError::NotText("UTF-16 that ends within a character".to_owned()));
    }
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .collect::<Result<String, _>>()
        .map_err(|error| FormatError::NotText(format!("not UTF-16: {error}")))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn utf16_bytes(text: &str, to: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to).collect()
    }

    #[test]
    fn every_encoding_gives_the_same_text() {
        let wanted = "{\"a\":\"ä 💥\"}";
        let mut encodings = vec![wanted.as_bytes().to_vec(), [b"\xef\xbb\xbf", wanted.as_bytes()].concat()];
        for to in [u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes] {
            encodings.push(utf16_bytes(wanted, to));
            encodings.push(utf16_bytes(&format!("\u{feff}{wanted}"), to));
        }
        for bytes in encodings {
            assert_eq!(text(&bytes).unwrap(), wanted, "{bytes:?}");
        }
    }

    #[test]
    fn xml_may_declare_an_encoding_of_one_byte() {
        for (encoding, bytes, wanted) in [
            ("ISO-8859-1", b"caf\xe9".as_slice(), "café"),
            ("windows-1252", b"caf\xe9 \x80", "café €"),
            ("utf-8", "café".as_bytes(), "café"),
        ] {
            let head = format!("<?xml version='1.0' encoding='{encoding}'?>");
            let document = [head.as_bytes(), b"<a>", bytes, b"</a>"].concat();
            assert_eq!(text(&document).unwrap(), format!("{head}<a>{wanted}</a>"));
        }
        for broken in
            [b"<?xml version=\"1.0\"?><a>\xe9</a>".as_slice(), b"<?xml version=\"1.0\" encoding=\"utf-8\"?><a>\xe9</a>"]
        {
            assert!(matches!(text(broken), Err(FormatError::NotText(_))));
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for bytes in [
            b"\xff\xfe{\0\0".as_slice(),
            b"\xff\xfe\x00\xd8",
            b"\xff\xfe\0\0{\0\0\0",
            b"PK\x03\x04abc",
            b"caf\xe9",
            b"\x7fELF\x02\x01\x01\xff",
        ] {
            assert!(matches!(text(bytes), Err(FormatError::NotText(_))), "{bytes:?}");
        }
    }

    #[test]
    fn nothing_is_empty_in_any_encoding() {
        for bytes in [b"".as_slice(), b" \r\n\t", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff\0 \0\n"] {
            assert_eq!(text(bytes).map(|text| text.trim().to_owned()), Ok(String::new()), "{bytes:?}");
        }
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let limits = Limits { report_bytes: 1 << 16, ..Limits::default() };
        let bomb = gzip(&vec![b' '; 1 << 24]);
        assert!(bomb.len() < 1 << 16);
        assert_eq!(
            unpack(&bomb, &limits).map(|bytes| bytes.len()),
            Err(FormatError::TooLarge { limit: "report_bytes", max: 1 << 16 })
        );
        let fitting = gzip(&vec![b' '; 1 << 16]);
        assert_eq!(unpack(&fitting, &limits).map(|bytes| bytes.len()), Ok(1 << 16));
    }

    #[test]
    fn a_cut_off_or_padded_gzip_is_damaged() {
        let whole = gzip(b"[1, 2, 3]");
        assert_eq!(unpack(&whole, &Limits::default()).unwrap(), b"[1, 2, 3]".as_slice());
        for damaged in [&whole[..whole.len() - 3], &[whole.as_slice(), b"{}"].concat()] {
            assert!(matches!(unpack(damaged, &Limits::default()), Err(FormatError::NotText(_))));
        }
    }
}
