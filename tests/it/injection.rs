//! Text from outside is text: whatever a report, a record, a change or a file name says, no runner, terminal, browser, spreadsheet or
//! platform obeys it, in no output.
//!
//! The oracles below are written from the parsers of those who read the outputs, not from what writes them.

use countersign::decision::{
    Decision, DecisionError, ExceptionOutcome, FailOn, JudgedRule, Obligation, Outcome, Response, Verdict,
    VerdictAction,
};
use countersign::facts::{Clock, Judging, JudgingSource, Known as KnownFinding, Mode, TriagedFinding};
use countersign::gate::{Known, no_decision};
use countersign::model::change::{Approval, Change};
use countersign::model::exception::{Disposition, ExceptionState, Origin};
use countersign::model::finding::Finding;
use countersign::model::severity::Severity;
use countersign::model::text::{Untrusted, guard_line_start, neutral};
use countersign::model::time::{Date, Timestamp};
use countersign::render::{RENDERERS, Style};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::support::command;

/// Commands that GitHub's runner registers, after `actions/runner` `ActionCommandManager.cs`.
const REGISTERED: &[&str] = &[
    "add-mask",
    "add-matcher",
    "add-path",
    "debug",
    "echo",
    "endgroup",
    "error",
    "group",
    "notice",
    "remove-matcher",
    "save-state",
    "set-env",
    "set-output",
    "stop-commands",
    "warning",
];

/// The commands that a runner would run when it reads this text: `::name …::` at the start of a line after white space,
/// `##[name …]` anywhere in one, and Azure's and TeamCity's `##word[`. A lone carriage return ends a line, too.
fn obeyed(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.split(['\r', '\n']) {
        let name = |words: &str| words.split([' ', ';', ']']).next().unwrap_or("").to_lowercase();
        if let Some(rest) = line.trim_start().strip_prefix("::")
            && let Some((command, _)) = rest.split_once("::")
            && REGISTERED.contains(&name(command).as_str())
        {
            found.push(format!("::{command}::"));
        }
        for (at, _) in line.match_indices("##") {
            let rest = line[at + 2..].trim_start_matches('#');
            let word: String = rest.chars().take_while(|c| c.is_alphabetic()).collect();
            if rest[word.len()..].starts_with('[') {
                found.push(line[at..].to_owned());
            }
        }
    }
    found
}

/// Characters that a terminal acts on, line breaks apart.
fn acted_on(text: &str) -> Vec<char> {
    let bidi = |c: &char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}');
    text.chars().filter(|c| (c.is_control() && *c != '\n') || bidi(c)).collect()
}

#[test]
fn the_oracle_knows_a_command_when_it_sees_one() {
    for command in [
        "SQLi ##[set-output name=decision;]pass",
        "  ::set-output name=decision::pass",
        "\u{a0}::error::x",
        "a\r::add-mask::e",
        "::error file=a,line=1::b",
        "####[group]",
    ] {
        assert!(!obeyed(command).is_empty(), "{command:?}");
    }
    for text in ["a ::error::x", "| ::error::x", "::unknown::x", "C## [x]", "# #[error]x", "std::vec::Vec"] {
        assert!(obeyed(text).is_empty(), "{text:?}");
    }
}

const HOSTILE: &[&str] = &[
    "SQLi ##[set-output name=decision;]pass",
    "##vso[task.complete result=Succeeded;]",
    "##teamcity[buildStatus status='SUCCESS']",
    "a\r::add-mask::block",
    "a\n::set-output name=decision::pass",
    "\u{1b}[2J\u{1b}]8;;http://evil.example\u{7}link",
    "\u{202e}ssap\u{202c}",
    "\u{9b}31m \u{85} \u{2028} \u{200b}",
    "\u{a0}\u{2003}::error::x",
];

/// A report of ours in which every field that may hold text holds this one.
fn report(text: &str) -> serde_json::Value {
    serde_json::json!({
        "schema": "countersign/generic-findings/v1",
        "tool": { "name": text, "version": text },
        "checks": ["sast"],
        "target": { "name": text },
        "state": "partial",
        "problems": [text],
        "results": [{
            "kind": "vulnerability",
            "rule": { "id": text, "name": text, "url": text },
            "severity": "high",
            "title": text,
            "ids": [text],
            "package": { "name": text, "version": text, "fixed_in": [text] },
            "location": { "path": text, "line": 1, "resource": text, "image": text },
            "confidence": text,
            "fingerprint": text,
        }],
    })
}

#[test]
fn nothing_that_a_report_a_change_or_a_file_name_says_is_obeyed() {
    let scratch = tempfile::tempdir().unwrap();
    for (n, text) in HOSTILE.iter().enumerate() {
        let dir = scratch.path().join(n.to_string());
        std::fs::create_dir(&dir).unwrap();
        std::fs::write(dir.join("report.json"), report(text).to_string()).unwrap();
        let change = serde_json::json!({ "id": text, "title": text, "author": text, "repository": text, "branch": text,
            "labels": [text], "approvals": [{ "by": text }], "run": { "provider": text, "id": text, "url": text } });
        std::fs::write(dir.join("change.json"), change.to_string()).unwrap();
        let service = serde_json::json!({ "name": text, "owner": text, "team": text });
        std::fs::write(dir.join("service.json"), service.to_string()).unwrap();
        let mut check = command();
        check.current_dir(&dir).args(["check", "report.json", "--ci", "none", "--change", "change.json"]);
        check.args(["--service", "service.json", "--at", "2026-11-21T12:00:00Z"]);
        for renderer in RENDERERS {
            check.arg(format!("--output={0}={0}.out", renderer.id));
        }
        let run = check.output().unwrap();
        let (out, err) = (String::from_utf8(run.stdout).unwrap(), String::from_utf8(run.stderr).unwrap());
        assert_eq!(run.status.code(), Some(1), "{text:?}: {err}");
        for said in [&out, &err] {
            assert_eq!(obeyed(said), Vec::<String>::new(), "{text:?}");
            assert_eq!(acted_on(said), Vec::<char>::new(), "{text:?}");
        }
        for renderer in RENDERERS {
            let written = std::fs::read_to_string(dir.join(format!("{}.out", renderer.id))).unwrap();
            harmless(renderer.id, &written);
        }
        for typed in [&["check", "--environment", text, "report.json"][..], &["check", "--mode", text], &[text]] {
            let run = command().current_dir(&dir).args(typed).output().unwrap();
            let err = String::from_utf8(run.stderr).unwrap();
            assert!(matches!(run.status.code(), Some(2 | 3)), "{typed:?}: {err}");
            assert!(obeyed(&err).is_empty() && acted_on(&err).is_empty(), "{typed:?}: {err}");
        }
        let refused = command().current_dir(&dir).args(["findings", &format!("{text}.json")]).output().unwrap();
        let err = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(3));
        assert!(obeyed(&err).is_empty() && acted_on(&err).is_empty(), "{err}");
    }
}

#[test]
fn json_output_gives_hostile_text_back_exactly() {
    let scratch = tempfile::tempdir().unwrap();
    for text in HOSTILE {
        std::fs::write(scratch.path().join("report.json"), report(text).to_string()).unwrap();
        let run = command()
            .current_dir(scratch.path())
            .args(["findings", "report.json", "--output", "json"])
            .output()
            .unwrap();
        let document: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
        assert_eq!(document.pointer("/findings/0/title").unwrap(), text);
    }
}

/// Pieces of what somebody obeys.
const PIECES: &[&str] = &[
    "::",
    "##[",
    "##",
    "#",
    "[",
    "]",
    "error",
    "set-output name=decision;",
    "add-mask",
    "stop-commands",
    "group",
    "\r",
    "\n",
    "\r\n",
    " ",
    "\t",
    "\u{a0}",
    "\u{2003}",
    "\u{1b}[31m",
    "\u{1b}]8;;http://x\u{7}",
    "%0A",
    "%25",
    "vso[task.complete ",
    "a",
    ":",
    ";",
    ",",
    "\u{202e}",
    "\u{200b}",
    "\u{ad}",
    "\u{ffff}",
    "\u{0}",
    "@team",
    "@acme/all",
    "#1",
    "GH-1",
    "!1",
    "~label",
    "/approve",
    "\n/merge",
    "https://evil.example",
    "www.evil.example",
    "![x](",
    "[x](javascript:y)",
    "](",
    ")",
    "`",
    "```",
    "\n```\n",
    "<b>",
    "</b>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "&amp;",
    "&#64;",
    "&",
    "\"",
    "'",
    "|",
    "*",
    "_",
    "\\",
    "$",
    "\n\n# h",
    "\n- ",
    "1. ",
    "=cmd|' /C calc'!A0",
    "=1+1",
    "+1",
    "-1",
    "@SUM(1)",
    "deadbeef1",
    "\u{ff1d}1",
    "{0}",
    "\u{1f600}",
    "é",
];

/// A decision in which every field that may hold text from outside holds one of these.
fn decision(texts: &[String]) -> Decision {
    let mut texts = texts.iter().cycle();
    let mut text = move || Untrusted::from(texts.next().unwrap().as_str());
    let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
    let day: Date = "2026-11-28".parse().unwrap();
    let approval = Approval {
        by: text(),
        role: Some(text()),
        commit: None,
        at: None,
        state: Default::default(),
        reviewer: Default::default(),
    };
    let change = Change {
        id: Some(text()),
        repository: Some(text()),
        target: Some(text()),
        rollback_plan: Some(text()),
        approvals: vec![approval],
        ..Change::default()
    };
    let mut decision = no_decision(Known {
        now,
        clock: Clock::Pinned,
        environment: text(),
        mode: Mode::Audit,
        fail_on: FailOn::Block,
        change,
        artifacts: Vec::new(),
        judging: Judging {
            source: JudgingSource::TargetBranch,
            commit: None,
            edited: vec![text()],
            known_from: None,
            outside: vec![text()],
        },
        gate_id: text(),
        exit_code: 0,
        errors: vec![DecisionError { message: text(), hint: Some(text().into_raw()) }],
    });
    decision.outcome = Outcome::Block;
    decision.service.name = Some(text());
    decision.service.runbook = Some(text());
    decision.change.run.url = Some(text());
    for n in 0..6 {
        let finding: Finding = serde_json::from_value(serde_json::json!({
            "id": format!("f-{n}"), "fingerprint": text(), "content_fingerprint": null, "kind": "vulnerability",
            "rule": { "id": text(), "name": text(), "url": text() }, "ids": [text(), text()], "covers": [], "severity": "high",
            "severity_source": "scanner", "cvss": null, "title": text(),
            "package": { "name": text(), "version": text(), "purl": text(), "ecosystem": null, "fixed_in": [text()],
                "fix_state": "fixed" },
            "location": { "path": text(), "line": 1, "resource": text(), "image": text() }, "occurrences": [],
            "target": {}, "first_seen": null, "published": null, "known_exploited": null, "epss": null, "confidence": null,
            "suppression": { "by": "vex", "reason": text() }, "seen_by": [],
        }))
        .unwrap();
        let disposition = [Disposition::Open, Disposition::Excepted, Disposition::NotAffected][n % 3];
        let mut triaged = TriagedFinding::new(finding, KnownFinding::default(), now).triaged(Some(text()), disposition);
        triaged.exception = (n % 3 == 1).then(&mut text);
        decision.findings.push(triaged);
        let rule = text();
        decision.verdicts.push(Verdict {
            rule: rule.clone(),
            action: if n % 2 == 0 { VerdictAction::Deny } else { VerdictAction::Warn },
            msg: text(),
            severity: Severity::Critical,
            response: Some(Response { class: text(), within: text(), notify: text(), owner: text() }),
            findings: if n < 3 { vec![Untrusted::from(format!("f-{n}"))] } else { Vec::new() },
            path: Some(text()),
            owner: text(),
            fix_by: Some(day),
            next: Some(text()),
            controls: vec![text()],
            effective_on: Some(day),
            exceptions: vec![text()],
        });
        decision.rules.push(JudgedRule {
            id: if n < 3 { rule } else { text() },
            title: text(),
            description: text(),
            owner: text(),
            severity: Severity::High,
            controls: vec![text()],
            remediation: Some(text()),
        });
        decision.exceptions.push(ExceptionOutcome {
            id: text(),
            state: ExceptionState::Decisive,
            covers: vec![text()],
            verdict: Some(text()),
            expires: day,
            days_left: 7,
            owner: text(),
            origin: Origin::Organisation,
            because: vec![text()],
        });
    }
    decision.obligations.push(Obligation { id: text(), what: text(), owner: text(), by: Some(text()), due: day });
    decision
}

/// Strings of one generated decision.
const STRINGS: usize = 200;

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, max_shrink_iters: 200, ..ProptestConfig::default() })]

    /// 200,000 strings in all.
    #[test]
    fn no_mixture_of_pieces_is_obeyed_in_any_output(
        texts in prop::collection::vec(
            prop::collection::vec(prop::sample::select(PIECES), 1..10).prop_map(|pieces| pieces.concat()),
            STRINGS,
        ),
    ) {
        let decision = decision(&texts);
        let style = Style { evidence: Some(texts[0].clone()), anchor: Some(texts[0].as_str().into()), ..Style::default() };
        for renderer in RENDERERS {
            let mut out = Vec::new();
            (renderer.write)(&decision, &style, &mut out).unwrap();
            harmless(renderer.id, &String::from_utf8(out).unwrap());
        }
    }

    #[test]
    fn no_mixture_of_pieces_is_obeyed_in_a_line(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 1..12),
        indent in 0..4_usize,
    ) {
        let text = pieces.concat();
        let line = format!("{:indent$}{}", "", neutral(&text));
        let line = guard_line_start(&line);
        prop_assert_eq!(obeyed(&line), Vec::<String>::new());
        prop_assert_eq!(acted_on(&line), Vec::<char>::new());
    }
}

/// What an output of each format must not be, as its readers see it.
fn harmless(format: &str, text: &str) {
    match format {
        "github" => assert!(text.lines().all(is_annotation), "{text}"),
        "azure" => assert!(text.lines().all(is_logging_command), "{text}"),
        _ => assert_eq!(obeyed(text), Vec::<String>::new(), "{format}: {text}"),
    }
    let lines = if format == "csv" { text.replace("\r\n", "\n") } else { text.to_owned() };
    assert_eq!(acted_on(&lines), Vec::<char>::new(), "{format}: {text}");
    match format {
        "csv" => has_no_formula(text),
        "junit" => is_sound_xml(text),
        "markdown" | "markdown-comment" => is_plain_markdown(text),
        "dotenv" => assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_=:-.\n".contains(&b)), "{text}"),
        "events" => text.lines().for_each(|line| drop(serde_json::from_str::<serde_json::Value>(line).unwrap())),
        "gitlab-annotations" => has_web_links_only(text),
        "gitlab-codequality" | "json" | "openvex" | "queue" | "sarif" => {
            drop(serde_json::from_str::<serde_json::Value>(text).unwrap());
        }
        "azure" | "github" | "human" => {}
        other => panic!("{other}: no oracle for this format"),
    }
}

/// One command, with the properties that an annotation has and none twice.
fn is_annotation(line: &str) -> bool {
    let found = obeyed(line);
    let Some((head, _)) = line.strip_prefix("::").and_then(|rest| rest.split_once("::")) else { return false };
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let mut keys: Vec<&str> = properties.split(',').map(|pair| pair.split_once('=').unwrap().0).collect();
    let count = keys.len();
    keys.sort_unstable();
    keys.dedup();
    found.len() == 1
        && keys.len() == count
        && ["error", "warning", "notice"].contains(&name)
        && keys.iter().all(|key| ["file", "line", "title"].contains(key))
}

/// One command of the agent, at the start of the line, with our properties.
fn is_logging_command(line: &str) -> bool {
    if obeyed(line).len() != 1 {
        return false;
    }
    if line.starts_with("##[section]") {
        return true;
    }
    let Some((head, _)) = line.strip_prefix("##vso[").and_then(|rest| rest.split_once(']')) else { return false };
    let (name, properties) = head.split_once(' ').unwrap();
    let keys: Vec<&str> = properties.split_terminator(';').map(|pair| pair.split_once('=').unwrap().0).collect();
    match name {
        "task.logissue" => keys.iter().all(|key| ["type", "sourcepath", "linenumber"].contains(key)),
        "task.complete" => properties == "result=SucceededWithIssues;",
        _ => false,
    }
}

/// Every cell is quoted, none is a formula, and no row has more cells than there are columns.
fn has_no_formula(text: &str) {
    for row in text.split_terminator("\r\n").skip(1) {
        let inner = row.strip_prefix('"').and_then(|row| row.strip_suffix('"')).unwrap();
        let cells: Vec<&str> = inner.split("\",\"").collect();
        for cell in &cells {
            let first = cell.trim_start().chars().next();
            assert!(!first.is_some_and(|c| "=+-@|\t\r＝＋－＠".contains(c)), "{cell:?} in {row}");
        }
    }
}

fn is_sound_xml(text: &str) {
    let document = roxmltree::Document::parse(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let known =
        ["testsuites", "testsuite", "properties", "property", "testcase", "failure", "error", "skipped", "system-out"];
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        assert!(known.contains(&node.tag_name().name()), "{text}");
    }
}

/// Headings, lists, emphasis and code: no HTML, link, image, mention, reference, address or quick action.
fn is_plain_markdown(text: &str) {
    let body = match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("<!-- countersign ") => {
            assert!(first.ends_with(" -->") && first.len() < 60, "{first}");
            rest
        }
        _ => text,
    };
    assert!(body.lines().all(|line| !line.trim_start().starts_with('/')), "a quick action in {body}");
    for event in Parser::new_ext(body, Options::all()) {
        match event {
            Event::Start(
                Tag::Heading { .. } | Tag::Paragraph | Tag::List(None) | Tag::Item | Tag::Strong | Tag::Emphasis,
            )
            | Event::End(
                TagEnd::Heading(_)
                | TagEnd::Paragraph
                | TagEnd::List(_)
                | TagEnd::Item
                | TagEnd::Strong
                | TagEnd::Emphasis,
            )
            | Event::Code(_)
            | Event::SoftBreak => {}
            Event::Text(prose) => {
                let plain = |c: char| c.is_alphanumeric() || " .,;:?()\"'’‘“”–—-→·…".contains(c);
                assert!(prose.chars().all(plain), "{prose:?} in {body}");
                assert!(!prose.contains("www."), "{prose:?}");
                for word in prose.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
                    let is_reference = word.split_once('-').is_some_and(|(a, b)| {
                        a.starts_with(|c: char| c.is_ascii_alphabetic()) && b.starts_with(|c: char| c.is_ascii_digit())
                    });
                    assert!(!is_reference, "{word:?} in {prose:?}");
                }
            }
            other => panic!("{other:?} in {body}"),
        }
    }
}

fn has_web_links_only(text: &str) {
    let document: serde_json::Value = serde_json::from_str(text).unwrap();
    for link in document["countersign"].as_array().unwrap() {
        let url = link["external_link"]["url"].as_str().unwrap();
        assert!(url.starts_with("https://") || url.starts_with("http://"), "{url}");
    }
}
