//! Words that several formats share: classes, names of vulnerabilities, times, snippets, messages about secrets.
//!
//! What must stay true: what may hold a secret's value leaves this module cut, never as it came.

use std::borrow::Cow;
use std::str::FromStr as _;

use packageurl::PackageUrl;

use crate::model::digest::Digest;
use crate::model::finding::Cvss;
use crate::model::package::Package;
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;

/// Characters of a title; the rest of a longer message is cut.
const TITLE: usize = 300;

/// Classes of credentials in code: what a tool shows of such a result may be the credential itself.
const CREDENTIAL_CWES: &[&str] = &["CWE-259", "CWE-321", "CWE-522", "CWE-798", "CWE-540", "CWE-615"];

/// A CWE class as `CWE-79`, from `CWE-79: …`, `cwe-079`, `external/cwe/cwe-079` or the bare number.
pub(super) fn cwe(text: &str) -> Option<Untrusted> {
    let lower = text.trim().to_ascii_lowercase();
    let digits = match lower.rfind("cwe-").or_else(|| lower.rfind("cwe:")) {
        Some(at) => lower.get(at + 4..)?,
        None if lower.bytes().all(|byte| byte.is_ascii_digit()) => lower.as_str(),
        None => return None,
    };
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let number: u32 = digits.get(..end)?.parse().ok()?;
    (number > 0).then(|| format!("CWE-{number}").into())
}

/// Sorted and each once.
pub(super) fn distinct(mut names: Vec<Untrusted>) -> Vec<Untrusted> {
    names.sort();
    names.dedup();
    names
}

/// Whether these classes say that a credential stands in the code.
pub(super) fn is_about_credentials(cwes: &[Untrusted]) -> bool {
    cwes.iter().any(|cwe| CREDENTIAL_CWES.contains(&cwe.as_raw()))
}

/// The name of a vulnerability that has a well-known form (CVE, GHSA, OSV databases), in its usual case.
pub(super) fn vulnerability_id(text: &str) -> Option<Untrusted> {
    let text = text.trim();
    let (prefix, rest) = text.split_once('-')?;
    let shaped = rest.len() >= 4 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let numbered = shaped && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') && rest.contains('-');
    match prefix.to_ascii_uppercase().as_str() {
        "CVE" if numbered => Some(text.to_ascii_uppercase().into()),
        "GO" | "RUSTSEC" | "PYSEC" | "OSV" | "MAL" | "GSD" if numbered => Some(text.to_ascii_uppercase().into()),
        "GHSA" if shaped && rest.len() == 14 => Some(format!("GHSA-{}", rest.to_ascii_lowercase()).into()),
        "SNYK" if shaped => Some(text.to_ascii_uppercase().into()),
        _ => None,
    }
}

/// A CVSS assessment: the score as stated, else as the vector scores; nothing where neither says anything.
pub(super) fn assessment(vector: Option<&str>, stated: Option<f64>) -> Option<Box<Cvss>> {
    let vector = vector.map(str::trim).filter(|vector| !vector.is_empty());
    let computed = || vector?.parse::<cvss::Cvss>().ok().map(|cvss| cvss.score());
    let score = stated.filter(|score| (0.0..=10.0).contains(score)).or_else(computed);
    let version = vector.map(|vector| match vector.strip_prefix("CVSS:").and_then(|rest| rest.split_once('/')) {
        Some((version, _)) => Untrusted::from(version),
        None => Untrusted::from("2.0"),
    });
    (vector.is_some() || score.is_some())
        .then(|| Box::new(Cvss { vector: vector.map(Untrusted::from), score, version }))
}

/// The package that a package URL names.
pub(super) fn package_of(purl: &str) -> Option<Package> {
    let url = PackageUrl::from_str(purl).ok()?;
    let separator = if url.ty() == "maven" { ':' } else { '/' };
    let name = match url.namespace() {
        Some(namespace) => format!("{namespace}{separator}{}", url.name()),
        None => url.name().to_owned(),
    };
    Some(Package {
        name: name.into(),
        version: url.version().map(Untrusted::from),
        purl: Some(purl.into()),
        ecosystem: Some(url.ty().into()),
        ..Package::default()
    })
}

/// The digest in `sha256:…` or `image@sha256:…`.
pub(super) fn digest(text: &str) -> Option<Digest> {
    text.rsplit_once('@').map_or(text, |(_, digest)| digest).trim().parse().ok()
}

/// The name of a vulnerability that a rule's id begins with, where the tool appends the package (`CVE-2021-1-django`).
pub(super) fn leading_vulnerability_id(text: &str) -> Option<Untrusted> {
    let parts = if text.get(..4)?.eq_ignore_ascii_case("GHSA") { 4 } else { 3 };
    let (end, _) = text.match_indices('-').nth(parts - 1)?;
    vulnerability_id(text.get(..end)?)
}

/// An instant as RFC 3339, Ruby or Go write it; nothing where the text is something else or has no zone.
pub(super) fn instant(text: Option<&str>) -> Option<Timestamp> {
    let text = text?;
    text.parse().ok().or_else(|| {
        let mut parts = text.split_whitespace();
        let (date, time, zone) = (parts.next()?, parts.next()?, parts.next()?);
        let (hours, minutes) = zone.split_at_checked(3)?;
        format!("{date}T{time}{hours}:{minutes}").parse().ok()
    })
}

/// A URL without what may be secret in it: user, password, query and fragment.
pub(super) fn address(url: &str) -> Cow<'_, str> {
    let shown = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = shown.split_once("://").map_or(("", shown), |(scheme, rest)| (scheme, rest));
    let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
    match host.rsplit_once('@') {
        Some((_, host)) => {
            format!("{scheme}://{host}{}{}", if path.is_some() { "/" } else { "" }, path.unwrap_or("")).into()
        }
        None => shown.into(),
    }
}

/// The digest of code with white space folded; nothing where there is no code. Never for what may hold a secret.
pub(super) fn snippet(code: &str) -> Option<Digest> {
    let mut folded = String::with_capacity(code.len());
    for word in code.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    (!folded.is_empty()).then(|| Digest::of(folded))
}

/// The name that a value is assigned to, from the text before the value (`api_key = "`): letters, `_`, `-` and `.` only, so
/// that no part of a value passes for a name.
pub(super) fn assigned_name(before: &str) -> Option<&str> {
    let blank = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`');
    let assigned = before.trim_end_matches(blank);
    let named = assigned.trim_end_matches([':', '=', '>']);
    if named.len() == assigned.len() {
        return None;
    }
    let named = named.trim_end_matches(blank);
    let start = named.rfind(|c: char| !c.is_ascii_alphabetic() && !matches!(c, '_' | '-' | '.')).map_or(0, |at| at + 1);
    // What precedes ends at a character boundary only where that character is one byte long.
    let name = named.get(start..).filter(|name| (1..=40).contains(&name.len()))?;
    (!named.get(..start)?.ends_with(|c: char| c.is_ascii_digit())).then_some(name)
}

/// A licence of a bill of materials, unless it says that it asserts none.
pub(super) fn asserted(license: Option<&str>) -> Option<Untrusted> {
    let text = license?.trim();
    (!matches!(text, "" | "NOASSERTION" | "NONE")).then(|| text.into())
}

/// A package of a bill of materials as people name it.
pub(super) fn versioned(name: Option<&str>, version: Option<&str>) -> Untrusted {
    let name = name.unwrap_or("a package without a name");
    match version {
        Some(version) => Untrusted::new(format!("{name}@{version}")),
        None => name.into(),
    }
}

/// A message as a title: its first paragraph, white space folded, cut where it is long.
pub(super) fn title(message: &str) -> Untrusted {
    let message = message.trim();
    if message.len() <= TITLE && is_one_line(message) {
        return message.into();
    }
    let paragraph = message.split("\n\n").next().unwrap_or_default();
    let mut folded = String::with_capacity(paragraph.len().min(TITLE));
    for word in paragraph.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
        if folded.len() > TITLE {
            folded.truncate(folded.floor_char_boundary(TITLE));
            folded.push('…');
            break;
        }
    }
    folded.into()
}

/// Whether there is no other white space than single spaces; false for what is not plain ASCII, which has other kinds.
fn is_one_line(text: &str) -> bool {
    let mut before = b'.';
    text.bytes().all(|byte| {
        let plain = (b' '..0x7f).contains(&byte) && !(byte == b' ' && before == b' ');
        before = byte;
        plain
    })
}

/// A message about a secret, without what stands between its first and its last quotation mark.
pub(super) fn without_quoted(message: &str) -> Cow<'_, str> {
    let quote = |c: char| matches!(c, '"' | '\'' | '`' | '“' | '”' | '‘' | '’');
    let (Some(first), Some(last)) = (message.find(quote), message.rfind(quote)) else { return message.into() };
    let (before, within) = message.split_at(first);
    // A lone mark may open a value that was cut off, or be an apostrophe: what follows it is not shown either way.
    let after = if first == last { "" } else { within.split_at(last - first).1.trim_start_matches(quote) };
    format!("{before}…{after}").into()
}

/// A message about a file that could not be read, without the code that it quotes between backticks.
pub(super) fn without_code(message: &str) -> Cow<'_, str> {
    match (message.find('`'), message.rfind('`')) {
        (Some(first), Some(last)) if first < last => {
            let (before, from) = message.split_at(first);
            let after = from.split_at(last - first).1.trim_start_matches('`');
            format!("{before}…{after}").into()
        }
        _ => message.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_read_in_every_spelling() {
        for text in ["CWE-79", "cwe-079", "external/cwe/cwe-079", "79", "CWE-79: Improper (x)", "CWE:79"] {
            assert_eq!(cwe(text).unwrap(), "CWE-79", "{text}");
        }
        for text in ["", "CWE-", "CWE-0", "security", "A7:2017", "CWE-99999999999"] {
            assert_eq!(cwe(text), None, "{text}");
        }
    }

    #[test]
    fn names_of_vulnerabilities_have_a_form() {
        for (text, name) in [
            ("cve-2021-44228", "CVE-2021-44228"),
            ("GHSA-JFH8-c2jp-5v3q", "GHSA-jfh8-c2jp-5v3q"),
            ("RUSTSEC-2020-0071", "RUSTSEC-2020-0071"),
            ("GO-2020-0015", "GO-2020-0015"),
        ] {
            assert_eq!(vulnerability_id(text).unwrap(), name);
        }
        for text in ["CVE-", "CVE-abcd", "CKV_AWS_20", "CWE-79", "CVE-2021", "go-fmt-check", "B602", "GHSA-1"] {
            assert_eq!(vulnerability_id(text), None, "{text}");
        }
    }

    #[test]
    fn a_snippet_does_not_depend_on_its_indentation() {
        assert_eq!(snippet("  if x:\n\treturn  1\n"), snippet("if x: return 1"));
        assert_ne!(snippet("if x: return 1"), snippet("if y: return 1"));
        assert_eq!(snippet(" \n"), None);
    }

    #[test]
    fn a_quoted_value_is_cut() {
        for (message, shown) in [
            ("Possible hardcoded password: 'it's'", "Possible hardcoded password: …"),
            ("The key \"abc\" in `x` is bad", "The key … is bad"),
            ("Password 'hunter", "Password …"),
            ("no value", "no value"),
        ] {
            assert_eq!(without_quoted(message), shown);
        }
    }

    #[test]
    fn an_instant_is_read_in_the_spelling_of_several_languages() {
        let seconds = |text| instant(Some(text)).map(Timestamp::unix_seconds);
        assert_eq!(seconds("2020-09-02T12:22:19-07:00"), Some(1_599_074_539));
        assert_eq!(seconds("2020-09-02 12:22:19 -0700"), Some(1_599_074_539));
        assert_eq!(seconds("2020-09-02 19:22:19.603722 +0000 UTC"), Some(1_599_074_539));
        assert_eq!(seconds("2020-09-02 19:22:19"), None);
        assert_eq!(seconds("Tue, 12 May 2020 20:57:30"), None);
    }

    #[test]
    fn an_address_keeps_no_credentials() {
        for (url, shown) in [
            ("https://jo:pw@shop.example/a/b@c?token=x#y", "https://shop.example/a/b@c"),
            ("https://jo:pw@shop.example", "https://shop.example"),
            ("https://shop.example/?q=1", "https://shop.example/"),
            ("10.0.0.1:3306", "10.0.0.1:3306"),
        ] {
            assert_eq!(address(url), shown);
        }
    }

    #[test]
    fn a_vector_scores_where_no_score_is_stated() {
        let score = |vector, stated| assessment(vector, stated).and_then(|cvss| cvss.score);
        assert_eq!(score(Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"), None), Some(9.8));
        assert_eq!(score(Some("AV:N/AC:L/Au:N/C:P/I:P/A:P"), None), Some(7.5));
        assert_eq!(score(Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"), Some(5.0)), Some(5.0));
        assert_eq!(score(Some("CVSS:9.9/nonsense"), Some(f64::NAN)), None);
        assert_eq!(assessment(None, None), None);
    }

    #[test]
    fn quoted_code_is_cut() {
        let message = "Syntax error at line a.py:1:\n `key = \"abc\"` was unexpected";
        assert_eq!(without_code(message), "Syntax error at line a.py:1:\n … was unexpected");
        assert_eq!(without_code("one ` mark"), "one ` mark");
    }

    #[test]
    fn only_a_plain_name_is_kept_of_an_assignment() {
        for (before, name) in [
            ("payment_api_key = \"", Some("payment_api_key")),
            ("  \"api-key\": \"", Some("api-key")),
            ("const Token := `", Some("Token")),
            ("'key' => '", Some("key")),
            ("é=", None),
            ("curl -u \"deploy:", Some("deploy")),
            ("AKIA1234ABCD=", None),
            ("-----BEGIN", None),
            ("x 1 = ", None),
            ("", None),
        ] {
            assert_eq!(assigned_name(before), name, "{before}");
        }
    }

    #[test]
    fn a_title_is_one_bounded_line() {
        assert_eq!(title("  a\n b\r\n\tc\n\nmore"), "a b c");
        let long = title(&"word ".repeat(1000));
        assert!(long.as_raw().len() <= TITLE + '…'.len_utf8());
    }
}
