//! Receipts: what says about which commit or artifact a report is, because most reports do not say it themselves.
//!
//! What must stay true: a receipt is about bytes. It binds the report whose SHA-256 it names, wherever that file lies, and no
//! other; one that fits no report means that a report is missing or was changed, and is an error.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::args::ReceiptArgs;
use super::error::CliError;
use super::io;
use crate::formats::Limits;
use crate::model::digest::{CommitId, Digest};
use crate::model::report::{Receipt, Sha256Field};
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;
use crate::normalise::ReadReport;
use crate::strict::json;

/// A file with receipts.
#[derive(Clone, Debug)]
pub struct ReceiptFile {
    /// Its path as given.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it holds.
    pub receipts: Vec<Receipt>,
}

/// Reads `--receipt` files: one receipt each, or a list.
///
/// # Errors
/// Every file that is missing or no receipt: exit 3.
pub fn read(paths: &[PathBuf]) -> Result<Vec<ReceiptFile>, CliError> {
    let mut files = Vec::new();
    let mut faults = Vec::new();
    for path in paths {
        match read_one(path) {
            Ok(file) => files.push(file),
            Err(fault) => faults.push(fault),
        }
    }
    CliError::all(faults).map_or(Ok(files), Err)
}

fn read_one(path: &Path) -> Result<ReceiptFile, CliError> {
    let bytes = io::read(path, io::OWN_FILE_BYTES)?;
    let receipts = parse(&bytes).map_err(|fault| {
        CliError::input(format!("{}: {fault}", path.display()))
            .hint("a receipt is what `countersign receipt` prints: tool, commit or digest, time, report.sha256")
    })?;
    Ok(ReceiptFile { path: path.to_owned(), bytes, receipts })
}

pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Receipt>, String> {
    let items = match json::parse(bytes).map_err(|fault| fault.to_string())? {
        Value::Array(items) => items,
        one => vec![one],
    };
    items
        .into_iter()
        .enumerate()
        .map(|(n, item)| receipt(item).map_err(|fault| format!("receipt {}: {fault}", n + 1)))
        .collect()
}

fn receipt(item: Value) -> Result<Receipt, String> {
    // A list would do for a struct, its items taken as the fields in order.
    if !item.is_object() {
        return Err("not an object".to_owned());
    }
    let receipt: Receipt = serde_json::from_value(item).map_err(|fault| fault.to_string())?;
    if receipt.tool.is_blank() {
        return Err("tool is blank".to_owned());
    }
    if receipt.commit.is_none() && receipt.digest.is_none() {
        return Err("neither commit nor digest: it binds the report to nothing".to_owned());
    }
    Ok(receipt)
}

/// Gives every receipt to the reports with the bytes that it names.
///
/// # Errors
/// Every receipt that fits no report, and every report with receipts that disagree: exit 3.
pub fn bind<'a>(
    reports: impl IntoIterator<Item = &'a mut ReadReport>,
    receipts: impl IntoIterator<Item = Receipt>,
) -> Result<(), CliError> {
    let mut reports: Vec<_> = reports.into_iter().collect();
    let mut faults = Vec::new();
    for receipt in receipts {
        let Sha256Field(digest) = receipt.report;
        let mut fits = false;
        for report in reports.iter_mut().filter(|report| report.digest == digest) {
            fits = true;
            match &report.receipt {
                Some(other) if *other != receipt => faults.push(disagree(report, other, &receipt)),
                _ => report.receipt = Some(receipt.clone()),
            }
        }
        if !fits {
            faults.push(fits_none(&receipt.tool, digest));
        }
    }
    CliError::all(faults).map_or(Ok(()), Err)
}

fn fits_none(tool: &Untrusted, digest: Digest) -> CliError {
    CliError::input(format!("the receipt of {} is about {digest}, and no report has these bytes", tool.line()))
        .hint("give the report as the scanner wrote it, or leave the receipt out")
}

fn disagree(report: &ReadReport, one: &Receipt, other: &Receipt) -> CliError {
    let about = |receipt: &Receipt| {
        let commit = receipt.commit.as_ref().map(ToString::to_string);
        let what = commit.or_else(|| receipt.digest.as_ref().map(ToString::to_string)).unwrap_or_default();
        format!("{} of {what} at {}", receipt.tool.line(), receipt.time)
    };
    CliError::input(format!("{}: two receipts: {}, and {}", report.path.line(), about(one), about(other)))
        .hint("keep the receipt of the job that ran the scanner")
}

/// The receipts that `countersign receipt` prints, as a JSON list. `commit` is the one that CI or git tells.
///
/// # Errors
/// A report that cannot be read is exit 3; neither a commit nor a digest is exit 2.
pub fn make(args: &ReceiptArgs, commit: Option<CommitId>, now: Timestamp) -> Result<Vec<u8>, CliError> {
    let given = |name: &str, fault: String| CliError::usage(format!("--{name}: {fault}"));
    let digest: Option<Digest> =
        args.digest.as_deref().map(|text| text.parse().map_err(|e| given("digest", format!("{e}")))).transpose()?;
    let stated: Option<CommitId> =
        args.commit.as_deref().map(|text| text.parse().map_err(|e| given("commit", format!("{e}")))).transpose()?;
    let time: Timestamp = match &args.at {
        Some(text) => text.parse().map_err(|e| given("at", format!("{e}")))?,
        None => now,
    };
    // An artifact need not have been built from the commit of this run.
    let commit = stated.or_else(|| commit.filter(|_| digest.is_none()));
    if commit.is_none() && digest.is_none() {
        return Err(CliError::usage("neither CI nor git tells the commit that was scanned")
            .hint("give --commit SHA, or --digest sha256:… for an artifact"));
    }
    if args.tool.trim().is_empty() {
        return Err(CliError::usage("--tool is blank"));
    }
    let receipts = args
        .reports
        .iter()
        .map(|path| {
            let bytes = io::read(path, Limits::default().report_bytes)?;
            Ok(Receipt {
                tool: Untrusted::from(args.tool.as_str()),
                commit: commit.clone(),
                digest,
                time,
                report: Sha256Field(Digest::of(bytes)),
            })
        })
        .collect::<Result<Vec<_>, CliError>>()?;
    let mut printed = serde_json::to_vec_pretty(&receipts).map_err(|fault| CliError::internal(fault.to_string()))?;
    printed.push(b'\n');
    Ok(printed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::report::{Check, Parsed};

    const COMMIT: &str = "0123456789012345678901234567890123456789";

    fn text(report: &[u8], commit: &str) -> String {
        let sha256 = Digest::of(report).hex();
        format!(
            r#"{{"tool":"semgrep","commit":"{commit}","time":"2026-11-20T10:00:00Z","report":{{"sha256":"{sha256}"}}}}"#
        )
    }

    fn report(path: &str, bytes: &[u8]) -> ReadReport {
        ReadReport {
            path: path.into(),
            format: "semgrep",
            digest: Digest::of(bytes),
            receipt: None,
            parsed: Parsed::new("semgrep", &[Check::Sast]),
        }
    }

    #[test]
    fn a_receipt_binds_the_bytes_it_names() {
        let mut reports = [report("a.json", b"a"), report("copy-of-a.json", b"a"), report("b.json", b"b")];
        bind(&mut reports, parse(text(b"a", COMMIT).as_bytes()).unwrap()).unwrap();
        let bound: Vec<bool> = reports.iter().map(|report| report.receipt.is_some()).collect();
        assert_eq!(bound, [true, true, false]);
    }

    #[test]
    fn a_receipt_for_other_bytes_is_an_error_that_names_them() {
        let error =
            bind(&mut [report("a.json", b"changed")], parse(text(b"a", COMMIT).as_bytes()).unwrap()).unwrap_err();
        assert_eq!(error.exit.code(), 3);
        assert!(error.to_string().contains(&Digest::of(b"a").to_string()), "{error}");
    }

    #[test]
    fn receipts_that_disagree_are_an_error() {
        let list = format!("[{},{}]", text(b"a", COMMIT), text(b"a", &"f".repeat(40)));
        let error = bind(&mut [report("a.json", b"a")], parse(list.as_bytes()).unwrap()).unwrap_err();
        assert!(error.to_string().starts_with("a.json: two receipts: semgrep of 0123"), "{error}");
        let twice = format!("[{},{}]", text(b"a", COMMIT), text(b"a", COMMIT));
        assert!(bind(&mut [report("a.json", b"a")], parse(twice.as_bytes()).unwrap()).is_ok());
    }

    #[test]
    fn a_receipt_is_strict() {
        let sound = text(b"a", COMMIT);
        for bad in [
            String::new(),
            "7".to_owned(),
            "[[]]".to_owned(),
            sound.replace("\"commit\"", "\"comit\""),
            sound.replace(COMMIT, "HEAD"),
            sound.replace(&format!("\"commit\":\"{COMMIT}\","), ""),
            sound.replace("2026-11-20T10:00:00Z", "2026-11-20"),
            sound.replace("semgrep", " "),
            sound.replace("\"sha256\":\"", "\"sha256\":\"A"),
            format!("{sound}{sound}"),
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert_eq!(parse(b"[]").unwrap(), []);
    }
}
