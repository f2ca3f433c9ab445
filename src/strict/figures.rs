//! Figures and words of a profile that a type cannot hold to their meaning.
//!
//! What must stay true: a figure that nothing could meet, a word that does nothing and a licence that does not exist are faults, so that no
//! demand is made in vain.

use super::{Document, Fault, Node};
use crate::model::license;
use crate::model::profile::{Action, Frequency, Profile};
use crate::model::severity::Severity;
use crate::model::text::Untrusted;

/// What a type cannot say about the sections that the rules on releases, tests, plans, licences and controls read.
pub(super) struct Figures<'a> {
    pub(super) document: &'a Document,
    pub(super) profile: &'a Profile,
}

impl Figures<'_> {
    /// The value under these keys, else the nearest one above it.
    fn at(&self, keys: &[&str]) -> &Node {
        keys.iter().fold(self.document.root(), |node, key| node.get(key).unwrap_or(node))
    }

    fn rows(&self, key: &str) -> &[Node] {
        self.at(&[key]).items().unwrap_or_default()
    }

    pub(super) fn all(&self) -> Vec<Fault> {
        let mut faults = self.figures();
        faults.extend(self.actions());
        faults.extend(self.licenses());
        let kinds = self.at(&["plans", "stateful"]).items().unwrap_or_default();
        for (node, glob) in kinds.iter().zip(&self.profile.plans.stateful) {
            if globset::Glob::new(glob.as_raw()).is_err() {
                faults.push(self.fault(node, "not a glob", "write one, like aws_db_*"));
            }
        }
        for (node, control) in self.rows("controls").iter().zip(&self.profile.controls) {
            if control.every == Frequency::Deployment && control.checks.is_empty() {
                faults.push(self.fault(node, "no check of a deployment verifies this control", "name `checks`"));
            }
        }
        for (node, class) in self.rows("severity_classes").iter().zip(&self.profile.severity_classes) {
            for (key, value) in
                [("class", &class.class), ("respond_within", &class.respond_within), ("owner", &class.owner)]
            {
                if value.is_blank() {
                    let node = node.get(key).unwrap_or(node);
                    faults.push(self.fault(node, format!("`{key}` is blank"), "fill it in"));
                }
            }
        }
        faults
    }

    fn fault(&self, node: &Node, message: impl Into<String>, fix: &str) -> Fault {
        self.document.fault(node, message.into(), fix)
    }

    /// Figures that no finding, test or score could have, and pairs that no finding could meet.
    fn figures(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (node, row) in self.rows("thresholds").iter().zip(&self.profile.thresholds) {
            for (key, value) in [("min_epss", row.min_epss), ("max_epss", row.max_epss)] {
                if value.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
                    let node = node.get(key).unwrap_or(node);
                    faults.push(self.fault(node, "a probability is between 0 and 1", "write 0.1 for ten percent"));
                }
            }
            let never = matches!((row.min_epss, row.max_epss), (Some(least), Some(most)) if least > most)
                || matches!((row.min_age_days, row.max_age_days), (Some(least), Some(most)) if least > most);
            if never {
                faults.push(self.fault(node, "this row never counts: its least is above its most", "swap them"));
            }
        }
        let tests = &self.profile.tests;
        let least = self.profile.reliability.min_error_budget;
        let above = self.profile.platform.developer_experience_above;
        for (path, value, most) in [
            (["tests", "max_skipped_percent"], tests.max_skipped_percent, 100.0),
            (["tests", "min_line_coverage"], tests.min_line_coverage, 100.0),
            (["tests", "max_coverage_drop"], tests.max_coverage_drop, 100.0),
            (["reliability", "min_error_budget"], least, 100.0),
            (["platform", "developer_experience_above"], above, 10.0),
        ] {
            if value.is_some_and(|value| !(0.0..=most).contains(&value)) {
                let message = format!("`{}` is between 0 and {most}", path.join("."));
                faults.push(self.fault(self.at(&path), message, "correct the figure"));
            }
        }
        faults
    }

    /// Words of the table that mean nothing where no finding is filed.
    fn actions(&self) -> Vec<Fault> {
        let profile = self.profile;
        let mut words = vec![
            (vec!["plans", "destroys"], profile.plans.destroys),
            (vec!["plans", "opens"], profile.plans.opens),
            (vec!["licenses", "refused"], profile.licenses.refused),
            (vec!["licenses", "unknown"], profile.licenses.unknown),
        ];
        let overdue = &profile.overdue.action;
        words.extend(Severity::WORST_FIRST.map(|severity| (vec!["overdue", "action"], overdue.get(severity))));
        let mut faults: Vec<Fault> = words
            .into_iter()
            .filter(|(_, action)| *action == Action::Ticket)
            .map(|(path, _)| self.fault(self.at(&path), "nothing is filed here", "write block, warn or ignore"))
            .collect();
        faults.dedup();
        for (node, control) in self.rows("controls").iter().zip(&profile.controls) {
            if control.overdue == Action::Ticket {
                faults.push(self.fault(node, "nothing is filed here", "write block, warn or ignore"));
            }
        }
        faults
    }

    /// A licence that is written otherwise than facts write it would allow or deny nothing, in silence.
    fn licenses(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (key, names) in [("allow", &self.profile.licenses.allow), ("deny", &self.profile.licenses.deny)] {
            let nodes = self.at(&["licenses", key]).items().unwrap_or_default();
            for (node, name) in nodes.iter().zip(names) {
                let written = license::choices(name.as_raw());
                match written.as_deref() {
                    Ok([one])
                        if one.len() == 1 && one.iter().all(|it| it.as_raw().eq_ignore_ascii_case(name.as_raw())) => {}
                    Ok([one]) if one.len() == 1 => {
                        let fix = format!("write {}", one.iter().map(Untrusted::line).collect::<String>());
                        faults.push(self.fault(node, "an old name of a licence", &fix));
                    }
                    _ => faults.push(self.fault(node, "no licence of SPDX", "write its id, like Apache-2.0")),
                }
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    const SHIPPED: &str = include_str!("../../policies/profiles/default.yaml");

    #[test]
    fn a_demand_that_is_made_in_vain_is_a_fault() {
        for (from, to, part) in [
            ("  - kinds: [malware]\n", "  - kinds: [malware]\n    min_epss: 1.5\n", "between 0 and 1"),
            ("  - kinds: [malware]\n", "  - kinds: [malware]\n    min_epss: 0.5\n    max_epss: 0.1\n", "never counts"),
            (
                "  - kinds: [malware]\n",
                "  - kinds: [malware]\n    min_age_days: 9\n    max_age_days: 8\n",
                "its least is above its most",
            ),
            ("max_skipped_percent: null", "max_skipped_percent: 101", "between 0 and 100"),
            ("min_error_budget: null", "min_error_budget: -1", "between 0 and 100"),
            ("developer_experience_above: null", "developer_experience_above: 11", "between 0 and 10"),
            ("destroys: block", "destroys: ticket", "nothing is filed here"),
            ("unknown: ignore\n", "unknown: ticket\n", "nothing is filed here"),
            ("action: { critical: ignore,", "action: { critical: ticket,", "nothing is filed here"),
            ("  deny: []", "  deny: [AGPL-3.0]", "write AGPL-3.0-only"),
            ("  allow: []", "  allow: [Apache2]", "no licence of SPDX"),
            ("  allow: []", "  allow: [\"MIT OR ISC\"]", "no licence of SPDX"),
            ("aws_backup_vault,", "\"aws_[\",", "not a glob"),
            (
                "controls: []",
                "controls: [{ id: \"soc2:CC7.1\", name: n, every: deployment, overdue: warn, owner: o }]",
                "no check of a deployment",
            ),
            (
                "severity_classes: []",
                "severity_classes: [{ class: P0, respond_within: \" \", notify: page, owner: o }]",
                "`respond_within` is blank",
            ),
        ] {
            let changed = SHIPPED.replacen(from, to, 1);
            assert_ne!(changed, SHIPPED, "{from}");
            let faults = super::super::profile("default.yaml", changed.as_bytes()).unwrap_err().to_string();
            assert!(faults.contains(part), "{to}: {faults}");
        }
        let sound = "  allow: [MIT, \"Apache-2.0 WITH LLVM-exception\", GPL-2.0-or-later, LicenseRef-acme]";
        let changed = SHIPPED.replacen("  allow: []", sound, 1);
        super::super::profile("default.yaml", changed.as_bytes()).unwrap();
    }
}
