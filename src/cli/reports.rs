//! From what was typed to report files, read.
//!
//! What must stay true: whatever was named is read or is an error. A glob without a match, a directory without a report and a
//! file that no format claims are errors, never silence.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::args::ReportArgs;
use super::diagnostic::Progress;
use super::error::CliError;
use super::io::{self, PathKind};
use crate::formats::{self, FormatError, Limits};
use crate::model::digest::Digest;
use crate::model::text::Untrusted;
use crate::normalise::ReadReport;
use crate::parallel;

/// Reports in one run.
const MOST_REPORTS: usize = 10_000;
/// Bytes of all report files of a run.
const ALL_BYTES: u64 = 4 << 30;
/// From so many bytes on, or so many reports, reading takes long enough to say how far it is.
const LONG_BYTES: u64 = 32 << 20;
const LONG_REPORTS: usize = 100;

/// A report that was read, and the size of its file in bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// The report.
    pub report: ReadReport,
    /// Of the file as it is on disk.
    pub size: u64,
}

/// One file to read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    path: PathBuf,
    format: Option<String>,
}

/// Finds and reads every report that was named, all faults reported together.
///
/// # Errors
/// See the module: exit 3, naming each file and the way out. No report at all is a usage error.
pub fn read(
    arguments: &ReportArgs,
    configured: &[String],
    ignored: &[String],
    quiet: bool,
) -> Result<Vec<Given>, CliError> {
    let mut faults = Vec::new();
    let mut named = Vec::new();
    let (patterns, declared): (&[String], &[String]) =
        if arguments.is_empty() { (&[], configured) } else { (&arguments.reports, &arguments.declared) };
    let ignore = globs(arguments.ignore.iter().chain(ignored), &mut faults);
    let plain = patterns.iter().map(|pattern| (None, pattern.as_str()));
    for (format, pattern) in plain.chain(declared.iter().map(|text| split(text))) {
        match expand(pattern, &ignore) {
            Ok(found) => named.extend(found.into_iter().map(|path| Named { path, format: format.map(str::to_owned) })),
            Err(fault) => faults.push(fault),
        }
    }
    if named.is_empty() && faults.is_empty() {
        return Err(CliError::usage("no report was given")
            .hint("name report files, directories or globs, or set `reports` in countersign.yaml"));
    }
    // A report whose format was said is not asked about again where a directory or glob holds it, too.
    let claimed: BTreeSet<PathBuf> =
        named.iter().filter(|one| one.format.is_some()).map(|one| undotted(&one.path)).collect();
    named.retain(|one| one.format.is_some() || !claimed.contains(&undotted(&one.path)));
    named.sort();
    named.dedup();
    if named.len() > MOST_REPORTS {
        return Err(too_much("reports", u64::try_from(MOST_REPORTS).unwrap_or(u64::MAX)));
    }
    let bytes = named.iter().map(|one| io::size(&one.path)).fold(0_u64, u64::saturating_add);
    if bytes > ALL_BYTES {
        return Err(too_much("all_reports_bytes", ALL_BYTES));
    }
    let is_long = bytes >= LONG_BYTES || named.len() >= LONG_REPORTS;
    let progress = Progress::new("reports read", named.len(), quiet || !is_long);
    let all = parallel::map(&named, parallel::cores(), |named| {
        let read = read_one(named);
        progress.step();
        read
    });
    drop(progress);
    let mut reports = Vec::new();
    for read in all {
        match read {
            Ok(report) => reports.push(report),
            Err(fault) => faults.push(fault),
        }
    }
    CliError::all(faults).map_or(Ok(reports), Err)
}

fn too_much(limit: &str, max: u64) -> CliError {
    CliError::input(format!("the reports together exceed the limit `{limit}` of {max}"))
        .hint("name only the reports of this release; docs/LIMITS.md lists the limits")
}

/// `FORMAT:PATH`, where FORMAT is one of ours; else a path.
fn split(text: &str) -> (Option<&str>, &str) {
    match text.split_once(':') {
        Some((format, path)) if formats::by_id(format).is_some() => (Some(format), path),
        _ => (None, text),
    }
}

/// A path without the dots at its beginning.
fn undotted(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != std::path::Component::CurDir).collect()
}

fn globs<'a>(patterns: impl Iterator<Item = &'a String>, faults: &mut Vec<CliError>) -> Vec<GlobMatcher> {
    patterns.filter_map(|pattern| glob(pattern).map_err(|fault| faults.push(fault)).ok()).collect()
}

fn glob(pattern: &str) -> Result<GlobMatcher, CliError> {
    GlobBuilder::new(pattern.strip_prefix("./").unwrap_or(pattern))
        .literal_separator(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| CliError::usage(format!("{pattern}: not a glob: {}", error.kind())))
}

/// The files that an argument stands for.
fn expand(pattern: &str, ignore: &[GlobMatcher]) -> Result<Vec<PathBuf>, CliError> {
    let path = Path::new(pattern);
    match io::kind(path) {
        PathKind::File => Ok(vec![path.to_owned()]),
        PathKind::Directory => {
            let found: Vec<PathBuf> =
                io::files_below(path)?.into_iter().filter(|file| !is_ignored(file, path, ignore)).collect();
            if found.is_empty() {
                return Err(CliError::input(format!("{pattern}: the directory holds no file"))
                    .hint("a scan that wrote nothing is not a clean scan: look at the scanner's job"));
            }
            Ok(found)
        }
        PathKind::Missing if pattern.contains(['*', '?', '[', '{']) => {
            let matcher = glob(pattern).map_err(|_| {
                CliError::input(format!("{pattern}: no such file, and not a glob"))
                    .hint("check the path; it is relative to the working directory")
            })?;
            let root = literal_root(pattern);
            let below = match io::kind(&root) {
                PathKind::Directory => io::files_below(&root)?,
                PathKind::File | PathKind::Missing => Vec::new(),
            };
            let found: Vec<PathBuf> = below
                .into_iter()
                .filter(|file| matcher.is_match(file.strip_prefix("./").unwrap_or(file)))
                .filter(|file| !is_ignored(file, &root, ignore))
                .collect();
            if found.is_empty() {
                return Err(CliError::input(format!("{pattern}: the glob matches no file"))
                    .hint("a missing report is not a clean one: check the path and the scanner's job"));
            }
            Ok(found)
        }
        PathKind::Missing => Err(CliError::input(format!("{pattern}: no such file"))
            .hint("check the path; it is relative to the working directory")),
    }
}

/// Ignored by its path as given, or relative to the directory that was given.
fn is_ignored(file: &Path, root: &Path, ignore: &[GlobMatcher]) -> bool {
    let relative = file.strip_prefix(root).unwrap_or(file);
    let plain = file.strip_prefix("./").unwrap_or(file);
    ignore.iter().any(|glob| {
        glob.is_match(plain) || glob.is_match(relative) || file.file_name().is_some_and(|name| glob.is_match(name))
    })
}

/// The directory before the first component with a wildcard.
fn literal_root(pattern: &str) -> PathBuf {
    let literal: PathBuf = Path::new(pattern)
        .components()
        .take_while(|c| !c.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']))
        .collect();
    if literal.as_os_str().is_empty() { PathBuf::from(".") } else { literal }
}

fn read_one(named: &Named) -> Result<Given, CliError> {
    let limits = Limits::default();
    let shown = named.path.display();
    let refused = |error: FormatError| {
        let problem = CliError::input(format!("{shown}: {error}"));
        match hint(&error, &shown.to_string()) {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    };
    if io::size(&named.path) > limits.report_bytes {
        return Err(refused(FormatError::TooLarge { limit: "report_bytes", max: limits.report_bytes }));
    }
    let bytes = io::read(&named.path, limits.report_bytes)?;
    let (format, parsed) = formats::read(&bytes, named.format.as_deref(), &limits).map_err(refused)?;
    let report = ReadReport {
        path: Untrusted::new(named.path.to_string_lossy()),
        format: format.id,
        digest: Digest::of(&bytes),
        parsed,
        receipt: None,
    };
    Ok(Given { report, size: u64::try_from(bytes.len()).unwrap_or(u64::MAX) })
}

/// The way out of a refused report.
fn hint(error: &FormatError, path: &str) -> Option<String> {
    Some(match error {
        FormatError::Empty => "the scanner wrote nothing, which is not a clean scan: look at its job".to_owned(),
        FormatError::NotText(_) => "give the report itself: JSON, XML or their gzip".to_owned(),
        FormatError::TooLarge { .. } => "split the report, or let the scanner leave out what is no finding".to_owned(),
        FormatError::Unknown => format!(
            "`countersign formats` lists what is recognised; if this file is no report: --ignore {path}; if it is one: --report FORMAT:{path}"
        ),
        FormatError::Ambiguous { claimants } => {
            format!("say which one it is: --report {}:{path}", claimants.first().unwrap_or(&"FORMAT"))
        }
        FormatError::NoSuchFormat => "`countersign formats` lists the names".to_owned(),
        FormatError::Malformed { .. } => "was the scanner stopped while it wrote? run it again".to_owned(),
        FormatError::NoResults { .. } => "the scan did not happen: look at the scanner's job".to_owned(),
        FormatError::Version { .. } => "let the scanner write a version that `countersign formats` lists".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_does_not_depend_on_the_number_of_threads() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
        let named: Vec<Named> =
            io::files_below(&root).unwrap().into_iter().map(|path| Named { path, format: None }).collect();
        let shown = |threads| {
            let read = parallel::map(&named, threads, read_one);
            read.into_iter().map(|one| format!("{:?}", one.map_err(|error| error.problems))).collect::<Vec<_>>()
        };
        let one = shown(1);
        assert!(one.len() > 100 && one.iter().any(|read| read.starts_with("Err")));
        for threads in [2, 7] {
            assert!(one == shown(threads), "{threads} threads");
        }
    }
}
