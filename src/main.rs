//! The command.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(countersign::cli::main())
}
