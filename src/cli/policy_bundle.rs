//! `policy bundle`: policies as one file that releases read, with its signature beside it.
//!
//! What must stay true: what `policy check` finds fault with is not packed; no signature is left beside a bundle that is not its
//! own.

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::CliError;
use super::io::{self, PathKind};
use super::judging::JudgingFiles;
use super::output::Lines;
use super::policies::{self, Source, envelope_of, is_archive};
use super::policy_check::{self, PolicyCheckArgs};
use super::signing::SigningArgs;
use crate::evidence::policy_bundle;
use crate::exceptions;
use crate::model::change::Change;
use crate::model::digest::Digest;
use crate::policy::{ArchivedExceptions, EXCEPTIONS, Inspection, Layer, Packing, PolicyFile};

/// `policy bundle`.
#[derive(Debug, Args)]
#[command(
    mut_arg("key", |arg| arg.help("Sign with this Ed25519 key (PKCS#8 PEM, encrypted or not), in a file or an environment variable")),
    after_long_help = "\
The bundle has the layout of OPA: .rego files, data.json in directories that are its place below data, and .manifest. Data that is
YAML is written as JSON. Tests stay out. profile.yaml at the top of a directory goes in. The same policies give the same bytes.

With a key, a DSSE envelope is written beside it (FILE.dsse.json), which `check --bundle-key` demands.

Exit codes:
  0   the bundle is written
  2   the command line is wrong
  3   policies could not be read, or `policy check` finds something to mend
  4   the bundle could not be signed or written

Examples:
  countersign policy bundle acme --output acme-policies-7.tar.gz --revision 7
  countersign policy bundle acme --output acme.tar.gz --key env:POLICY_KEY
  countersign check reports/ --policy acme.tar.gz --bundle-key policy.pub.pem"
)]
pub struct PolicyBundleArgs {
    /// Directories with policies, data and tests; an organisation's, where no layer is named.
    #[arg(value_name = "[LAYER:]DIR", required = true)]
    pub paths: Vec<Source>,
    /// The bundle.
    #[arg(long, short, value_name = "FILE.tar.gz")]
    pub output: PathBuf,
    /// The manifest's revision [default: the digest of what the bundle holds].
    #[arg(long, value_name = "TEXT")]
    pub revision: Option<String>,
    /// How the bundle is signed.
    #[command(flatten)]
    pub signing: SigningArgs,
    /// Tables of controls of your own, as policies/controls.yaml is one.
    #[arg(long, value_name = "FILE")]
    pub controls: Vec<PathBuf>,
    /// Leave the built-in pack out of what the policies are checked beside.
    #[arg(long)]
    pub no_builtin: bool,
    /// Packages that are not ours and go into the bundle (Conftest policies).
    #[arg(long, short, value_name = "NS")]
    pub namespace: Vec<String>,
    /// How many seconds all tests may take together.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub policy_timeout: u64,
}

/// Runs the command.
///
/// # Errors
/// As the command says.
pub fn run(args: &PolicyBundleArgs) -> Result<u8, CliError> {
    if !is_archive(&args.output) {
        return Err(CliError::usage(format!("--output {}: no name of a bundle", args.output.display()))
            .hint("`check` takes a file for a bundle that ends in .tar.gz or .tgz"));
    }
    let signer = args.signing.signer()?;
    let beside = envelope_of(&args.output);
    if signer.is_none() && io::kind(&beside) != PathKind::Missing {
        return Err(CliError::input(format!("{}: the signature of another bundle", beside.display()))
            .hint("take it away, or sign this one with --key"));
    }
    let sources: Vec<Source> = args.paths.iter().map(organisations).collect();
    let inspection = inspected(args, &sources)?;
    let packed = packing(args, &sources, &inspection)?.pack()?;
    let digest = Digest::of(&packed.bytes);
    let envelope = match &signer {
        None => None,
        Some(signer) => {
            let name = args.output.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let sealed = policy_bundle::sealed(&name, digest, &packed.revision, signer.as_ref());
            Some((sealed.map_err(|fault| CliError::internal(fault.to_string()))?, signer.public().fingerprint()))
        }
    };
    let staged = io::stage(&args.output, &packed.bytes)?;
    if let Some((bytes, _)) = &envelope {
        io::write(&beside, bytes)?;
    }
    staged.commit()?;

    let (policies, data) = packed.counts;
    let mut lines = Lines::default();
    lines.add(&format!("{policies} policies and {data} data files, revision {}", packed.revision));
    lines.add(&format!("{}@{digest}", args.output.display()));
    if let Some((_, keyid)) = &envelope {
        lines.add(&format!("{} signed by {keyid}", beside.display()));
    }
    lines.print()?;
    Ok(0)
}

/// A bundle is the organisation's where nobody says otherwise.
fn organisations(source: &Source) -> Source {
    Source { layer: source.layer.or(Some(Layer::Organisation)), ..source.clone() }
}

/// What `policy check` says, without faults.
fn inspected(args: &PolicyBundleArgs, sources: &[Source]) -> Result<Inspection, CliError> {
    let check = PolicyCheckArgs {
        paths: sources.to_vec(),
        controls: args.controls.clone(),
        no_builtin: args.no_builtin,
        namespace: args.namespace.clone(),
        policy_timeout: args.policy_timeout,
        ..PolicyCheckArgs::default()
    };
    let mut inspection = policy_check::inspect(&check, policy_check::catalogue(&args.controls)?)?;
    let faults = std::mem::take(&mut inspection.faults);
    match CliError::all(faults.into_iter().map(CliError::from).collect()) {
        Some(faults) => Err(faults),
        None => Ok(inspection),
    }
}

fn packing(args: &PolicyBundleArgs, sources: &[Source], inspection: &Inspection) -> Result<Packing, CliError> {
    let judging = JudgingFiles::open(&Change::default(), None, &io::working_directory()?)?;
    let rules = inspection.rules.iter().map(|rule| rule.id.clone()).collect();
    let mut packing = Packing { revision: args.revision.clone(), rules, ..Packing::default() };
    for source in sources {
        let read = policies::read(source, None, &judging)?;
        let base = judging.name(&source.path);
        for file in read.files {
            let path = inside(&file.path, &base, &source.path);
            if inspection.v0.contains(&file.path) {
                packing.v0.insert(path.clone());
            }
            packing.files.push(PolicyFile { path, ..file });
        }
        let carried = match read.exceptions {
            Some(carried) => Some(carried.files),
            None => exceptions_in(&source.path, &judging)?,
        };
        if let Some(carried) = carried
            && packing.exceptions.replace(carried).is_some()
        {
            return Err(CliError::input(format!("{}: a bundle has one {EXCEPTIONS}", source.path.display()))
                .hint("put the records together"));
        }
        let Some(shipped) = read.profile else { continue };
        let text = String::from_utf8(shipped.bytes)
            .map_err(|_| CliError::input(format!("{}: not UTF-8", shipped.path)).hint("save the file as UTF-8"))?;
        if packing.profile.replace(text).is_some() {
            return Err(CliError::input(format!("{}: a bundle has one profile", shipped.path)).hint("keep one of them"));
        }
    }
    Ok(packing)
}

/// The records at the top of a directory, without a fault of form, and the signatures that they name.
fn exceptions_in(dir: &Path, judging: &JudgingFiles) -> Result<Option<ArchivedExceptions>, CliError> {
    let path = dir.join(EXCEPTIONS);
    if judging.kind(dir)? != PathKind::Directory || judging.kind(&path)? != PathKind::File {
        return Ok(None);
    }
    let text = |path: &Path| -> Result<String, CliError> {
        let shown = judging.describe(path);
        let bytes = judging.read(path)?.ok_or_else(|| {
            CliError::input(format!("{shown}: no such file"))
                .hint("a signature lies beside the records, where they name it")
        })?;
        String::from_utf8(bytes)
            .map_err(|_| CliError::input(format!("{shown}: not UTF-8")).hint("save the file as UTF-8"))
    };
    let mut carried = ArchivedExceptions { records: text(&path)?, ..ArchivedExceptions::default() };
    for record in exceptions::read([(judging.describe(&path).as_str(), carried.records.as_bytes())])? {
        for name in record.signature_files() {
            if name.as_raw().contains('/') || !name.as_raw().ends_with(".sig") {
                return Err(CliError::input(format!(
                    "{}: {}: no name of a signature in a bundle",
                    record.file.line(),
                    name.line()
                ))
                .hint("name it like kim.sig, at the top"));
            }
            carried.signatures.insert(name.as_raw().to_owned(), text(&dir.join(name.as_raw()))?);
        }
    }
    Ok(Some(carried))
}

/// The path of a file within what was given: below a directory, in a bundle, or its own name.
fn inside(file: &str, base: &str, given: &Path) -> String {
    let below = file.strip_prefix(base).and_then(|rest| rest.strip_prefix(['/', '!']));
    let whole = || given.file_name().filter(|_| file == base).map(|name| name.to_string_lossy().into_owned());
    below.map(str::to_owned).or_else(whole).unwrap_or_else(|| file.to_owned())
}
