//! OpenSSF Scorecard's JSON (`scorecard --format json`).
//!
//! Checks with a score are no findings. A score of -1 is inconclusive, not bad.

use serde::Deserialize;

use super::terms::instant;
use super::wire::{List, Number, Part, Record, Text, not_understood, read};
use super::{Format, FormatError, Head};
use crate::model::document::{Scorecard, ScoredCheck};
use crate::model::finding::Target;
use crate::model::report::Parsed;

pub(super) static FORMAT: Format = Format {
    id: "scorecard",
    title: "OpenSSF Scorecard JSON",
    docs: "https://github.com/ossf/scorecard#formatting-results",
    produce: "scorecard --repo=REPO --format json --output scorecard.json",
    seen: "JSON version 2",
    checks: &[],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let first = head.first("checks");
    let scored = first.has("name") && first.has("score") && first.has("reason");
    head.key("checks").is_array() && head.has("repo") && (head.has("scorecard") || scored)
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let report: Report<'_> = read(text, FORMAT.id)?;
    report.checks.demand(FORMAT.id, "checks")?;
    let mut parsed = Parsed::new("Scorecard", FORMAT.checks);
    parsed.tool.version = report.scorecard.get().and_then(|tool| tool.version.untrusted());
    parsed.finished_at = instant(report.date.get());
    let repository = report.repo.get();
    let commit = repository.and_then(|repository| repository.commit.get()?.parse().ok());
    parsed.target = Target {
        name: repository.and_then(|repository| repository.name.untrusted()),
        commit: commit.clone(),
        digests: Vec::new(),
    };
    let mut checks = Vec::new();
    for (index, record) in report.checks.into_records().into_iter().enumerate() {
        let read = match record {
            Record::Sound(check) => check.scored(),
            Record::Odd(found) => Err(format!("should be an object and is {found}")),
        };
        match read {
            Ok(check) => checks.push(check),
            Err(reason) => not_understood(&mut parsed, format!("/checks/{index}"), reason),
        }
    }
    let score = report.score.real().filter(|score| (0.0..=10.0).contains(score));
    parsed.scorecard = Some(Scorecard { score, commit, checks });
    Ok(parsed)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Report<'a> {
    #[serde(borrow)]
    date: Text<'a>,
    repo: Part<Repository<'a>>,
    scorecard: Part<Tool<'a>>,
    score: Number,
    checks: List<Check<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Repository<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    commit: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tool<'a> {
    #[serde(borrow)]
    version: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Check<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    score: Number,
    reason: Text<'a>,
}

impl Check<'_> {
    fn scored(&self) -> Result<ScoredCheck, String> {
        Ok(ScoredCheck {
            name: self.name.demand("name")?.into(),
            score: self.score.whole().filter(|score| *score <= 10),
            reason: self.reason.untrusted(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minus_one_is_inconclusive() {
        let parsed = parse(
            r#"{"date":"2023-03-02T10:30:43-06:00","repo":{"name":"org/shop","commit":"68bc59901773ab4c051dfcea0cc4201a1567ab32"},
                "scorecard":{"version":"v5.0.0"},"score":7.5,"checks":[{"name":"Vulnerabilities","score":0},{"name":"Packaging","score":-1}]}"#,
        )
        .unwrap();
        let card = parsed.scorecard.unwrap();
        let scores: Vec<Option<u64>> = card.checks.iter().map(|check| check.score).collect();
        assert_eq!((card.score, scores), (Some(7.5), vec![Some(0), None]));
        assert!(card.commit.is_some() && parsed.finished_at.is_some());
        assert!(parse("{}").is_err());
    }
}
