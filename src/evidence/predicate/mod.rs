//! The predicates that evidence consists of: one file each, and its row in [`PREDICATES`].
//!
//! What must stay true: the file name, the type and what `verify` expects derive from the table.

pub mod gate_decision;
pub mod vsa;

/// One kind of statement in an evidence folder.
#[derive(Debug)]
pub struct Predicate {
    /// `predicateType`.
    pub uri: &'static str,
    /// The envelope's file name.
    pub file: &'static str,
    /// For people.
    pub title: &'static str,
}

/// Every predicate, in the order in which they are verified.
pub static PREDICATES: &[&Predicate] = &[&gate_decision::PREDICATE, &vsa::PREDICATE];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn types_and_files_are_distinct() {
        let uris: BTreeSet<_> = PREDICATES.iter().map(|p| p.uri).collect();
        let files: BTreeSet<_> = PREDICATES.iter().map(|p| p.file).collect();
        assert_eq!((uris.len(), files.len()), (PREDICATES.len(), PREDICATES.len()));
        assert!(PREDICATES.iter().all(|p| p.file.ends_with(".dsse.json") && p.uri.starts_with("https://")));
    }
}
