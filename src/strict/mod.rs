//! One strict reader for documents that are ours: config, profiles, exception records, service files, evidence, events.
//!
//! What must stay true: nothing is guessed and nothing is dropped. A key that nobody knows, a key given twice or a second
//! document is a fault, never a value that silently wins.

pub mod json;
