//! `init`: looks at a repository and writes what it takes to get a first decision.
//!
//! What must stay true: nothing is overwritten, all files are written or none, what is written is read back by the same strict
//! readers as any other, and nothing fails before somebody takes `mode: audit` out.

mod files;
mod scanners;
mod survey;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use zeroize::Zeroizing;

use self::files::NewFile;
use self::scanners::Choice;
use self::survey::Survey;
use super::error::CliError;
use super::io::PathKind;
use super::{evidence, io, output};
use crate::model::text::neutral;

/// `init`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  countersign init
  countersign init --pipeline none services/shop")]
pub struct InitArgs {
    /// Where to write [default: the working directory].
    #[arg(value_name = "DIR", default_value = ".")]
    pub directory: PathBuf,
    /// The CI system to write a job for [default: the one that has a pipeline there].
    #[arg(long, value_name = "SYSTEM")]
    pub pipeline: Option<Pipeline>,
}

/// `init --pipeline`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Pipeline {
    /// A workflow for GitHub Actions.
    Github,
    /// A job for GitLab CI.
    Gitlab,
    /// None: call the script from a pipeline of your own.
    None,
}

/// Writes the files.
///
/// # Errors
/// One of them exists, or the directory does not: exit 3. One cannot be written: exit 4, and none remains.
pub fn run(args: &InitArgs) -> Result<u8, CliError> {
    let directory = &args.directory;
    if io::kind(directory) != PathKind::Directory {
        return Err(CliError::input(format!("{}: no such directory", directory.display()))
            .hint("make it first, or run init where the files should be"));
    }
    let survey = Survey::of(directory)?;
    let choice = scanners::choose(&survey);
    let pipeline = args.pipeline.unwrap_or_else(|| pipeline_of(&survey));
    let files = files::files(name_of(directory)?.as_deref(), &choice.steps, pipeline);
    let there = files.iter().map(|file| directory.join(file.path));
    let there = there.filter(|path| io::kind(path) != PathKind::Missing).map(|path| {
        CliError::input(format!("{}: exists, and is not overwritten", path.display()))
            .hint("move it away, or run init in another directory")
    });
    if let Some(error) = CliError::all(there.collect()) {
        return Err(error);
    }
    write(directory, &files)?;
    output::print(report(directory, &files, &choice, &survey).as_bytes()).map(|()| 0)
}

fn write(directory: &Path, files: &[NewFile]) -> Result<(), CliError> {
    let content: BTreeMap<PathBuf, (u32, Zeroizing<Vec<u8>>)> = files
        .iter()
        .map(|file| (directory.join(file.path), (0o644, Zeroizing::new(file.text.as_bytes().to_vec()))))
        .collect();
    for parent in content.keys().filter_map(|path| path.parent()) {
        io::make_directory(parent)?;
    }
    evidence::write_new(&content)
}

/// The system that has a pipeline here and that there is a job for.
fn pipeline_of(survey: &Survey) -> Pipeline {
    match survey.systems.as_slice() {
        [] | ["github"] => Pipeline::Github,
        ["gitlab"] => Pipeline::Gitlab,
        _ => Pipeline::None,
    }
}

/// The directory's own name, where it can be that of a service.
fn name_of(directory: &Path) -> Result<Option<String>, CliError> {
    let real = io::canonical(directory)?;
    let name = real.file_name().map(|name| name.to_string_lossy().into_owned());
    let is_plain = |name: &String| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
            && !matches!(name.to_ascii_lowercase().as_str(), "true" | "false" | "null" | "yes" | "no" | "on" | "off")
    };
    Ok(name.filter(is_plain))
}

/// What was written, and what to do next.
fn report(directory: &Path, files: &[NewFile], choice: &Choice, survey: &Survey) -> String {
    let mut text = String::from("written:\n");
    // Writing to a String cannot fail.
    for NewFile { path, purpose, .. } in files {
        let _ = writeln!(text, "  {}  {purpose}", neutral(&directory.join(path).to_string_lossy()));
    }
    let _ = writeln!(text, "\nscanners ({}):", files::SCRIPT);
    for step in &choice.steps {
        let _ = writeln!(text, "  {}", neutral(&step.command));
    }
    for check in &choice.unanswered {
        let _ = writeln!(text, "  nothing answers `{}`: no file was found that a scanner for it reads", check.word());
    }
    let _ = write!(
        text,
        "
next:
  1. run the scanners, all or one of them:  mkdir -p reports, then a line from above
  2. countersign check reports/             decides, and fails nothing yet
  3. name the service's owner in service.yaml
  4. install countersign and the scanners where the pipeline runs
  5. keep reports/, receipts/, evidence/ and decision.json out of git; commit what was written
  6. countersign doctor                     says what is missing still
  7. take `mode: audit` out of countersign.yaml when you trust it
"
    );
    for system in survey.systems.iter().filter(|system| !matches!(**system, "github" | "gitlab")) {
        let _ = writeln!(text, "\nIn your pipeline run `sh {}`; docs/ci/{system}.md shows how.", files::SCRIPT);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::config;
    use super::files::{CONFIG, EXCEPTIONS, SERVICE};
    use super::*;
    use crate::exceptions;
    use crate::model::service::{Exposure, Service};
    use crate::strict;

    /// The commented example taken out of its comment: lines that start with `#` and no space.
    fn uncommented(text: &str) -> String {
        text.lines()
            .map(|line| match line.strip_prefix('#') {
                Some(code) if !code.is_empty() && !code.starts_with(' ') || code.starts_with("  ") => code,
                _ => line,
            })
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn what_is_written_is_sound_as_it_stands_and_with_every_example_in_force() {
        let [config, records, service] = [CONFIG, EXCEPTIONS, SERVICE];
        let read = config::Config::read("countersign.yaml", config.as_bytes()).unwrap();
        assert_eq!(read.exceptions, [PathBuf::from("exceptions.yaml")]);
        assert_eq!(read.service, Some(PathBuf::from("service.yaml")));
        assert_eq!(exceptions::read([("exceptions.yaml", records.as_bytes())]).unwrap(), []);
        let read = strict::service("service.yaml", service.as_bytes()).unwrap().service;
        assert_eq!(read, Service { exposure: Exposure::Public, ..Service::default() });

        config::Config::read("countersign.yaml", uncommented(config).as_bytes()).unwrap();
        let example = uncommented(records).replace("\n[]", "");
        assert_eq!(exceptions::read([("exceptions.yaml", example.as_bytes())]).unwrap().len(), 1, "{example}");
        let read = strict::service("service.yaml", uncommented(service).as_bytes()).unwrap().service;
        assert_eq!(read.owners_of_paths.len(), 1);
    }

    #[test]
    fn a_name_that_yaml_would_take_for_something_else_is_left_out() {
        let temp = tempfile::tempdir().unwrap();
        for (name, expected) in
            [("shop", Some("shop")), ("web-shop_2", Some("web-shop_2")), ("on", None), ("1.0", None), ("a b", None)]
        {
            let directory = temp.path().join(name);
            io::make_directory(&directory).unwrap();
            assert_eq!(name_of(&directory).unwrap().as_deref(), expected, "{name}");
        }
    }
}
