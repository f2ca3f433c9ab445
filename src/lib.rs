//! `countersign`: a policy-as-code release gate.
//!
//! Reports of any scanner, governed exceptions and change metadata go in; a decision (pass, warn or block) and signed
//! evidence of it come out. One direction, one type per arrow:
//!
//! ```text
//! reports ─formats→ observations ─normalise→ findings ─exceptions→ triaged ┐
//! env, event file ─ci→ change; service; clock; profile ────────────────────┴ facts ─policy→ verdicts ─decision→ Decision ┬ render
//!                                                                                                                        └ evidence
//! envelope ─verify→ Verified<Statement>
//! ```
//!
//! Three invariants, carried by types and tested everywhere:
//!
//! 1. **Nothing is lost.** [`decision::Totals`] holds the equations from report to disposition.
//! 2. **No decision is not a pass.** Whatever could not be read, evaluated, signed or written is an error with its own exit code.
//! 3. **Verified is a type.** Only [`evidence::verify`] makes a [`evidence::Verified`].
//!
//! Everything but `cli` is pure: no file, clock, environment, random number or network.
//!
//! The library is a `0.x` and says so: what others may rely on is the command line, the exit codes and the published
//! JSON formats.

pub mod ci;
pub mod cli;
mod crypto;
pub mod decision;
pub mod enrichment;
pub mod evidence;
pub mod exceptions;
pub mod explain;
pub mod facts;
pub mod forecast;
pub mod formats;
pub mod gate;
pub mod history;
pub mod model;
pub mod normalise;
mod parallel;
pub mod policy;
mod projection;
pub mod render;
pub mod replay;
pub mod simulate;
pub mod strict;
