//! `findings`: read, normalise, print. Nothing is judged.
//!
//! What must stay true: the document is `countersign/findings/v1`, and its totals are those of the decision.

use serde::Serialize;

use super::args::{FindingsArgs, FindingsOutput};
use super::error::CliError;
use super::judging::JudgingFiles;
use super::{data, io, output, reports};
use crate::model::change::Change;
use crate::model::finding::{Finding, Kind};
use crate::model::report::Report;
use crate::model::severity::Severity;
use crate::model::text::guard_line_start;
use crate::normalise::{Normalised, ReadReport, normalise};
use crate::render::json;

/// The schema tag of the document.
pub const SCHEMA: &str = "countersign/findings/v1";

/// What `findings --output json` prints.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Document<'a> {
    schema: &'static str,
    reports: &'a [Report],
    findings: &'a [Finding],
    merged_across: u64,
}

/// Reads every report that was named and prints its findings.
///
/// # Errors
/// A report that cannot be read: exit 3. Whatever state a scan was in, a report that could be read is exit 0.
pub fn run(args: &FindingsArgs) -> Result<u8, CliError> {
    let given = reports::read(&args.reports, &[], &[], false)?;
    let mut reports: Vec<ReadReport> = given.into_iter().map(|given| given.report).collect();
    // Nothing is judged, so the data is read as it is.
    let here = JudgingFiles::open(&Change::default(), None, &io::working_directory()?)?;
    data::read(&args.data, &here)?.knowledge.enrich(reports.iter_mut().map(|report| &mut report.parsed));
    let normalised = normalise(reports, &[]);
    let mut text = Vec::new();
    match args.output {
        FindingsOutput::Json => {
            let Normalised { reports, findings, merged_across, documents: _ } = &normalised;
            let document = Document { schema: SCHEMA, reports, findings, merged_across: *merged_across };
            json::document(&document, &mut text).map_err(|error| CliError::internal(error.to_string()))?;
        }
        FindingsOutput::Human => {
            let lines = normalised.findings.iter().map(line).chain(normalised.reports.iter().map(tally));
            for line in lines {
                text.extend_from_slice(guard_line_start(&line).as_bytes());
                text.push(b'\n');
            }
        }
    }
    output::print(&text).map(|()| 0)
}

/// `severity  kind  rule  place  title`.
fn line(finding: &Finding) -> String {
    let package = finding.package.as_ref().map(|package| match &package.version {
        Some(version) => format!("{} {}", package.name.line(), version.line()),
        None => package.name.line().into_owned(),
    });
    let location = &finding.location;
    let path = location.path.as_ref().map(|path| match location.line {
        Some(line) => format!("{}:{line}", path.line()),
        None => path.line().into_owned(),
    });
    let place = [package, path, location.resource.as_ref().map(|resource| resource.line().into_owned())];
    let place: Vec<String> = place.into_iter().flatten().collect();
    // The ids of anything else are classes, which do not tell one problem from another.
    let name = match finding.kind {
        Kind::Vulnerability => finding.ids.first().unwrap_or(&finding.rule.id),
        _ => &finding.rule.id,
    };
    format!(
        "{:<8}  {:<16}  {}  {}  {}",
        finding.severity.word(),
        finding.kind.word(),
        name.line(),
        place.join("  "),
        finding.title.line()
    )
}

/// One line for each report: what it held, and whether its scan was whole.
fn tally(report: &Report) -> String {
    let counts: Vec<String> = Severity::WORST_FIRST
        .iter()
        .filter_map(|severity| report.by_severity.get(severity).map(|count| format!("{count} {}", severity.word())))
        .collect();
    let problem = report.problems.first().map(|problem| format!(": {}", problem.line())).unwrap_or_default();
    format!(
        "{}  {}  {} results ({}), {} suppressed, {}{problem}",
        report.path.line(),
        report.format.line(),
        report.results,
        counts.join(", "),
        report.suppressed,
        report.state.word(),
    )
}
