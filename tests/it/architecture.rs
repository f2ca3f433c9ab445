//! The line has one direction: a module imports only from its left.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::{files_below, root};

/// Module → modules that it may import. A new edge is a decision, and is made here.
const EDGES: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("strict", &["model"]),
    ("crypto", &[]),
    ("parallel", &[]),
    ("projection", &["parallel"]),
    ("formats", &["model", "parallel"]),
    ("enrichment", &["model", "formats"]),
    ("exceptions", &["model", "strict", "crypto", "parallel"]),
    ("ci", &["model", "strict"]),
    ("normalise", &["model", "parallel"]),
    ("facts", &["model", "projection"]),
    ("policy", &["model", "strict", "parallel", "projection", "facts"]),
    ("decision", &["model", "projection", "facts", "policy"]),
    ("render", &["model", "facts", "decision"]),
    ("evidence", &["model", "strict", "crypto", "exceptions", "facts", "decision"]),
    (
        "gate",
        &["model", "strict", "formats", "exceptions", "ci", "normalise", "facts", "policy", "decision", "evidence"],
    ),
    ("replay", &["model", "exceptions", "normalise", "facts", "policy", "decision", "evidence", "gate"]),
    ("forecast", &["model", "exceptions", "facts", "policy", "decision", "gate"]),
    ("simulate", &["model", "decision"]),
    ("explain", &["model", "exceptions", "facts", "policy", "decision", "render"]),
    ("history", &["model", "strict", "facts", "decision", "evidence"]),
    (
        "cli",
        &[
            "explain",
            "forecast",
            "history",
            "model",
            "strict",
            "parallel",
            "formats",
            "enrichment",
            "exceptions",
            "ci",
            "normalise",
            "facts",
            "policy",
            "decision",
            "render",
            "evidence",
            "gate",
            "replay",
            "simulate",
        ],
    ),
];

/// The modules that a source text names as `crate::x` or `crate::{x, y}`, comments left out.
fn imports(source: &str) -> BTreeSet<String> {
    let code: String = source.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n");
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap_or("").split(',').map(str::trim).collect(),
            None => vec![rest],
        };
        for name in names {
            let name: String = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !name.is_empty() {
                found.insert(name);
            }
        }
    }
    found
}

#[test]
fn modules_import_only_from_their_left() {
    let src = root().join("src");
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for file in files_below(&src) {
        let relative = file.strip_prefix(&src).unwrap().to_string_lossy().replace('\\', "/");
        let module = relative.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        if module == "lib" || module == "main" {
            continue;
        }
        let (_, allowed) = EDGES
            .iter()
            .find(|(name, _)| *name == module)
            .unwrap_or_else(|| panic!("src/{relative}: module `{module}` is not in the table of edges"));
        seen.insert(module.clone());
        for import in imports(&std::fs::read_to_string(&file).unwrap()) {
            let is_module = EDGES.iter().any(|(name, _)| *name == import);
            if is_module && import != module && !allowed.contains(&import.as_str()) {
                wrong.push(format!("src/{relative} imports `{import}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "against the line:\n{}", wrong.join("\n"));
    assert_eq!(seen.len(), EDGES.len(), "the table of edges names a module that does not exist");
}

#[test]
fn formats_never_import_each_other() {
    let dir = root().join("src/formats");
    let shared = ["mod", "decode", "head", "npm_advisory", "terms", "vex", "wire", "xml"];
    // A format may be a directory: its files are one format.
    let format_of = |file: &Path| {
        let first = file.strip_prefix(&dir).unwrap().components().next().unwrap();
        first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
    };
    let stems: BTreeSet<String> = files_below(&dir).iter().map(|file| format_of(file)).collect();
    for file in files_below(&dir) {
        let own = format_of(&file);
        if shared.contains(&own.as_str()) {
            continue;
        }
        let source = std::fs::read_to_string(&file).unwrap();
        for other in stems.iter().filter(|s| **s != own && !shared.contains(&s.as_str())) {
            for import in [format!("super::{other}::"), format!("formats::{other}::")] {
                assert!(!source.contains(&import), "{} imports {other}", file.display());
            }
        }
    }
}

#[test]
fn input_and_output_are_in_cli_only() {
    let src = root().join("src");
    for file in files_below(&src) {
        let relative = file.strip_prefix(&src).unwrap().to_string_lossy().replace('\\', "/");
        if relative.starts_with("cli/") || relative == "main.rs" {
            continue;
        }
        let source = std::fs::read_to_string(&file).unwrap();
        let code = source.split("#[cfg(test)]").next().unwrap();
        for banned in
            ["std::fs", "std::env", "std::process", "std::net", "SystemTime", "Instant::now", "stdin(", "stdout("]
        {
            assert!(!code.contains(banned), "src/{relative} names {banned}: only cli may");
        }
    }
}
