//! `policy`: which command about policies, and the policies that such a command is given.
//!
//! What must stay true: what is looked at is what lies in the working tree, with the embedded pack beside it, as it would stand
//! in a release.

use super::args::PolicyCommand;
use super::error::CliError;
use super::judging::JudgingFiles;
use super::policies::Source;
use super::{
    diagnostic, io, policies, policy_bundle, policy_check, policy_diff, policy_doc, policy_eval, policy_list,
    policy_test,
};
use crate::model::change::Change;
use crate::policy::{PolicyFile, beside_pack};

/// Runs one of the commands about policies.
///
/// # Errors
/// As the command says.
pub fn run(command: &PolicyCommand) -> Result<u8, CliError> {
    match command {
        PolicyCommand::Eval(args) => policy_eval::run(args),
        PolicyCommand::Test(args) => policy_test::run(args),
        PolicyCommand::Check(args) => policy_check::run(args),
        PolicyCommand::Diff(args) => policy_diff::run(args),
        PolicyCommand::Doc(args) => policy_doc::run(args),
        PolicyCommand::Bundle(args) => policy_bundle::run(args),
        PolicyCommand::List(args) => policy_list::run(args),
    }
}

/// Policies with their tests; the embedded pack stands beside them unless they are it.
///
/// # Errors
/// A path that is not there, or holds nothing to read.
pub fn given(paths: &[Source], no_builtin: bool) -> Result<Vec<PolicyFile>, CliError> {
    let directory = io::working_directory()?;
    let judging = JudgingFiles::open(&Change::default(), None, &directory)?;
    let mut files = Vec::new();
    for source in paths {
        files.extend(policies::read_with_tests(source, &judging)?.files);
    }
    if no_builtin {
        return Ok(files);
    }
    let (files, beside) = beside_pack(files);
    if !beside {
        diagnostic::note("the policies define packages of the built-in pack, and stand in its place");
    }
    Ok(files)
}
