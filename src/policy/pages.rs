//! `policy doc`: what METADATA says of rules, as pages for people.
//!
//! What must stay true: nothing stands on a page that METADATA, the table of controls, or a test of the rule does not say. The pages
//! are the same for the same policies.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::controls::{Catalogue, Framework};
use super::inspection::Inspection;
use super::listening::Given;
use super::{Layer, RuleInfo};
use crate::model::text::Untrusted;

/// `RULES.md`.
#[must_use]
pub fn rules_page(inspection: &Inspection, catalogue: &Catalogue) -> String {
    let mut page = String::from(
        "# Rules\n\n<!-- Written by `countersign policy doc` from the METADATA of the rules. -->\n\n\
         What each rule looks at and why, how to get green, and what it says when it does not pass (as one of its tests makes it say\n\
         it; words in braces are filled in for each finding). [CONTROLS.md](CONTROLS.md) lists them by control. A profile may switch\n\
         a rule to `warn` or `off`; the evidence says so.\n",
    );
    let mut area = "";
    for rule in &inspection.rules {
        let of = rule.id.split('/').next().unwrap_or_default();
        if of != area {
            area = of;
            page.push_str(&format!("\n## {area}\n"));
        }
        about(&mut page, rule, inspection.verdicts.get(&rule.id), catalogue);
    }
    if !inspection.admission.is_empty() {
        page.push_str("\n## Admission\n\nThese judge exception records, before any rule runs.\n");
        inspection.admission.iter().for_each(|info| about(&mut page, info, None, catalogue));
    }
    page
}

/// `CONTROLS.md`.
#[must_use]
pub fn controls_page(inspection: &Inspection, catalogue: &Catalogue) -> String {
    let mut page = String::from(
        "# Controls\n\n<!-- Written by `countersign policy doc` from the METADATA of the rules. -->\n\n\
         Which rules give evidence for which control. A verdict supports an auditor's judgement of a control; no rule makes anybody\n\
         compliant. What each rule looks at: [RULES.md](RULES.md).\n",
    );
    let mut rules: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for rule in inspection.rules.iter().chain(&inspection.admission) {
        for control in &rule.controls {
            rules.entry(control.as_raw()).or_default().insert(&rule.id);
        }
    }
    for (word, framework) in catalogue.frameworks() {
        let of_it: Vec<(&str, &BTreeSet<&str>)> = sorted(word, framework)
            .into_iter()
            .filter_map(|id| Some((id, rules.get(format!("{word}:{id}").as_str())?)))
            .collect();
        if of_it.is_empty() {
            continue;
        }
        page.push_str(&format!("\n## {}\n\n| control | about | rules |\n|---|---|---|\n", text(&framework.title)));
        for (id, rules) in of_it {
            let links: Vec<String> = rules.iter().map(|id| format!("[{id}](RULES.md#{})", anchor(id))).collect();
            let about = framework.controls.get(id).map(|about| text(about)).unwrap_or_default();
            page.push_str(&format!("| `{word}:{id}` | {about} | {} |\n", links.join(", ")));
        }
    }
    page
}

fn about(page: &mut String, rule: &RuleInfo, example: Option<&Given>, catalogue: &Catalogue) {
    let mut line = |line: String| {
        page.push_str(&line);
        page.push('\n');
    };
    line(format!("\n### {}\n", rule.id));
    line(format!("**{}.** {}\n", words(&rule.title).trim_end_matches('.'), words(&rule.description)));
    if let Some(remediation) = &rule.remediation {
        line(format!("- How to get green: {}", words(remediation)));
    }
    if let Some(given) = example {
        let word = if given.deny { "denies" } else { "warns" };
        line(format!("- It {word}, for example: {}", code(&given.msg)));
        given.next.iter().for_each(|next| line(format!("  next: {}", code(next))));
    }
    let looks = if rule.per_finding { "each finding" } else { "the release as a whole" };
    line(format!("- It judges {looks}; severity {}; answered for by {}", rule.severity.word(), words(&rule.owner)));
    if let Some(day) = rule.effective_on {
        line(format!("- It denies from {day} on, and warns until then"));
    }
    if let Some(day) = rule.deprecated_on {
        line(format!("- It goes away: from {day} on it is not evaluated any more"));
    }
    if rule.layer != Layer::Builtin && rule.layer != Layer::Repository {
        line(format!("- Of the {} layer", rule.layer.word()));
    }
    let controls: Vec<String> = rule.controls.iter().map(|control| named(control, catalogue)).collect();
    if !controls.is_empty() {
        line(format!("- Evidence for: {}", controls.join("; ")));
    }
}

fn named(control: &Untrusted, catalogue: &Catalogue) -> String {
    let about = catalogue.find(control.as_raw()).map(|(_, about)| format!(" {}", text(about))).unwrap_or_default();
    format!("{}{about}", code(control.as_raw()))
}

/// The controls of a framework as people count: 5.9 before 5.10.
fn sorted<'a>(word: &str, framework: &'a Framework) -> Vec<&'a str> {
    let mut ids: Vec<&str> = framework.controls.keys().map(String::as_str).collect();
    ids.sort_by_key(|id| pieces(&format!("{word}:{id}")));
    ids
}

/// An id as texts and numbers in turn.
fn pieces(id: &str) -> Vec<(String, u64)> {
    let mut pieces = Vec::new();
    let mut rest = id;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(digits);
        let end = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
        let (number, behind) = behind.split_at(end);
        pieces.push((word.to_owned(), number.parse().unwrap_or(0)));
        rest = behind;
    }
    pieces
}

/// A heading's anchor, as code hosts make it.
fn anchor(heading: &str) -> String {
    heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

/// Text of METADATA: Markdown, in which nothing is HTML, on one line.
fn words(raw: &Untrusted) -> String {
    text(&raw.line())
}

fn text(raw: &str) -> String {
    raw.replace('<', "&lt;").replace('|', "\\|")
}

fn code(raw: &str) -> String {
    let mut text = String::from("`");
    // Writing into a text cannot fail.
    let _ = write!(text, "{}", Untrusted::from(raw).line().replace('`', "'"));
    text.push('`');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_sorted_as_people_count() {
        let mut ids = ["8.10", "8.9", "CM-3(2)", "CM-3", "CC10", "CC9", "5.30"];
        ids.sort_by_key(|id| pieces(id));
        assert_eq!(ids, ["5.30", "8.9", "8.10", "CC9", "CC10", "CM-3", "CM-3(2)"]);
    }

    #[test]
    fn nothing_in_a_text_is_html_or_ends_what_it_stands_in() {
        assert_eq!(words(&"a <b> | c".into()), "a &lt;b> \\| c");
        assert!(!words(&"a\n# b".into()).contains('\n'));
        assert_eq!(code("a `b` c"), "`a 'b' c`");
        assert_eq!(anchor("secrets/no-secret"), "secretsno-secret");
    }
}
