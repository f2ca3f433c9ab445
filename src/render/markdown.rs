//! The decision as Markdown: a job summary, or a comment on a change request.
//!
//! What must stay true: no text from outside is markup, a link, an image, a mention, a reference or a quick action, because what
//! is not plain prose stands in a code span; no line begins with text from outside; and the whole stays within its budget of
//! bytes, and says what it left out.
//!
//! Sources: CommonMark 0.31 §6.1 (code spans), GitHub Flavored Markdown §6.9 (autolinks); GitHub cuts nothing, it drops a
//! summary of more than 1 MiB and refuses a comment of more than 65,536 characters; GitLab runs quick actions at line starts.

use std::fmt::Write as _;
use std::io;

use super::about::{self, Told};
use super::{Renderer, Style};
use crate::decision::{Decision, Outcome};
use crate::model::digest::Digest;
use crate::model::text::{Untrusted, neutral};

pub(super) static SUMMARY: Renderer = Renderer {
    id: "markdown",
    title: "for a job summary, below 1 MB",
    write: |decision, style, out| out.write_all(page(decision, style, 1_000_000).as_bytes()),
};

pub(super) static COMMENT: Renderer = Renderer {
    id: "markdown-comment",
    title: "for a comment, below 60 KB, with a marker to find it again",
    write: comment,
};

/// A summary with a first line that tells one gate's comment from another's.
fn comment(decision: &Decision, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let gate: String = Digest::of(decision.gate.id.as_raw()).hex().chars().take(16).collect();
    write!(out, "<!-- countersign {gate} -->\n{}", page(decision, style, 60_000))
}

/// One thing that is written or left out as a whole.
struct Block {
    /// What it counts as where it is left out.
    noun: &'static str,
    text: String,
}

fn page(decision: &Decision, style: &Style, budget: usize) -> String {
    let (head, foot) = (head(decision), foot(decision, style));
    let mut room = budget.saturating_sub(head.len() + foot.len() + 500);
    let mut body = String::new();
    let mut dropped: Vec<&'static str> = Vec::new();
    for block in blocks(decision) {
        if dropped.is_empty() && block.text.len() <= room {
            room -= block.text.len();
            body.push_str(&block.text);
        } else {
            dropped.push(block.noun);
        }
    }
    let left_out = left_out(&dropped);
    format!("{head}{body}{left_out}{foot}")
}

/// What did not fit, counted by kind, in order of appearance.
fn left_out(dropped: &[&'static str]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for noun in dropped.iter().filter(|noun| !noun.is_empty()) {
        match counts.iter_mut().find(|(known, _)| known == noun) {
            Some((_, count)) => *count += 1,
            None => counts.push((noun, 1)),
        }
    }
    if counts.is_empty() {
        return String::new();
    }
    let counts: Vec<String> = counts.iter().map(|(noun, count)| format!("{count} of the {noun}")).collect();
    format!("\n**Cut:** {} did not fit. All of it: `--output json`, and the log.\n", counts.join(", "))
}

fn head(decision: &Decision) -> String {
    let mut text = format!(
        "## countersign: {}\n\n**{}**\n\n{} · policy `{}`\n",
        decision.outcome.word(),
        about::tally(decision),
        about::heading(decision).iter().map(|part| inline(part)).collect::<Vec<_>>().join(" · "),
        about::policy(decision)
    );
    for caveat in about::caveats(decision) {
        let _ = write!(text, "\n_{caveat}_\n");
    }
    text
}

fn blocks(decision: &Decision) -> Vec<Block> {
    let mut blocks = Vec::new();
    for error in &decision.errors {
        let next = error.hint.as_ref().map(|hint| format!("  - **next** {}\n", inline(hint))).unwrap_or_default();
        blocks
            .push(Block { noun: "errors", text: format!("\n- **ERROR** {}\n{next}", inline(error.message.as_raw())) });
    }
    for (owner, list) in about::by_owner(decision) {
        let mut title = format!("\n### Owner {} ({})\n\n", inline(owner.as_raw()), list.len());
        for told in &list {
            blocks.push(Block { noun: "verdicts", text: std::mem::take(&mut title) + &verdict(told, decision) });
        }
    }
    if !decision.exceptions.is_empty() {
        let (soon, hangs) = about::exceptions_in_short(decision);
        let notes: Vec<String> = [hangs, soon].into_iter().flatten().map(|note| inline(&note)).collect();
        let notes = if notes.is_empty() { String::new() } else { format!("{}\n\n", notes.join(" · ")) };
        let mut title = format!("\n### Exceptions ({})\n\n{notes}", decision.exceptions.len());
        for exception in &decision.exceptions {
            let standing = item(&exception.id, &about::standing(exception), &exception.because);
            blocks.push(Block { noun: "exceptions", text: std::mem::take(&mut title) + &standing });
        }
    }
    let hangs = about::statements_in_short(decision).map(|note| format!("{}\n\n", inline(&note))).unwrap_or_default();
    let mut title = format!("\n### VEX statements ({})\n\n{hangs}", decision.vex.len());
    for one in &decision.vex {
        let said = item(&one.id, &about::said(one), &one.because);
        blocks.push(Block { noun: "VEX statements", text: std::mem::take(&mut title) + &said });
    }
    blocks
}

fn verdict(told: &Told<'_>, decision: &Decision) -> String {
    let verdict = told.verdict;
    let [rule, msg] = [code(&verdict.rule.line()), inline(verdict.msg.as_raw())];
    let mut text = format!("- **{}** {rule}: {msg}\n", about::label(verdict.action));
    let place = about::whereabouts(told);
    if !place.is_empty() {
        let _ = writeln!(text, "  - where: {}", inline(&place));
    }
    if let Some(date) = verdict.effective_on {
        let _ = writeln!(text, "  - becomes a block on {date}");
    }
    if let Some(next) = about::next(verdict, decision) {
        let _ = writeln!(text, "  - **next** {}", inline(&next));
    }
    if let Some(response) = &verdict.response {
        let [class, within, notify, owner] =
            [&response.class, &response.within, &response.notify, &response.owner].map(|text| inline(text.as_raw()));
        let _ = writeln!(text, "  - response {class}: {within} ({notify}), by {owner}");
    }
    if !verdict.exceptions.is_empty() {
        let ids: Vec<String> = verdict.exceptions.iter().map(|id| code(&id.line())).collect();
        let _ = writeln!(text, "  - under {}", ids.join(", "));
    }
    text
}

/// One exception or statement, what became of it, and why.
fn item(id: &Untrusted, said: &str, because: &[Untrusted]) -> String {
    let mut text = format!("- {} {}\n", code(&id.line()), inline(said));
    for because in because {
        let _ = writeln!(text, "  - because {}", inline(because.as_raw()));
    }
    text
}

fn foot(decision: &Decision, style: &Style) -> String {
    let mut text = String::from("\n");
    for (word, what) in about::closing(decision) {
        let _ = writeln!(text, "- {word}: {}", inline(&what));
    }
    if let Some(evidence) = &style.evidence {
        let _ = writeln!(text, "- evidence: {}", inline(evidence));
    }
    let exit = if decision.outcome == Outcome::Error { "no decision" } else { decision.outcome.word() };
    let _ = writeln!(text, "- {exit}, exit {}", decision.exit_code);
    text
}

/// Text from outside as one line of Markdown: words of plain prose as they are, all others in code spans.
///
/// Prose is letters and digits with simple punctuation around them; nothing in it can open markup or a list, be taken for an
/// address, a name with `@`, a commit, or the number of an issue.
pub(super) fn inline(text: &str) -> String {
    let text = neutral(text);
    let mut out = String::with_capacity(text.len() + 16);
    // Words that go into the code span that is open.
    let mut quoted: Vec<&str> = Vec::new();
    for word in text.split_whitespace() {
        let body = word.trim_start_matches(OPENING).trim_end_matches(CLOSING);
        let (before, after) = word.split_once(body).filter(|_| !body.is_empty()).unwrap_or(("", ""));
        let is_prose = is_prose(body, after);
        if is_prose || !before.is_empty() {
            close(&mut out, &mut quoted);
        }
        if !out.is_empty() && quoted.is_empty() {
            out.push(' ');
        }
        if is_prose {
            out.push_str(word);
            continue;
        }
        out.push_str(before);
        quoted.push(if body.is_empty() { word } else { body });
        if !after.is_empty() {
            close(&mut out, &mut quoted);
            out.push_str(after);
        }
    }
    close(&mut out, &mut quoted);
    out
}

/// Punctuation that may stand before and after a word without meaning anything.
const OPENING: [char; 3] = ['(', '"', '\''];
const CLOSING: [char; 8] = ['.', ',', ';', ':', '?', ')', '"', '\''];

fn close(out: &mut String, quoted: &mut Vec<&str>) {
    if !quoted.is_empty() {
        out.push_str(&code(&std::mem::take(quoted).join(" ")));
    }
}

/// Whether a word, with this punctuation after it, is no markup and no reference.
fn is_prose(body: &str, after: &str) -> bool {
    if matches!(body, "→" | "·" | "…") {
        return true;
    }
    let parts: Vec<&str> = body.split(['-', '\'', '’']).collect();
    let is_simple = parts.iter().all(|part| !part.is_empty() && part.chars().all(char::is_alphanumeric));
    // `GH-12` and `ABC-12` are issues, seven hexadecimal digits a commit, `1.` and `1)` items of a list.
    let starts = |part: &&str, is: fn(char) -> bool| part.starts_with(is);
    let is_issue = parts.first().is_some_and(|part| !starts(part, char::is_numeric))
        && parts.iter().skip(1).any(|part| starts(part, char::is_numeric));
    let is_hex = body.len() >= 7 && body.bytes().all(|b| b.is_ascii_hexdigit());
    let is_commit = is_hex && body.bytes().any(|b| b.is_ascii_digit());
    let is_item = after.starts_with(['.', ')']) && body.bytes().all(|b| b.is_ascii_digit());
    is_simple && !is_issue && !is_commit && !is_item
}

/// A code span that nothing in the text can close: its fence is longer than every run of backticks in it.
fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_stays_prose_and_everything_else_is_code() {
        for (text, shown) in [
            ("Buffer overflow in SmallVec::insert_many", "Buffer overflow in `SmallVec::insert_many`"),
            ("rotate the credential first, then remove it", "rotate the credential first, then remove it"),
            ("ask @acme/security now", "ask `@acme/security` now"),
            ("see https://evil.example/x and www.evil.example", "see `https://evil.example/x` and `www.evil.example`"),
            ("![x](http://evil.example/a.png)", "`![x](http://evil.example/a.png`)"),
            ("<img src=x onerror=y>", "`<img src=x onerror=y>`"),
            ("closes #12, GH-12 and !7", "closes `#12`, `GH-12` and `!7`"),
            ("since deadbee1 was merged", "since `deadbee1` was merged"),
            ("/approve", "`/approve`"),
            ("1. first", "`1`. first"),
            ("until 2026-11-30 (9 days), see EX-1.", "until 2026-11-30 (9 days), see `EX-1`."),
            ("(fixed in: >=1.0, <2.0);", "(fixed in: `>=1.0`, `<2.0`);"),
            ("a `b` ``c`` d", "a ``` `b` ``c`` ``` d"),
            ("the team's well-known (old) rule.", "the team's well-known (old) rule."),
            ("two\nlines\u{202e}", "two `lines\\u{202e}`"),
            (":tada: &amp; $x$ *b* _i_ ~s~ |", "`:tada`: `&amp`; `$x$ *b* _i_ ~s~ |`"),
        ] {
            assert_eq!(inline(text), shown, "{text:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        assert_eq!(left_out(&[]), "");
        let said = left_out(&["verdicts", "verdicts", "exceptions"]);
        assert!(said.contains("2 of the verdicts, 1 of the exceptions did not fit"), "{said}");
    }
}
