//! `policy eval`: policies over JSON, YAML and TOML documents, with Conftest's results and our exit codes.
//!
//! What must stay true: every document is judged by a rule, and what Conftest takes for a pass without having looked (no rule, no
//! document, a rule that is no set) is exit 3.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::args::{FindingsOutput, PolicyEvalArgs};
use super::error::CliError;
use super::io::{self, PathKind};
use super::judging::JudgingFiles;
use super::worker::Contained;
use super::{output, policies};
use crate::model::change::Change;
use crate::model::text::{guard_line_start, neutral};
use crate::policy::{DocumentResult, DocumentSaid, Evaluation, Layer, Namespace, PolicyFile};
use crate::strict;

/// The largest document.
const MAX_BYTES: u64 = 64 << 20;

/// What the packages say about one file.
#[derive(Clone, Debug, Default, Serialize)]
struct FileResult {
    filename: String,
    namespace: String,
    successes: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Told>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<Told>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exceptions: Vec<Told>,
}

/// One result.
#[derive(Clone, Debug, Serialize)]
struct Told {
    msg: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    loc: Option<Json>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    metadata: Map<String, Json>,
}

/// Runs the command.
///
/// # Errors
/// Policies that do not load, documents that cannot be read, and everything that would be judged by nothing: exit 3.
pub fn run(args: &PolicyEvalArgs) -> Result<u8, CliError> {
    let at = match &args.at {
        Some(text) => text.parse().map_err(|fault| CliError::usage(format!("--at {text}: {fault}")))?,
        None => io::now()?,
    };
    let now_ns = at.unix_nanos().ok_or_else(|| CliError::usage(format!("--at {at}: out of range")))?;
    let limit = Duration::from_secs(args.policy_timeout.max(1));
    let (known, worker) = Contained::load_for_documents(policy_files(args)?, limit)?;
    let namespaces = chosen(args, &known)?;
    tell_v0(&known, &namespaces);

    let mut documents = Vec::new();
    for file in &args.files {
        documents.push((file.display().to_string(), read(file)?));
    }
    let mut results = Vec::new();
    for (file, contents) in together(documents, args.combine) {
        for namespace in &namespaces {
            let mut of_file =
                FileResult { filename: file.clone(), namespace: namespace.clone(), ..FileResult::default() };
            for document in &contents {
                let evaluation = Evaluation { namespaces: vec![namespace.clone()], now_ns };
                for result in worker.evaluate_document(evaluation, &document.to_string())? {
                    of_file.add(result);
                }
            }
            results.push(of_file);
        }
    }
    print(args.output, &results)?;
    let failed = results.iter().any(|result| !result.failures.is_empty());
    let warned = results.iter().any(|result| !result.warnings.is_empty());
    Ok(match (failed, warned && args.fail_on_warn) {
        (true, _) => 1,
        (false, true) => 10,
        (false, false) => 0,
    })
}

/// Policies and data. The layers have no meaning here: all are one.
fn policy_files(args: &PolicyEvalArgs) -> Result<Vec<PolicyFile>, CliError> {
    let directory = io::working_directory()?;
    let judging = JudgingFiles::open(&Change::default(), None, &directory)?;
    let proof = args.bundle.proof(io::now()?, &judging)?;
    let mut files = Vec::new();
    for source in &args.policy {
        files.extend(policies::read(source, Some(&proof), &judging)?.files);
    }
    for path in &args.data {
        let found = match io::kind(path) {
            PathKind::Missing => return Err(CliError::input(format!("{}: no such file", path.display()))),
            PathKind::File => vec![path.clone()],
            PathKind::Directory => io::files_below(path)?.into_iter().filter(|file| is_data(file)).collect(),
        };
        if found.is_empty() {
            return Err(CliError::input(format!("{}: holds no data", path.display()))
                .hint("data files end in .json, .yaml or .yml"));
        }
        for file in found {
            let text = text_of(&file, io::read(&file, MAX_BYTES)?)?;
            let below = file.parent().and_then(|parent| parent.strip_prefix(path).ok());
            let mount = below.map(|below| below.to_string_lossy().replace('\\', "/")).unwrap_or_default();
            let shown = file.display().to_string();
            files.push(PolicyFile { path: shown, layer: Layer::Repository, mount, source: text.into() });
        }
    }
    for file in &mut files {
        file.layer = Layer::Repository;
    }
    Ok(files)
}

fn is_data(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "json" || extension == "yaml" || extension == "yml")
}

/// The packages to evaluate.
fn chosen(args: &PolicyEvalArgs, known: &[Namespace]) -> Result<Vec<String>, CliError> {
    if !args.all_namespaces {
        let named = if args.namespace.is_empty() { vec!["main".to_owned()] } else { args.namespace.clone() };
        return Ok(named);
    }
    let with_rules: Vec<String> =
        known.iter().filter(|package| package.rules > 0).map(|package| package.name.clone()).collect();
    if with_rules.is_empty() {
        return Err(CliError::input("no package that was given defines deny, warn or violation")
            .hint("nothing would be evaluated; check --policy and the names of the rules"));
    }
    Ok(with_rules)
}

/// Which version of the language was used is no secret.
fn tell_v0(known: &[Namespace], chosen: &[String]) {
    for package in known.iter().filter(|package| chosen.contains(&package.name)) {
        for file in &package.v0 {
            super::diagnostic::note(&format!("{file}: no Rego v1, read as v0"));
        }
    }
}

fn text_of(file: &Path, bytes: Vec<u8>) -> Result<String, CliError> {
    String::from_utf8(bytes).map_err(|_| CliError::input(format!("{}: not UTF-8", file.display())))
}

/// The documents of a file, at least one. As in Conftest a list at the top is several documents.
fn read(file: &Path) -> Result<Vec<Json>, CliError> {
    let is_stdin = file.as_os_str() == "-";
    let bytes = if is_stdin { io::read_stdin(MAX_BYTES)? } else { io::read(file, MAX_BYTES)? };
    let text = text_of(file, bytes)?;
    let shown = file.display();
    let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let mut documents =
        match extension {
            "json" => vec![strict::json::parse(text.as_bytes()).map_err(|fault| {
                CliError::input(format!("{shown}:{}:{}: {}", fault.line, fault.column, fault.message))
            })?],
            "toml" => {
                let table: toml::Table = text
                    .parse()
                    .map_err(|error: toml::de::Error| CliError::input(format!("{shown}: {}", error.message())))?;
                vec![from_toml(toml::Value::Table(table))]
            }
            "yaml" | "yml" => yaml(file, &text)?,
            _ if is_stdin => yaml(file, &text)?,
            _ => {
                return Err(CliError::input(format!("{shown}: neither .json, .yaml, .yml nor .toml"))
                    .hint("rename or convert it; other formats are not read"));
            }
        };
    if let [Json::Array(members)] = documents.as_slice() {
        documents = members.clone();
    }
    if documents.is_empty() {
        return Err(CliError::input(format!("{shown}: holds no document"))
            .hint("an empty list or file would be judged by no rule"));
    }
    Ok(documents)
}

fn yaml(file: &Path, text: &str) -> Result<Vec<Json>, CliError> {
    serde_saphyr::from_multiple(text).map_err(|error| {
        let line = error.location().map(|at| format!(":{}:{}", at.line(), at.column())).unwrap_or_default();
        let message = neutral(error.to_string().lines().next().unwrap_or_default()).into_owned();
        CliError::input(format!("{}{line}: {message}", file.display()))
    })
}

/// Dates are texts, as every reader of TOML for JSON has them.
fn from_toml(value: toml::Value) -> Json {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(truth) => truth.into(),
        toml::Value::Datetime(instant) => instant.to_string().into(),
        toml::Value::Array(members) => members.into_iter().map(from_toml).collect(),
        toml::Value::Table(fields) => fields.into_iter().map(|(key, value)| (key, from_toml(value))).collect(),
    }
}

/// All files as one list, sorted by path, where they are combined.
fn together(files: Vec<(String, Vec<Json>)>, combine: bool) -> Vec<(String, Vec<Json>)> {
    if !combine {
        return files;
    }
    let mut all: Vec<(String, Json)> =
        files.into_iter().flat_map(|(path, documents)| documents.into_iter().map(move |d| (path.clone(), d))).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    let list = all.into_iter().map(|(path, contents)| json!({"path": path, "contents": contents})).collect();
    vec![("Combined".to_owned(), vec![Json::Array(list)])]
}

impl FileResult {
    fn add(&mut self, result: DocumentResult) {
        self.successes += result.successes;
        self.warnings.extend(result.warnings.into_iter().map(Told::of));
        self.failures.extend(result.failures.into_iter().map(Told::of));
        let told = |msg| Told { msg, loc: None, metadata: Map::new() };
        self.exceptions.extend(result.exceptions.into_iter().map(told));
    }
}

impl Told {
    fn of(said: DocumentSaid) -> Self {
        let json = |text: String| serde_json::from_str(&text).unwrap_or(Json::String(text));
        Self {
            msg: said.msg,
            loc: said.location.map(json),
            metadata: said.metadata.into_iter().map(|(key, value)| (key, json(value))).collect(),
        }
    }
}

fn print(format: FindingsOutput, results: &[FileResult]) -> Result<(), CliError> {
    let mut text = Vec::new();
    match format {
        FindingsOutput::Json => {
            crate::render::json::document(&results, &mut text).map_err(|error| CliError::internal(error.to_string()))?
        }
        FindingsOutput::Human => {
            let mut line = |line: String| {
                text.extend_from_slice(guard_line_start(&line).as_bytes());
                text.push(b'\n');
            };
            let (mut passed, mut counts) = (0, [0_usize; 3]);
            for result in results {
                passed += result.successes;
                let kinds = [("FAIL", &result.failures), ("WARN", &result.warnings), ("EXCP", &result.exceptions)];
                for ((word, told), count) in kinds.into_iter().zip(&mut counts) {
                    *count += told.len();
                    for told in told {
                        line(format!(
                            "{word} - {} - {} - {}",
                            neutral(&result.filename),
                            neutral(&result.namespace),
                            neutral(&told.msg)
                        ));
                    }
                }
            }
            let [failed, warned, excepted] = counts;
            let all = passed + failed + warned + excepted;
            line(format!("{all} tests, {passed} passed, {warned} warnings, {failed} failures, {excepted} exceptions"));
        }
    }
    output::print(&text)
}
