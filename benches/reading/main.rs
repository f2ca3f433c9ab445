//! How long it takes to recognise, read, normalise and merge reports, beside what `serde_json` alone needs to deserialise
//! the same bytes into minimal typed structs. `benches/run.sh` makes the table of ratios; nothing here is a test.
//!
//! Both sides run under the binary's allocator, and neither frees what it made before the clock stops.
//!
//! Usage: `reading make DIR BYTES`, `reading ours|borrowed|owned FILE...`. The three modes print seconds, the peak of the
//! resident memory in bytes (Linux), and a count that keeps the work from being left out.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a measuring program for developers: it reads files and the clock, prints, and stops at what is wrong"
)]

mod floor;
mod samples;

use std::path::Path;
use std::time::Instant;

use countersign::formats::{self, Limits};
use countersign::model::digest::Digest;
use countersign::normalise::{ReadReport, normalise};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["make", dir, bytes] => samples::make(Path::new(dir), bytes.parse().unwrap()),
        ["ours", files @ ..] => report(ours, files),
        ["borrowed", files @ ..] => report(|files| files.iter().map(floor::borrowed).sum(), files),
        ["owned", files @ ..] => report(|files| files.iter().map(floor::owned).sum(), files),
        // `cargo bench` without arguments.
        [] => println!("run benches/run.sh"),
        other => panic!("unknown arguments {other:?}"),
    }
}

/// The binary's own, for both sides.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A file with its bytes.
type File = (String, Vec<u8>);

fn report(work: fn(Vec<File>) -> usize, files: &[&str]) {
    let files: Vec<File> = files.iter().map(|path| ((*path).to_owned(), std::fs::read(path).unwrap())).collect();
    let start = Instant::now();
    let count = work(files);
    println!("{:.4} {} {count}", start.elapsed().as_secs_f64(), peak());
}

/// The findings of the files, as `check` and `findings` get at them: a file's bytes go when it has been read.
fn ours(files: Vec<File>) -> usize {
    let limits = Limits::default();
    let reports = files.into_iter().map(|(path, bytes)| {
        let (format, parsed) = formats::read(&bytes, None, &limits).unwrap();
        // The digest of the evidence is not what is measured here.
        let digest = Digest::of(&path);
        ReadReport { path: path.as_str().into(), format: format.id, digest, parsed, receipt: None }
    });
    let normalised = std::mem::ManuallyDrop::new(normalise(reports.collect(), &[]));
    normalised.findings.len()
}

/// Bytes of resident memory at their peak; 0 where the system does not tell.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) * 1024
}
