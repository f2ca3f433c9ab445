//! Cells of tables for spreadsheets.
//!
//! What must stay true: no cell ends early, and none is computed.

/// A quoted cell (RFC 4180). What a spreadsheet would take for a formula gets an apostrophe before it (OWASP, "CSV Injection").
#[must_use]
pub fn cell(text: &str) -> String {
    let formula = text.trim_start().starts_with(['=', '+', '-', '@', '|', '\'', '＝', '＋', '－', '＠']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""))
}
