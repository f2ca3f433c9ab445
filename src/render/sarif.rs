//! The decision as SARIF 2.1.0, as code scanning reads it.
//!
//! What must stay true: a rule is a policy rule, a result is a verdict about one finding, and a finding that is excepted or
//! otherwise set aside is there with its suppression, so that nothing vanishes from a dashboard without a reason.
//!
//! Sources: OASIS SARIF 2.1.0; "SARIF support for code scanning" of GitHub's documentation (a location and a help text are
//! demanded, at most 25,000 results, 20 tags a rule).

use std::collections::BTreeMap;
use std::io;

use serde_json::{Map, Value, json};

use super::about::{self, Point};
use super::{Renderer, Style, json, markdown};
use crate::decision::{Decision, JudgedRule, Outcome, VerdictAction};
use crate::facts::TriagedFinding;
use crate::model::digest::Digest;
use crate::model::exception::Disposition;
use crate::model::severity::Severity;
use crate::model::text::{Untrusted, neutral};

pub(super) static RENDERER: Renderer = Renderer { id: "sarif", title: "SARIF 2.1.0, for code scanning", write };

/// Results that GitHub accepts in one run.
const MOST_RESULTS: usize = 25_000;
/// Tags of a rule that GitHub accepts.
const MOST_TAGS: usize = 20;

fn write(decision: &Decision, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let rules = Rules::of(decision, style);
    let verdicts = about::points(decision);
    let covered: std::collections::BTreeSet<&Untrusted> =
        verdicts.iter().filter_map(|point| point.finding).map(|triaged| &triaged.finding.id).collect();
    let aside = decision
        .findings
        .iter()
        .filter(|triaged| triaged.disposition != Disposition::Open && !covered.contains(&triaged.finding.id));
    let results = verdicts.iter().map(|point| of_point(*point, &rules));
    let mut results: Vec<Value> = results.chain(aside.map(|triaged| of_aside(triaged, &rules))).collect();
    let dropped = results.len().saturating_sub(MOST_RESULTS);
    results.truncate(MOST_RESULTS);
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "countersign",
                "organization": "countersign",
                "version": decision.gate.version,
                "semanticVersion": decision.gate.version,
                "informationUri": "https://countersign.dev",
                "rules": rules.descriptors(),
            } },
            "automationDetails": {
                "id": format!("countersign/{}/", uri(decision.environment.as_raw())),
                "description": { "text": about::heading(decision).join("  ") },
            },
            "invocations": [invocation(decision, dropped)],
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": {
                "outcome": decision.outcome.word(), "decision": decision.id, "totals": decision.totals,
                "only_because_of": decision.only_because_of,
            },
        }],
    });
    json::document(&log, out)
}

fn invocation(decision: &Decision, dropped: usize) -> Value {
    let mut notes: Vec<Value> = decision
        .errors
        .iter()
        .map(|error| json!({ "level": "error", "message": { "text": sentence(error.message.as_raw()) } }))
        .collect();
    if dropped > 0 {
        let text = format!("{dropped} results are left out: at most {MOST_RESULTS} are accepted.");
        notes.push(json!({ "level": "warning", "message": { "text": text } }));
    }
    json!({
        "executionSuccessful": decision.outcome != Outcome::Error,
        "exitCode": decision.exit_code,
        "endTimeUtc": decision.decided_at,
        "toolExecutionNotifications": notes,
    })
}

/// What results refer to: the rules of the policies, one for each way in which a finding is set aside, and the file of what is about
/// none, because code scanning takes no result without a location.
struct Rules<'a> {
    judged: &'a [JudgedRule],
    index: BTreeMap<String, usize>,
    anchor: Untrusted,
}

/// Dispositions of findings without a verdict, as rules.
const ASIDE: [(Disposition, &str); 4] = [
    (Disposition::Excepted, "An admitted exception covers the finding."),
    (Disposition::Suppressed, "The scanner or the source suppressed the finding, and the profile trusts that."),
    (Disposition::NotAffected, "An admitted VEX statement says that the product is not affected."),
    (Disposition::Resolved, "The finding is gone."),
];

impl<'a> Rules<'a> {
    fn of(decision: &'a Decision, style: &Style) -> Self {
        let judged = decision.rules.iter().map(|rule| rule.id.as_raw().to_owned());
        let ids = judged.chain(ASIDE.iter().map(|(disposition, _)| aside_id(*disposition)));
        let index = ids.enumerate().map(|(at, id)| (id, at)).collect();
        Self { judged: &decision.rules, index, anchor: style.anchor() }
    }

    fn descriptors(&self) -> Vec<Value> {
        let aside = ASIDE.iter().map(|(disposition, text)| {
            json!({
                "id": aside_id(*disposition),
                "name": pascal(&aside_id(*disposition)),
                "shortDescription": { "text": text },
                "fullDescription": { "text": text },
                "help": { "text": text, "markdown": text },
                "defaultConfiguration": { "level": "note" },
            })
        });
        self.judged.iter().map(descriptor).chain(aside).collect()
    }
}

fn aside_id(disposition: Disposition) -> String {
    format!("finding/{}", disposition.word())
}

fn descriptor(rule: &JudgedRule) -> Value {
    let title = sentence(rule.title.as_raw());
    let description = if rule.description.is_blank() { title.clone() } else { sentence(rule.description.as_raw()) };
    let next = rule.remediation.as_ref().map(|text| format!("What to do: {}", sentence(text.as_raw())));
    let owner = format!("Owner of the rule: {}", sentence(rule.owner.as_raw()));
    let help: Vec<String> = [Some(description.clone()), next, Some(owner)].into_iter().flatten().collect();
    let marked: Vec<String> = help.iter().map(|line| markdown::inline(line)).collect();
    let tags: Vec<_> =
        ["security".into()].into_iter().chain(rule.controls.iter().map(Untrusted::line)).take(MOST_TAGS).collect();
    json!({
        "id": rule.id,
        "name": pascal(rule.id.as_raw()),
        "shortDescription": { "text": title },
        "fullDescription": { "text": description },
        "help": { "text": help.join("\n\n"), "markdown": marked.join("\n\n") },
        "defaultConfiguration": { "level": "error" },
        "properties": {
            "tags": tags,
            "precision": "very-high",
            "problem.severity": "error",
            "security-severity": score(rule.severity),
        },
    })
}

/// GitHub's number for a severity: over 9.0 critical, from 7.0 high, from 4.0 medium.
const fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High | Severity::Unknown => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "1.0",
    }
}

fn of_point(point: Point<'_>, rules: &Rules<'_>) -> Value {
    let verdict = point.verdict;
    let level = match verdict.action {
        VerdictAction::Deny => "error",
        VerdictAction::Warn => "warning",
    };
    let mut text = sentence(&point.sentence());
    if let Some(next) = &verdict.next {
        text = format!("{text} What to do: {}", sentence(next.as_raw()));
    }
    let mut result = result(verdict.rule.as_raw(), level, &text, point.spot(), rules);
    result.insert("partialFingerprints".to_owned(), json!({ "countersign/v1": point.fingerprint().hex() }));
    if let Some(triaged) = point.finding {
        about_finding(&mut result, triaged);
    }
    let properties = json!({
        "owner": verdict.owner, "severity": verdict.severity, "fix_by": verdict.fix_by, "exceptions": verdict.exceptions,
    });
    result.insert("properties".to_owned(), properties);
    Value::Object(result)
}

fn of_aside(triaged: &TriagedFinding, rules: &Rules<'_>) -> Value {
    let id = aside_id(triaged.disposition);
    let location = &triaged.finding.location;
    let spot = location.path.as_ref().map(|path| (path, location.line));
    let text = format!("{}: {}", about::place(triaged), triaged.finding.title.line());
    let mut result = result(&id, "note", &sentence(&text), spot, rules);
    let fingerprint = Digest::of([id.as_str(), triaged.finding.fingerprint.as_raw()].join("\n"));
    result.insert("partialFingerprints".to_owned(), json!({ "countersign/v1": fingerprint.hex() }));
    about_finding(&mut result, triaged);
    Value::Object(result)
}

fn result(
    rule: &str,
    level: &str,
    text: &str,
    spot: Option<(&Untrusted, Option<u64>)>,
    rules: &Rules<'_>,
) -> Map<String, Value> {
    let mut result = Map::new();
    result.insert("ruleId".to_owned(), json!(rule));
    if let Some(index) = rules.index.get(rule) {
        result.insert("ruleIndex".to_owned(), json!(index));
    }
    result.insert("level".to_owned(), json!(level));
    result.insert("message".to_owned(), json!({ "text": text }));
    let (path, line) = spot.unwrap_or((&rules.anchor, None));
    let location = json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(path.as_raw()) },
        "region": { "startLine": line.unwrap_or(1).max(1) },
    } });
    result.insert("locations".to_owned(), json!([location]));
    result
}

/// What is not a place in a file, and why the finding is set aside.
fn about_finding(result: &mut Map<String, Value>, triaged: &TriagedFinding) {
    let location = &triaged.finding.location;
    let package = triaged.finding.package.as_ref().map(|package| (&package.name, "package"));
    let resource = location.resource.as_ref().map(|resource| (resource, "resource"));
    let image = location.image.as_ref().map(|image| (image, "module"));
    let logical: Vec<Value> = [package, resource, image]
        .into_iter()
        .flatten()
        .map(|(name, kind)| json!({ "fullyQualifiedName": name.line(), "kind": kind }))
        .collect();
    if let (false, Some(Value::Array(locations))) = (logical.is_empty(), result.get_mut("locations"))
        && let Some(Value::Object(first)) = locations.first_mut()
    {
        first.insert("logicalLocations".to_owned(), Value::Array(logical));
    }
    let because = match (triaged.disposition, &triaged.exception) {
        (Disposition::Open, _) => return,
        (Disposition::Excepted, Some(id)) => format!("exception {}", id.line()),
        (disposition, _) => {
            let reason = triaged.finding.suppression.as_ref().and_then(|suppression| suppression.reason.as_ref());
            reason.map_or_else(|| disposition.word().to_owned(), |reason| reason.line().into_owned())
        }
    };
    let suppression = json!({ "kind": "external", "status": "accepted", "justification": because });
    result.insert("suppressions".to_owned(), json!([suppression]));
}

/// One line that ends as a sentence does; `](` would make a link of the words before it.
fn sentence(text: &str) -> String {
    let text = neutral(text.trim()).replace("](", "] (");
    if text.ends_with(['.', '!', '?']) { text } else { format!("{text}.") }
}

/// `findings/no-secret` as `FindingsNoSecret`.
fn pascal(id: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    id.split(|c: char| !c.is_alphanumeric()).map(word).collect()
}

/// A path as a relative reference (RFC 3986): slashes, no root, everything that is not unreserved in percents.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.replace('\\', "/").trim_start_matches('/').bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
