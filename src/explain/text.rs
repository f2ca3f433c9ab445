//! An explanation for people: 80 columns, in the look of a decision.
//!
//! What must stay true: every text from outside leaves through the page, which neutralises it, and what to do comes last.

use std::io::{self, Write};

use super::{
    Bearing, Effect, ExplainedFinding, ExplainedVerdict, Explanation, Fact, FactValue, OriginKind, Seen, Source,
    Statement, Way,
};
use crate::decision::VerdictAction;
use crate::model::text::Untrusted;
use crate::render::{Ink, Page, Style};

/// Facts, witnesses and criteria that are shown; the rest is counted and stands in the JSON.
const SHOWN: usize = 20;
/// Lines of a policy that are shown of one definition.
const SHOWN_LINES: usize = 12;
/// Characters of a value that are shown.
const SHOWN_CHARS: usize = 60;

/// Writes an explanation.
///
/// # Errors
/// Those of the writer.
pub fn human(explanation: &Explanation, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let page = &mut Page::new(out, style);
    heading(page, explanation)?;
    if let Some(finding) = &explanation.finding {
        page.gap()?;
        of_finding(page, finding)?;
    }
    if explanation.verdicts.is_empty() {
        page.gap()?;
        page.entry(0, Ink::Green, "PASS   ", "no rule says anything of it")?;
    }
    for verdict in &explanation.verdicts {
        page.gap()?;
        of_verdict(page, verdict)?;
    }
    for otherwise in &explanation.if_open {
        let what = format!("{} by {}: {}", label(otherwise.action), otherwise.rule.as_raw(), otherwise.msg.as_raw());
        page.entry(2, Ink::Plain, "else   if it were open: ", &what)?;
    }
    exceptions(page, &explanation.exceptions)?;
    statements(page, &explanation.statements)?;
    ways(page, explanation)
}

fn heading(page: &mut Page<'_>, explanation: &Explanation) -> io::Result<()> {
    let Explanation { decision, outcome, environment, decided_at, origin, .. } = explanation;
    let whence = match origin.kind {
        OriginKind::Reports => "decided just now, from these reports",
        OriginKind::VerifiedEvidence => "from verified evidence; decided again, it is the same",
    };
    page.line(0, &format!("{decision}  {} for {}, {decided_at}", outcome.word(), environment.line()))?;
    page.line(0, whence)?;
    match &origin.note {
        Some(note) => page.line(0, note),
        None => Ok(()),
    }
}

fn of_finding(page: &mut Page<'_>, finding: &ExplainedFinding) -> io::Result<()> {
    let name = finding.ids.first().unwrap_or(&finding.rule.id).as_raw();
    let package = finding.package.as_ref().map(|package| {
        let version = package.version.as_ref().map(|version| format!(" {}", version.as_raw())).unwrap_or_default();
        format!("  {}{version}", package.name.as_raw())
    });
    let about = format!(
        "  {name}{}   {} {}, {}",
        package.unwrap_or_default(),
        finding.severity.word(),
        finding.kind.word(),
        disposition(finding)
    );
    page.entry(0, Ink::Bold, &finding.id.line(), &about)?;
    page.line(9, finding.title.as_raw())?;
    let place = |path: &Untrusted| match finding.location.line {
        Some(line) => format!("{}:{line}", path.as_raw()),
        None => path.as_raw().to_owned(),
    };
    let resource = finding.location.resource.as_ref().or(finding.location.image.as_ref());
    let place = finding.location.path.as_ref().map(place);
    if let Some(place) = place.or_else(|| resource.map(|resource| resource.as_raw().to_owned())) {
        let more = finding.occurrences.len().saturating_sub(1);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        page.entry(2, Ink::Plain, "at     ", &format!("{place}{more}"))?;
    }
    for Seen { tool, rule_id, severity, source } in finding.seen_by.iter().take(SHOWN) {
        let what = format!("{} ({}, {})  {}", tool.as_raw(), rule_id.as_raw(), severity.word(), whole_place(source));
        page.entry(2, Ink::Plain, "seen   ", &what)?;
    }
    more(page, finding.seen_by.len())
}

fn disposition(finding: &ExplainedFinding) -> String {
    match &finding.exception {
        Some(exception) => format!("{} by {}", finding.disposition.word(), exception.as_raw()),
        None => finding.disposition.word().to_owned(),
    }
}

fn more(page: &mut Page<'_>, all: usize) -> io::Result<()> {
    match all.saturating_sub(SHOWN) {
        0 => Ok(()),
        more => page.line(9, &format!("… and {more} more; all of them: --output json")),
    }
}

const fn label(action: VerdictAction) -> &'static str {
    match action {
        VerdictAction::Deny => "BLOCK",
        VerdictAction::Warn => "WARN",
    }
}

fn of_verdict(page: &mut Page<'_>, verdict: &ExplainedVerdict) -> io::Result<()> {
    let ink = match verdict.action {
        VerdictAction::Deny => Ink::Red,
        VerdictAction::Warn => Ink::Yellow,
    };
    let what = format!("{}   {}   owner {}", verdict.rule.id.as_raw(), verdict.id, verdict.owner.as_raw());
    page.entry(0, ink, &format!("{:<7}", label(verdict.action)), &what)?;
    page.line(9, verdict.msg.as_raw())?;
    if verdict.findings.len() > 1 {
        page.line(9, &format!("about {} findings; the first is explained here", verdict.findings.len()))?;
    }
    if let Some(next) = &verdict.next {
        let by = verdict.fix_by.map(|day| format!("; fix by {day}")).unwrap_or_default();
        page.entry(9, Ink::Bold, "next   ", &format!("{}{by}", next.as_raw()))?;
    }
    let rule = &verdict.rule;
    page.entry(2, Ink::Bold, "rule   ", rule.title.as_raw())?;
    if rule.definitions.is_empty() {
        page.line(9, rule.path.as_raw())?;
    }
    for excerpt in &rule.definitions {
        page.line(9, &format!("{}:{}", excerpt.path.as_raw(), excerpt.line))?;
        for line in excerpt.text.iter().take(SHOWN_LINES) {
            page.line(11, &line.as_raw().replace('\t', "  "))?;
        }
        if excerpt.text.len() > SHOWN_LINES {
            page.line(11, &format!("… {} more lines", excerpt.text.len() - SHOWN_LINES))?;
        }
    }
    facts(page, verdict)?;
    more(page, verdict.facts.len())?;
    for turn in &verdict.turns {
        page.entry(2, Ink::Yellow, "turns  ", &format!("into a block on {}: {}", turn.on, turn.because.as_raw()))?;
    }
    Ok(())
}

/// Every fact, and below those of one source the source.
fn facts(page: &mut Page<'_>, verdict: &ExplainedVerdict) -> io::Result<()> {
    let shown: Vec<&Fact> = verdict.facts.iter().take(SHOWN).collect();
    for (number, fact) in shown.iter().enumerate() {
        let value = match &fact.value {
            FactValue::Is(value) => shortened(&value.to_string()),
            FactValue::Parts(parts) => format!("({parts} in all)"),
        };
        let label = if number == 0 { "facts  " } else { "       " };
        page.entry(2, Ink::Bold, label, &format!("{} = {value}", fact.pointer))?;
        let place = fact.source.as_ref().map(place);
        let next = shown.get(number + 1).and_then(|next| next.source.as_ref().map(self::place));
        if let Some(place) = place.filter(|place| Some(place) != next.as_ref()) {
            page.entry(11, Ink::Plain, "from  ", &place)?;
        }
    }
    match verdict.minimal {
        true => Ok(()),
        false => page.line(9, "the search was cut short: more is listed than it needs"),
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= SHOWN_CHARS {
        return text.to_owned();
    }
    let head: String = text.chars().take(SHOWN_CHARS).collect();
    format!("{head}…")
}

/// File and place in it.
fn place(source: &Source) -> String {
    let file = source.file.as_raw();
    match (&source.pointer, source.line) {
        (Some(pointer), _) => format!("{file} {}", pointer.as_raw()),
        (None, Some(line)) => format!("{file}:{line}"),
        (None, None) => file.to_owned(),
    }
}

/// The same with the file's digest.
fn whole_place(source: &Source) -> String {
    let digest = source.sha256.map(|digest| {
        let hex: String = digest.0.hex().chars().take(8).collect();
        format!("  sha256:{hex}…")
    });
    format!("{}{}", place(source), digest.unwrap_or_default())
}

fn exceptions(page: &mut Page<'_>, exceptions: &[Bearing]) -> io::Result<()> {
    if exceptions.is_empty() {
        return Ok(());
    }
    page.gap()?;
    page.entry(0, Ink::Bold, "Exceptions", "")?;
    for exception in exceptions {
        let how = match (exception.applies, exception.matches) {
            (true, _) => "applies",
            (false, true) => "matches, and does not apply",
            (false, false) => "does not match",
        };
        let what = format!(
            "{how}: {}, until {}, owner {}   {}:{}",
            exception.state.word(),
            exception.expires,
            exception.owner.as_raw(),
            exception.file.as_raw(),
            exception.line
        );
        page.entry(2, Ink::Plain, &format!("{}  ", exception.id.line()), &what)?;
        for because in &exception.because {
            page.line(9, because.as_raw())?;
        }
        for criterion in exception.criteria.iter().filter(|criterion| !criterion.holds) {
            let against = criterion.against.as_ref().map(Untrusted::as_raw).unwrap_or_default();
            page.entry(9, Ink::Plain, &format!("{}: ", criterion.criterion), against)?;
            if let Some(would) = &criterion.would {
                page.entry(11, Ink::Plain, "would match  ", would.as_raw())?;
            }
        }
    }
    Ok(())
}

fn statements(page: &mut Page<'_>, statements: &[Statement]) -> io::Result<()> {
    if statements.is_empty() {
        return Ok(());
    }
    page.gap()?;
    page.entry(0, Ink::Bold, "VEX statements", "")?;
    for statement in statements {
        let issuer = statement.issuer.as_ref().map_or("nobody who is named", Untrusted::as_raw);
        let (status, state) = (statement.status.word(), statement.state.word());
        let what =
            format!("{state}: {status}, says {issuer}   {} {}", statement.file.as_raw(), statement.pointer.as_raw());
        page.entry(2, Ink::Plain, &format!("{}  ", statement.id.line()), &what)?;
        for because in &statement.because {
            page.line(9, because.as_raw())?;
        }
    }
    Ok(())
}

/// A command in lines that a shell takes for one.
fn commands(page: &mut Page<'_>, command: &str) -> io::Result<()> {
    const INDENT: usize = 11;
    let mut lines: Vec<String> = Vec::new();
    for word in words(command) {
        match lines.last_mut() {
            Some(line) if INDENT + line.chars().count() + word.chars().count() + 3 <= page.width() => {
                line.push(' ');
                line.push_str(&word);
            }
            Some(_) => lines.push(format!("  {word}")),
            None => lines.push(word),
        }
    }
    let last = lines.len().saturating_sub(1);
    for (number, line) in lines.iter().enumerate() {
        let more = if number < last { " \\" } else { "" };
        page.verbatim(INDENT, &format!("{line}{more}"))?;
    }
    Ok(())
}

/// The words of a command line, quotes and all.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut is_quoted, mut is_escaped) = (false, false);
    for c in command.chars() {
        if c == ' ' && !is_quoted && !is_escaped {
            words.push(String::new());
            continue;
        }
        is_quoted ^= c == '\'' && !is_escaped;
        is_escaped = c == '\\' && !is_quoted && !is_escaped;
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    words
}

fn ways(page: &mut Page<'_>, explanation: &Explanation) -> io::Result<()> {
    if explanation.verdicts.is_empty() {
        return Ok(());
    }
    page.gap()?;
    page.entry(0, Ink::Bold, "Ways to green", ", the cheapest first")?;
    for Way { kind, what, leaves, needs, command, .. } in &explanation.ways {
        let leaves = match leaves {
            Effect::Nothing => "",
            Effect::Warning => "; a warning remains",
            Effect::Block => "; a block remains",
        };
        page.entry(2, Ink::Green, &format!("{:<9}", kind.word()), &format!("{}{leaves}", what.as_raw()))?;
        for need in needs {
            page.entry(11, Ink::Plain, "needs  ", need.as_raw())?;
        }
        if let Some(command) = command {
            commands(page, command.as_raw())?;
        }
    }
    for none in &explanation.no_ways {
        page.entry(2, Ink::Plain, "no way   ", none.as_raw())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_of_several_lines_is_one_to_a_shell() {
        let command = r"countersign exception new 'a b'\''c.json' --owner 'team x' --reason";
        assert_eq!(
            words(command),
            ["countersign", "exception", "new", r"'a b'\''c.json'", "--owner", "'team x'", "--reason"]
        );
        let style = Style { width: 50, ..Style::default() };
        let mut out = Vec::new();
        commands(&mut Page::new(&mut out, &style), command).unwrap();
        let shown = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines.len() > 1 && lines.iter().all(|line| line.chars().count() <= 50), "{shown}");
        let (last, others) = lines.split_last().unwrap();
        assert!(others.iter().all(|line| line.ends_with(" \\")) && !last.ends_with('\\'), "{shown}");
    }
}
