//! OpenSSH's `allowed_signers`: whose key is whose, for what, and when.
//!
//! What must stay true: a line that is not wholly understood allows nobody: a malformed one stops the run, one with an
//! unsupported key is kept to say so.
//!
//! Source: ssh-keygen(1), ALLOWED SIGNERS; ssh_config(5), PATTERNS. Times without a zone are UTC here, not local time.

use data_encoding::BASE64;

use super::key::is_kind;
use super::{RevokedKeys, SignatureError, SshKey};
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;

/// Key types that OpenSSH knows and that are not verified here.
const UNSUPPORTED: [&str; 2] = ["ssh-dss", "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"];

/// Who may sign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedSigners {
    lines: Vec<Line>,
    revoked: RevokedKeys,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    principals: PatternList,
    /// What may be signed; everything where nothing is said.
    namespaces: Option<PatternList>,
    valid_after: Option<Timestamp>,
    valid_before: Option<Timestamp>,
    key: Key,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    Known(SshKey),
    /// A key type or a certificate authority that is not verified here.
    Unsupported(String),
}

/// The file is not an `allowed_signers` file; whoever keeps it has to correct the line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct SignersError {
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

/// Why a key is not allowed to sign as a principal. Who keeps the list can allow it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// No line has the principal.
    #[error("no allowed signer has this name")]
    Unknown,
    /// The principal's lines have other keys; the fingerprint is of this one.
    #[error("the key {0} is not listed for this name")]
    OtherKey(String),
    /// The line is for other namespaces.
    #[error("the key is not for this purpose")]
    Purpose,
    /// The line's time has not come, or is over.
    #[error("the key is not valid at this time")]
    Time,
    /// The key is revoked, whatever the lines say; its fingerprint.
    #[error("the key {0} is revoked")]
    Revoked(String),
    /// The principal's lines have keys that are not verified here.
    #[error("the key listed for this name is of the unsupported type {0}")]
    Unsupported(String),
}

impl AllowedSigners {
    /// Reads the file.
    ///
    /// # Errors
    /// The first line that is malformed.
    pub fn parse(text: &str) -> Result<Self, SignersError> {
        let mut lines = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            lines.push(parse_line(line).map_err(|reason| SignersError { line: number + 1, reason })?);
        }
        Ok(Self { lines, revoked: RevokedKeys::default() })
    }

    /// The same, without the keys that are revoked.
    #[must_use]
    pub fn without(self, revoked: RevokedKeys) -> Self {
        Self { revoked, ..self }
    }

    /// Principals whose keys are of a type that is not verified here, with that type, in the file's order.
    pub fn unsupported(&self) -> impl Iterator<Item = (Untrusted, &str)> {
        self.lines.iter().filter_map(|line| match &line.key {
            Key::Unsupported(kind) => Some((Untrusted::from(line.principals.text()), kind.as_str())),
            Key::Known(_) => None,
        })
    }

    /// Whether this key may sign as this principal, for this purpose, at this time. One line has to say all of it.
    ///
    /// # Errors
    /// The reason that is nearest to being allowed.
    pub fn allows(&self, key: &SshKey, principal: &str, namespace: &str, now: Timestamp) -> Result<(), NotAllowed> {
        if self.revoked.holds(key) {
            return Err(NotAllowed::Revoked(key.fingerprint()));
        }
        let mut nearest = NotAllowed::Unknown;
        for line in self.lines.iter().filter(|line| line.principals.matches(principal)) {
            let refusal = match &line.key {
                Key::Unsupported(kind) => NotAllowed::Unsupported(kind.clone()),
                Key::Known(listed) if listed != key => NotAllowed::OtherKey(key.fingerprint()),
                Key::Known(_) if line.namespaces.as_ref().is_some_and(|list| !list.matches(namespace)) => {
                    NotAllowed::Purpose
                }
                Key::Known(_)
                    if line.valid_after.is_some_and(|after| now < after)
                        || line.valid_before.is_some_and(|before| now >= before) =>
                {
                    NotAllowed::Time
                }
                Key::Known(_) => return Ok(()),
            };
            if matches!(refusal, NotAllowed::Purpose | NotAllowed::Time) || nearest == NotAllowed::Unknown {
                nearest = refusal;
            }
        }
        Err(nearest)
    }
}

fn parse_line(line: &str) -> Result<Line, String> {
    let (principals, rest) = field(line)?;
    let (second, after) = field(rest)?;
    let (options, kind, rest) = if is_key_type(&second) {
        (String::new(), second, after)
    } else {
        let (kind, rest) = field(after)?;
        (second, kind, rest)
    };
    let (blob, _comment) = field(rest)?;
    let mut parsed = Line {
        principals: PatternList::new(&principals)?,
        namespaces: None,
        valid_after: None,
        valid_before: None,
        key: Key::Unsupported(kind.clone()),
    };
    if !is_key_type(&kind) {
        return Err("no key type where one is expected".to_owned());
    }
    let blob = BASE64.decode(blob.as_bytes()).map_err(|_| "the key is not base64".to_owned())?;
    if is_kind(&kind) {
        parsed.key = match SshKey::from_blob(&blob) {
            Ok(key) if key.kind() == kind => Key::Known(key),
            Err(SignatureError::UnsupportedKey(why)) => Key::Unsupported(why),
            Ok(_) | Err(_) => return Err(format!("the key is no {kind} key")),
        };
    }
    for option in split_outside_quotes(&options, ',').into_iter().filter(|option| !option.is_empty()) {
        apply(&mut parsed, &option)?;
    }
    Ok(parsed)
}

fn apply(line: &mut Line, option: &str) -> Result<(), String> {
    let (name, value) = option.split_once('=').unwrap_or((option, ""));
    let value = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
    match name.to_ascii_lowercase().as_str() {
        "cert-authority" => line.key = Key::Unsupported("cert-authority".to_owned()),
        "namespaces" if line.namespaces.is_none() => line.namespaces = Some(PatternList::new(value)?),
        "valid-after" if line.valid_after.is_none() => line.valid_after = Some(time(value)?),
        "valid-before" if line.valid_before.is_none() => line.valid_before = Some(time(value)?),
        "namespaces" | "valid-after" | "valid-before" => return Err(format!("the option {name} is given twice")),
        _ => return Err("an option that is not known".to_owned()),
    }
    Ok(())
}

fn is_key_type(word: &str) -> bool {
    is_kind(word) || UNSUPPORTED.contains(&word)
}

/// The next word; quotes hold white space, as in `namespaces="a,b"`.
fn field(text: &str) -> Result<(String, &str), String> {
    let text = text.trim_start();
    let mut quoted = false;
    let end = text
        .char_indices()
        .find(|(_, c)| {
            quoted ^= *c == '"';
            !quoted && c.is_ascii_whitespace()
        })
        .map_or(text.len(), |(at, _)| at);
    if quoted {
        return Err("a quote is not closed".to_owned());
    }
    match text.split_at_checked(end) {
        Some((word, rest)) if !word.is_empty() => Ok((word.to_owned(), rest)),
        _ => Err("principals, a key type and a key are expected".to_owned()),
    }
}

fn split_outside_quotes(text: &str, separator: char) -> Vec<String> {
    let mut quoted = false;
    let split = text.split(|c: char| {
        quoted ^= c == '"';
        !quoted && c == separator
    });
    split.map(str::to_owned).collect()
}

/// `YYYYMMDD` or `YYYYMMDDHHMM[SS]`, with or without `Z`.
fn time(text: &str) -> Result<Timestamp, String> {
    let wrong = || format!("`{text}` is no time: expected YYYYMMDD or YYYYMMDDHHMM[SS], in UTC");
    let digits = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let full = format!("{digits:0<14}");
    let part = |range| full.get(range).unwrap_or_default();
    let (year, month, day) = (part(0..4), part(4..6), part(6..8));
    let (hour, minute, second) = (part(8..10), part(10..12), part(12..14));
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z").parse().map_err(|_| wrong())
}

/// OpenSSH's pattern list: `*` and `?`, separated by commas; one with `!` before it excludes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PatternList(Vec<(bool, String)>);

impl PatternList {
    fn new(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text);
        let list: Vec<(bool, String)> = text
            .split(',')
            .map(|pattern| match pattern.strip_prefix('!') {
                Some(pattern) => (true, pattern.to_owned()),
                None => (false, pattern.to_owned()),
            })
            .collect();
        if list.iter().any(|(_, pattern)| pattern.is_empty() || pattern.contains('"')) {
            return Err("an empty or quoted name in a list".to_owned());
        }
        Ok(Self(list))
    }

    fn text(&self) -> String {
        self.0
            .iter()
            .map(|(not, pattern)| if *not { format!("!{pattern}") } else { pattern.clone() })
            .collect::<Vec<_>>()
            .join(",")
    }

    fn matches(&self, name: &str) -> bool {
        let hits: Vec<bool> =
            self.0.iter().filter(|(_, pattern)| matches(pattern, name)).map(|(not, _)| *not).collect();
        !hits.is_empty() && hits.iter().all(|not| !not)
    }
}

/// `*` is any number of characters, `?` is one; linear in time and space but for the last star.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || name.get(n) == Some(c) => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    n = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

    fn key() -> SshKey {
        let blob = BASE64.decode(KEY.split_once(' ').unwrap().1.as_bytes()).unwrap();
        SshKey::from_blob(&blob).unwrap()
    }

    #[test]
    fn the_key_of_githubs_documentation_has_the_fingerprint_that_github_publishes() {
        assert_eq!(key().fingerprint(), "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU");
    }

    #[test]
    fn principal_purpose_and_time_have_to_agree_in_one_line() {
        let now: Timestamp = "2026-11-21T08:00:00Z".parse().unwrap();
        for (line, expected) in [
            ("jo@example.com".to_owned(), Ok(())),
            ("*@example.com,!mallory@example.com".to_owned(), Ok(())),
            ("*,!jo@example.com".to_owned(), Err(NotAllowed::Unknown)),
            ("sam@example.com".to_owned(), Err(NotAllowed::Unknown)),
            ("JO@example.com".to_owned(), Err(NotAllowed::Unknown)),
            ("jo@example.com namespaces=\"git,countersign-exception\"".to_owned(), Ok(())),
            ("jo@example.com namespaces=\"git\"".to_owned(), Err(NotAllowed::Purpose)),
            ("jo@example.com valid-after=\"20261121\",valid-before=\"20261122\"".to_owned(), Ok(())),
            ("jo@example.com valid-before=\"202611210800Z\"".to_owned(), Err(NotAllowed::Time)),
            ("jo@example.com valid-after=\"20261121080001Z\"".to_owned(), Err(NotAllowed::Time)),
            ("jo@example.com cert-authority".to_owned(), Err(NotAllowed::Unsupported("cert-authority".to_owned()))),
        ] {
            let signers = AllowedSigners::parse(&format!("# who\n\n{line} {KEY} a comment\n")).unwrap();
            assert_eq!(signers.allows(&key(), "jo@example.com", "countersign-exception", now), expected, "{line}");
        }
    }

    #[test]
    fn a_malformed_line_stops_and_an_unsupported_key_is_kept_to_say_so() {
        for bad in [
            "jo@example.com",
            "jo@example.com ssh-ed25519",
            "jo@example.com ssh-ed25519 AAAA",
            "jo@example.com ssh-ed25519 !!!!",
            "jo@example.com valid-untl=\"20261122\" ssh-ed25519 AAAA",
            &format!("jo@example.com valid-before=\"tomorrow\" {KEY}"),
            &format!("jo@example.com valid-before=\"20260230\" {KEY}"),
            &format!("jo@example.com namespaces=\"a\",namespaces=\"b\" {KEY}"),
            &format!("jo@example.com namespaces=\"a {KEY}"),
            &format!("jo@example.com,, {KEY}"),
        ] {
            assert_eq!(AllowedSigners::parse(&format!("\n{bad}\n")).unwrap_err().line, 2, "{bad}");
        }
        let signers = AllowedSigners::parse("sam@example.com ssh-dss AAAAB3NzaC1kc3M=\n").unwrap();
        let unsupported: Vec<(Untrusted, &str)> = signers.unsupported().collect();
        assert_eq!(unsupported, [("sam@example.com".into(), "ssh-dss")]);
        assert!(AllowedSigners::parse("sam@example.com ssh-rsa AAAAB3NzaC1yc2E=\n").is_err());
        assert!(AllowedSigners::parse(&format!("jo@example.com {}", KEY.replace("ssh-ed25519", "ssh-rsa"))).is_err());
    }
}
