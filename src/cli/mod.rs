//! The command: arguments, files, environment, clock, keys, terminal, hints, exit code.
//!
//! What must stay true: this is the only module that touches the world, and everything that is printed leaves through one
//! neutralising writer.

pub mod args;
pub mod config;
pub mod error;
pub mod evidence;
pub mod git;
pub mod io;
pub mod judging;
pub mod key;
pub mod receipt;
pub mod verify;
