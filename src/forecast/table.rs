//! The forecast for people: by day, then owner.
//!
//! What must stay true: text from outside is neutralised, and every line says when, who and why.

use std::fmt::Write as _;

use super::{Before, Forecast};
use crate::model::text::{Untrusted, guard_line_start, neutral};

/// Findings that are named in one line; the rest is counted.
const NAMED: usize = 3;

/// The whole text.
#[must_use]
pub fn table(forecast: &Forecast) -> String {
    let mut text = String::new();
    let now = forecast.outcomes.first().map(|first| first.outcome.word()).unwrap_or_default();
    line(&mut text, &format!("{:<11} {now} now, env {}", forecast.from.date(), forecast.environment.line()));
    for change in forecast.outcomes.iter().skip(1) {
        line(&mut text, &format!("{:<11} {} from {}", change.at.date(), change.outcome.word(), change.at));
    }
    let mut day = None;
    for turn in &forecast.turns {
        if day != Some(turn.at) {
            line(&mut text, "");
            line(&mut text, &turn.at.to_string());
            day = Some(turn.at);
        }
        let before = match turn.before {
            Before::Pass => "passes now",
            Before::Warn => "warns now",
        };
        line(&mut text, &format!("  BLOCK  {}  {}  ({before})", turn.owner.line(), turn.rule.line()));
        line(&mut text, &format!("         {}", turn.msg.line()));
        if !turn.findings.is_empty() {
            let named: Vec<_> = turn.findings.iter().take(NAMED).map(Untrusted::line).collect();
            let more = match turn.findings.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            line(&mut text, &format!("         about  {}{more}", named.join(", ")));
        }
        for cause in &turn.because {
            line(&mut text, &format!("         why    {}", neutral(&cause.line())));
        }
        if let Some(next) = &turn.next {
            line(&mut text, &format!("         next   {}", next.line()));
        }
    }
    for end in &forecast.ends {
        line(&mut text, "");
        line(&mut text, &end.on.to_string());
        line(
            &mut text,
            &format!("  ENDS   {}  {}  (nothing holds it from then on)", end.owner.line(), end.rule.line()),
        );
    }
    let count = forecast.turns.len();
    line(&mut text, "");
    line(
        &mut text,
        &match count {
            0 => format!("nothing turns into a block until {}", forecast.until),
            1 => format!("1 thing turns into a block until {}", forecast.until),
            _ => format!("{count} things turn into a block until {}", forecast.until),
        },
    );
    text
}

fn line(text: &mut String, shown: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}", guard_line_start(shown));
}
