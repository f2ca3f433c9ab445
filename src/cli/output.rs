//! `--output FORMAT[=PATH]`, colours and width.
//!
//! What must stay true: every output is rendered, and every file staged, before the first one is seen, and the exit code depends
//! on none of them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal as _, Write as _};
use std::path::{Component, Path, PathBuf};

use serde::Serialize;

use super::args::ColorArg;
use super::error::CliError;
use super::io;
use crate::decision::Decision;
use crate::evidence::materials::Role;
use crate::model::text::{Untrusted, guard_line_start, neutral};
use crate::render::{self, Renderer, Style};

/// One output that was asked for.
#[derive(Clone, Debug)]
pub struct Output {
    renderer: &'static Renderer,
    path: Option<PathBuf>,
}

/// Reads every `--output`. Nothing asked for is the text for people on standard output; asked twice to be quiet, there is none.
///
/// # Errors
/// An unknown format, or two outputs to the same place: a usage error.
pub fn parse(texts: &[String], quiet: u8) -> Result<Vec<Output>, CliError> {
    let mut outputs = Vec::new();
    for text in texts {
        let (id, path) = match text.split_once('=') {
            Some((_, "")) => {
                return Err(
                    CliError::usage(format!("--output {text}: no path")).hint("name a file, or leave out the `=`")
                );
            }
            Some((id, path)) if path != "-" => (id, Some(PathBuf::from(path))),
            Some((id, _)) => (id, None),
            None => (text.as_str(), None),
        };
        let renderer = render::by_id(id).ok_or_else(|| {
            let known: Vec<_> = render::RENDERERS.iter().map(|renderer| renderer.id).collect();
            CliError::usage(format!("--output {text}: no such format")).hint(format!("one of {}", known.join(", ")))
        })?;
        outputs.push(Output { renderer, path });
    }
    if outputs.iter().all(|output| output.path.is_some()) {
        let human = render::by_id("human").ok_or_else(|| CliError::internal("no renderer for people"))?;
        outputs.push(Output { renderer: human, path: None });
    }
    let mut places: Vec<_> = outputs.iter().map(|output| output.path.clone()).collect();
    places.sort();
    if places.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(CliError::usage("two outputs go to the same place").hint("give each --output a path of its own"));
    }
    if quiet > 1 {
        outputs.retain(|output| output.path.is_some() || output.renderer.id != "human");
    }
    Ok(outputs)
}

/// Refuses an output that would overwrite what the decision is made from, its key or evidence.
///
/// # Errors
/// A usage error that names the path.
pub fn keep_apart<'a>(outputs: &[Output], read: impl IntoIterator<Item = &'a Path>) -> Result<(), CliError> {
    let real = |path: &Path| io::canonical(path).unwrap_or_else(|_| path.to_owned());
    let read: BTreeSet<PathBuf> = read.into_iter().map(real).collect();
    for path in outputs.iter().filter_map(|output| output.path.as_deref()) {
        let file = real(path);
        let inside_evidence = file.components().any(|part| part.as_os_str().to_string_lossy().starts_with("d-"))
            && file.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".dsse.json"));
        if read.contains(&file) || inside_evidence {
            return Err(CliError::usage(format!("--output {}: that file is an input or evidence", path.display()))
                .hint("give the output a path of its own"));
        }
    }
    Ok(())
}

/// Files that judge and that somebody of the repository edits, the likeliest first.
pub const ANCHORS: [Role; 4] = [Role::Config, Role::Service, Role::Exceptions, Role::Ownership];

/// The file that a verdict about none is shown at: the first of these that was read and lies below the working directory.
#[must_use]
pub fn anchor(read: &[(Role, &Untrusted)]) -> Option<Untrusted> {
    let below = |path: &Untrusted| {
        let parts = Path::new(path.as_raw()).components().filter(|part| *part != Component::CurDir);
        let stays = parts.clone().all(|part| matches!(part, Component::Normal(_)));
        stays.then(|| io::slashed(&parts.collect::<PathBuf>()))
    };
    let of = |wanted: Role| read.iter().filter(move |(role, _)| *role == wanted).find_map(|(_, path)| below(path));
    ANCHORS.into_iter().find_map(of).map(Untrusted::new)
}

/// Refuses an output into a folder of evidence: what its statement does not list makes it fail.
///
/// # Errors
/// A usage error that names the path.
pub fn keep_out_of(outputs: &[Output], evidence: &Path) -> Result<(), CliError> {
    let real = |path: &Path| io::canonical(if path.as_os_str().is_empty() { Path::new(".") } else { path }).ok();
    let folder = if io::kind(evidence) == io::PathKind::File { evidence.parent() } else { Some(evidence) };
    let Some(folder) = folder.and_then(real) else { return Ok(()) };
    for path in outputs.iter().filter_map(|output| output.path.as_deref()) {
        if path.parent().and_then(real).is_some_and(|parent| parent.starts_with(&folder)) {
            return Err(CliError::usage(format!("--output {}: that is in the evidence", path.display()))
                .hint("write it elsewhere: a file that evidence does not list makes it fail"));
        }
    }
    Ok(())
}

/// After an error: every file that was asked for says so, so that no earlier decision stands in its place.
pub fn write_error(outputs: &[Output], decision: &Decision, anchor: Option<Untrusted>) {
    let style = Style { width: 100, anchor, ..Style::default() };
    for output in outputs {
        let Some(path) = &output.path else { continue };
        let mut bytes = Vec::new();
        // The error itself has been printed; nothing more can be done where it cannot be written either.
        if (output.renderer.write)(decision, &style, &mut bytes).is_ok() {
            let _ = io::write(path, &bytes);
        }
    }
}

/// Every output as bytes: what is rendered can be written without asking the decision again.
///
/// # Errors
/// A renderer that fails: a bug.
pub fn rendered<'a>(outputs: &'a [Output], decision: &Decision, terminal: &Style) -> Result<Rendered<'a>, CliError> {
    let file = Style { color: false, width: 100, quiet: false, ..terminal.clone() };
    let rendered = outputs.iter().map(|output| {
        let mut bytes = Vec::new();
        let style = if output.path.is_none() { terminal } else { &file };
        (output.renderer.write)(decision, style, &mut bytes)
            .map_err(|error| CliError::internal(format!("{}: {error}", output.renderer.id)))?;
        Ok((output.path.as_deref(), bytes))
    });
    rendered.collect::<Result<_, _>>().map(Rendered)
}

/// Outputs with the place that each goes to.
#[derive(Debug)]
pub struct Rendered<'a>(Vec<(Option<&'a Path>, Vec<u8>)>);

impl Rendered<'_> {
    /// Writes every file beside its place; none is under its name yet.
    ///
    /// # Errors
    /// One that cannot be written: exit 4.
    pub fn stage(&self) -> Result<Waiting<'_>, CliError> {
        let files = self.0.iter().filter_map(|(path, bytes)| Some(io::stage((*path)?, bytes)));
        let printed = self.0.iter().filter(|(path, _)| path.is_none()).map(|(_, bytes)| bytes.as_slice());
        Ok(Waiting { files: files.collect::<Result<_, _>>()?, printed: printed.collect() })
    }
}

/// Outputs that nobody sees yet.
#[derive(Debug)]
pub struct Waiting<'a> {
    files: Vec<io::Staged<'a>>,
    printed: Vec<&'a [u8]>,
}

impl Waiting<'_> {
    /// Shows them, standard output last.
    ///
    /// # Errors
    /// One that cannot be written: exit 4.
    pub fn show(self) -> Result<(), CliError> {
        self.files.into_iter().try_for_each(io::Staged::commit)?;
        self.printed.into_iter().try_for_each(print)
    }
}

/// An output of a command that has formats of its own, and where it goes; `None` is standard output.
pub type Chosen<W> = (W, Option<PathBuf>);

/// Reads every `--output` of a command that has formats of its own, files first. Nothing asked for is the first format on standard
/// output.
///
/// # Errors
/// An unknown format, or two outputs to standard output: a usage error.
pub fn choose<W: Copy>(texts: &[String], formats: &[(&str, W)]) -> Result<Vec<Chosen<W>>, CliError> {
    let mut outputs = Vec::new();
    for text in texts {
        let (id, path) = match text.split_once('=') {
            Some((id, "-")) => (id, None),
            Some((_, "")) => return Err(CliError::usage(format!("--output {text}: no path")).hint("name a file")),
            Some((id, path)) => (id, Some(PathBuf::from(path))),
            None => (text.as_str(), None),
        };
        let Some((_, write)) = formats.iter().find(|(name, _)| *name == id) else {
            let known: Vec<_> = formats.iter().map(|(name, _)| *name).collect();
            return Err(CliError::usage(format!("--output {text}: no such format"))
                .hint(format!("one of {}", known.join(", "))));
        };
        outputs.push((*write, path));
    }
    match outputs.iter().filter(|(_, path)| path.is_none()).count() {
        0 if outputs.is_empty() => outputs.extend(formats.first().map(|(_, write)| (*write, None))),
        0 | 1 => {}
        _ => return Err(CliError::usage("two outputs go to standard output").hint("give one a path")),
    }
    outputs.sort_by_key(|(_, path)| path.is_none());
    Ok(outputs)
}

/// Renders every chosen output, then writes them.
///
/// # Errors
/// One that cannot be rendered or written: exit 4.
pub fn write_chosen<W>(
    outputs: Vec<Chosen<W>>,
    render: impl Fn(W) -> Result<Vec<u8>, CliError>,
) -> Result<(), CliError> {
    let rendered: Result<Vec<_>, CliError> =
        outputs.into_iter().map(|(write, path)| Ok((render(write)?, path))).collect();
    for (bytes, path) in rendered? {
        match path {
            Some(path) => io::write(&path, &bytes)?,
            None => print(&bytes)?,
        }
    }
    Ok(())
}

/// A document of ours as JSON.
///
/// # Errors
/// A bug of ours: exit 4.
pub fn json(value: &impl Serialize) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    render::json::document(value, &mut bytes).map_err(|error| CliError::internal(error.to_string()))?;
    Ok(bytes)
}

/// Writes to standard output. A reader that went away is no failure of the decision.
///
/// # Errors
/// Any other failure: exit 4.
pub fn print(bytes: &[u8]) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CliError::internal(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints a document as JSON.
///
/// # Errors
/// As of [`print`].
pub fn print_json(document: &impl Serialize) -> Result<(), CliError> {
    let mut text = Vec::new();
    render::json::document(document, &mut text).map_err(|error| CliError::internal(error.to_string()))?;
    print(&text)
}

/// Lines for people: whatever they hold, nothing in them is obeyed by a terminal or a runner.
#[derive(Debug, Default)]
pub struct Lines(Vec<u8>);

impl Lines {
    /// Adds a line.
    pub fn add(&mut self, line: &str) {
        self.0.extend_from_slice(guard_line_start(&neutral(line)).as_bytes());
        self.0.push(b'\n');
    }

    /// Prints them.
    ///
    /// # Errors
    /// As of [`print`].
    pub fn print(&self) -> Result<(), CliError> {
        print(&self.0)
    }
}

/// How to write for this terminal.
#[must_use]
pub fn style(color: ColorArg, env: &BTreeMap<String, String>) -> Style {
    let set = |name: &str| env.get(name).is_some_and(|value| !value.is_empty());
    let terminal = std::io::stdout().is_terminal();
    let shows_colour = ["GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE"].into_iter().any(set);
    let color = match color {
        ColorArg::Always => true,
        ColorArg::Never => false,
        ColorArg::Auto if set("NO_COLOR") => false,
        ColorArg::Auto if set("CLICOLOR_FORCE") => true,
        ColorArg::Auto if env.get("TERM").is_some_and(|term| term == "dumb") => false,
        ColorArg::Auto => terminal || shows_colour,
    };
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| env.get(name).filter(|v| !v.is_empty()));
    let unicode = !terminal || locale.is_some_and(|l| l.to_ascii_lowercase().replace('-', "").contains("utf8"));
    let columns = env.get("COLUMNS").and_then(|columns| columns.parse().ok()).filter(|n| (40..=200).contains(n));
    let width = columns.unwrap_or(if shows_colour { 100 } else { 80 });
    Style { color, width, unicode, ..Style::default() }
}
