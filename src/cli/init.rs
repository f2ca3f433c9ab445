//! `init`: a commented configuration, exceptions and a service file to start from.
//!
//! What must stay true: nothing is overwritten, all three files are written or none, and what is written is read back by the
//! same strict readers as any other.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::args::InitArgs;
use super::error::CliError;
use super::io::PathKind;
use super::{config, evidence, io, output};
use crate::model::text::neutral;

/// A file that is written, its text, and what it is for.
struct Template {
    name: &'static str,
    text: &'static str,
    purpose: &'static str,
}

const TEMPLATES: [Template; 3] = [
    Template {
        name: config::FILE_NAME,
        text: include_str!("templates/countersign.yaml"),
        purpose: "what check does here",
    },
    Template {
        name: "exceptions.yaml",
        text: include_str!("templates/exceptions.yaml"),
        purpose: "accepted risks: none yet",
    },
    Template {
        name: "service.yaml",
        text: include_str!("templates/service.yaml"),
        purpose: "what is released, and who owns it",
    },
];

const NEXT: &str = "
next:
  1. name the service and its owner in service.yaml
  2. run your scanners, each into a file below reports/
  3. countersign check reports/      decides, and fails nothing yet
  4. commit the three files; take `mode: audit` out of countersign.yaml when you trust it
";

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
    let there = TEMPLATES.iter().map(|template| directory.join(template.name));
    let there = there.filter(|path| io::kind(path) != PathKind::Missing).map(|path| {
        CliError::input(format!("{}: exists, and is not overwritten", path.display()))
            .hint("move it away, or run init in another directory")
    });
    if let Some(error) = CliError::all(there.collect()) {
        return Err(error);
    }
    let files: BTreeMap<PathBuf, (u32, Zeroizing<Vec<u8>>)> = TEMPLATES
        .iter()
        .map(|template| (directory.join(template.name), (0o644, Zeroizing::new(template.text.into()))))
        .collect();
    evidence::write_new(&files)?;

    let mut text = String::from("written:\n");
    for Template { name, purpose, .. } in TEMPLATES {
        let path = directory.join(name);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {}  {purpose}", neutral(&path.to_string_lossy()));
    }
    text.push_str(NEXT);
    output::print(text.as_bytes()).map(|()| 0)
}

#[cfg(test)]
mod tests {
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
        let [config, records, service] = TEMPLATES.map(|template| template.text);
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
}
