//! LCOV's tracefile, a record for each source file.
//!
//! Coverage is no finding. Lines are counted from their `DA` entries, never from the totals that a record declares; a file
//! that comes in several records is counted in each. A last record without its end was cut off.

use super::wire::{malformed, no_results};
use super::{Format, FormatError, Head};
use crate::model::document::LineCoverage;
use crate::model::report::{Check, Parsed, ScanState};

pub(super) static FORMAT: Format = Format {
    id: "lcov",
    title: "LCOV tracefile",
    docs: "https://github.com/linux-test-project/lcov/blob/master/man/geninfo.1",
    produce: "coverage lcov, c8 --reporter=lcov, cargo llvm-cov --lcov, …",
    seen: "tracefiles of LCOV 1 and 2",
    checks: &[Check::TestCoverage],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let mut lines = head.lines().filter(|line| !line.starts_with('#'));
    let first = lines.next().unwrap_or_default();
    let record = first.starts_with("SF:") || (first.starts_with("TN:") && lines.any(|line| line.starts_with("SF:")));
    record || first.starts_with("TN:") && head.lines().count() == 1
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let mut parsed = Parsed::new("LCOV", FORMAT.checks);
    let mut coverage = LineCoverage::default();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line == "end_of_record" {
            open = false;
            continue;
        }
        let Some((name, value)) = line.split_once(':') else {
            // Some files end with a mark of the shell that wrote them.
            if line.is_empty() || line.starts_with('#') || line == "EOF" {
                continue;
            }
            return Err(malformed(FORMAT.id, format!("line {} is none of a tracefile", index + 1)));
        };
        let wrong = || malformed(FORMAT.id, format!("line {} has no count", index + 1));
        match name {
            "SF" => {
                open = true;
                coverage.files += 1;
            }
            "DA" => {
                coverage.lines += 1;
                coverage.lines_hit += u64::from(is_hit(value, 1).ok_or_else(wrong)?);
            }
            "BRDA" => {
                coverage.branches += 1;
                coverage.branches_hit += u64::from(is_hit(value, 3).ok_or_else(wrong)?);
            }
            _ if line.starts_with('#') => {}
            _ if name.bytes().all(|byte| byte.is_ascii_uppercase()) => {}
            _ => return Err(malformed(FORMAT.id, format!("line {} is none of a tracefile", index + 1))),
        }
    }
    if coverage.files == 0 {
        return Err(no_results(FORMAT.id, "there is no source file in it"));
    }
    if open {
        parsed.degrade(ScanState::Partial, "the last record does not end: the file was cut off");
    }
    parsed.line_coverage = Some(coverage);
    Ok(parsed)
}

/// Whether the count in this place of an entry is more than nothing; `-` is a branch that was never reached.
fn is_hit(entry: &str, place: usize) -> Option<bool> {
    let count = entry.split(',').nth(place)?.trim();
    let number = || count.parse::<f64>().ok().map(|count| count > 0.0);
    if count == "-" { Some(false) } else { number() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_and_totals_are_not_believed() {
        let text = "TN:\nSF:shop/store.py\nDA:1,1\nDA:2,0,hash\nBRDA:2,0,0,-\nBRDA:2,0,1,3\nLF:99\nLH:99\nend_of_record\nSF:b.py\nDA:1,2874063630\nend_of_record\n";
        let coverage = parse(text).unwrap().line_coverage.unwrap();
        assert_eq!(coverage, LineCoverage { files: 2, lines: 3, lines_hit: 2, branches: 2, branches_hit: 1 });
    }

    #[test]
    fn what_is_cut_off_or_something_else_shows() {
        assert_eq!(parse("SF:a\nDA:1,1\n").unwrap().state, ScanState::Partial);
        for text in ["", "TN:\n", "SF:a\nDA:1\nend_of_record", "SF:a\nend_of_record\nDone."] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
