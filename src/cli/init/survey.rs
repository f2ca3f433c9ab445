//! What a repository holds, as far as scanners and pipeline depend on it.
//!
//! What must stay true: names of files decide and nothing of the repository runs; the files that are read, for the names of
//! scanners that are at work already, are those of its pipelines.

use std::path::Path;

use super::super::error::CliError;
use super::super::io::{self, PathKind};

/// Directories of what was fetched or built.
const SKIPPED: &[&str] =
    &[".terraform", ".venv", "__pycache__", "build", "dist", "node_modules", "target", "vendor", "venv"];

/// The most that is read of one pipeline.
const PIPELINE_BYTES: u64 = 1 << 20;

/// The files by which a CI system is told: its id, and a path that is one of them or lies above them.
const PIPELINES: &[(&str, &str)] = &[
    ("azure", "azure-pipelines.yml"),
    ("bitbucket", "bitbucket-pipelines.yml"),
    ("buildkite", ".buildkite/"),
    ("circleci", ".circleci/"),
    ("github", ".github/workflows/"),
    ("gitlab", ".gitlab-ci.yml"),
    ("jenkins", "Jenkinsfile"),
    ("woodpecker", ".woodpecker.yml"),
    ("woodpecker", ".woodpecker/"),
];

/// Where scanners are configured that run before a commit.
const HOOKS: &str = ".pre-commit-config.yaml";

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    /// Paths from the directory, with `/`, sorted.
    files: Vec<String>,
    /// Ids of the CI systems that have a pipeline here, sorted.
    pub(super) systems: Vec<&'static str>,
    /// The text of the pipelines.
    pipelines: String,
}

impl Survey {
    /// Looks at a directory.
    ///
    /// # Errors
    /// It cannot be listed, or holds too many files.
    pub(super) fn of(directory: &Path) -> Result<Self, CliError> {
        let found = io::files_below_but(directory, SKIPPED)?;
        let relative = found.iter().filter_map(|path| path.strip_prefix(directory).ok());
        let slashed = relative.map(|path| path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/"));
        let mut survey = Self { files: slashed.collect(), ..Self::default() };
        for (path, file) in found.iter().zip(&survey.files) {
            let system = PIPELINES.iter().find(|(_, place)| is_at(file, place)).map(|(id, _)| *id);
            survey.systems.extend(system);
            if (system.is_some() || file == HOOKS) && io::kind(path) == PathKind::File {
                // One that cannot be read names no scanner.
                let bytes = io::read(path, PIPELINE_BYTES).unwrap_or_default();
                survey.pipelines.push_str(&String::from_utf8_lossy(&bytes));
                survey.pipelines.push('\n');
            }
        }
        survey.systems.sort_unstable();
        survey.systems.dedup();
        Ok(survey)
    }

    /// The directories that hold a file of this name, sorted; the name may begin with `*`. The top is the empty string.
    pub(super) fn directories_with(&self, name: &str) -> Vec<&str> {
        let mut found: Vec<&str> = self
            .files
            .iter()
            .map(|file| file.rsplit_once('/').unwrap_or(("", file)))
            .filter(|(_, base)| name.strip_prefix('*').map_or(*base == name, |end| base.ends_with(end)))
            .map(|(directory, _)| directory)
            .collect();
        found.dedup();
        found
    }

    /// Whether a pipeline names this program.
    pub(super) fn uses(&self, program: &str) -> bool {
        let is_part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        self.pipelines.match_indices(program).any(|(at, _)| {
            let (before, after) = (self.pipelines.get(..at), self.pipelines.get(at + program.len()..));
            !is_part(before.and_then(|text| text.chars().next_back()))
                && !is_part(after.and_then(|text| text.chars().next()))
        })
    }
}

fn is_at(file: &str, place: &str) -> bool {
    if place.ends_with('/') { file.starts_with(place) } else { file == place }
}

#[cfg(test)]
impl Survey {
    /// A survey of these files, with this text in the pipelines.
    pub(super) fn made_of(files: &[&str], pipelines: &str) -> Self {
        let files = files.iter().map(|file| (*file).to_owned()).collect();
        Self { files, pipelines: pipelines.to_owned(), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_used_where_it_is_a_word_of_its_own() {
        let survey = Survey::made_of(&[], "uses: aquasecurity/trivy-action@v1\nrun: bandit2 -r .\n");
        assert!(survey.uses("trivy"));
        assert!(!survey.uses("bandit") && !survey.uses("aqua"));
    }

    #[test]
    fn directories_are_found_by_name_and_by_ending() {
        let survey = Survey::made_of(&["Cargo.lock", "infra/a.tf", "infra/b.tf", "web/Cargo.lock"], "");
        assert_eq!(survey.directories_with("Cargo.lock"), ["", "web"]);
        assert_eq!(survey.directories_with("*.tf"), ["infra"]);
        assert_eq!(survey.directories_with("*.go"), [""; 0]);
    }
}
