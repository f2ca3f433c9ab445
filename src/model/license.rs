//! SPDX licence expressions.
//!
//! What must stay true: an expression means what SPDX says, or it is refused with the reason; every licence has one way in which it is
//! written.

use std::collections::BTreeSet;

use spdx::expression::{ExprNode, Operator};
use spdx::{Expression, LicenseItem, LicenseReq, ParseMode};

use super::text::Untrusted;

/// An expression longer than this, or with more alternatives than [`MOST_CHOICES`], is not resolved.
const MOST_BYTES: usize = 4096;
const MOST_CHOICES: usize = 64;

/// The alternatives of an expression, each sorted, in a sorted list: of each all hold together, as `ID` or `ID WITH EXCEPTION`.
///
/// # Errors
/// Why it is not known what the text means.
pub fn choices(text: &str) -> Result<Vec<Vec<Untrusted>>, String> {
    const MODE: ParseMode = ParseMode {
        allow_slash_as_or_operator: false,
        allow_imprecise_license_names: false,
        allow_postfix_plus_on_gpl: true,
        allow_deprecated: true,
        allow_unknown: false,
    };
    if text.len() > MOST_BYTES {
        return Err(format!("its expression is longer than {MOST_BYTES} bytes"));
    }
    let expression =
        Expression::parse_mode(text, MODE).map_err(|error| format!("no SPDX expression: {}", error.reason))?;
    let mut stack: Vec<BTreeSet<BTreeSet<String>>> = Vec::new();
    for node in expression.iter() {
        let next = match node {
            ExprNode::Req(term) => BTreeSet::from([BTreeSet::from([name(&term.req)])]),
            ExprNode::Op(operator) => {
                let (Some(right), Some(left)) = (stack.pop(), stack.pop()) else {
                    return Err("no SPDX expression".to_owned());
                };
                match operator {
                    Operator::Or => left.union(&right).cloned().collect(),
                    Operator::And => left.iter().flat_map(|a| right.iter().map(move |b| a | b)).collect(),
                }
            }
        };
        if next.len() > MOST_CHOICES {
            return Err(format!("its expression has more than {MOST_CHOICES} alternatives"));
        }
        stack.push(next);
    }
    let all = stack.pop().filter(|_| stack.is_empty()).ok_or("no SPDX expression")?;
    Ok(all.into_iter().map(|choice| choice.into_iter().map(Untrusted::new).collect()).collect())
}

/// The one way in which a licence is written: of the old names of GNU licences the new one.
fn name(term: &LicenseReq) -> String {
    let written = term.license.to_string();
    let license = match &term.license {
        LicenseItem::Spdx { id, or_later: false } if id.is_gnu() && id.is_deprecated() => {
            let only = format!("{}-only", id.name);
            if spdx::license_id(&only).is_some() { only } else { written }
        }
        _ => written,
    };
    match &term.addition {
        Some(exception) => format!("{license} WITH {exception}"),
        None => license,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<Vec<String>> {
        let raw = |choice: Vec<Untrusted>| choice.into_iter().map(Untrusted::into_raw).collect();
        choices(text).unwrap().into_iter().map(raw).collect()
    }

    #[test]
    fn expressions_mean_what_spdx_says() {
        for (text, expected) in [
            ("MIT", vec![vec!["MIT"]]),
            ("MIT OR Apache-2.0", vec![vec!["Apache-2.0"], vec!["MIT"]]),
            // AND binds tighter than OR.
            ("MIT OR Apache-2.0 AND ISC", vec![vec!["Apache-2.0", "ISC"], vec!["MIT"]]),
            ("(MIT OR Apache-2.0) AND ISC", vec![vec!["Apache-2.0", "ISC"], vec!["ISC", "MIT"]]),
            ("Apache-2.0 WITH LLVM-exception", vec![vec!["Apache-2.0 WITH LLVM-exception"]]),
            ("GPL-2.0", vec![vec!["GPL-2.0-only"]]),
            ("GPL-2.0+", vec![vec!["GPL-2.0-or-later"]]),
            ("AGPL-3.0", vec![vec!["AGPL-3.0-only"]]),
            ("GPL-3.0-or-later", vec![vec!["GPL-3.0-or-later"]]),
            ("EPL-1.0+", vec![vec!["EPL-1.0+"]]),
            ("LicenseRef-acme", vec![vec!["LicenseRef-acme"]]),
        ] {
            assert_eq!(said(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_unknown() {
        let bomb = ["(MIT OR ISC OR Zlib)"; 9].join(" AND ").replace("MIT", "MIT OR 0BSD");
        for text in ["", "MIT/Apache-2.0", "the MIT licence", "MIT OR", "(MIT", "MIT WITH", "Nonsense-1.0", "MIT, ISC"]
        {
            assert!(choices(text).is_err(), "{text}");
        }
        // Alternatives of the same licences are the same; different ones are counted.
        assert!(choices(&bomb).is_ok());
        let pairs = [
            ("MIT", "ISC"),
            ("Zlib", "0BSD"),
            ("X11", "NCSA"),
            ("Ruby", "PHP-3.0"),
            ("Vim", "W3C"),
            ("BSL-1.0", "AFL-2.1"),
            ("curl", "Intel"),
        ];
        let many: Vec<String> = pairs.iter().map(|(a, b)| format!("({a} OR {b})")).collect();
        assert!(choices(&many.join(" AND ")).unwrap_err().contains("more than 64"));
        assert!(choices(&"(".repeat(5000)).unwrap_err().contains("longer"));
        assert!(choices(&"(".repeat(4000)).is_err());
    }
}
