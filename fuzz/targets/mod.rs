//! The fuzz targets, one a family of readers. Shared by fuzz/src/lib.rs and tests/it/fuzzing.rs, so that what libFuzzer runs is
//! what `cargo test` replays. What each must hold: no panic, whatever the bytes; totals balance; what is shown is harmless;
//! strict readers accept nothing that an independent reader refuses.

mod documents;
mod proofs;
pub(super) mod reports;
mod timestamps;

/// One family of readers.
pub(super) struct Target {
    /// The name of the target and of its corpus.
    pub(super) name: &'static str,
    /// Takes any bytes.
    pub(super) run: fn(&[u8]),
    /// Directories below the repository whose files are seeds, too.
    pub(super) seeds: &'static [&'static str],
}

/// Every family, by name.
pub(super) const TARGETS: &[Target] = &[
    Target { name: "ci", run: documents::ci_events, seeds: &["fixtures/ci"] },
    Target { name: "data", run: documents::data, seeds: &["fixtures/data", "fixtures/advisories"] },
    Target { name: "documents", run: reports::documents, seeds: &["fixtures/formats"] },
    Target { name: "envelopes", run: proofs::envelopes, seeds: &["tests/it/evidence"] },
    Target { name: "objects", run: reports::objects, seeds: &["fixtures/formats"] },
    Target { name: "merkle", run: proofs::merkle, seeds: &[] },
    Target { name: "policies", run: documents::policies, seeds: &["policies", "fixtures/policies"] },
    Target { name: "proofs", run: proofs::proofs, seeds: &[] },
    Target { name: "sarif", run: reports::sarif, seeds: &["fixtures/formats/sarif"] },
    Target { name: "signers", run: documents::signers, seeds: &[] },
    Target { name: "streams", run: reports::streams, seeds: &["fixtures/formats"] },
    Target { name: "strict", run: documents::strictly, seeds: &["fixtures/scenarios", "policies"] },
    Target { name: "text", run: reports::text, seeds: &["fixtures/formats/lcov", "fixtures/formats/spdx"] },
    Target { name: "timestamps", run: timestamps::timestamps, seeds: &[] },
    Target { name: "trust", run: proofs::trust, seeds: &[] },
    Target {
        name: "xml",
        run: reports::xml,
        seeds: &[
            "fixtures/formats/cobertura",
            "fixtures/formats/dependency-check",
            "fixtures/formats/junit",
            "fixtures/formats/spotbugs",
            "fixtures/formats/zap",
        ],
    },
];

/// Nothing that a terminal or a runner would obey.
fn harmless(line: &str) {
    assert!(!line.chars().any(char::is_control), "{line:?}");
    assert!(!line.contains("##["), "{line:?}");
}
