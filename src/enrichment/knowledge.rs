//! What all data together says of vulnerabilities, and what it adds to what scanners saw.

use std::collections::{HashMap, HashSet};

use super::aliases::Aliases;
use super::{DataError, ENTRIES, cve};
use crate::model::finding::{Kind, Observation};
use crate::model::report::Parsed;
use crate::model::text::Untrusted;
use crate::model::time::{Date, Timestamp};

/// Everything that was read, before it is used.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    /// Absent where no catalogue was given: then nobody says that something is not exploited.
    exploited: Option<HashSet<Untrusted>>,
    probabilities: HashMap<Untrusted, f64>,
    published: HashMap<Untrusted, Timestamp>,
    advisories: Vec<(Untrusted, Vec<Untrusted>)>,
    entries: u64,
}

impl Knowledge {
    pub(super) fn add_exploited(&mut self, cve: Untrusted) {
        self.exploited.get_or_insert_default().insert(cve);
    }

    /// The highest counts.
    pub(super) fn add_probability(&mut self, cve: Untrusted, probability: f64) {
        let known = self.probabilities.entry(cve).or_insert(probability);
        *known = known.max(probability);
    }

    /// The earliest date counts.
    pub(super) fn add_advisory<'a>(
        &mut self,
        id: &str,
        aliases: impl Iterator<Item = &'a str>,
        published: Option<Timestamp>,
    ) {
        let id = canonical(id);
        if let Some(published) = published {
            let known = self.published.entry(id.clone()).or_insert(published);
            *known = published.min(*known);
        }
        let aliases: Vec<Untrusted> =
            aliases.map(canonical).filter(|alias| !alias.is_blank() && *alias != id).collect();
        if !aliases.is_empty() {
            self.advisories.push((id, aliases));
        }
    }

    pub(super) fn count(&mut self, entries: u64) -> Result<(), DataError> {
        self.entries = self.entries.saturating_add(entries);
        if self.entries > ENTRIES {
            return Err(DataError::TooLarge { limit: "data_entries", max: ENTRIES });
        }
        Ok(())
    }

    /// Adds what is known to everything that these reports say of vulnerabilities. Names come first, so that results are merged
    /// by all of them.
    pub fn enrich<'a>(&self, reports: impl Iterator<Item = &'a mut Parsed>) {
        if self.entries == 0 {
            return;
        }
        let aliases = Aliases::new(&self.advisories);
        for report in reports {
            for observation in report.observations.iter_mut().chain(&mut report.suppressed_apart) {
                if matches!(observation.kind, Kind::Vulnerability | Kind::Malware) {
                    self.add_to(observation, &aliases);
                }
            }
        }
    }

    fn add_to(&self, observation: &mut Observation, aliases: &Aliases) {
        let own: Vec<Untrusted> = observation.ids.iter().map(|id| canonical(id.as_raw())).collect();
        observation.ids.extend(aliases.others(&own));
        let names: Vec<Untrusted> = observation.ids.iter().map(|id| canonical(id.as_raw())).collect();
        let cves: Vec<Untrusted> =
            names.iter().chain(&observation.covers).filter_map(|name| cve(name.as_raw())).collect();

        if let Some(catalogue) = &self.exploited
            && !cves.is_empty()
        {
            let listed = cves.iter().any(|cve| catalogue.contains(cve));
            observation.known_exploited = Some(listed || observation.known_exploited == Some(true));
        }
        let probabilities = cves.iter().filter_map(|cve| self.probabilities.get(cve)).copied();
        observation.epss = probabilities.chain(observation.epss).filter(|p| p.is_finite()).max_by(f64::total_cmp);
        let known = names.iter().filter_map(|name| self.published.get(name)).min();
        if let Some(known) = known
            && observation.published.as_ref().and_then(instant).is_none_or(|said| *known < said)
        {
            observation.published = Some(known.to_string().into());
        }
    }
}

/// An id as its publisher writes it: CVEs in capitals, what follows GHSA in small letters, others as they are.
fn canonical(id: &str) -> Untrusted {
    let id = id.trim();
    match id.split_at_checked(5) {
        Some((ghsa, rest)) if ghsa.eq_ignore_ascii_case("GHSA-") => {
            Untrusted::new(format!("GHSA-{}", rest.to_ascii_lowercase()))
        }
        _ => cve(id).unwrap_or_else(|| id.into()),
    }
}

fn instant(text: &Untrusted) -> Option<Timestamp> {
    let day = || text.as_raw().parse::<Date>().ok().map(Date::start);
    text.as_raw().parse().ok().or_else(day)
}
