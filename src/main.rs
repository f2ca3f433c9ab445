//! The command.

use std::process::ExitCode;

/// The static binaries would have musl's allocator, which is slow and has one lock for all threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(countersign::cli::main())
}
