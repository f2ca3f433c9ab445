//! Gitleaks' JSON (`gitleaks dir . -f json`), versions 8 and 7.
//!
//! Unless it ran with `--redact` the report holds every secret in clear. Of a match nothing is kept but the name that the
//! value is assigned to.

use serde::Deserialize;

use super::terms::{assigned_name, title};
use super::wire::{Element, List, Number, Text, read, results};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation, Rule};
use crate::model::report::{Check, Parsed};
use crate::model::severity::{Severity, SeveritySource};

pub(super) static FORMAT: Format = Format {
    id: "gitleaks",
    title: "Gitleaks JSON",
    docs: "https://github.com/gitleaks/gitleaks#reporting",
    produce: "gitleaks dir . --report-format json --report-path gitleaks.json",
    seen: "7 and 8",
    checks: &[Check::Secrets],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let first = head.root().first();
    let eight = first.has("RuleID") && first.has("Match") && first.has("File");
    let seven = first.has("rule") && first.has("offender") && first.has("file");
    !head.is_stream() && (eight || seven)
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let leaks: List<Leak<'_>> = read(text, FORMAT.id)?;
    leaks.demand(FORMAT.id, "list of leaks")?;
    let mut parsed = Parsed::new("Gitleaks", FORMAT.checks);
    results(leaks, FORMAT.id, "", &mut parsed, observe)?;
    Ok(parsed)
}

fn observe(leak: &Leak<'_>) -> Result<Element, String> {
    let rule = leak.rule.get().or(leak.rule7.get()).ok_or("has no `RuleID`")?;
    let description = leak.description.get().unwrap_or(rule);
    Ok(Element::Result(Box::new(Observation {
        rule: Rule { id: rule.into(), name: leak.description.untrusted(), url: None },
        title: title(description),
        location: Location {
            path: leak.file.untrusted().or_else(|| leak.file7.untrusted()),
            line: leak.start_line.position().or_else(|| leak.line_number7.position()),
            column: leak.start_column.position(),
            end_line: leak.end_line.position(),
            ..Location::default()
        },
        tool_fingerprint: fingerprint(leak).map(Into::into),
        context: context(leak).map(Into::into),
        ..Observation::new(Kind::Secret, rule, Severity::Unknown, SeveritySource::None)
    })))
}

/// What tells this secret from others of its rule in its file: the name it is assigned to, else how random it is.
fn context(leak: &Leak<'_>) -> Option<String> {
    let named = |whole: &Text<'_>, secret: &Text<'_>| {
        let (whole, secret) = (whole.get()?, secret.get()?);
        assigned_name(whole.get(..whole.find(secret)?)?).map(str::to_owned)
    };
    named(&leak.matched, &leak.secret)
        .or_else(|| named(&leak.line7, &leak.offender7))
        .or_else(|| leak.entropy.real().filter(|entropy| *entropy > 0.0).map(|entropy| format!("entropy {entropy:.2}")))
}

/// The tool's `commit:file:rule:line` without the commit: a secret that several commits hold is one.
fn fingerprint<'l>(leak: &'l Leak<'_>) -> Option<&'l str> {
    let whole = leak.fingerprint.get()?;
    let apart = leak.commit.get().and_then(|commit| whole.strip_prefix(commit)?.strip_prefix(':'));
    Some(apart.unwrap_or(whole))
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Leak<'a> {
    #[serde(borrow, rename = "RuleID")]
    rule: Text<'a>,
    description: Text<'a>,
    start_line: Number,
    end_line: Number,
    start_column: Number,
    #[serde(rename = "Match")]
    matched: Text<'a>,
    secret: Text<'a>,
    file: Text<'a>,
    entropy: Number,
    commit: Text<'a>,
    fingerprint: Text<'a>,
    #[serde(rename = "rule")]
    rule7: Text<'a>,
    #[serde(rename = "line")]
    line7: Text<'a>,
    #[serde(rename = "lineNumber")]
    line_number7: Number,
    #[serde(rename = "offender")]
    offender7: Text<'a>,
    #[serde(rename = "file")]
    file7: Text<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_leak_only_the_name_is_kept() {
        let text = r#"[{"RuleID":"generic-api-key","Description":"An API key","StartLine":6,"StartColumn":2,
                "Match":"payment_api_key = \"hunter2hunter2\"","Secret":"hunter2hunter2","File":"a.py","Entropy":3.5,
                "Commit":"c0ffee","Fingerprint":"c0ffee:a.py:generic-api-key:6"},
            {"RuleID":"key","Match":"hunter2","Secret":"hunter2","File":"b","Entropy":2.251629},
            {"rule":"Github","line":"export TOKEN=\"hunter2\"","offender":"hunter2","file":".bashrc","lineNumber":4}]"#;
        let parsed = parse(text).unwrap();
        assert!(!format!("{parsed:?}").contains("hunter2"));
        let contexts: Vec<_> = parsed.observations.iter().map(|o| o.context.as_ref().unwrap().as_raw()).collect();
        assert_eq!(contexts, ["payment_api_key", "entropy 2.25", "TOKEN"]);
        assert_eq!(parsed.observations[0].tool_fingerprint.as_ref().unwrap(), &"a.py:generic-api-key:6");
        assert_eq!(parsed.observations[2].location.line, Some(4));
    }
}
