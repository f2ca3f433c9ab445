//! Cobertura's XML, the format in which most coverage tools agree.
//!
//! Coverage is no finding. The root's totals count, because tools differ in which lines they list; where they are missing,
//! the lines of the classes are counted.

use super::wire::no_results;
use super::xml::{Piece, Tag, Xml};
use super::{Format, FormatError, Head};
use crate::model::document::LineCoverage;
use crate::model::report::{Check, Parsed};

pub(super) static FORMAT: Format = Format {
    id: "cobertura",
    title: "Cobertura XML",
    docs: "https://cobertura.github.io/cobertura/",
    produce: "coverage xml, jest --coverageReporters=cobertura, gcovr --cobertura, dotnet-coverage, …",
    seen: "the DTD 03 and 04, of a dozen tools",
    checks: &[Check::TestCoverage],
    detect,
    parse,
};

/// Attributes of the root that only this format has: Clover's root has the same name.
const TOTALS: &[&str] = &["line-rate", "lines-valid"];

fn detect(head: &Head<'_>) -> bool {
    head.xml().is_some_and(|root| {
        root.name == "coverage" && root.attributes.iter().any(|(name, _)| TOTALS.contains(&name.as_str()))
    })
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let mut xml = Xml::new(text, FORMAT.id);
    let totals = match xml.next()? {
        Some(Piece::Start(root))
            if root.name() == "coverage" && TOTALS.iter().any(|name| root.attribute(name).is_some()) =>
        {
            Totals::of(&root)
        }
        _ => {
            return Err(no_results(FORMAT.id, "the root element is no `coverage` with a `line-rate` or `lines-valid`"));
        }
    };
    let mut counted = LineCoverage::default();
    read_element(&mut xml, false, &mut counted)?;
    while xml.next()?.is_some() {}
    let mut parsed = Parsed::new("Cobertura", FORMAT.checks);
    parsed.line_coverage = Some(totals.over(counted));
    Ok(parsed)
}

/// The root's totals.
struct Totals {
    lines: Option<(u64, u64)>,
    branches: Option<(u64, u64)>,
}

impl Totals {
    fn of(root: &Tag<'_>) -> Self {
        let number = |name: &str| root.attribute(name)?.trim().parse::<u64>().ok();
        let pair = |all, hit| number(all).zip(number(hit)).filter(|(all, hit)| hit <= all);
        Self { lines: pair("lines-valid", "lines-covered"), branches: pair("branches-valid", "branches-covered") }
    }

    fn over(&self, counted: LineCoverage) -> LineCoverage {
        let (lines, lines_hit) = self.lines.unwrap_or((counted.lines, counted.lines_hit));
        let (branches, branches_hit) = self.branches.unwrap_or((counted.branches, counted.branches_hit));
        LineCoverage { files: counted.files, lines, lines_hit, branches, branches_hit }
    }
}

/// Counts the lines of classes within an element; those of their methods come again in the class.
fn read_element(xml: &mut Xml<'_>, in_class: bool, counted: &mut LineCoverage) -> Result<(), FormatError> {
    xml.children(|xml, tag| match tag.name() {
        "class" => {
            counted.files += 1;
            read_element(xml, true, counted)
        }
        "methods" => xml.skip(),
        "line" if in_class => {
            counted.lines += 1;
            let hits = tag.attribute("hits").and_then(|hits| hits.trim().parse::<f64>().ok());
            counted.lines_hit += u64::from(hits.is_some_and(|hits| hits > 0.0));
            if let Some((all, hit)) = tag.attribute("condition-coverage").as_deref().and_then(conditions) {
                counted.branches += all;
                counted.branches_hit += hit;
            }
            xml.skip()
        }
        _ => read_element(xml, in_class, counted),
    })
}

/// All and the covered ones of `50% (1/2)`.
fn conditions(text: &str) -> Option<(u64, u64)> {
    let (_, within) = text.split_once('(')?;
    let (hit, all) = within.trim_end_matches(')').split_once('/')?;
    Some((all.trim().parse().ok()?, hit.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSES: &str = r#"<packages><package><classes><class filename="a"><methods><method><lines><line number="1" hits="1"/></lines></method></methods>
        <lines><line number="1" hits="1" branch="true" condition-coverage="50% (1/2)"/><line number="2" hits="0"/></lines></class></classes></package></packages>"#;

    #[test]
    fn totals_of_the_root_count_and_without_them_the_lines() {
        let coverage =
            |root: &str| parse(&format!("<coverage {root}>{CLASSES}</coverage>")).unwrap().line_coverage.unwrap();
        assert_eq!(
            coverage(r#"line-rate="0.5""#),
            LineCoverage { files: 1, lines: 2, lines_hit: 1, branches: 2, branches_hit: 1 }
        );
        assert_eq!(coverage(r#"line-rate="0.9" lines-valid="10" lines-covered="9""#).lines_hit, 9);
    }

    #[test]
    fn other_coverage_is_refused() {
        for text in ["<coverage><project/></coverage>", "<report/>", "<coverage line-rate='1'>"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
