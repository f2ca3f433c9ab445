//! What the commits of a branch say of records: since when each is there, and what changed since somebody approved it.
//!
//! What must stay true: a record is as old as its id. Another date, another end, another file or a record that was taken out and
//! came back makes none younger, and an approval of what the record said before is none of what it says now.

use std::collections::{BTreeMap, BTreeSet};

use super::native::records_of;
use super::{Record, SOURCES};
use crate::model::exception::{Exception, RecordHistory, RiskApproval};
use crate::model::text::Untrusted;
use crate::model::time::Date;
use crate::strict::Document;

/// A record as a commit has it; `None` where it has faults of form.
type Content = Option<Exception>;

/// What was seen of records, commit by commit.
#[derive(Debug, Default)]
pub struct Seen {
    /// Id → position of the commit on the branch, oldest first → its day, and the record in each file that holds it.
    by_id: BTreeMap<Untrusted, BTreeMap<usize, (Date, Vec<Content>)>>,
}

impl Seen {
    /// Adds a file as a commit has it. What is no list of records says nothing.
    pub fn add(&mut self, position: usize, day: Date, file: &str, bytes: &[u8]) {
        for (id, content) in contents(file, bytes) {
            let (_, seen) = self.by_id.entry(id).or_default().entry(position).or_insert_with(|| (day, Vec::new()));
            seen.push(content);
        }
    }

    /// Positions of the commits that first hold one of these records.
    #[must_use]
    pub fn firsts(&self, records: &[Record]) -> BTreeSet<usize> {
        let first = |record: &Record| self.by_id.get(record.id())?.keys().next().copied();
        records.iter().filter_map(first).collect()
    }

    /// What was seen of each record. `whole` says whether the clone holds all commits of the branch.
    #[must_use]
    pub fn histories(&self, records: &[Record], today: Date, whole: bool) -> BTreeMap<Untrusted, RecordHistory> {
        records.iter().map(|record| (record.id().clone(), self.history(record, today, whole))).collect()
    }

    fn history(&self, record: &Record, today: Date, whole: bool) -> RecordHistory {
        let none = BTreeMap::new();
        let seen = self.by_id.get(record.id()).unwrap_or(&none);
        let Exception { created, expires, approvals, .. } = &record.exception;
        let since = seen.values().map(|(day, _)| *day).min();
        let wanted = without_approvals(&record.exception);
        let says_it = |content: &Content| content.as_ref().map(without_approvals).as_ref() == Some(&wanted);
        let is_other = |contents: &Vec<Content>| !contents.iter().any(says_it);
        let mut edited = None;
        let mut before: Vec<RiskApproval> = Vec::new();
        // From the newest back to the last commit that says something else.
        let mut after = today;
        for (day, contents) in seen.values().rev() {
            if is_other(contents) {
                edited = Some(after);
                before = contents.iter().flatten().flat_map(|record| record.approvals.clone()).collect();
                break;
            }
            after = *day;
        }
        let is_old = |approval: &&RiskApproval| before.contains(approval);
        let renewed: BTreeSet<&Untrusted> = approvals.iter().filter(|a| !is_old(a)).map(|a| &a.by).collect();
        let outdated: BTreeSet<Untrusted> =
            approvals.iter().filter(is_old).map(|a| a.by.clone()).filter(|by| !renewed.contains(by)).collect();
        RecordHistory {
            since,
            life_days: expires.days_since(since.map_or(*created, |since| since.min(*created))),
            edited,
            outdated: outdated.into_iter().collect(),
            whole,
        }
    }
}

/// Whether a file holds a record of one of these ids.
#[must_use]
pub fn holds_any(file: &str, bytes: &[u8], records: &[Record]) -> bool {
    // Most files that are looked at are no lists of records, and are not worth reading.
    let key = b"expires";
    let ids: BTreeSet<&Untrusted> = records.iter().map(Record::id).collect();
    bytes.windows(key.len()).any(|window| window == key) && contents(file, bytes).iter().any(|(id, _)| ids.contains(id))
}

fn contents(file: &str, bytes: &[u8]) -> Vec<(Untrusted, Content)> {
    let Ok(document) = Document::parse(file, bytes) else { return Vec::new() };
    if !SOURCES.iter().any(|source| (source.recognises)(&document)) {
        return Vec::new();
    }
    let of = |node| {
        let id = crate::strict::Node::get(node, "id")?.text()?;
        Some((Untrusted::from(id), document.read_at::<Exception>(node, &mut Vec::new())))
    };
    records_of(&document).iter().filter_map(of).collect()
}

fn without_approvals(exception: &Exception) -> Exception {
    Exception { approvals: Vec::new(), ..exception.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = "- id: EX-1\n  match: { ids: [CVE-1] }\n  owner: o\n  reason: r\n  mitigation: m\n  created: 2026-11-01\n  \
                          expires: 2026-11-30\n";

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn history(versions: &[(&str, &str)], now: &str) -> RecordHistory {
        let mut seen = Seen::default();
        for (position, (on, text)) in versions.iter().enumerate() {
            seen.add(position, day(on), "e.yaml", text.as_bytes());
        }
        let records = crate::exceptions::read([("e.yaml", now.as_bytes())]).unwrap();
        seen.histories(&records, day("2026-11-21"), true).remove("EX-1").unwrap()
    }

    #[test]
    fn a_record_is_as_old_as_its_id() {
        let later = RECORD.replace("2026-11-01", "2026-11-20").replace("2026-11-30", "2026-12-10");
        let one = history(&[("2026-11-03", RECORD)], RECORD);
        assert_eq!((one.since, one.life_days, one.edited), (Some(day("2026-11-03")), 29, None));
        // Dated anew; taken out and put in again; with a fault in between.
        for between in [RECORD.to_owned(), "[]\n".to_owned(), RECORD.replace("  owner: o\n", ""), "a: [".to_owned()] {
            let again = history(&[("2026-11-03", RECORD), ("2026-11-10", &between), ("2026-11-20", &later)], &later);
            assert_eq!((again.since, again.life_days), (Some(day("2026-11-03")), 37), "{between}");
            assert_eq!(again.edited, Some(day("2026-11-20")), "{between}");
        }
        let never = history(&[], RECORD);
        assert_eq!((never.since, never.life_days, never.edited), (None, 29, None));
        let proposed = history(&[("2026-11-03", RECORD)], &later);
        assert_eq!(proposed.edited, Some(day("2026-11-21")));
    }

    #[test]
    fn an_approval_is_of_what_the_record_said_then() {
        let by = |names: &str| format!("{RECORD}  approvals: [{names}]\n");
        let longer = |text: &str| text.replace("2026-11-30", "2026-12-10");
        let approved = by("{ by: kim }");
        let outdated = |versions: &[&str]| {
            let days = ["2026-11-03", "2026-11-05", "2026-11-08", "2026-11-09"];
            let versions: Vec<_> = days.iter().copied().zip(versions.iter().copied()).collect();
            history(&versions, versions.last().unwrap().1).outdated
        };
        assert!(outdated(&[RECORD, &approved]).is_empty());
        assert_eq!(outdated(&[RECORD, &approved, &longer(&approved)]), ["kim"]);
        let again = longer(&by("{ by: kim, at: 2026-11-09 }"));
        assert!(outdated(&[RECORD, &approved, &longer(&approved), &again]).is_empty());
        let both = longer(&by("{ by: kim }, { by: lee }"));
        assert_eq!(outdated(&[RECORD, &approved, &both]), ["kim"]);
        let twice = longer(&by("{ by: kim }, { by: kim, at: 2026-11-09 }"));
        assert!(outdated(&[RECORD, &approved, &twice]).is_empty());
    }
}
