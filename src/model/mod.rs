//! The nouns of the field, as plain data.
//!
//! What must stay true: this module knows nobody and does nothing but hold, check and order its values.

pub mod artifact;
pub mod change;
pub mod coverage;
pub mod digest;
pub mod document;
pub mod emergency;
pub mod enrichment;
pub mod exception;
pub mod finding;
pub mod license;
pub mod package;
pub mod profile;
pub mod report;
pub mod service;
pub mod severity;
pub mod text;
pub mod time;
pub mod vex;
