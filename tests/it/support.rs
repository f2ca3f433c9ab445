//! What several tests share: where things are, and the command in a clean environment.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A path under `fixtures/`.
pub(crate) fn fixture(path: &str) -> PathBuf {
    root().join("fixtures").join(path)
}

/// The built command, with nothing of the surrounding environment but the way to programs: a test that runs in CI must not
/// see that CI.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.env_clear();
    for name in ["PATH", "HOME", "TMPDIR", "SYSTEMROOT"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// Every regular file below a directory, sorted.
pub(crate) fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![dir.to_owned()];
    while let Some(dir) = todo.pop() {
        for entry in std::fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() { todo.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// The arguments of a scenario, after `countersign check`.
pub(crate) fn scenario_arguments(name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(fixture("scenarios").join(name).join("scenario.toml")).unwrap();
    let scenario: toml::Table = toml::from_str(&text).unwrap();
    scenario["args"].as_array().unwrap().iter().map(|argument| argument.as_str().unwrap().to_owned()).collect()
}
