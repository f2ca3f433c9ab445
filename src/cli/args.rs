//! What can be typed. Parsing does nothing else.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::exception::ExceptionArgs;
use super::policies::{BundleArgs, Source};
use super::policy_bundle::PolicyBundleArgs;
use super::policy_check::PolicyCheckArgs;
use super::policy_diff::PolicyDiffArgs;
use super::policy_doc::PolicyDocArgs;
use super::policy_list::PolicyListArgs;
use super::replay::ReplayArgs;
use super::signing::{Secret, SigningArgs};
use super::timestamps::TimestampArgs;
use super::trust::TrustCommand;
use super::verify::VerifyArgs;
use super::worker::SECONDS;
use crate::render::{RENDERERS, Show};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "countersign",
    version,
    about = "A policy-as-code release gate",
    long_about = "Reads what scanners, people and CI systems already produce, asks Rego policies for a decision, and leaves \
                  signed evidence that anyone can check later, offline.",
    after_long_help = EXIT_CODES,
    propagate_version = true,
    arg_required_else_help = true
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0   pass; warn unless --fail-on warn; anything decided in audit mode; verified
  1   block, and nothing else; for verify: the evidence does not hold; for replay: another decision
  2   the command line is wrong
  3   an input is missing, unreadable, invalid or ambiguous; a policy does not compile or evaluate
  4   a bug, or evidence that could not be signed or written
  5   verify, replay: something required could not be checked
  10  warn, with --fail-on warn";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Decide: pass, warn or block.
    Check(Box<CheckArgs>),
    /// Say why: the rule, the facts that it rests on, the exceptions, and the cheapest ways to green.
    Explain(Box<super::explain::ExplainArgs>),
    /// Look ahead: what turns into a block in the next days if nothing changes, when, and why.
    Forecast(Box<ForecastArgs>),
    /// Say what other policies, another profile, other exceptions or another day would have decided.
    Simulate(Box<super::simulate::SimulateArgs>),
    /// Read reports and print normalised findings; nothing is judged.
    Findings(FindingsArgs),
    /// Check evidence: signature, subject, time, completeness.
    Verify(Box<VerifyArgs>),
    /// Decide again from what evidence keeps, and compare.
    Replay(ReplayArgs),
    /// Show a decision from its evidence in any format; nothing is decided.
    Report(super::report::ReportArgs),
    /// State which commit or artifact reports are about, right after the scanner ran.
    Receipt(ReceiptArgs),
    /// Write, check and look at exception records.
    Exception(ExceptionArgs),
    /// Write, evaluate and look at policies.
    Policy(PolicyArgs),
    /// Look at and sign records of emergencies.
    Emergency(EmergencyArgs),
    /// Make and show signing keys.
    Key(KeyArgs),
    /// Keep decisions in an append-only history, prove and check it.
    Log(super::log::LogArgs),
    /// List the decisions of a period from the history.
    Releases(super::releases::ReleasesArgs),
    /// Hold what was deployed against what was decided.
    Reconcile(super::releases::ReconcileArgs),
    /// List the report formats that are recognised.
    Formats(FormatsArgs),
    /// Print the JSON Schema of a document that people write or programs read.
    Schema(super::schema::SchemaArgs),
    /// Look at a repository and write configuration, service file, scanners' script and pipeline, in audit mode.
    Init(super::init::InitArgs),
    /// Look at a set-up and say what is wrong or missing, and the way out.
    Doctor(Box<super::doctor::DoctorArgs>),
    /// Print shell completions.
    Completions(CompletionsArgs),
    /// Print the manual page, or write that of every command.
    Man(ManArgs),
    /// The process that policies run in; started by the other commands.
    #[command(hide = true)]
    PolicyWorker(PolicyWorkerArgs),
}

/// `policy-worker`.
#[derive(Debug, Args)]
pub struct PolicyWorkerArgs {
    /// How much processor time it may use.
    #[arg(long)]
    pub seconds: u64,
}

/// `policy`.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// What to do with policies.
    #[command(subcommand)]
    pub command: PolicyCommand,
}

/// The commands about policies.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Evaluate policies over JSON, YAML and TOML documents, as Conftest does.
    Eval(PolicyEvalArgs),
    /// Run the tests of policies.
    Test(PolicyTestArgs),
    /// Say what authors of policies have to mend: METADATA, names, controls, layers, rules that no test makes fire.
    Check(PolicyCheckArgs),
    /// Write pages about policies: every rule, and the controls that they give evidence for.
    Doc(PolicyDocArgs),
    /// Say what new policies demand otherwise than old ones: rules, data, profile, and which way.
    Diff(PolicyDiffArgs),
    /// Pack policies as a bundle that `--policy` and OPA load, and sign it.
    Bundle(PolicyBundleArgs),
    /// List the rules of all layers: owner, severity, scope, mode, and from when to when they count.
    List(PolicyListArgs),
}

/// `policy test`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Tests are rules whose names begin with test_, in files that end in _test.rego. The built-in pack stands beside the policies,
so that their tests can use its helpers; policies that define its packages stand in its place.

With --mutate the policies are changed in small ways, one at a time: comparisons, numbers, operators, statements left out or turned
around, deny and warn swapped. A change that no test notices survives. A change that does not load counts for nothing.

What is printed is what does not pass, and the sums; the same policies print the same bytes, so that it can run under watch or entr.

Exit codes:
  0   every test passed, and the threshold is met
  1   a test did not pass, or the coverage, or the mutation score, is below the threshold
  3   a policy does not load, or there is no test to run

Examples:
  countersign policy test
  countersign policy test policies --coverage --threshold 95
  countersign policy test policies --run '*threshold*' --output junit
  countersign policy test policies --mutate --threshold 85")]
pub struct PolicyTestArgs {
    /// Directories with policies and their tests.
    #[arg(value_name = "PATH", default_value = "policies")]
    pub paths: Vec<Source>,
    /// Show which lines the tests do not reach.
    #[arg(long)]
    pub coverage: bool,
    /// The least part of the lines that tests must reach, or with --mutate of the changes that they must notice, in percent;
    /// implies --coverage without --mutate.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub threshold: Option<u8>,
    /// Only tests whose name, or `package.name`, matches.
    #[arg(long, value_name = "GLOB")]
    pub run: Option<String>,
    /// Leave the built-in pack out.
    #[arg(long)]
    pub no_builtin: bool,
    /// Packages that are not ours and belong to what is tested (Conftest policies).
    #[arg(long, short, value_name = "NS")]
    pub namespace: Vec<String>,
    /// How to print.
    #[arg(long, short, value_name = "FORMAT", default_value = "human")]
    pub output: TestOutput,
    /// Change the policies in small ways, and say which changes no test notices.
    #[arg(long, conflicts_with_all = ["coverage", "run"])]
    pub mutate: bool,
    /// Try only the first of every N changes.
    #[arg(long, value_name = "N", requires = "mutate", value_parser = clap::value_parser!(u16).range(1..))]
    pub one_in: Option<u16>,
    /// How many seconds all tests may take together [default: 300; 3600 with --mutate].
    #[arg(long, value_name = "SECONDS")]
    pub policy_timeout: Option<u64>,
}

/// `policy test --output`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TestOutput {
    /// What does not pass, what is not reached, and the sums.
    Human,
    /// `countersign/policy-test/v1`, or `countersign/policy-mutation/v1`.
    Json,
    /// JUnit XML.
    Junit,
}

/// `policy eval`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  countersign policy eval -p policy deployment.yaml service.yaml
  countersign policy eval -p policy --all-namespaces --output json plan.json
  countersign policy eval -p policy -n kubernetes --combine manifests/*.yaml")]
pub struct PolicyEvalArgs {
    /// The documents: files that end in .json, .yaml, .yml or .toml; `-` is YAML or JSON on standard input.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Policies: a directory, a `.rego` file or a bundle.
    #[arg(long, short, value_name = "PATH", default_value = "policy")]
    pub policy: Vec<Source>,
    /// Who signs bundles.
    #[command(flatten)]
    pub bundle: BundleArgs,
    /// The packages to evaluate [default: main].
    #[arg(long, short, value_name = "NS")]
    pub namespace: Vec<String>,
    /// Evaluate every package that gives results.
    #[arg(long, conflicts_with = "namespace")]
    pub all_namespaces: bool,
    /// External data: files, or directories with data files.
    #[arg(long, short, value_name = "PATH")]
    pub data: Vec<PathBuf>,
    /// Evaluate all documents as one list of `path` and `contents`.
    #[arg(long)]
    pub combine: bool,
    /// Exit with 10 where there are warnings and no failures.
    #[arg(long)]
    pub fail_on_warn: bool,
    /// How to print.
    #[arg(long, short, value_name = "FORMAT", default_value = "human")]
    pub output: FindingsOutput,
    /// The instant that `time.now_ns` gives [default: now].
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// How many seconds all policies may take together.
    #[arg(long, value_name = "SECONDS", default_value_t = SECONDS)]
    pub policy_timeout: u64,
}

/// Reports, as every command takes them.
#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// Reports: files, directories or globs; the format is recognised from the content.
    #[arg(value_name = "REPORT")]
    pub reports: Vec<String>,
    /// A report whose format the content cannot say.
    #[arg(long = "report", value_name = "[FORMAT:]PATH")]
    pub declared: Vec<String>,
    /// Files in given directories that are no reports.
    #[arg(long, value_name = "GLOB")]
    pub ignore: Vec<String>,
}

impl ReportArgs {
    /// Whether the command line names no report.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reports.is_empty() && self.declared.is_empty()
    }
}

/// The flags of `check` that are about its evidence and its exit code: commands that decide nothing take them for nothing, and hide them.
const OF_EVIDENCE: [&str; 9] = [
    "evidence",
    "key",
    "key_passphrase",
    "sign_command",
    "public_key",
    "timestamp_command",
    "tsa_root",
    "fail_on",
    "mode",
];

/// The same flag, hidden where it is about evidence, or one of these.
#[must_use]
pub fn hidden_without_evidence(arg: clap::Arg, others: &[&str]) -> clap::Arg {
    let id = arg.get_id().as_str();
    let hidden = OF_EVIDENCE.contains(&id) || others.contains(&id);
    arg.hide(hidden)
}

/// `check`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  countersign check reports/
  countersign check trivy.json semgrep.sarif --environment staging
  countersign check 'reports/*.json' --evidence evidence --key gate.pem --subject dist/app.tar.gz
  countersign check reports/ --output json=decision.json --mode audit")]
pub struct CheckArgs {
    /// The reports.
    #[command(flatten)]
    pub reports: ReportArgs,
    /// Exception records (YAML, JSON or TOML).
    #[arg(long, value_name = "PATH")]
    pub exceptions: Vec<PathBuf>,
    /// VEX documents (OpenVEX, CSAF, CycloneDX): files or directories. Policy says whose statements count.
    #[arg(long, value_name = "PATH")]
    pub vex: Vec<PathBuf>,
    /// Data about vulnerabilities: a KEV catalogue, EPSS scores, OSV records; files, directories or archives.
    #[arg(long, value_name = "PATH")]
    pub data: Vec<PathBuf>,
    /// The service file, or a Backstage catalog-info.yaml.
    #[arg(long, value_name = "PATH")]
    pub service: Option<PathBuf>,
    /// CODEOWNERS [default: where GitHub or GitLab look for it].
    #[arg(long, value_name = "PATH")]
    pub codeowners: Option<PathBuf>,
    /// Change metadata as JSON, added to what the CI system tells.
    #[arg(long, value_name = "PATH")]
    pub change: Option<PathBuf>,
    /// Policies on top of the built-in pack: a directory, a `.rego` file, or a bundle (.tar.gz). LAYER is organisation, team or
    /// repository.
    #[arg(long, value_name = "[LAYER:]PATH[@sha256:…]")]
    pub policy: Vec<Source>,
    /// Who signs bundles.
    #[command(flatten)]
    pub bundle: BundleArgs,
    /// How many seconds all policies may take together, where others than the built-in ones run.
    #[arg(long, value_name = "SECONDS", default_value_t = SECONDS)]
    pub policy_timeout: u64,
    /// Leave the built-in pack out. The evidence says so.
    #[arg(long)]
    pub no_builtin: bool,
    /// Also evaluate these foreign packages (Conftest policies).
    #[arg(long, value_name = "NS")]
    pub namespace: Vec<String>,
    /// The profile: a built-in name or a file.
    #[arg(long, value_name = "NAME|PATH")]
    pub profile: Option<String>,
    /// The environment that the release goes to [default: production].
    #[arg(long, value_name = "NAME")]
    pub environment: Option<String>,
    /// What is released: a file, a digest, or a name with a digest.
    #[arg(long, value_name = "PATH|sha256:…|NAME@sha256:…")]
    pub subject: Vec<String>,
    /// The CI system: a provider, `none`, or `auto` [default: auto].
    #[arg(long, value_name = "PROVIDER|none|auto")]
    pub ci: Option<String>,
    /// The configuration [default: countersign.yaml, where it exists].
    #[arg(long, value_name = "PATH")]
    pub config: Option<PathBuf>,
    /// An output; repeatable, at most one without a path.
    #[arg(long, value_name = "FORMAT[=PATH]", long_help = output_help())]
    pub output: Vec<String>,
    /// Write evidence below this directory.
    #[arg(long, value_name = "DIR")]
    pub evidence: Option<PathBuf>,
    /// How the evidence is signed.
    #[command(flatten)]
    pub signing: SigningArgs,
    /// Who stamps the signature.
    #[command(flatten)]
    pub timestamps: TimestampArgs,
    /// Which outcome fails the run [default: block].
    #[arg(long, value_name = "OUTCOME")]
    pub fail_on: Option<FailOnArg>,
    /// `audit` decides and records the same, and never fails the run [default: enforce].
    #[arg(long, value_name = "MODE")]
    pub mode: Option<ModeArg>,
    /// Print only the line that says the decision; twice, nothing for people at all.
    #[arg(long, short, action = clap::ArgAction::Count)]
    pub quiet: u8,
    /// Which verdicts people see [default: the first 25 of every owner]; files for programs hold all of them.
    #[arg(long, value_name = "WHICH", conflicts_with = "quiet")]
    pub show: Option<ShowArg>,
    /// When to colour.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: ColorArg,
    /// Decide as of this instant, for tests and look-ahead. The evidence says so.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Receipts that bind reports to a commit or artifact.
    #[arg(long, value_name = "PATH")]
    pub receipt: Vec<PathBuf>,
    /// Who may sign approvals of exceptions and records of emergencies (OpenSSH `allowed_signers`).
    #[arg(long, value_name = "PATH")]
    pub allowed_signers: Option<PathBuf>,
    /// Keys that no longer count: a revocation list of OpenSSH (KRL), or public keys, one a line.
    #[arg(long, value_name = "PATH")]
    pub revoked_keys: Option<PathBuf>,
    /// The signed record of an emergency or of a rollback, and those of reviews.
    #[arg(long, value_name = "PATH")]
    pub emergency: Vec<PathBuf>,
    /// Evidence of the earlier decisions: what they left owed blocks.
    #[arg(long, value_name = "DIR")]
    pub history: Vec<PathBuf>,
    /// The public key that the earlier evidence is signed with.
    #[arg(long, value_name = "PATH")]
    pub history_key: Option<PathBuf>,
    /// The last decision that the target branch accepted: a folder of evidence, or a decision document.
    #[arg(long, value_name = "PATH")]
    pub baseline: Option<PathBuf>,
    /// The public key that the baseline's evidence is signed with [default: the history key].
    #[arg(long, value_name = "PATH")]
    pub baseline_key: Option<PathBuf>,
    /// The digest of the baseline's decision document.
    #[arg(long, value_name = "sha256:…")]
    pub baseline_digest: Option<String>,
}

/// `emergency`.
#[derive(Debug, Args)]
pub struct EmergencyArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: EmergencyCommand,
}

/// The commands about emergencies.
#[derive(Debug, Subcommand)]
pub enum EmergencyCommand {
    /// Print the bytes of a record that a signer signs.
    Show(EmergencyShowArgs),
}

/// `emergency show`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  countersign emergency show EM-7.yaml > EM-7.bytes
  ssh-keygen -Y sign -f ~/.ssh/id_ed25519 -n countersign-emergency EM-7.bytes && mv EM-7.bytes.sig EM-7.kim.sig")]
pub struct EmergencyShowArgs {
    /// The record of an emergency, a rollback or a review.
    #[arg(value_name = "RECORD")]
    pub record: PathBuf,
    /// The repository that it is for [default: what CI or git tells].
    #[arg(long, value_name = "OWNER/NAME")]
    pub repository: Option<String>,
}

/// `forecast`: what `check` takes, but for what only a decision has.
#[derive(Debug, Args)]
#[command(
    mut_args(|arg| hidden_without_evidence(arg, &["quiet", "show", "color"])),
    mut_arg("output", |arg| arg.help("table, json or ics; repeatable, at most one without a path [default: table]")),
    mut_arg("at", |arg| arg.help("Look ahead from this instant [default: now]")),
    after_long_help = "\
Examples:
  countersign forecast reports/ --days 30
  countersign forecast reports/ --days 90 --output ics=release.ics --output json=forecast.json"
)]
pub struct ForecastArgs {
    /// What `check` takes.
    #[command(flatten)]
    pub check: CheckArgs,
    /// How many days to look ahead, 1 to 366.
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub days: u16,
}

/// `--fail-on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOnArg {
    /// Block only.
    Block,
    /// Block and warn.
    Warn,
    /// Neither.
    Never,
}

/// `--mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModeArg {
    /// A block fails the run.
    Enforce,
    /// Nothing fails the run.
    Audit,
}

/// What `--output` takes, from the table.
pub fn output_help() -> String {
    let rows = RENDERERS.iter().map(|renderer| format!("\n  {:<18}  {}", renderer.id, renderer.title));
    format!("An output; repeatable, at most one without a path:{}", rows.collect::<String>())
}

/// `--show`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShowArg {
    /// Every verdict, however many an owner has.
    All,
    /// Only what blocks, and every one of it.
    Blocked,
}

impl From<ShowArg> for Show {
    fn from(show: ShowArg) -> Self {
        match show {
            ShowArg::All => Self::All,
            ShowArg::Blocked => Self::Blocked,
        }
    }
}

/// `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorArg {
    /// On a terminal and in CI systems that show colours, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// `findings`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  countersign findings --output json trivy.json grype.json
  countersign findings reports/")]
pub struct FindingsArgs {
    /// The reports.
    #[command(flatten)]
    pub reports: ReportArgs,
    /// Data about vulnerabilities: a KEV catalogue, EPSS scores, OSV records; files, directories or archives.
    #[arg(long, value_name = "PATH")]
    pub data: Vec<PathBuf>,
    /// How to print.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub output: FindingsOutput,
}

/// `findings --output`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FindingsOutput {
    /// A line for each finding.
    #[default]
    Human,
    /// `countersign/findings/v1`.
    Json,
}

/// `receipt`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  semgrep scan --json --output semgrep.json . ; countersign receipt --tool semgrep semgrep.json > semgrep.receipt.json
  countersign receipt --tool trivy --digest sha256:… trivy.json > trivy.receipt.json")]
pub struct ReceiptArgs {
    /// The reports, as the scanner wrote them.
    #[arg(value_name = "REPORT", required = true)]
    pub reports: Vec<PathBuf>,
    /// The tool that ran.
    #[arg(long, value_name = "NAME")]
    pub tool: String,
    /// The commit that was scanned [default: the one that CI or git tells].
    #[arg(long, value_name = "SHA")]
    pub commit: Option<String>,
    /// The artifact that was scanned.
    #[arg(long, value_name = "sha256:…")]
    pub digest: Option<String>,
    /// When the scan ended [default: now].
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// The CI system: a provider, `none`, or `auto`.
    #[arg(long, value_name = "PROVIDER|none|auto", default_value = "auto")]
    pub ci: String,
}

/// `key`.
#[derive(Debug, Args)]
pub struct KeyArgs {
    /// What to do with keys.
    #[command(subcommand)]
    pub command: KeyCommand,
}

/// The commands about keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make an Ed25519 key: PREFIX.pem (PKCS#8, mode 0600), PREFIX.pub.pem (SPKI) and PREFIX.pub (OpenSSH).
    New {
        /// Where to write it.
        #[arg(long, value_name = "PREFIX")]
        out: PathBuf,
    },
    /// Which keys are trusted for what: a file that root keys sign.
    Trust {
        /// What to do.
        #[command(subcommand)]
        command: TrustCommand,
    },
    /// Print the fingerprint of a public or private key.
    Show {
        /// The key (PEM).
        #[arg(value_name = "KEY")]
        key: PathBuf,
        /// The passphrase of an encrypted key: the first line of a file, or an environment variable.
        #[arg(long, value_name = "PATH|env:NAME")]
        key_passphrase: Option<Secret>,
    },
}

/// `formats`.
#[derive(Debug, Args)]
pub struct FormatsArgs {
    /// How to print.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub output: FindingsOutput,
}

/// `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    pub shell: clap_complete::Shell,
}

/// `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Write a page for every command into this directory, instead of printing the one of the program.
    #[arg(value_name = "DIR")]
    pub directory: Option<PathBuf>,
}
