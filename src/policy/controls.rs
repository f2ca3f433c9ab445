//! The controls of frameworks that rules may name as evidence for.
//!
//! What must stay true: a control counts only where the table has it, so that a slip does not become evidence for nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::PolicyError;
use crate::model::text::neutral;

/// `policies/controls.yaml`, as it is embedded.
const SHIPPED: &str = include_str!("../../policies/controls.yaml");

/// Frameworks by the word that stands before the colon of `framework:id`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Catalogue(BTreeMap<String, Framework>);

/// One framework.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Framework {
    /// Its name and version.
    pub title: String,
    /// What each control is about, by its id.
    pub controls: BTreeMap<String, String>,
}

impl Catalogue {
    /// The frameworks that come with the program.
    ///
    /// # Errors
    /// None in a build that passes its tests.
    pub fn shipped() -> Result<Self, PolicyError> {
        Self::parse("policies/controls.yaml", SHIPPED)
    }

    /// Reads a table: framework → `title` and `controls` (id → title).
    ///
    /// # Errors
    /// A text that is no such table, at its line.
    pub fn parse(path: &str, text: &str) -> Result<Self, PolicyError> {
        serde_saphyr::from_str(text).map_err(|error| {
            let line = error.location().map_or(0, |at| usize::try_from(at.line()).unwrap_or(0));
            PolicyError::at(path, line, neutral(error.to_string().lines().next().unwrap_or_default())).hint(
                "write `framework:`, below it `title: …` and `controls:`, below that `id: title` for each control",
            )
        })
    }

    /// Adds what another table holds.
    ///
    /// # Errors
    /// A framework that both have: `path` is where the other one stands.
    pub fn add(&mut self, path: &str, other: Self) -> Result<(), PolicyError> {
        for (word, framework) in other.0 {
            if self.0.contains_key(&word) {
                return Err(PolicyError::file(path, format!("the framework `{word}` is there already"))
                    .hint("choose another word for it"));
            }
            self.0.insert(word, framework);
        }
        Ok(())
    }

    /// Framework and title of a control, given as `framework:id`.
    #[must_use]
    pub fn find(&self, control: &str) -> Option<(&Framework, &str)> {
        let (word, id) = control.split_once(':')?;
        let framework = self.0.get(word)?;
        framework.controls.get(id).map(|title| (framework, title.as_str()))
    }

    /// Words and frameworks, sorted.
    pub fn frameworks(&self) -> impl Iterator<Item = (&str, &Framework)> {
        self.0.iter().map(|(word, framework)| (word.as_str(), framework))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_table_knows_what_the_standards_have() {
        let shipped = Catalogue::shipped().unwrap();
        assert_eq!(shipped.find("iso27001:8.32").unwrap().1, "Change management");
        assert_eq!(shipped.find("iso27001:8.30").unwrap().1, "Outsourced development");
        for unknown in ["iso27001:8.35", "iso27001:8.3.2", "iso:8.32", "soc2", "soc2:CC10.1", ""] {
            assert!(shipped.find(unknown).is_none(), "{unknown}");
        }
        // ISO/IEC 27001:2022 has 93 controls, the common criteria of SOC 2 are 33, SSDF 1.1 has 42 tasks.
        let count =
            |word: &str, begins: &str| shipped.0[word].controls.keys().filter(|id| id.starts_with(begins)).count();
        assert_eq!((count("iso27001", ""), count("soc2", "CC"), count("ssdf", "")), (93, 33, 42));
    }

    #[test]
    fn a_table_of_ones_own_is_strict_and_adds() {
        let mut all = Catalogue::shipped().unwrap();
        let own = Catalogue::parse("own.yaml", "acme:\n  title: ACME\n  controls: {S1: Secrets}\n").unwrap();
        all.add("own.yaml", own.clone()).unwrap();
        assert_eq!(all.find("acme:S1").unwrap().1, "Secrets");
        assert!(all.add("own.yaml", own).unwrap_err().message.contains("`acme` is there already"));
        for text in ["acme: {controls: {}}", "acme: {title: a, controls: {}, more: 1}", "- acme", "acme:\nacme:\n"] {
            assert!(Catalogue::parse("own.yaml", text).is_err(), "{text}");
        }
    }
}
