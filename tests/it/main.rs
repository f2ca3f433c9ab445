//! One integration binary: every test drives the library or the built command on real data.

#![expect(
    clippy::disallowed_methods,
    reason = "tests read fixtures and start the command; the rule is for the program"
)]

mod architecture;
mod ci;
mod cli;
mod docs;
mod evidence;
mod exceptions;
mod findings;
mod formats;
mod policies;
mod render;
mod scenarios;
mod support;
mod trust;
