//! detect-secrets' baseline (`detect-secrets scan`).
//!
//! The hash of a secret has no key, so short secrets can be guessed from it: it is not read. What an audit called no secret
//! is marked.

use serde::Deserialize;

use super::terms::instant;
use super::wire::{Dict, Element, Flag, List, Number, Part, Text, no_results, read, results, token};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation, SuppressedBy, Suppression};
use crate::model::report::{Check, Parsed};
use crate::model::severity::{Severity, SeveritySource};

pub(super) static FORMAT: Format = Format {
    id: "detect-secrets",
    title: "detect-secrets baseline",
    docs: "https://github.com/Yelp/detect-secrets#quickstart",
    produce: "detect-secrets scan > detect-secrets.json",
    seen: "0.12 to 1.5",
    checks: &[Check::Secrets],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let results = head.key("results");
    let hashed = results.members().first().is_some_and(|(_, secrets)| secrets.first().has("hashed_secret"));
    results.is_object() && (hashed || head.key("plugins_used").is_array())
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let baseline: Baseline<'_> = read(text, FORMAT.id)?;
    let Part(Some(files)) = baseline.results else {
        return Err(no_results(FORMAT.id, "there is no `results`"));
    };
    let mut parsed = Parsed::new("detect-secrets", FORMAT.checks);
    parsed.tool.version = baseline.version.untrusted();
    parsed.finished_at = instant(baseline.generated_at.get());
    for (file, secrets) in files.0 {
        results(secrets, FORMAT.id, &format!("/results/{}", token(&file)), &mut parsed, |secret| {
            observe(secret, &file)
        })?;
    }
    Ok(parsed)
}

fn observe(secret: &Secret<'_>, file: &str) -> Result<Element, String> {
    let kind = secret.kind.demand("type")?;
    let audited = secret.is_secret.get() == Some(false);
    Ok(Element::Result(Box::new(Observation {
        title: kind.into(),
        location: Location {
            path: secret.filename.untrusted().or_else(|| Some(file.into())),
            line: secret.line_number.position(),
            ..Location::default()
        },
        confidence: secret.is_verified.is_set().then(|| "verified".into()),
        suppression: audited
            .then(|| Suppression { by: SuppressedBy::Scanner, reason: Some("audited: not a secret".into()) }),
        ..Observation::new(Kind::Secret, kind, Severity::Unknown, SeveritySource::None)
    })))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Baseline<'a> {
    #[serde(borrow)]
    version: Text<'a>,
    generated_at: Text<'a>,
    results: Part<Dict<'a, List<Secret<'a>>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Secret<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    filename: Text<'a>,
    line_number: Number,
    is_verified: Flag,
    is_secret: Flag,
}
