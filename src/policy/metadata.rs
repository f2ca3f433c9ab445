//! The `# METADATA` block above a package: title, owner and what else a verdict carries.
//!
//! What must stay true: the block is strict YAML. A key or word that nobody knows is an error, so that a mistyped
//! `effective_on` or `scope` never silently falls away.

use serde::Deserialize;

use super::PolicyError;
use super::layering::Declaration;
use super::lexer::Lexed;
use crate::model::severity::Severity;
use crate::model::text::{Untrusted, neutral};
use crate::model::time::Date;

/// The block as written. Keys that the engine of others reads and we do not (`authors`, …) are allowed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Metadata {
    pub(super) scope: Option<Scope>,
    pub(super) title: Option<Untrusted>,
    pub(super) description: Untrusted,
    authors: Vec<serde::de::IgnoredAny>,
    organizations: Vec<serde::de::IgnoredAny>,
    related_resources: Vec<serde::de::IgnoredAny>,
    pub(super) custom: Custom,
    #[serde(skip)]
    pub(super) line: usize,
}

/// What the block is about; only the package is of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Scope {
    Package,
}

/// `custom`: what we add to the words of the language's own annotations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Custom {
    pub(super) owner: Option<Untrusted>,
    pub(super) severity: Option<Severity>,
    pub(super) controls: Vec<Untrusted>,
    pub(super) remediation: Option<Untrusted>,
    pub(super) effective_on: Option<Date>,
    pub(super) deprecated_on: Option<Date>,
    pub(super) scope: Option<RuleScope>,
    pub(super) overridable: Vec<Declaration>,
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RuleScope {
    /// One finding at a time.
    Finding,
}

/// Reads the block above the package; `None` where there is none.
pub(super) fn read(path: &str, lexed: &Lexed<'_>) -> Result<Option<Metadata>, PolicyError> {
    let package_line = lexed.package().map_or(0, |(_, line)| line);
    let above: Vec<_> = lexed.comments.iter().filter(|comment| comment.line < package_line).collect();
    let mut starts = above.iter().enumerate().filter(|(_, comment)| comment.text.trim() == "METADATA");
    let Some((start, head)) = starts.next() else { return Ok(None) };
    if let Some((_, second)) = starts.next() {
        return Err(PolicyError::at(path, second.line, "a second METADATA block above the package")
            .hint("keep one; it is about the package"));
    }
    let mut text = String::new();
    let mut last = head.line;
    for comment in above.iter().skip(start + 1).take_while(|comment| {
        last += 1;
        comment.line == last
    }) {
        text.push_str(comment.text.strip_prefix(' ').unwrap_or(comment.text));
        text.push('\n');
    }
    let mut metadata: Metadata = serde_saphyr::from_str(&text).map_err(|error| {
        let line = error.location().map_or(0, |at| usize::try_from(at.line()).unwrap_or(0));
        PolicyError::at(path, head.line + line, format!("METADATA: {}", reason(&error.to_string())))
            .hint("known keys: scope, title, description, authors, organizations, related_resources, custom; under custom: owner, severity, controls, remediation, effective_on, deprecated_on, scope, overridable")
    })?;
    metadata.line = head.line;
    Ok(Some(metadata))
}

/// The reader's first line without its own place, which counts from the block.
fn reason(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    let line = line.strip_prefix("line ").and_then(|rest| rest.split_once(": ")).map_or(line, |(_, reason)| reason);
    neutral(line).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::lexer::lex;
    use super::*;

    fn parse(source: &str) -> Result<Option<Metadata>, PolicyError> {
        read("a.rego", &lex("a.rego", source).unwrap())
    }

    #[test]
    fn a_block_is_read_up_to_the_first_line_that_is_no_comment() {
        let source = "# SPDX: x\n\n# METADATA\n# scope: package\n# title: No secrets\n# description: >-\n#   Two\n#   lines.\n# custom:\n#   owner: security\n#   severity: high\n#   controls: [b, a]\n#   effective_on: 2026-12-01\n#   scope: finding\n\n# unrelated: words\npackage a\n# METADATA\n# title: of a rule\nx := 1";
        let metadata = parse(source).unwrap().unwrap();
        assert_eq!(metadata.title, Some("No secrets".into()));
        assert_eq!(metadata.description, "Two lines.");
        assert_eq!(metadata.custom.severity, Some(Severity::High));
        assert_eq!(metadata.custom.effective_on, Some("2026-12-01".parse().unwrap()));
        assert_eq!(metadata.custom.scope, Some(RuleScope::Finding));
        assert_eq!(metadata.line, 3);
        assert_eq!(parse("package a\n# METADATA\n# title: of a rule\nx := 1").unwrap(), None);
    }

    #[test]
    fn mistyped_blocks_are_refused_at_their_line() {
        for (block, line, message) in [
            ("# title: a\n# titel: b", 3, "titel"),
            ("# custom:\n#   effectiv_on: 2026-12-01", 3, "effectiv_on"),
            ("# custom:\n#   severity: hgih", 3, "hgih"),
            ("# custom:\n#   severity: High", 3, "High"),
            ("# custom:\n#   effective_on: 2026-13-01", 3, "date"),
            ("# custom:\n#   deprecated_on: soon", 3, "date"),
            ("# custom:\n#   scope: findings", 3, "findings"),
            ("# scope: rule", 2, "rule"),
            ("# title: a\n# title: b", 3, "title"),
            ("# title: [", 2, ""),
            ("# - list", 2, ""),
            ("# title: a\n\n# METADATA\n# title: b", 4, "second"),
        ] {
            let error = parse(&format!("# METADATA\n{block}\npackage a")).unwrap_err();
            assert!(error.message.contains(message), "{block}: {error}");
            assert_eq!(error.place, format!("a.rego:{line}"), "{block}: {error}");
        }
    }
}
