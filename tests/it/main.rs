//! One integration binary: every test drives the library or the built command on real data.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    reason = "tests read fixtures and start the command, and a panic is how they fail; the rules are for the program"
)]

mod architecture;
mod baseline;
mod ci;
mod cli;
mod conformance;
mod conftest;
mod containment;
mod docs;
mod emergency;
mod enrichment;
mod evidence;
mod exception_commands;
mod exception_edits;
mod exception_exchange;
mod exception_governance;
mod exceptions;
mod explain;
mod fail_open;
mod findings;
mod forecast;
mod formats;
mod fuzzing;
mod history;
mod injection;
mod layers;
mod layouts;
mod limits;
mod onboarding;
mod policies;
mod policy_bundle;
mod policy_check;
mod policy_doc;
mod policy_mutate;
mod policy_test;
mod properties;
mod render;
mod rows;
mod scenarios;
mod secrets;
mod simulate;
mod ssh_signatures;
mod supply_chain;
mod support;
mod trust;
mod vex;
