//! The command: arguments, files, environment, clock, keys, terminal, hints, exit code.
//!
//! What must stay true: this is the only module that touches the world, and everything that is printed leaves through one
//! neutralising writer.

pub mod args;
pub mod baseline;
pub mod change;
pub mod check;
pub mod config;
pub mod data;
pub mod diagnostic;
pub mod doctor;
pub mod emergency;
pub mod error;
pub mod evidence;
pub mod exception;
pub mod explain;
pub mod findings;
pub mod forecast;
pub mod formats;
pub mod git;
pub mod histories;
pub mod init;
pub mod io;
pub mod judged;
pub mod judging;
pub mod junit;
pub mod key;
pub mod log;
mod originals;
pub mod output;
pub mod policies;
pub mod policy;
pub mod policy_bundle;
pub mod policy_check;
pub mod policy_diff;
pub mod policy_doc;
pub mod policy_eval;
pub mod policy_list;
pub mod policy_mutate;
pub mod policy_test;
pub mod receipt;
pub mod releases;
pub mod replay;
pub mod report;
pub mod reports;
pub mod schema;
pub mod signing;
pub mod simulate;
pub mod subject;
pub mod timestamps;
pub mod trust;
pub mod verified;
pub mod verify;
pub mod vex;
pub mod worker;

use std::path::Path;

use clap::{CommandFactory as _, Parser as _};

use args::{Cli, Command, KeyCommand, ReceiptArgs};
use error::{CliError, Exit};

/// The stack of the thread that does the work: deep documents and policies must not overflow it.
const STACK_BYTES: usize = 64 << 20;

/// Runs the command with the arguments of the process, and gives its exit code.
#[must_use]
pub fn main() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors, and go to standard output.
            if !error.use_stderr() {
                let _ = error.print();
                return 0;
            }
            // Its message quotes what was typed, which may be a branch's name.
            diagnostic::usage(&error.render().to_string());
            return Exit::Usage.code();
        }
    };
    // A panic is a bug of ours: it has printed its message, and must not look like any other result.
    let worker = std::thread::Builder::new().name("countersign".to_owned()).stack_size(STACK_BYTES);
    match worker.spawn(move || run(&cli.command)).map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        Ok(Err(_)) => {
            diagnostic::report(
                &CliError::internal("this is a bug in countersign").hint("please report it with the message above"),
            );
            Exit::Internal.code()
        }
        Err(error) => {
            diagnostic::report(&CliError::internal(format!("no thread could be started: {error}")));
            Exit::Internal.code()
        }
    }
}

fn run(command: &Command) -> u8 {
    let result = match command {
        Command::Check(args) => return check::run(args),
        Command::PolicyWorker(args) => return worker::serve(args.seconds),
        Command::Policy(args) => policy::run(&args.command),
        Command::Explain(args) => explain::run(args),
        Command::Forecast(args) => forecast::run(args),
        Command::Simulate(args) => simulate::run(args),
        Command::Findings(args) => findings::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Replay(args) => replay::run(args),
        Command::Report(args) => report::run(args),
        Command::Receipt(args) => receipt(args),
        Command::Emergency(args) => emergency::run(&args.command),
        Command::Exception(args) => exception::run(&args.command),
        Command::Key(args) => key(&args.command),
        Command::Log(args) => log::run(&args.command),
        Command::Releases(args) => releases::list(args),
        Command::Reconcile(args) => releases::hold_against(args),
        Command::Formats(args) => formats::run(args),
        Command::Schema(args) => schema::run(args),
        Command::Init(args) => init::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Completions(args) => completions(args.shell),
        Command::Man(args) => man(args.directory.as_deref()),
    };
    result.unwrap_or_else(|error| {
        diagnostic::report(&error);
        error.exit.code()
    })
}

/// The commit is the one that CI or git tells; with `--commit` or `--ci none` neither is asked.
fn receipt(args: &ReceiptArgs) -> Result<u8, CliError> {
    let commit = match &args.commit {
        Some(_) => None,
        None => change::see(&args.ci, &io::environment(), &io::working_directory()?, None)?.change.commit,
    };
    output::print(&receipt::make(args, commit, io::now()?)?).map(|()| 0)
}

fn key(command: &KeyCommand) -> Result<u8, CliError> {
    let mut text = Vec::new();
    match command {
        KeyCommand::Trust { command } => return trust::run(command),
        KeyCommand::New { out } => key::new(out, &mut text)?,
        KeyCommand::Show { key, key_passphrase } => key::show(key, key_passphrase.as_ref(), &mut text)?,
    }
    output::print(&text).map(|()| 0)
}

fn completions(shell: clap_complete::Shell) -> Result<u8, CliError> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "countersign", &mut text);
    output::print(&text).map(|()| 0)
}

fn man(directory: Option<&Path>) -> Result<u8, CliError> {
    let command = Cli::command();
    let Some(directory) = directory else {
        let mut page = Vec::new();
        let rendered = clap_mangen::Man::new(command).render(&mut page);
        rendered.map_err(|error| CliError::internal(error.to_string()))?;
        return output::print(&page).map(|()| 0);
    };
    io::make_directory(directory)?;
    clap_mangen::generate_to(command, directory)
        .map_err(|error| CliError::internal(format!("{}: {error}", directory.display())))?;
    Ok(0)
}
