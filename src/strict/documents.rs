//! The service file and the profile: read strictly, and checked for what a type cannot say.
//!
//! What must stay true: a profile that passes has an answer for every finding, and no name in a service file is blank.

use super::figures::Figures;
use super::{Document, Fault, Faults, Node, backstage};
use crate::model::finding::Kind;
use crate::model::profile::{Freeze, Profile, RequiredCheck, Situation, Threshold, Window};
use crate::model::service::{Exposure, Service};
use crate::model::severity::Severity;
use crate::model::text::Untrusted;

/// A service file that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceFile {
    /// What it says.
    pub service: Service,
    /// Whether it says who can reach the service, or the strict side was taken.
    pub exposure_stated: bool,
}

/// Reads a service file, or a component of a Backstage catalogue; its lists come out sorted.
///
/// # Errors
/// Every fault that could be found.
pub fn service(file: &str, bytes: &[u8]) -> Result<ServiceFile, Faults> {
    if let Ok(text) = std::str::from_utf8(bytes)
        && backstage::is_catalogue(text)
    {
        let (service, exposure_stated) = backstage::read(file, text)?;
        return Ok(ServiceFile { service, exposure_stated });
    }
    let document = Document::parse(file, bytes)?;
    let mut faults = Vec::new();
    document.blanks(&mut faults);
    let service: Option<Service> = document.read_at(document.root(), &mut faults);
    if let Some(budget) = service.as_ref().and_then(|service| service.error_budget)
        && !(0.0..=100.0).contains(&budget)
    {
        let at = document.root().get("error_budget").unwrap_or(document.root());
        faults.push(document.fault(at, "`error_budget` is no percentage", "give what is left, from 0 to 100"));
    }
    match (service, faults.is_empty()) {
        (Some(mut service), true) => {
            for list in [&mut service.data, &mut service.compliance] {
                list.sort();
                list.dedup();
            }
            service.states.sort();
            Ok(ServiceFile { service, exposure_stated: document.root().get("exposure").is_some() })
        }
        _ => Err(Faults::new(faults)),
    }
}

/// Reads a profile.
///
/// # Errors
/// Every fault that could be found.
pub fn profile(file: &str, bytes: &[u8]) -> Result<Profile, Faults> {
    let document = Document::parse(file, bytes)?;
    let mut faults = Vec::new();
    let profile: Option<Profile> = document.read_at(document.root(), &mut faults);
    if let Some(profile) = &profile {
        faults.extend(ProfileCheck { document: &document }.all(profile));
    }
    match (profile, faults.is_empty()) {
        (Some(profile), true) => Ok(profile),
        _ => Err(Faults::new(faults)),
    }
}

/// What a type cannot say about a profile.
struct ProfileCheck<'a> {
    document: &'a Document,
}

impl ProfileCheck<'_> {
    fn all(&self, profile: &Profile) -> Vec<Fault> {
        let mut faults = Vec::new();
        if profile.name.is_blank() {
            faults.push(self.document.fault(self.at(&["name"]), "`name` is blank", "name the profile"));
        }
        for (row, (node, threshold)) in self.rows("thresholds").iter().zip(&profile.thresholds).enumerate() {
            faults.extend(self.excepted_is_no_worse(node, threshold));
            faults.extend(self.is_reached(node, threshold, profile.thresholds.get(..row).unwrap_or_default()));
        }
        faults.extend(self.every_case_is_answered(&profile.thresholds));
        for (node, check) in
            self.at(&["coverage", "required"]).items().unwrap_or_default().iter().zip(&profile.coverage.required)
        {
            faults.extend(self.ages(node, check));
        }
        if profile.coverage.max_age_hours == 0 {
            let node = self.at(&["coverage", "max_age_hours"]);
            faults.push(self.document.fault(
                node,
                "no scan is younger than 0 hours",
                "give the hours that a scan counts",
            ));
        }
        for (node, freeze) in self.rows("freezes").iter().zip(&profile.freezes) {
            faults.extend(self.freeze(node, freeze));
        }
        for (node, window) in self.rows("windows").iter().zip(&profile.windows) {
            faults.extend(self.window(node, window));
        }
        for (node, cut) in self.rows("cut_lines").iter().zip(&profile.cut_lines) {
            if cut.until <= cut.at {
                let node = node.get("until").unwrap_or(node);
                faults.push(self.document.fault(node, "the release ends before its cut", "give an `until` after `at`"));
            }
        }
        let secrets = self.at(&["runners", "production_secrets"]).items().unwrap_or_default();
        for (node, glob) in secrets.iter().zip(&profile.runners.production_secrets) {
            if globset::Glob::new(glob.as_raw()).is_err() {
                faults.push(self.document.fault(node, "not a glob", "write one, like PROD_*"));
            }
        }
        let nobody = |node: &Node, key: &str| {
            let node = node.get(key).unwrap_or(node);
            self.document.fault(node, "no role is named, so nobody could do it", "name the roles")
        };
        for (node, layer) in self.rows("layers").iter().zip(&profile.layers) {
            if layer.approvals > 0 && layer.roles.is_empty() {
                faults.push(nobody(node, "roles"));
            }
        }
        for (node, row) in self.rows("go_no_go").iter().zip(&profile.go_no_go) {
            if row.roles.is_empty() {
                faults.push(nobody(node, "roles"));
            }
        }
        if profile.policy_changes.approvals > 0 && profile.policy_changes.roles.is_empty() {
            faults.push(nobody(self.at(&["policy_changes"]), "roles"));
        }
        faults.extend(Figures { document: self.document, profile }.all());
        let layers: Vec<&Untrusted> = profile.layers.iter().map(|layer| &layer.name).collect();
        for (node, row) in self.rows("raci").iter().zip(&profile.raci) {
            faults.extend(self.situation(node, row, &layers));
        }
        faults
    }

    /// The value under these keys, else the nearest one above it.
    fn at(&self, keys: &[&str]) -> &Node {
        keys.iter().fold(self.document.root(), |node, key| node.get(key).unwrap_or(node))
    }

    fn rows(&self, key: &str) -> &[Node] {
        self.at(&[key]).items().unwrap_or_default()
    }

    fn excepted_is_no_worse(&self, node: &Node, row: &Threshold) -> Option<Fault> {
        let severity = Severity::WORST_FIRST.into_iter().find(|s| row.excepted.get(*s) > row.open.get(*s))?;
        let message = format!("an excepted {severity} finding would fare worse than an open one");
        Some(self.document.fault(
            node.get("excepted").unwrap_or(node),
            message,
            "`excepted` is at most what `open` says",
        ))
    }

    fn is_reached(&self, node: &Node, row: &Threshold, above: &[Threshold]) -> Option<Fault> {
        let hides = above.iter().position(|earlier| {
            holds_wherever(&earlier.kinds, &row.kinds)
                && holds_wherever(&earlier.exposures, &row.exposures)
                && holds_wherever(&earlier.environments, &row.environments)
                && holds_wherever(&earlier.tiers, &row.tiers)
                && is_of_any(earlier)
        })?;
        let message = format!("this row never counts: row {} holds wherever it would", hides + 1);
        Some(self.document.fault(node, message, "the first row that matches counts: move this one up, or take it away"))
    }

    /// A row for one environment answers nothing in another one, so only rows for all of them count here.
    fn every_case_is_answered(&self, rows: &[Threshold]) -> Option<Fault> {
        let answered = |kind: Kind, exposure: Exposure| {
            rows.iter().any(|row| {
                row.environments.is_empty()
                    && row.tiers.is_empty()
                    && is_of_any(row)
                    && (row.kinds.is_empty() || row.kinds.contains(&kind))
                    && (row.exposures.is_empty() || row.exposures.contains(&exposure))
            })
        };
        let exposures = [Exposure::Public, Exposure::Internal];
        let open = Kind::ALL.into_iter().flat_map(|kind| exposures.map(|exposure| (kind, exposure)));
        let (kind, exposure) = open.into_iter().find(|(kind, exposure)| !answered(*kind, *exposure))?;
        let exposure = match exposure {
            Exposure::Public => "public",
            Exposure::Internal => "internal",
        };
        let message = format!("`thresholds` has no row for a {} finding of a service that is {exposure}", kind.word());
        Some(self.document.fault(self.at(&["thresholds"]), message, "end the table with a row without conditions"))
    }

    fn ages(&self, node: &Node, check: &RequiredCheck) -> Option<Fault> {
        let none = check.max_age_hours == Some(0);
        let node = node.get("max_age_hours").unwrap_or(node);
        none.then(|| self.document.fault(node, "no scan is younger than 0 hours", "give the hours that a scan counts"))
    }

    fn window(&self, node: &Node, window: &Window) -> Vec<Fault> {
        let mut faults = Vec::new();
        if window.zone.as_raw().parse::<chrono_tz::Tz>().is_err() {
            let node = node.get("zone").unwrap_or(node);
            let fix = "name it as the IANA time zone database does: UTC, Europe/Berlin, America/New_York";
            faults.push(self.document.fault(node, "no such time zone", fix));
        }
        if window.days.is_empty() {
            let node = node.get("days").unwrap_or(node);
            faults.push(self.document.fault(node, "a window without a day never opens", "name its days"));
        }
        faults
    }

    fn situation(&self, node: &Node, row: &Situation, layers: &[&Untrusted]) -> Vec<Fault> {
        let mut faults = Vec::new();
        if row.accountable.is_empty() {
            let node = node.get("accountable").unwrap_or(node);
            faults.push(self.document.fault(node, "nobody is accountable", "name a role"));
        }
        if let Some(layer) = row.when.layers.iter().find(|layer| !layers.contains(layer)) {
            let node = node.get("when").and_then(|when| when.get("layers")).unwrap_or(node);
            let message = format!("there is no layer `{}`", layer.line());
            faults.push(self.document.fault(node, message, "name one of `layers`"));
        }
        faults
    }

    fn freeze(&self, node: &Node, freeze: &Freeze) -> Vec<Fault> {
        let mut faults = Vec::new();
        if freeze.until <= freeze.from {
            let node = node.get("until").unwrap_or(node);
            faults.push(self.document.fault(node, "the freeze ends before it begins", "give an `until` after `from`"));
        }
        for (key, value) in [("name", &freeze.name), ("owner", &freeze.owner)] {
            if value.is_blank() {
                let node = node.get(key).unwrap_or(node);
                faults.push(self.document.fault(node, format!("`{key}` is blank"), "fill it in"));
            }
        }
        faults
    }
}

/// Whether a row asks nothing of the finding itself.
const fn is_of_any(row: &Threshold) -> bool {
    row.fix_available.is_none()
        && row.known_exploited.is_none()
        && row.min_epss.is_none()
        && row.max_epss.is_none()
        && row.min_age_days.is_none()
        && row.max_age_days.is_none()
}

/// Whether a list of conditions (empty: all) holds wherever another one does.
fn holds_wherever<T: PartialEq>(wide: &[T], narrow: &[T]) -> bool {
    wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(|one| wide.contains(one)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../policies/profiles/default.yaml");

    #[test]
    fn a_profile_answers_every_case() {
        profile("default.yaml", SHIPPED.as_bytes()).unwrap();
        for (from, to, part) in [
            (
                "  - exposures: [internal]\n",
                "  - exposures: [internal]\n    environments: [staging]\n",
                "no row for a vulnerability finding of a service that is internal",
            ),
            ("  - kinds: [malware]\n", "  - kinds: []\n", "this row never counts: row 1"),
            ("  - kinds: [quality]\n", "  - kinds: [test]\n", "this row never counts: row 2"),
            (
                "excepted: { critical: ticket, high: ticket,",
                "excepted: { critical: ticket, high: block,",
                "excepted high finding would fare worse",
            ),
            ("max_age_hours: 24", "max_age_hours: 0", "younger than 0 hours"),
            ("- { check: sast }", "- { check: sast, max_age_hours: 0 }", "younger than 0 hours"),
            ("name: default", "name: ' '", "`name` is blank"),
            (
                "freezes: []",
                "freezes: [{ name: year-end, from: 2026-12-31T00:00:00Z, until: 2026-12-20T00:00:00Z, emergency_ships: true, owner: release }]",
                "ends before it begins",
            ),
            (
                "windows: []",
                "windows: [{ name: w, days: [monday], from: \"09:00\", until: \"24:00\", zone: Local, emergency_ships: true, owner: o }]",
                "no such time zone",
            ),
            (
                "windows: []",
                "windows: [{ name: w, days: [monday], from: \"09:00\", until: \"24:00\", zone: Mars/Base, emergency_ships: true, owner: o }]",
                "no such time zone",
            ),
            (
                "windows: []",
                "windows: [{ name: w, days: [], from: \"09:00\", until: \"24:00\", zone: Europe/Berlin, emergency_ships: true, owner: o }]",
                "never opens",
            ),
            (
                "windows: []",
                "windows: [{ name: w, days: [monday], from: \"09:00\", until: \"24:01\", zone: Europe/Berlin, emergency_ships: true, owner: o }]",
                "HH:MM",
            ),
            (
                "windows: []",
                "windows: [{ name: w, days: [monday], from: \"9:00\", until: \"24:00\", zone: Europe/Berlin, emergency_ships: true, owner: o }]",
                "HH:MM",
            ),
            (
                "cut_lines: []",
                "cut_lines: [{ name: r, at: 2026-12-02T00:00:00Z, until: 2026-12-02T00:00:00Z, kinds: [], owner: o }]",
                "ends before its cut",
            ),
            (
                "raci: []",
                "raci: [{ situation: s, when: { layers: [pipeline] }, responsible: [], accountable: [lead] }]",
                "no layer `pipeline`",
            ),
            (
                "raci: []",
                "raci: [{ situation: s, when: { layers: [] }, responsible: [], accountable: [] }]",
                "nobody is accountable",
            ),
            ("production_secrets: []", "production_secrets: [\"PROD_[\"]", "not a glob"),
            (
                "policy_changes: { approvals: 0, roles: [] }",
                "policy_changes: { approvals: 1, roles: [] }",
                "nobody could do it",
            ),
            (
                "\nlayers: []",
                "\nlayers: [{ name: l, paths: [\"a/**\"], owner: o, roles: [], approvals: 1 }]",
                "nobody could do it",
            ),
            ("go_no_go: []", "go_no_go: [{ roles: [], owner: o }]", "nobody could do it"),
            ("max_age_hours: 24", "max_age_hours: -24", "max_age_hours"),
            ("signed_approvals: false", "signed_approvals: no", "expected `true` or `false`"),
        ] {
            let changed = SHIPPED.replacen(from, to, 1);
            assert_ne!(changed, SHIPPED, "{from}");
            let faults = profile("p.yaml", changed.as_bytes()).unwrap_err();
            assert!(faults.to_string().contains(part), "{to}: {faults}");
        }
    }

    #[test]
    fn a_service_file_has_no_blank_names_and_sorted_lists() {
        let sound =
            service("s.yaml", b"name: shop\nowner: team-shop\nexposure: internal\ndata: [personal, health]\n").unwrap();
        assert_eq!(sound.service.data, [Untrusted::from("health"), Untrusted::from("personal")]);
        let faults = service("s.yaml", b"name: shop\nowner: ''\nerror_budget: 101\ndata: [' ']\n").unwrap_err();
        let shown: Vec<String> =
            faults.as_slice().iter().map(|f| format!("{}:{} {}", f.line, f.column, f.message)).collect();
        assert_eq!(shown, ["2:8 `owner` is blank", "3:15 `error_budget` is no percentage", "4:8 a blank item"]);
    }
}
