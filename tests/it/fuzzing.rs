//! The fuzz targets on stable Rust: every stored input and every seed is replayed, and the table is what cargo-fuzz runs.

#[path = "../../fuzz/targets/mod.rs"]
#[expect(clippy::expect_used, reason = "a target stops at what is wrong")]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};

use countersign::formats::FORMATS;

use crate::support::{files_below, root};
use targets::TARGETS;
use targets::reports::{DOCUMENTS, STREAMS, TEXT, XML};

/// Larger seeds are for others: a fuzzer learns nothing from them.
const SEED_BYTES: u64 = 16 << 10;

#[test]
fn stored_inputs_and_seeds_are_survived() {
    let mut failed = Vec::new();
    let mut replayed = 0;
    for target in TARGETS {
        let stored = root().join("fuzz/corpus").join(target.name);
        let directories = target.seeds.iter().map(|seeds| root().join(seeds)).chain([stored]);
        for path in directories.filter(|directory| directory.is_dir()).flat_map(|directory| files_below(&directory)) {
            // Policies are loaded whole with each input, which takes its time in a build for tests.
            let is_slow = target.name == "policies" && !path.starts_with(root().join("fuzz/corpus"));
            if is_slow || path.metadata().unwrap().len() > SEED_BYTES {
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            replayed += 1;
            if catch_unwind(AssertUnwindSafe(|| (target.run)(&bytes))).is_err() {
                failed.push(format!("{}: {}", target.name, path.display()));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(replayed > 300, "only {replayed} inputs");
}

#[test]
fn every_format_and_every_target_is_fuzzed() {
    for list in [STREAMS, DOCUMENTS, XML, TEXT] {
        for id in list {
            assert!(FORMATS.iter().any(|format| format.id == *id), "{id} is no format");
        }
    }
    let manifest = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    for target in TARGETS {
        let program = std::fs::read_to_string(root().join(format!("fuzz/fuzz_targets/{}.rs", target.name))).unwrap();
        assert!(program.contains(&format!("run(\"{}\", bytes)", target.name)), "{}", target.name);
        assert!(manifest.contains(&format!("name = \"{}\"", target.name)), "{}", target.name);
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
}
