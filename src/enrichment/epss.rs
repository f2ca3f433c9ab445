//! Probabilities of exploitation by FIRST: the daily CSV, and answers of the API. <https://www.first.org/epss/data_stats>,
//! <https://api.first.org/epss/>.

use std::borrow::Cow;

use serde::Deserialize;

use super::{DataError, Knowledge, Part, Source, cve, malformed};
use crate::formats::Head;
use crate::model::enrichment::DataSource;
use crate::model::time::{Date, Timestamp};

pub(super) static SOURCE: Source = Source { id: DataSource::Epss, title: "EPSS scores", detect, read };

fn detect(head: &Head<'_>) -> bool {
    is_csv(head.lines().next().unwrap_or_default()) || (head.has("status-code") && head.first("data").has("epss"))
}

fn is_csv(first_line: &str) -> bool {
    first_line.starts_with("#model_version:")
}

fn read(text: &str, knowledge: &mut Knowledge) -> Result<Part, DataError> {
    if is_csv(text.trim_start()) { read_csv(text, knowledge) } else { read_answer(text, knowledge) }
}

/// `#model_version:v2025.03.14,score_date:2026-11-20T12:55:00Z`, `cve,epss,percentile`, and a line for each CVE.
fn read_csv(text: &str, knowledge: &mut Knowledge) -> Result<Part, DataError> {
    let mut lines =
        text.lines().enumerate().map(|(index, line)| (index + 1, line.trim())).filter(|(_, l)| !l.is_empty());
    let wrong = |line: usize, what: &str| malformed(&SOURCE, &format!("line {line}: {what}"));
    let (_, comment) = lines.next().unwrap_or_default();
    let stated = comment.split(',').find_map(|part| part.trim().strip_prefix("score_date:"));
    let date = stated.and_then(date).ok_or_else(|| wrong(1, "no `score_date` that is a day or an instant"))?;
    if lines.next().is_none_or(|(_, columns)| columns != "cve,epss,percentile") {
        return Err(wrong(2, "the columns are not `cve,epss,percentile`"));
    }
    let mut entries = 0;
    for (number, line) in lines {
        let mut fields = line.split(',');
        let id = fields.next().and_then(cve).ok_or_else(|| wrong(number, "begins with no CVE"))?;
        let score = fields.next().and_then(probability);
        let score = score.ok_or_else(|| wrong(number, "the second field is no probability from 0 to 1"))?;
        if fields.next().and_then(probability).is_none() || fields.next().is_some() {
            return Err(wrong(number, "does not end with one percentile; is the file cut off?"));
        }
        knowledge.add_probability(id, score);
        entries += 1;
    }
    if entries == 0 {
        return Err(malformed(&SOURCE, "it lists nothing"));
    }
    Ok(Part { date, entries })
}

/// An answer of the API; a page of it says as much as it lists.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(rename = "status-code")]
    status: u64,
    #[serde(borrow)]
    data: Vec<Row<'a>>,
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    cve: Cow<'a, str>,
    #[serde(borrow)]
    epss: Cow<'a, str>,
    #[serde(borrow)]
    date: Cow<'a, str>,
}

fn read_answer(text: &str, knowledge: &mut Knowledge) -> Result<Part, DataError> {
    let answer: Answer<'_> = serde_json::from_str(text).map_err(|error| malformed(&SOURCE, &error))?;
    if answer.status != 200 {
        return Err(malformed(&SOURCE, &format!("the API answered with status {}", answer.status)));
    }
    let mut oldest: Option<Timestamp> = None;
    for row in &answer.data {
        let wrong = |what: &str| malformed(&SOURCE, &format!("{:?} has no {what}", row.cve));
        let id = cve(&row.cve).ok_or_else(|| malformed(&SOURCE, &format!("{:?} is no CVE", row.cve)))?;
        let score = probability(&row.epss).ok_or_else(|| wrong("probability from 0 to 1"))?;
        let day = date(&row.date).ok_or_else(|| wrong("date"))?;
        oldest = Some(oldest.map_or(day, |oldest| oldest.min(day)));
        knowledge.add_probability(id, score);
    }
    let date = oldest.ok_or_else(|| malformed(&SOURCE, "it lists nothing"))?;
    Ok(Part { date, entries: u64::try_from(answer.data.len()).unwrap_or(u64::MAX) })
}

fn probability(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|p: &f64| (0.0..=1.0).contains(p))
}

/// A day, or an instant; FIRST once wrote its zone as `+0000`.
fn date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let day = || text.parse::<Date>().ok().map(Date::start);
    text.replace("+0000", "Z").parse().ok().or_else(day)
}
