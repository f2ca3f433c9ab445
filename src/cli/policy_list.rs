//! `policy list`: which rules there are, in which layer, and how they count.
//!
//! What must stay true: the rules and their modes are those of a `check` with the same policies, profile and configuration.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::{Value as Json, json};

use super::args::FindingsOutput;
use super::error::CliError;
use super::judging::JudgingFiles;
use super::output::{self, Lines};
use super::policies::{self, BundleArgs, Source};
use super::worker::SECONDS;
use super::{io, judged};
use crate::model::change::Change;
use crate::model::profile::{Profile, RuleMode};
use crate::model::time::Date;
use crate::policy::{Layer, RuleInfo};

/// `policy list`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  countersign policy list
  countersign policy list --policy acme.tar.gz --bundle-key policy.pub.pem --profile enterprise --output json")]
pub struct PolicyListArgs {
    /// Policies on top of the built-in pack, as `check` takes them.
    #[arg(long, value_name = "[LAYER:]PATH[@sha256:…]")]
    pub policy: Vec<Source>,
    /// Who signs bundles.
    #[command(flatten)]
    pub bundle: BundleArgs,
    /// Leave the built-in pack out.
    #[arg(long)]
    pub no_builtin: bool,
    /// Foreign packages that are evaluated (Conftest policies).
    #[arg(long, short, value_name = "NS")]
    pub namespace: Vec<String>,
    /// The profile: a built-in name or a file.
    #[arg(long, value_name = "NAME|PATH")]
    pub profile: Option<String>,
    /// The configuration [default: countersign.yaml, where it exists].
    #[arg(long, value_name = "PATH")]
    pub config: Option<PathBuf>,
    /// How to print.
    #[arg(long, short, value_name = "FORMAT", default_value = "human")]
    pub output: FindingsOutput,
    /// How many seconds loading may take, where others than the built-in ones are loaded.
    #[arg(long, value_name = "SECONDS", default_value_t = SECONDS)]
    pub policy_timeout: u64,
}

/// Runs the command.
///
/// # Errors
/// Policies, a profile or a configuration that are not sound.
pub fn run(args: &PolicyListArgs) -> Result<u8, CliError> {
    let judging = JudgingFiles::open(&Change::default(), None, &io::working_directory()?)?;
    let config = judged::config(args.config.as_deref(), &judging)?.value;
    let sources = if args.policy.is_empty() { &config.policy } else { &args.policy };
    let namespaces = if args.namespace.is_empty() { &config.namespaces } else { &args.namespace };
    let limit = Duration::from_secs(args.policy_timeout.max(1));
    let builtin = !(args.no_builtin || config.no_builtin);
    let proof = args.bundle.or_configured(&config).proof(io::now()?, &judging)?;
    let policies = policies::load(sources, namespaces, builtin, limit, (&proof, &judging))?.value;
    let named = args.profile.as_deref().or(config.profile.as_deref());
    let profile = judged::profile(named, Some(&policies), &judging)?.value;
    let today = io::now()?.date();
    let mut rules: Vec<&RuleInfo> = policies.bundle.rules.iter().collect();
    rules.sort_by(|a, b| (a.layer, &a.id).cmp(&(b.layer, &b.id)));
    match args.output {
        FindingsOutput::Human => human(&rules, &profile, today).print()?,
        FindingsOutput::Json => output::print_json(&document(&rules, &profile, today))?,
    }
    Ok(0)
}

/// A line for each rule, below a line for each layer.
fn human(rules: &[&RuleInfo], profile: &Profile, today: Date) -> Lines {
    let mut lines = Lines::default();
    let wide = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let mut layer: Option<Layer> = None;
    for rule in rules {
        if layer != Some(rule.layer) {
            layer = Some(rule.layer);
            lines.add(&format!("{} layer", rule.layer.word()));
        }
        let scope = if rule.per_finding { "finding" } else { "release" };
        let days = [
            rule.effective_on.filter(|day| *day > today).map(|day| format!("; denies from {day} on")),
            rule.deprecated_on.map(|day| format!("; goes away on {day}")),
        ];
        lines.add(&format!(
            "  {:<wide$}  {:<7}  {:<8}  {scope}  {}{}",
            rule.id,
            word(rule.mode(profile, today)),
            rule.severity.word(),
            rule.owner.line(),
            days.into_iter().flatten().collect::<String>()
        ));
    }
    lines.add(&format!("{} rules, profile {}", rules.len(), profile.name.line()));
    lines
}

const fn word(mode: RuleMode) -> &'static str {
    match mode {
        RuleMode::Off => "off",
        RuleMode::Warn => "warn",
        RuleMode::Enforce => "enforce",
    }
}

/// `countersign/policy-list/v1`.
fn document(rules: &[&RuleInfo], profile: &Profile, today: Date) -> Json {
    let rule = |rule: &&RuleInfo| {
        json!({
            "id": rule.id, "layer": rule.layer.word(), "path": rule.path, "package": rule.package, "title": rule.title,
            "owner": rule.owner, "severity": rule.severity, "controls": rule.controls,
            "scope": if rule.per_finding { "finding" } else { "release" }, "mode": rule.mode(profile, today),
            "effective_on": rule.effective_on, "deprecated_on": rule.deprecated_on,
        })
    };
    json!({
        "schema": "countersign/policy-list/v1",
        "profile": profile.name,
        "rules": rules.iter().map(rule).collect::<Vec<_>>(),
    })
}
