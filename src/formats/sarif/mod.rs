//! SARIF 2.1.0, of any tool.
//!
//! What must stay true: a result that the standard calls none (`pass`, `notApplicable`, `informational`) is none, every other
//! one is an observation or not understood; a suppression counts only when nobody still reviews or has rejected it; a run
//! that failed, warned, or says nothing about results is no clean run.
//!
//! `baselineState` is not believed: which results are old is for a history that the gate trusts, so an `absent` result
//! counts as it stands. A result with several locations is one result at the first of them, and also at the others.

mod log;
mod packages;
mod places;
mod rules;
mod tools;

use std::borrow::Cow;
use std::collections::BTreeSet;

use log::{Invocation, Log, Outcome, Properties, Run};
use places::{BASES, Place};
use rules::{Known, Rules};

use super::terms::{
    distinct, instant, is_about_credentials, leading_vulnerability_id, snippet, title, vulnerability_id, without_code,
    without_quoted,
};
use super::wire::{Any, Element, List, OneOrMany, Raw, Record, demand_readable, not_understood, read, rows};
use super::{Format, FormatError, Head};
use crate::model::digest::Digest;
use crate::model::finding::{Kind, Location, Observation, Rule, SuppressedBy, Suppression, Target};
use crate::model::package::Package;
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;

pub(super) static FORMAT: Format = Format {
    id: "sarif",
    title: "SARIF 2.1.0",
    docs: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html",
    produce: "most scanners: --format sarif, --sarif or -o sarif",
    seen: "2.1.0, of more than thirty tools",
    checks: &Check::ALL,
    detect,
    parse,
};

/// Problems of one run that are listed; the others are counted.
const PROBLEMS: usize = 20;

fn detect(head: &Head<'_>) -> bool {
    let said =
        head.string("version").is_some() || head.string("$schema").is_some_and(|schema| schema.contains("sarif"));
    head.key("runs").is_array() && !head.is_stream() && (said || head.first("runs").key("tool").has("driver"))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let log: Log<'_> = read(text, FORMAT.id)?;
    match log.version.get() {
        Some("2.1.0") => {}
        other => {
            let version = other.unwrap_or("none is given").into();
            return Err(FormatError::Version { format: FORMAT.id, version });
        }
    }
    log.runs.demand(FORMAT.id, "runs")?;
    let mut parsed = Parsed::new("", &[]);
    if log.runs.is_empty() {
        parsed.degrade(ScanState::Partial, "the log holds no run: nothing was scanned");
    }
    if log.inline_external_properties.sound().any(|external| external.results != Any::Absent) {
        parsed.degrade(ScanState::Partial, "results stand apart from their runs and were not read");
    }
    let mut about = About::default();
    for (index, record) in log.runs.into_records().into_iter().enumerate() {
        match record {
            Record::Sound(run) => read_run(run, text, index, &mut parsed, &mut about)?,
            Record::Odd(found) => {
                not_understood(&mut parsed, format!("/runs/{index}"), format!("should be a run and is {found}"));
            }
        }
    }
    about.tell(&mut parsed);
    Ok(parsed)
}

/// What the runs say about themselves, gathered.
#[derive(Default)]
struct About {
    tools: BTreeSet<Untrusted>,
    versions: BTreeSet<Option<Untrusted>>,
    checks: BTreeSet<Check>,
    targets: Vec<(Target, usize)>,
    ends: Vec<Option<Timestamp>>,
}

impl About {
    /// Says about the report what holds for all of its runs. Runs about different targets make no sound report about one:
    /// the first that is named stands for the report, and each observation keeps its own. The time is the earliest, and
    /// unknown where one run does not say.
    fn tell(self, parsed: &mut Parsed) {
        let names: Vec<&str> = self.tools.iter().map(Untrusted::as_raw).collect();
        parsed.tool.name = names.join(", ").into();
        parsed.tool.version = self.versions.into_iter().next_back().flatten().filter(|_| names.len() == 1);
        parsed.checks = self.checks.into_iter().collect();
        parsed.finished_at = self.ends.into_iter().collect::<Option<Vec<_>>>().and_then(|ends| ends.into_iter().min());
        let same = self.targets.windows(2).all(|pair| matches!(pair, [(one, _), (other, _)] if one == other));
        let mut named = self.targets.iter().map(|(target, _)| target).filter(|target| !target.is_unknown());
        let committed = named.clone().find(|target| target.commit.is_some());
        parsed.target = committed.or_else(|| named.next()).cloned().unwrap_or_default();
        if same {
            return;
        }
        let shown: BTreeSet<String> = self.targets.iter().map(|(target, _)| shown(target)).collect();
        let shown = shown.into_iter().take(PROBLEMS).collect::<Vec<_>>().join(", ");
        parsed.degrade(ScanState::Partial, format!("its runs are about different targets: {shown}"));
        let mut rest = parsed.observations.as_mut_slice();
        for (target, count) in self.targets {
            let (own, others) = std::mem::take(&mut rest).split_at_mut_checked(count).unwrap_or_default();
            for observation in own {
                observation.target = Some(Box::new(target.clone()));
            }
            rest = others;
        }
    }
}

fn shown(target: &Target) -> String {
    let commit = target.commit.as_ref().map(ToString::to_string);
    let digest = || target.digests.first().map(ToString::to_string);
    let name = || target.name.as_ref().map(|name| name.as_raw().to_owned());
    commit.or_else(digest).or_else(name).unwrap_or_else(|| "one that is not named".to_owned())
}

fn read_run<'a>(
    mut run: Run<'a>,
    text: &'a str,
    index: usize,
    parsed: &mut Parsed,
    about: &mut About,
) -> Result<(), FormatError> {
    let outcomes = std::mem::take(&mut run.results);
    let said = run.tool.get().and_then(|tool| tool.driver.get()?.name.get());
    if said.is_none() {
        parsed.degrade(ScanState::Partial, format!("run {index} does not name its tool"));
    }
    let name = said.unwrap_or("a tool without a name");
    let tool = tools::tool(name);
    let version = run.tool.get().and_then(|tool| {
        let driver = tool.driver.get()?;
        driver.semantic_version.untrusted().or_else(|| driver.version.untrusted())
    });
    let before = parsed.observations.len();
    if run.original_uri_base_ids.0.len() > BASES {
        run.original_uri_base_ids.0.truncate(BASES);
        parsed.degrade(ScanState::Partial, format!("run {index} of {name} has more than {BASES} bases of paths"));
    }
    health(&run, &outcomes.0, index, name, parsed);
    let reader = Reader { run: &run, rules: Rules::of(&run), tool, image: image(&run) };
    rows(outcomes, text, FORMAT.id, &format!("/runs/{index}/results"), parsed, |outcome| reader.observe(outcome))?;
    let own = parsed.observations.get(before..).unwrap_or_default();
    let shown = own.iter().filter_map(|observation| tools::check_of(observation.kind));
    about.checks.extend(shown.filter(|check| tool.may_show.contains(check)));
    about.checks.extend(tool.checks);
    if reader.image.is_some() && tool.may_show.contains(&Check::Image) {
        about.checks.extend([Check::Dependencies, Check::Image]);
    }
    about.tools.insert(name.into());
    about.versions.insert(version);
    about.targets.push((target(&run), own.len()));
    about.ends.push(run.invocations.0.sound().filter_map(|invocation| instant(invocation.end_time_utc.get())).min());
    Ok(())
}

/// Whether the run went well: what it says itself, and whether it holds results at all.
fn health(run: &Run<'_>, outcomes: &List<Raw<'_, Outcome<'_>>>, index: usize, name: &str, parsed: &mut Parsed) {
    if matches!(outcomes, List::Absent | List::Null) {
        let elsewhere =
            run.external_property_file_references.get().is_some_and(|external| external.results != Any::Absent);
        let why = if elsewhere { "its results are in other files" } else { "it does not say that it looked for any" };
        parsed.degrade(ScanState::Partial, format!("run {index} of {name} holds no results: {why}"));
    }
    demand_readable(&run.invocations.0, "invocations", parsed);
    for invocation in run.invocations.0.sound() {
        demand_readable(&invocation.tool_execution_notifications.0, "toolExecutionNotifications", parsed);
        demand_readable(&invocation.tool_configuration_notifications.0, "toolConfigurationNotifications", parsed);
        let code = invocation.exit_code.real().filter(|code| *code != 0.0);
        if let Some(code) = code.filter(|_| invocation.execution_successful.get().is_none()) {
            let problem = format!("{name} ended with exit code {code} and does not say that it succeeded");
            parsed.degrade(ScanState::Partial, problem);
        }
        if invocation.execution_successful.get() == Some(false) {
            let why = invocation.exit_code_description.get().unwrap_or("it gives no reason");
            parsed.degrade(ScanState::Failed, format!("{name} says that it did not succeed: {}", title(why).as_raw()));
        }
        let mut problems = notifications(invocation);
        for problem in problems.by_ref().take(PROBLEMS) {
            parsed.degrade(ScanState::Partial, problem);
        }
        let more = problems.count();
        if more > 0 {
            parsed.degrade(ScanState::Partial, format!("and {more} more problems of {name}"));
        }
    }
}

/// Errors and warnings; a notification without a level is a warning.
fn notifications(invocation: &Invocation<'_>) -> impl Iterator<Item = Untrusted> {
    let both = [&invocation.tool_execution_notifications, &invocation.tool_configuration_notifications];
    both.into_iter()
        .map(|OneOrMany(list)| list)
        .flat_map(List::sound)
        .filter(|said| !matches!(said.level.get(), Some("note" | "none")))
        .map(|said| {
            let text = said.message.get().and_then(|message| message.text.get());
            title(&without_code(text.unwrap_or("a problem without a message")))
        })
}

/// The image that Trivy says it scanned.
fn image(run: &Run<'_>) -> Option<Untrusted> {
    run.properties.get()?.image_name.untrusted()
}

fn target(run: &Run<'_>) -> Target {
    let checkout = run.version_control_provenance.0.sound().next();
    let properties = run.properties.get();
    let digests = properties.into_iter().flat_map(|properties| {
        let references =
            properties.repo_digests.iter().map(|digest| digest.rsplit_once('@').map_or(digest, |(_, digest)| digest));
        references
            .chain(properties.image_id.get())
            .filter_map(|digest| digest.parse::<Digest>().ok())
            .collect::<Vec<_>>()
    });
    let digests: BTreeSet<Digest> = digests.collect();
    Target {
        name: image(run).or_else(|| checkout?.repository_uri.untrusted()),
        commit: checkout.and_then(|checkout| checkout.revision_id.get()?.parse().ok()),
        digests: digests.into_iter().collect(),
    }
}

/// Reads the results of one run.
struct Reader<'r, 'a> {
    run: &'r Run<'a>,
    rules: Rules<'r, 'a>,
    tool: tools::Tool,
    image: Option<Untrusted>,
}

impl Reader<'_, '_> {
    fn observe(&self, outcome: &Outcome<'_>) -> Result<Element, String> {
        let is_failure = match outcome.kind.get() {
            None | Some("fail") => true,
            Some("open" | "review") => false,
            Some("pass" | "notApplicable" | "informational") => return Ok(Element::NoResult),
            Some(_) => return Err("is of a kind that SARIF does not have".to_owned()),
        };
        let known = self.rules.find(outcome);
        let id = rules::said_id(outcome).or_else(|| known?.rule.id.get());
        let message = outcome.message.get().and_then(|message| self.rules.message(message, known));
        if id.is_none() && message.is_none() {
            return Err("has neither a rule nor a message".to_owned());
        }
        let id = id.unwrap_or("no-rule");
        let none = Properties::default();
        let properties = outcome.properties.get().unwrap_or(&none);
        let mut cwes = rules::classes(properties);
        cwes.extend(outcome.taxa.sound().filter_map(rules::class_of));
        cwes.extend(known.into_iter().flat_map(|known| known.cwes.iter().cloned()));
        let cwes = distinct(cwes);
        let names = Names::of(id, known);
        let kind = self.kind(id, &names, &cwes, known);
        let sensitive = kind == Kind::Secret || is_about_credentials(&cwes);
        let place = self.place(outcome, kind);
        let level = self.level(outcome, id, is_failure, known);
        let score = positive(properties.security_severity.real())
            .or_else(|| positive(known?.rule.properties.get()?.security_severity.real()));
        let (severity, source) = match score {
            Some(score) => (Severity::from_score(score), SeveritySource::SecuritySeverity),
            None => (of_level(level), SeveritySource::Level),
        };
        let description = known.and_then(Known::description);
        Ok(Element::Result(Box::new(Observation {
            rule: Rule {
                id: id.into(),
                name: known.and_then(|known| known.name.clone()),
                url: known.and_then(|known| known.rule.help_uri.untrusted()),
            },
            ids: names.ids,
            covers: names.covers,
            cwes,
            severity_raw: Some(level.into()),
            cvss: known.and_then(|known| known.cvss.clone()).filter(|_| kind == Kind::Vulnerability),
            title: self.title(kind, sensitive, message.as_deref(), description, id),
            package: if kind == Kind::Vulnerability {
                package(&place, message.as_deref(), known).map(Box::new)
            } else {
                None
            },
            confidence: known.and_then(|known| known.rule.properties.get()?.precision.untrusted()),
            suppression: suppression(outcome),
            tool_fingerprint: if sensitive { None } else { fingerprint(outcome, kind, &place.location) },
            snippet: match kind {
                Kind::Weakness | Kind::Quality if !sensitive => place.code.and_then(snippet),
                _ => None,
            },
            also_at: self.also_at(outcome, kind, &place.location),
            location: place.location,
            ..Observation::new(kind, "", severity, source)
        })))
    }

    /// What the result is: by its rule's tags, by the form of its id, else by its tool.
    fn kind(&self, id: &str, names: &Names, cwes: &[Untrusted], known: Option<&Known<'_, '_>>) -> Kind {
        if names.malware {
            return Kind::Malware;
        }
        if !names.ids.is_empty() || !names.covers.is_empty() {
            return Kind::Vulnerability;
        }
        if id.starts_with("CKV_SECRET") || id.split('.').any(|part| part == "secrets") {
            return Kind::Secret;
        }
        let said = known.and_then(|known| known.kind);
        let security = known.is_some_and(|known| known.security) || !cwes.is_empty() || id.starts_with("security/");
        match said.unwrap_or(self.tool.kind) {
            Kind::Quality if security => Kind::Weakness,
            kind => kind,
        }
    }

    /// The level of a result: its own, else its rule's, else warning; none where it is no failure. What the scan's
    /// configuration gives the rule instead counts where it is worse: whoever runs a scan may raise a level, not lower it.
    fn level<'o>(
        &'o self,
        outcome: &'o Outcome<'_>,
        id: &str,
        is_failure: bool,
        known: Option<&'o Known<'_, '_>>,
    ) -> &'o str {
        if let Some(level) = outcome.level.get() {
            return level;
        }
        if !is_failure {
            return "none";
        }
        let own = known.and_then(|known| known.rule.default_configuration.get()?.level.get()).unwrap_or("warning");
        match self.rules.overridden(id) {
            Some(level) if of_level(level) > of_level(own) => level,
            _ => own,
        }
    }

    /// Where the result is: its first location.
    fn place<'o>(&'o self, outcome: &'o Outcome<'_>, kind: Kind) -> Somewhere<'o> {
        let Some(first) = outcome.locations.sound().next() else {
            return Somewhere {
                location: Location { image: self.image.clone(), ..Location::default() },
                code: None,
                symbol: None,
            };
        };
        let region = first.physical_location.get().and_then(|physical| physical.region.get());
        Somewhere {
            location: self.location(first, kind),
            code: region.and_then(|region| region.snippet.get()?.text.get()),
            symbol: places::symbol(self.run, first),
        }
    }

    /// Further places of the same problem; what names none of its own adds nothing.
    fn also_at(&self, outcome: &Outcome<'_>, kind: Kind, first: &Location) -> Vec<Location> {
        let further = outcome.locations.sound().skip(1).filter(|place| places::place(self.run, place).is_some());
        further.map(|place| self.location(place, kind)).filter(|place| place != first).collect()
    }

    fn location(&self, at: &log::Location<'_>, kind: Kind) -> Location {
        let region = at.physical_location.get().and_then(|physical| physical.region.get());
        let (path, url) = match places::place(self.run, at) {
            Some(Place::Path(path)) => (Some(path), None),
            Some(Place::Url(url)) => (None, Some(url)),
            None => (None, None),
        };
        let symbol = places::symbol(self.run, at);
        // The symbol that a weakness is in moves with the code; where there is a file, the file is the place.
        let resource =
            url.or_else(|| symbol.filter(|_| path.is_none() || kind == Kind::Misconfiguration).map(str::to_owned));
        Location {
            path: path.map(Untrusted::from),
            line: region.and_then(|region| region.start_line.position()),
            column: region.and_then(|region| region.start_column.position()),
            end_line: region.and_then(|region| region.end_line.position()),
            resource: resource.map(Untrusted::from),
            image: self.image.clone(),
        }
    }

    /// One line for people. A secret's is the rule's own words; what a message about credentials quotes is cut.
    fn title(
        &self,
        kind: Kind,
        sensitive: bool,
        message: Option<&str>,
        description: Option<&str>,
        id: &str,
    ) -> Untrusted {
        let structured = message.is_some_and(|message| message.contains("\nSeverity: "));
        let text = match kind {
            Kind::Secret => description.map(Cow::Borrowed),
            Kind::Vulnerability => description.or(message).map(Cow::Borrowed),
            _ if structured => description.or(message).map(Cow::Borrowed),
            _ if sensitive => message.map(without_quoted),
            _ => message.or(description).map(Cow::Borrowed),
        };
        title(text.as_deref().unwrap_or(id))
    }
}

/// A place with what helps to know it again.
struct Somewhere<'o> {
    location: Location,
    code: Option<&'o str>,
    symbol: Option<&'o str>,
}

/// Names of a vulnerability, from a rule's id, tags and former ids.
#[derive(Default)]
struct Names {
    ids: Vec<Untrusted>,
    covers: Vec<Untrusted>,
    malware: bool,
}

impl Names {
    /// A rule that goes by one name has it and its aliases; one whose aliases are several CVEs covers these.
    fn of(id: &str, known: Option<&Known<'_, '_>>) -> Self {
        let Some(own) = vulnerability_id(id).or_else(|| leading_vulnerability_id(id)) else { return Self::default() };
        let aliases = known.map(|known| known.aliases.as_slice()).unwrap_or_default();
        let is_cve = |name: &&Untrusted| name.as_raw().starts_with("CVE-");
        let others: Vec<Untrusted> = aliases.iter().filter(|name| **name != own).cloned().collect();
        let cves = others.iter().filter(is_cve).count() + usize::from(is_cve(&&own));
        let malware = own.as_raw().starts_with("MAL-");
        if cves > 1 {
            let (covers, ids): (Vec<_>, Vec<_>) = others.into_iter().partition(|name| is_cve(&name));
            // A CVE that stands for several is one of them, and which of the other names are its own is not said.
            return match is_cve(&&own) {
                true => Self { ids: vec![own], covers: Vec::new(), malware },
                false => Self { ids: distinct([vec![own], ids].concat()), covers, malware },
            };
        }
        Self { ids: distinct([vec![own], others].concat()), covers: Vec::new(), malware }
    }
}

fn positive(score: Option<f64>) -> Option<f64> {
    // Tools write 0.0 for "not scored": the level says more.
    score.filter(|score| *score > 0.0)
}

fn of_level(level: &str) -> Severity {
    match level {
        "error" => Severity::High,
        "warning" => Severity::Medium,
        "note" => Severity::Low,
        "none" => Severity::Info,
        _ => Severity::Unknown,
    }
}

/// Suppressed: there is a suppression, and none is under review, rejected or in a state that SARIF does not have.
fn suppression(outcome: &Outcome<'_>) -> Option<Suppression> {
    let records = outcome.suppressions.records();
    let accepted = records.iter().all(|record| match record {
        Record::Sound(suppression) => matches!(suppression.status.get(), None | Some("accepted")),
        Record::Odd(_) => false,
    });
    let first = outcome.suppressions.sound().next().filter(|_| accepted)?;
    let by = if first.kind.get() == Some("inSource") { SuppressedBy::Source } else { SuppressedBy::Scanner };
    Some(Suppression { by, reason: first.justification.untrusted() })
}

/// What the tool promises to be the same in the next run. A `fingerprint` stands for the result alone, the hash of a line
/// for the line in its file; what else tools write among partial fingerprints names authors and times too.
fn fingerprint(outcome: &Outcome<'_>, kind: Kind, location: &Location) -> Option<Untrusted> {
    if !matches!(kind, Kind::Weakness | Kind::Quality) {
        return None;
    }
    let whole =
        outcome.fingerprints.0.iter().filter_map(|(_, value)| value.get()).find(|value| *value != "requires login");
    if let Some(value) = whole {
        return Some(value.into());
    }
    let line =
        outcome.partial_fingerprints.0.iter().find(|(name, _)| name.starts_with("primaryLocationLineHash"))?.1.get()?;
    let path = location.path.as_ref()?.as_raw();
    Some(format!("{path}:{line}").into())
}

fn package(place: &Somewhere<'_>, message: Option<&str>, known: Option<&Known<'_, '_>>) -> Option<Package> {
    let in_message = message.and_then(packages::in_message);
    in_message.or_else(|| place.symbol.and_then(packages::named)).or_else(|| {
        let mut urls = known?.rule.properties.get()?.purls.iter();
        let only = urls.next().filter(|_| urls.next().is_none())?;
        packages::named(only)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(runs: &str) -> Parsed {
        parse(&format!(r#"{{"version":"2.1.0","runs":{runs}}}"#)).unwrap()
    }

    /// One run of one tool with these results; the rules `R` (error, 8.1), `N` (note) and `S` (about credentials).
    fn run(tool: &str, results: &str) -> Parsed {
        parsed(&format!(
            r#"[{{"tool":{{"driver":{{"name":"{tool}","rules":[
                {{"id":"R","defaultConfiguration":{{"level":"error"}},"properties":{{"security-severity":"8.1"}}}},
                {{"id":"N","defaultConfiguration":{{"level":"note"}}}},
                {{"id":"S","properties":{{"tags":["external/cwe/cwe-798"]}}}}]}}}},
                "invocations":[{{"executionSuccessful":true,
                    "ruleConfigurationOverrides":[{{"descriptor":{{"id":"N"}},"configuration":{{"level":"error"}}}},
                        {{"descriptor":{{"id":"M"}},"configuration":{{"level":"none"}}}}]}}],
                "results":{results}}}]"#
        ))
    }

    fn only(parsed: Parsed) -> Observation {
        let [observation] = <[Box<Observation>; 1]>::try_from(parsed.observations).unwrap();
        *observation
    }

    #[test]
    fn a_severity_is_the_score_else_the_level() {
        for (result, severity) in [
            (r#""ruleId":"R""#, Severity::High),
            (r#""ruleId":"R","properties":{"security-severity":"9.8"}"#, Severity::Critical),
            (r#""ruleId":"R","properties":{"security-severity":"0.0"}"#, Severity::High),
            (r#""ruleId":"N""#, Severity::High),
            (r#""ruleId":"N","level":"note""#, Severity::Low),
            (r#""ruleId":"N","kind":"open""#, Severity::Info),
            (r#""ruleId":"M""#, Severity::Medium),
            (r#""ruleId":"X","level":"error""#, Severity::High),
            (r#""ruleId":"X","level":"catastrophic""#, Severity::Unknown),
            (r#""ruleId":"X","properties":{"security-severity":"75"}"#, Severity::Unknown),
            (r#""ruleId":"X","properties":{"security-severity":""}"#, Severity::Medium),
        ] {
            assert_eq!(only(run("t", &format!("[{{{result}}}]"))).severity, severity, "{result}");
        }
    }

    #[test]
    fn what_is_no_failure_is_no_result_and_an_unknown_kind_is_not_understood() {
        let kinds = ["pass", "notApplicable", "informational", "fail", "open", "review", "sideways"];
        let results: Vec<String> = kinds.iter().map(|kind| format!(r#"{{"ruleId":"R","kind":"{kind}"}}"#)).collect();
        let parsed = run("t", &format!("[{}]", results.join(",")));
        assert_eq!((parsed.observations.len(), parsed.not_understood.len()), (3, 1));
        assert_eq!(parsed.not_understood[0].pointer, "/runs/0/results/6");
    }

    #[test]
    fn a_suppression_counts_unless_somebody_doubts_it() {
        for (suppressions, counts) in [
            ("[]", false),
            (r#"[{"kind":"inSource"}]"#, true),
            (r#"[{"kind":"external","status":"accepted"}]"#, true),
            (r#"[{"kind":"external","status":"underReview"}]"#, false),
            (r#"[{"kind":"inSource"},{"kind":"external","status":"rejected"}]"#, false),
            (r#"[{"kind":"inSource","status":"whatever"}]"#, false),
            ("[7]", false),
            ("null", false),
        ] {
            let observation = only(run("t", &format!(r#"[{{"ruleId":"R","suppressions":{suppressions}}}]"#)));
            assert_eq!(observation.suppression.is_some(), counts, "{suppressions}");
        }
    }

    #[test]
    fn only_a_run_that_looked_and_found_nothing_is_clean() {
        let tool = r#""tool":{"driver":{"name":"t"}}"#;
        for (runs, state) in [
            ("[]".to_owned(), ScanState::Partial),
            (format!("[{{{tool}}}]"), ScanState::Partial),
            (r#"[{"tool":{"driver":{}},"results":[]}]"#.to_owned(), ScanState::Partial),
            (format!(r#"[{{{tool},"results":[],"invocations":{{"executionSuccessful":false}}}}]"#), ScanState::Failed),
            (format!(r#"[{{{tool},"results":[],"invocations":{{"executionSuccessful":true}}}}]"#), ScanState::Complete),
            (format!(r#"[{{{tool},"results":[],"invocations":"failed"}}]"#), ScanState::Partial),
            (format!(r#"[{{{tool},"results":[],"invocations":[[]]}}]"#), ScanState::Partial),
            (format!(r#"[{{{tool},"results":[],"invocations":[{{"exitCode":2}}]}}]"#), ScanState::Partial),
            (format!(r#"[{{{tool},"results":[],"invocations":[{{"exitCode":0}}]}}]"#), ScanState::Complete),
            (
                format!(r#"[{{{tool},"results":[],"invocations":[{{"exitCode":1,"executionSuccessful":true}}]}}]"#),
                ScanState::Complete,
            ),
            (
                format!(
                    r#"[{{{tool},"results":[],"invocations":[{{"toolExecutionNotifications":{{"level":"error"}}}}]}}]"#
                ),
                ScanState::Partial,
            ),
            (format!(r#"[{{{tool},"results":null}}]"#), ScanState::Partial),
            (format!(r#"[{{{tool},"results":[]}}]"#), ScanState::Complete),
            (format!(r#"[{{{tool},"results":[]}},7]"#), ScanState::Partial),
            (
                format!(r#"[{{{tool},"results":[],"invocations":[{{"executionSuccessful":false}}]}}]"#),
                ScanState::Failed,
            ),
            (
                format!(
                    r#"[{{{tool},"results":[],"invocations":[{{"toolExecutionNotifications":[{{"message":{{}}}}]}}]}}]"#
                ),
                ScanState::Partial,
            ),
            (
                format!(
                    r#"[{{{tool},"results":[],"invocations":[{{"toolExecutionNotifications":[{{"level":"note"}}]}}]}}]"#
                ),
                ScanState::Complete,
            ),
            (
                format!(r#"[{{{tool},"externalPropertyFileReferences":{{"results":[{{"itemCount":3}}]}}}}]"#),
                ScanState::Partial,
            ),
        ] {
            let parsed = parsed(&runs);
            assert_eq!(parsed.state, state, "{runs}");
            assert_eq!(parsed.problems.is_empty() && parsed.not_understood.is_empty(), state == ScanState::Complete);
        }
        let results = r#"{"version":"2.1.0","runs":[{"results":4}]}"#;
        assert!(matches!(parse(results), Err(FormatError::Malformed { .. })));
    }

    #[test]
    fn what_may_show_a_credential_is_not_kept() {
        let result = r#"[{"ruleId":"S","message":{"text":"Hard-coded 'hunter2' in x"},
            "fingerprints":{"a":"0123"},"partialFingerprints":{"primaryLocationLineHash":"ab:1"},
            "locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.py"},
                "region":{"startLine":3,"snippet":{"text":"password = 'hunter2'"}}}}]}]"#;
        for tool in ["t", "gitleaks"] {
            let observation = only(run(tool, result));
            assert!(!format!("{observation:?}").contains("hunter2"), "{observation:?}");
            assert!(observation.snippet.is_none() && observation.tool_fingerprint.is_none());
        }
        let plain = only(run("t", &result.replace("\"S\"", "\"R\"")));
        assert!(plain.snippet.is_some() && plain.tool_fingerprint.is_some());
    }

    #[test]
    fn several_cves_of_one_advisory_are_covered_and_not_merged() {
        let names = |id: &str, tags: &str| {
            let parsed = parsed(&format!(
                r#"[{{"tool":{{"driver":{{"name":"t","rules":[{{"id":"{id}","properties":{{"tags":[{tags}]}}}}]}}}},
                    "results":[{{"ruleId":"{id}"}}]}}]"#
            ));
            let observation = only(parsed);
            let shown = |names: &[Untrusted]| names.iter().map(Untrusted::as_raw).collect::<Vec<_>>().join(" ");
            (shown(&observation.ids), shown(&observation.covers), observation.kind)
        };
        let one = names("GO-2020-0015", r#""CVE-2020-14040","GHSA-5rcv-m4m3-hfh7""#);
        assert_eq!(one, ("CVE-2020-14040 GHSA-5rcv-m4m3-hfh7 GO-2020-0015".into(), String::new(), Kind::Vulnerability));
        let two = names("GO-2020-0015", r#""CVE-2020-14040","CVE-2020-14041""#);
        assert_eq!(two, ("GO-2020-0015".into(), "CVE-2020-14040 CVE-2020-14041".into(), Kind::Vulnerability));
        assert_eq!(names("CVE-2020-1000", r#""CVE-2020-1001""#).0, "CVE-2020-1000");
        assert_eq!(names("GHSA-5rcv-m4m3-hfh7-text", "").0, "GHSA-5rcv-m4m3-hfh7");
        assert_eq!(names("py/sql-injection", r#""external/cwe/cwe-089""#).2, Kind::Weakness);
    }

    #[test]
    fn a_log_of_several_runs_keeps_their_targets_apart() {
        let one = |tool: &str, commit: char, end: &str| {
            let commit = commit.to_string().repeat(40);
            format!(
                r#"{{"tool":{{"driver":{{"name":"{tool}"}}}},"results":[{{"ruleId":"R"}},{{"ruleId":"Q"}}],
                    "versionControlProvenance":[{{"repositoryUri":"https://git.example/shop","revisionId":"{commit}"}}],
                    "invocations":[{{"executionSuccessful":true{end}}}]}}"#
            )
        };
        let (early, late) = (r#","endTimeUtc":"2026-01-05T10:00:00Z""#, r#","endTimeUtc":"2026-01-05T11:00:00Z""#);
        let same = parsed(&format!("[{},{}]", one("b", 'a', late), one("a", 'a', early)));
        assert_eq!(same.tool.name, "a, b");
        assert!(same.target.commit.is_some() && same.observations.iter().all(|o| o.target.is_none()));
        assert_eq!(same.finished_at.map(|t| t.to_string()).as_deref(), Some("2026-01-05T10:00:00Z"));
        let other = parsed(&format!("[{},{}]", one("a", 'a', early), one("a", 'b', "")));
        assert!(other.finished_at.is_none());
        assert_eq!(other.target.commit.as_ref().map(ToString::to_string), Some("a".repeat(40)));
        assert_eq!((same.state, other.state), (ScanState::Complete, ScanState::Partial));
        let [problem] = other.problems.as_slice() else { panic!("{:?}", other.problems) };
        assert!(problem.as_raw().contains(&"a".repeat(40)) && problem.as_raw().contains(&"b".repeat(40)));
        let commits: Vec<_> =
            other.observations.iter().map(|o| o.target.as_ref().unwrap().commit.clone().unwrap()).collect();
        assert!(commits[0] == commits[1] && commits[1] != commits[2] && commits[2] == commits[3]);
    }

    #[test]
    fn the_oldest_end_of_a_run_is_its_time() {
        let parsed = parsed(
            r#"[{"tool":{"driver":{"name":"t"}},"results":[],"invocations":[
                {"endTimeUtc":"2026-01-05T11:00:00Z"},{"endTimeUtc":"2026-01-05T10:00:00Z"}]}]"#,
        );
        assert_eq!(parsed.finished_at.map(|t| t.to_string()).as_deref(), Some("2026-01-05T10:00:00Z"));
    }

    #[test]
    fn results_add_only_checks_that_the_tool_is_known_to_look_for() {
        let results = r#"[{"ruleId":"a.secrets.b"},{"ruleId":"CVE-2021-1000"},{"ruleId":"X"}]"#;
        assert_eq!(run("my-own-script", results).checks, []);
        assert_eq!(run("my-own-script", "[]").checks, []);
        assert_eq!(run("CodeQL", results).checks, [Check::Sast]);
        assert_eq!(run("Semgrep OSS", results).checks, [Check::Secrets, Check::Sast, Check::Dependencies]);
        assert_eq!(run("Semgrep OSS", "[]").checks, [Check::Sast]);
        assert_eq!(run("gitleaks", results).checks, [Check::Secrets]);
    }

    #[test]
    fn trivy_answers_what_it_shows_to_have_looked_for() {
        let trivy = |results: &str, properties: &str| {
            parsed(&format!(
                r#"[{{"tool":{{"driver":{{"name":"Trivy","rules":[{{"id":"AVD-1","name":"Misconfiguration"}}]}}}},
                    "results":{results}{properties}}}]"#
            ))
        };
        assert_eq!(trivy("[]", "").checks, []);
        assert_eq!(trivy(r#"[{"ruleId":"AVD-1"}]"#, "").checks, [Check::Iac]);
        let digest = format!("sha256:{}", "a".repeat(64));
        let image =
            format!(r#","properties":{{"imageName":"shop:1","imageID":"{digest}","repoDigests":["r/shop@{digest}"]}}"#);
        let image = trivy(r#"[{"ruleId":"CVE-2021-1000"}]"#, &image);
        assert_eq!(image.checks, [Check::Dependencies, Check::Image]);
        assert_eq!((image.target.digests.len(), image.target.name.as_ref().unwrap().as_raw()), (1, "shop:1"));
    }
}
